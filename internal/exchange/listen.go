package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// Wanted says what somebody wants to hear of the server unasked.
type Wanted struct {
	// Unasked wants whatever a server before 2026-07-28 sends outside of answers:
	// questions, log messages, and all that follows. It is one stream, which
	// brings what it brings. On 2026-07-28 it means nothing.
	Unasked bool
	// The rest is asked for by name on 2026-07-28 (subscriptions/listen), and
	// wants the stream before.
	ToolsListChanged, PromptsListChanged, ResourcesListChanged bool
	// ResourceSubscriptions are the URIs of resources, sorted.
	ResourceSubscriptions []string
}

// A filter is what subscriptions/listen asks for (2026-07-28, NotificationSubscriptions).
type filter struct {
	ToolsListChanged      bool     `json:"toolsListChanged,omitempty"`
	PromptsListChanged    bool     `json:"promptsListChanged,omitempty"`
	ResourcesListChanged  bool     `json:"resourcesListChanged,omitempty"`
	ResourceSubscriptions []string `json:"resourceSubscriptions,omitempty"`
}

func (w Wanted) filter() filter {
	return filter{w.ToolsListChanged, w.PromptsListChanged, w.ResourcesListChanged, w.ResourceSubscriptions}
}

func (f filter) equal(g filter) bool {
	return f.ToolsListChanged == g.ToolsListChanged && f.PromptsListChanged == g.PromptsListChanged &&
		f.ResourcesListChanged == g.ResourcesListChanged && slices.Equal(f.ResourceSubscriptions, g.ResourceSubscriptions)
}

func (f filter) any() bool {
	return f.ToolsListChanged || f.PromptsListChanged || f.ResourcesListChanged || len(f.ResourceSubscriptions) > 0
}

// A Standing is a standing stream that was asked for.
type Standing struct {
	// Settled is closed when the stream stands, has been refused, or is no longer
	// wanted. What a server says before is lost.
	Settled <-chan struct{}

	settle func()
	want   filter
	out    *outgoing // subscriptions/listen; nil for a GET
	stop   context.CancelFunc
	before *Standing // ends when this one stands
	over   bool      // the server does not want it

	mu      sync.Mutex
	granted filter
	err     *wire.Error
}

func newStanding(want filter) *Standing {
	settled := make(chan struct{})
	return &Standing{Settled: settled, settle: sync.OnceFunc(func() { close(settled) }), want: want, stop: func() {}}
}

// Err says why the server refused the stream, once it is settled; nil if it
// stands, and for a server that has nothing to send.
func (a *Standing) Err() *wire.Error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// Granted returns the resources for which a server of 2026-07-28 has said that
// it will tell of changes.
func (a *Standing) Granted() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.granted.ResourceSubscriptions
}

func (a *Standing) refuse(err *wire.Error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

// Listen opens the standing stream that brings what is wanted, and gives up the
// one before as soon as it stands; wanting nothing gives it up at once. It does
// not block. If the stream is refused, the one before stays.
func (t *Transport) Listen(want Wanted) *Standing {
	if t.duplex != nil {
		return t.duplex.listening.want(want)
	}
	s := &t.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	method, _ := t.Handshake()
	f, open := want.filter(), false
	if method == methodDiscover {
		open = f.any()
	} else {
		open = want.Unasked || f.any()
		f = filter{} // the stream brings what it brings
	}
	switch {
	case s.closed || !open:
		if s.current != nil {
			s.current.stop()
			s.current.settle()
			s.current = nil
		}
		none := newStanding(filter{})
		none.settle()
		return none
	case s.current != nil && s.current.want.equal(f):
		return s.current
	}
	a := newStanding(f)
	a.before, s.current = s.current, a
	s.begin()
	return a
}

// begin opens the stream that is wanted and not yet begun, if that can be done.
// It is called with mu held.
func (s *standing) begin() {
	a := s.current
	if a == nil || a.out != nil || a.over || s.closed {
		return
	}
	header, url, out := s.t.listenRequest(a.want)
	if out == nil {
		// The SDK's GET, once it is there, is the model for ours.
		if s.req == nil || s.begun {
			return
		}
		s.begun = true
		req := s.req
		a.stop = s.run(a, func(lastID string) *port.Request { return s.t.resumption(req, lastID) })
		return
	}
	a.out = out
	a.stop = s.run(a, func(string) *port.Request {
		return &port.Request{
			Session: s.t.cfg.Session, Purpose: port.PurposeMCP, Method: http.MethodPost,
			URL: url, Header: header, Body: out.bytes(),
		}
	})
}

// listenRequest is subscriptions/listen, made of the request that opened the
// connection (2026-07-28, basic/transports and server/utilities); nil on an
// older protocol.
func (t *Transport) listenRequest(want filter) (header http.Header, url string, out *outgoing) {
	t.mu.Lock()
	h := t.handshake
	t.listens++
	id := "remora-listen-" + strconv.Itoa(t.listens)
	t.mu.Unlock()
	if h.method != methodDiscover {
		return nil, "", nil
	}
	var opening struct {
		Params struct {
			Meta json.RawMessage `json:"_meta,omitempty"`
		} `json:"params"`
	}
	// It was parsed when it was sent.
	_ = json.Unmarshal(h.body, &opening)
	params, _ := json.Marshal(struct {
		Meta          json.RawMessage `json:"_meta,omitempty"`
		Notifications filter          `json:"notifications"`
	}{opening.Params.Meta, want})
	if header = h.header.Clone(); header != nil { // a link has none
		header.Set("Mcp-Method", methodListen)
	}
	return header, h.url, &outgoing{JSONRPC: "2.0", ID: json.RawMessage(strconv.Quote(id)), Method: methodListen, Params: params}
}

// run opens a stream and keeps it open, in the background, until the function
// that it returns is called or the server does not want it.
func (s *standing) run(a *Standing, request func(lastID string) *port.Request) (stop context.CancelFunc) {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer stop()
		s.keep(ctx, a, request)
		s.ended(a, ctx.Err() == nil)
	}()
	return stop
}

