package host

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
)

// A member is one server of a group: its session, its state, and its lists as
// last seen.
type member struct {
	g      *Group
	name   string
	prefix string
	open   func(context.Context) (*Session, error)
	events Events // the application's, for this server

	isNew bool // it has no names yet; guarded by g.mu

	ctx    context.Context // ends when the server is removed
	cancel context.CancelFunc

	mu         sync.Mutex
	session    *Session // nil until the server was reached
	state      SessionState
	err        error // why the state is what it is, or why the lists are not fresh
	lists      groupLists
	stale      map[string]bool // kinds whose list changed
	opening    *flight
	refreshing *flight
	retrying   *flight
}

// A flight is work under way that several may await.
type flight struct {
	done chan struct{}
	err  error // set before done is closed
}

// join begins work unless it is under way, and returns it. slot is guarded by
// m.mu.
func (m *member) join(slot **flight, work func() error) *flight {
	m.mu.Lock()
	defer m.mu.Unlock()
	if *slot != nil {
		return *slot
	}
	f := &flight{done: make(chan struct{})}
	*slot = f
	go func() {
		f.err = work()
		m.mu.Lock()
		*slot = nil
		m.mu.Unlock()
		close(f.done)
	}()
	return f
}

// await waits for the work; the end of ctx ends only the wait.
func (f *flight) await(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return contextError(ctx, SentNo)
	}
}

// counts reports whether what the server lists is part of the group's lists.
func (m *member) counts() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state == StateReady || m.state == StateReconnecting
}

// connected returns the session, and connects and lists if there is none.
func (m *member) connected(ctx context.Context) (*Session, error) {
	m.mu.Lock()
	s := m.session
	m.mu.Unlock()
	if s != nil {
		return s, nil
	}
	if m.ctx.Err() != nil {
		return nil, failure(CodeLocalClosed, "the server was removed, or the group is closed")
	}
	// Values of the first caller, options of its calls among them, go along.
	values := context.WithoutCancel(ctx)
	if err := m.join(&m.opening, func() error { return m.connect(values) }).await(ctx); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.session == nil {
		return nil, failure(CodeLocalClosed, "the server was removed, or the group is closed")
	}
	return m.session, nil
}

func (m *member) connect(values context.Context) error {
	ctx, cancel := context.WithCancel(values)
	defer cancel()
	defer context.AfterFunc(m.ctx, cancel)()
	s, err := m.open(ctx)
	if err == nil {
		var offered []string
		lists := groupLists{}
		if offered, err = m.fetchOffered(ctx, s, lists); err == nil {
			m.mu.Lock()
			if m.ctx.Err() == nil {
				m.session, m.lists, m.err = s, lists, nil
				m.mu.Unlock()
				m.follow(s)
				m.enter(StateReady)
				m.g.listed(m, offered)
				return nil
			}
			m.mu.Unlock()
		}
		_ = s.Close()
	}
	if m.ctx.Err() != nil {
		return failure(CodeLocalClosed, "the server was removed, or the group is closed")
	}
	m.down(err)
	return err
}

// fetchOffered lists everything that the server says it has.
func (m *member) fetchOffered(ctx context.Context, s *Session, into groupLists) ([]string, error) {
	var offered []string
	for i := range groupKinds {
		kind := &groupKinds[i]
		if lists, _ := kind.offers(s.InitializeResult().Capabilities); !lists {
			continue
		}
		if err := m.fetch(ctx, s, kind, into); err != nil {
			return nil, err
		}
		offered = append(offered, kind.name)
	}
	return offered, nil
}

func (m *member) fetch(ctx context.Context, s *Session, kind *groupKind, into groupLists) error {
	entries, err := kind.listAll(ctx, s)
	if err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		e.server, e.name = m.name, e.id
		if kind.named {
			if e.name, err = m.g.nameOf(m, e.id); err != nil {
				return err
			}
		}
	}
	into[kind.name] = entries
	return nil
}

// follow listens to what the session says of itself and of its lists.
func (m *member) follow(s *Session) {
	s.On(Events{State: func(c StateChange) {
		m.mu.Lock()
		current := m.session == s
		if current && c.State == StateClosed {
			m.session = nil
		}
		m.mu.Unlock()
		switch {
		case !current:
		case c.State == StateReady:
			m.up()
		case c.State == StateReconnecting:
			m.reconnecting()
		case c.State == StateClosed:
			m.down(failure(CodeLocalClosed, "the session was closed"))
		case c.State == StateLost:
			m.gone(s, c.Reason)
		}
	}})
	for i := range groupKinds {
		kind := &groupKinds[i]
		if _, tells := kind.offers(s.InitializeResult().Capabilities); !tells {
			continue
		}
		s.On(kind.listen(func() {
			m.mu.Lock()
			m.stale[kind.name] = true
			m.mu.Unlock()
			m.refresh()
		}))
	}
}

// use makes a request. What becomes of it says whether the server is there.
func (m *member) use(ctx context.Context, request func(*Session) error) error {
	s, err := m.connected(ctx)
	if err != nil {
		return err
	}
	err = request(s)
	m.judge(err)
	return err
}

// judge learns from the outcome of a request.
func (m *member) judge(err error) {
	var e *Error
	switch {
	case err == nil, errors.As(err, &e) && !isDown(e) && e.Sent == SentYes:
		m.up()
	case isDown(e):
		m.down(err)
	}
}