// ended is told that a stream no longer stands, or never did.
func (s *standing) ended(a *Standing, refused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.before != nil {
		if refused && s.current == a {
			s.current = a.before
		} else {
			a.before.stop()
		}
		a.before = nil
	}
	a.over = true
	if a.out == nil {
		s.begun = false
	}
	a.settle()
	s.begin() // another may have waited for the GET
}

// stands is told that a stream stands.
func (s *standing) stands(a *Standing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.before != nil {
		a.before.stop()
		a.before = nil
	}
	a.settle()
}

// keep opens the stream again and again, until ctx ends or the server does not
// want it.
func (s *standing) keep(ctx context.Context, a *Standing, request func(lastID string) *port.Request) {
	t := s.t
	lastID, attempts, stood := s.begins(a), 0, false
	resumes := lastID // what another stream has left; the server may have forgotten it
	retry := resumeWait(-1, 1)
	for ctx.Err() == nil {
		req := request(lastID)
		resp, err := t.cfg.HTTP.Do(ctx, req)
		if err == nil && resp.Status == http.StatusNotFound && stood && req.Header.Get(sessionHeader) != "" {
			resp.Body.Close()
			t.forgotten()
			return
		}
		if err == nil && resumes != "" && resp.Status/100 == 4 && resp.Status != http.StatusConflict {
			resp.Body.Close()
			lastID, resumes = "", ""
			s.reached(a, "")
			continue
		}
		// A server may not have noticed yet that the stream before has ended.
		conflict := err == nil && a.out == nil && resp.Status == http.StatusConflict
		if err == nil && resp.Status/100 != 5 && !conflict && (resp.Status != http.StatusOK || mediaType(resp.Header) != "text/event-stream") {
			a.refuse(s.refusal(a, resp))
			return
		}
		if err == nil && (conflict || resp.Status/100 == 5) {
			resp.Body.Close()
			err = errors.New(http.StatusText(resp.Status))
		}
		if err == nil {
			stood, resumes = true, ""
			if a.out == nil {
				s.stands(a)
			}
			events := newEventReader(resp.Body, t.cfg.Limits.MaxEventBytes)
			over := false
			for !over {
				ev, err := events.next()
				if err != nil {
					break
				}
				attempts = 0
				if ev.id != "" {
					lastID = ev.id
					s.reached(a, lastID)
				}
				if ev.retry >= 0 {
					retry = ev.retry
				}
				over = s.take(a, resp.Exchange, ev)
			}
			resp.Body.Close()
			if over {
				return
			}
		} else {
			// Whoever waits for it is told by now; it goes on all the same.
			a.refuse(portFailure(err))
			s.unsettled(a)
			t.lost(ctx, portFailure(err))
		}
		attempts++
		if s.pause(ctx, max(retry, resumeWait(-1, attempts))) != nil {
			return
		}
	}
}

// unsettled lets go of who waits for a stream that cannot be had now.
func (s *standing) unsettled(a *Standing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.settle()
}

// refusal is what an answer means that is no stream; nil for a server that has
// none (2025-11-25, basic/transports).
func (s *standing) refusal(a *Standing, resp *port.Response) *wire.Error {
	t := s.t
	body, _ := readAll(resp.Body, maxRefusalBytes)
	resp.Body.Close()
	if a.out == nil {
		t.cfg.Sink.Dropped("the server offers no standing stream")
		return nil
	}
	if resp.Status/100 != 2 {
		return statusFailure(resp.Status, resp.Header, body, false)
	}
	if m, err := parseIncoming(body, t.cfg.Limits.MaxDepth); err == nil && m.isAnswer() && m.Error != nil {
		if failure, _, err := rpcFailure(m.Error); err == nil {
			return failure
		}
	}
	t.cfg.Sink.Dropped("the server offers no standing stream")
	return nil
}

// take takes one event of a stream, the exchange of that number; it reports
// whether that was its last.
func (s *standing) take(a *Standing, number uint32, ev event) (over bool) {
	if len(ev.data) == 0 || (ev.name != "" && ev.name != "message") {
		return false
	}
	t := s.t
	m, err := parseIncoming(ev.data, t.cfg.Limits.MaxDepth)
	if err != nil {
		t.cfg.Sink.Dropped("a message on the standing stream that cannot be decoded")
		return false
	}
	t.received(number, 0, ev.data)
	switch {
	case m.isAnswer() && (a.out == nil || string(m.ID) != string(a.out.ID)):
		t.cfg.Sink.Dropped("an answer to a request that was not made")
		return false
	case m.isAnswer():
		// The server ends it. If it has nothing to send, or refuses, for good.
		if m.Error != nil {
			if failure, _, err := rpcFailure(m.Error); err == nil {
				a.refuse(failure)
			}
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		return m.Error != nil || !a.granted.any()
	case m.Method == methodAcknowledged && a.out != nil:
		var params struct {
			Notifications filter `json:"notifications"`
		}
		if decode(m.Params, &params) == nil {
			a.mu.Lock()
			a.granted, a.err = params.Notifications, nil
			a.mu.Unlock()
		}
		s.stands(a)
		return false
	}
	message := t.forward(m, ev.data, 0)
	if message == nil {
		return false
	}
	if a.out != nil {
		t.cfg.Sink.Dropped("a request on a stream that has none") // 2026-07-28 asks in results
		return false
	}
	s.pass(message)
	return false
}