// isDown reports whether an error says that the server cannot be reached,
// rather than what it makes of a request.
func isDown(e *Error) bool {
	if e == nil {
		return false
	}
	switch e.Code {
	case CodeHTTPNetwork, CodeHTTPSessionGone, CodeChannelClosed:
		return true
	case CodeHTTPStatus:
		return e.Status == http.StatusBadGateway || e.Status == http.StatusServiceUnavailable || e.Status == http.StatusGatewayTimeout
	}
	return false
}

func (m *member) down(err error) {
	m.mu.Lock()
	m.err = err
	m.mu.Unlock()
	m.enter(StateLost)
}

// gone learns that the session lost its connection. What a request says of that,
// the end of a program's stderr for instance, says more.
func (m *member) gone(s *Session, reason string) {
	if s.state() == StateReady { // this comes late: it has another by now
		m.markStale()
		m.refresh()
		return
	}
	m.mu.Lock()
	known := m.state == StateLost && m.err != nil
	m.mu.Unlock()
	if known {
		return
	}
	code := CodeHTTPSessionGone
	if s.dialer != nil {
		code = CodeChannelClosed
	}
	m.down(failure(code, "the connection was lost: %s", reason))
}

// reconnecting learns that the session tries to get its connection back. A server
// that is lost stays so until that has come about: what it had is not listed
// meanwhile.
func (m *member) reconnecting() {
	if !m.lost() {
		m.enter(StateReconnecting)
	}
}

// up learns that the server is there. If it was not, it may be another than
// before.
func (m *member) up() {
	m.mu.Lock()
	if m.session == nil || m.state != StateLost && m.state != StateReconnecting {
		m.mu.Unlock()
		return
	}
	m.err = nil
	m.mu.Unlock()
	m.markStale()
	m.enter(StateReady)
	m.refresh()
}

// markStale has everything listed anew that the server says it has.
func (m *member) markStale() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.session == nil {
		return
	}
	for i := range groupKinds {
		if lists, _ := groupKinds[i].offers(m.session.InitializeResult().Capabilities); lists {
			m.stale[groupKinds[i].name] = true
		}
	}
}

func (m *member) enter(state SessionState) {
	m.mu.Lock()
	same := m.state == state || m.state == StateClosed
	if !same {
		m.state = state
	}
	reason := ""
	if m.err != nil && state != StateReady {
		reason = asError(m.err, CodeHTTPNetwork).Message
	}
	m.mu.Unlock()
	if same {
		return
	}
	if m.events.State != nil {
		m.g.callbacks.push(func() { m.events.State(StateChange{State: state, Reason: reason}) })
	}
	if state == StateLost {
		m.g.tellListsChanged(m, m.had())
	}
}

// had returns the kinds of which the server has something.
func (m *member) had() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, kind := range groupKinds {
		if len(m.lists[kind.name]) > 0 {
			out = append(out, kind.name)
		}
	}
	return out
}

// refresh lists in the background what changed.
func (m *member) refresh() *flight { return m.join(&m.refreshing, m.fetchStale) }

func (m *member) fetchStale() error {
	for {
		m.mu.Lock()
		s, wanted, lists := m.session, slices.Sorted(maps.Keys(m.stale)), maps.Clone(m.lists)
		if s == nil || len(wanted) == 0 {
			m.mu.Unlock()
			return nil
		}
		clear(m.stale)
		m.mu.Unlock()
		var err error
		for i := range groupKinds {
			if slices.Contains(wanted, groupKinds[i].name) && err == nil {
				err = m.fetch(m.ctx, s, &groupKinds[i], lists)
			}
		}
		m.mu.Lock()
		if err != nil {
			for _, name := range wanted {
				m.stale[name] = true
			}
			m.err = err
			m.mu.Unlock()
			m.judge(err)
			return err
		}
		current := m.session == s
		if current {
			m.lists = lists
		}
		m.mu.Unlock()
		if current {
			m.g.listed(m, wanted)
		}
	}
}

// begin has stale lists fetched in the background.
func (m *member) begin() {
	m.mu.Lock()
	stale := m.session != nil && len(m.stale) > 0
	m.mu.Unlock()
	if stale {
		m.refresh()
	}
}

// lost reports whether the server cannot be reached.
func (m *member) lost() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state == StateLost
}

// fresh waits until the lists are as fresh as can be had, or ctx ends.
func (m *member) fresh(ctx context.Context) {
	m.mu.Lock()
	stale := m.session != nil && (len(m.stale) > 0 || m.refreshing != nil)
	m.mu.Unlock()
	if stale {
		_ = m.refresh().await(ctx) // kept in err
	}
}

// retry tries to reach the server, and to list it. Several at once are one.
func (m *member) retry() *flight {
	return m.join(&m.retrying, func() error {
		m.mu.Lock()
		s := m.session
		m.mu.Unlock()
		if s == nil {
			_, err := m.connected(m.ctx)
			return err
		}
		err := s.Ping(m.ctx, nil)
		m.judge(err)
		// An answer, whatever it says, shows that the server is there.
		if e := (*Error)(nil); errors.As(err, &e) && (isDown(e) || e.Sent != SentYes) {
			return err
		}
		return m.refresh().await(m.ctx)
	})
}

// close ends the session. It blocks as Session.Close does.
func (m *member) close() error {
	m.cancel()
	m.mu.Lock()
	s, opening := m.session, m.opening
	m.session = nil
	m.mu.Unlock()
	m.enter(StateClosed)
	if opening != nil {
		<-opening.done
	}
	if s == nil {
		return nil
	}
	return s.Close()
}
