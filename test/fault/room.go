package fault

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// WaitLimit is how long a request for counters waits for its condition.
const WaitLimit = 30 * time.Second

// Counters lists the families of counters. NAME stands for a tool, an endpoint
// or a method.
//
//	at.ENDPOINT       requests that reached an endpoint, of any method
//	method.METHOD     JSON-RPC messages from the client, by method
//	seen.NAME         tools/call requests that arrived, answered or not
//	executed.NAME     runs of a tool that has side effects
//	cancelled.NAME    calls that the client cancelled with a notification
//	left.NAME         calls whose connection the client closed before the answer
//	sessions          sessions made by initialize
//	deleted           sessions ended by the client's DELETE
//	standing          standing streams opened (GET, subscriptions/listen)
//	resumed.NAME      GETs with Last-Event-ID for a cut stream of NAME
//	authorization     requests with an Authorization header, and by the host
//	                  that they name authorization.HOST
//	visited.ID        visits to the page of an elicitation by URL
//	unanswered        questions of the tool "ask" that were answered with an error
//	malformed         requests that break the protocol's rules
//	open              requests to an endpoint that are being answered just now
type Counters map[string]int

// A room is one run: what one test's client has done and left behind.
type room struct {
	mu       sync.Mutex
	counters Counters
	changed  chan struct{} // closed and replaced with every change of counters

	serial   int                           // for ids that this side makes
	sessions map[string]bool               // live sessions by id
	calls    map[string]context.CancelFunc // calls in flight, by session and id
	asks     map[string]chan message       // questions that wait, by id
	cut      map[string]*cutStream         // streams to resume, by stream
	barriers map[int]*barrier              // by size
	standing map[string]chan<- string      // standing streams: messages to send, by session
	pages    map[string]string             // sessions that sent somebody to a page, by its id
}

func newRoom() *room {
	return &room{
		counters: Counters{},
		changed:  make(chan struct{}),
		sessions: map[string]bool{},
		calls:    map[string]context.CancelFunc{},
		asks:     map[string]chan message{},
		cut:      map[string]*cutStream{},
		barriers: map[int]*barrier{},
		standing: map[string]chan<- string{},
		pages:    map[string]string{},
	}
}

// count adds one to a counter and returns its new value.
func (m *room) count(name string) int { return m.add(name, 1) }

// add adds n to a counter and returns its new value.
func (m *room) add(name string, n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counters[name] += n
	close(m.changed)
	m.changed = make(chan struct{})
	return m.counters[name]
}

// next returns a number that this run has not used.
func (m *room) next() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.serial++
	return m.serial
}

// snapshot returns the counters as JSON, the value of one of them, and a
// channel that is closed when any of them changes.
func (m *room) snapshot(name string) (body []byte, value int, changed <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, err := json.Marshal(m.counters)
	if err != nil {
		body = []byte(err.Error()) // cannot happen: a map of numbers
	}
	return body, m.counters[name], m.changed
}

// serveCounters answers GET /counters.
func (m *room) serveCounters(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	name, least, most := query.Get("wait"), 0, math.MaxInt
	if name != "" && !query.Has("max") {
		least = 1
	}
	for key, bound := range map[string]*int{"min": &least, "max": &most} {
		if s := query.Get(key); s != "" {
			var err error
			if *bound, err = strconv.Atoi(s); err != nil {
				http.Error(w, key+" is not a number", http.StatusBadRequest)
				return
			}
		}
	}
	limit := time.NewTimer(WaitLimit)
	defer limit.Stop()
	for {
		body, value, changed := m.snapshot(name)
		if value >= least && value <= most {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(body)
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-limit.C:
			http.Error(w, fmt.Sprintf("counter %s does not get to be what it should: %s", name, body), http.StatusGatewayTimeout)
			return
		}
	}
}

// open makes a session and returns its id.
func (m *room) open() string {
	id := fmt.Sprintf("session-%d", m.next())
	m.mu.Lock()
	m.sessions[id] = true
	m.mu.Unlock()
	m.count("sessions")
	return id
}

// end forgets a session and reports whether it lived.
func (m *room) end(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	lived := m.sessions[id]
	delete(m.sessions, id)
	return lived
}

// alive reports whether a session lives.
func (m *room) alive(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sessions[id]
}

// begin registers a call in flight. The returned context ends when the client
// cancels the call with a notification or closes its connection; done must be
// called when the call is over.
func (m *room) begin(ctx context.Context, session string, id json.RawMessage) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancel(ctx)
	key := session + " " + string(id)
	m.mu.Lock()
	m.calls[key] = cancel
	m.mu.Unlock()
	return ctx, func() {
		m.mu.Lock()
		delete(m.calls, key)
		m.mu.Unlock()
		cancel()
	}
}

// cancel ends a call in flight; an unknown one is ignored.
func (m *room) cancel(session string, id json.RawMessage) {
	m.mu.Lock()
	cancel := m.calls[session+" "+string(id)]
	m.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// expect registers a question under a new id and returns the id and the channel
// on which its answer comes.
func (m *room) expect() (id string, answer <-chan message) {
	id = fmt.Sprintf("ask-%d", m.next())
	ch := make(chan message, 1)
	m.mu.Lock()
	m.asks[id] = ch
	m.mu.Unlock()
	return id, ch
}

// deliver passes an answer to the question it belongs to and reports whether
// there was one.
func (m *room) deliver(answer message) bool {
	var id string
	if json.Unmarshal(answer.ID, &id) != nil {
		return false
	}
	m.mu.Lock()
	ch := m.asks[id]
	delete(m.asks, id)
	m.mu.Unlock()
	if ch == nil {
		return false
	}
	ch <- answer
	return true
}

// stand registers the standing stream of a session, on which the messages of
// the returned channel are to be sent; done must be called when it ends. A
// later stream takes the place of an earlier one.
func (m *room) stand(session string) (messages <-chan string, done func()) {
	ch := make(chan string)
	m.mu.Lock()
	m.standing[session] = ch
	m.mu.Unlock()
	m.count("standing")
	return ch, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.standing[session] == ch {
			delete(m.standing, session)
		}
	}
}

// sendStanding sends a message on a session's standing stream, once there is
// one. It reports false if ctx ended before.
func (m *room) sendStanding(ctx context.Context, session, message string) bool {
	for {
		m.mu.Lock()
		stream, changed := m.standing[session], m.changed
		m.mu.Unlock()
		if stream != nil {
			select {
			case stream <- message:
				return true
			case <-changed:
			case <-ctx.Done():
				return false
			}
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// A barrier opens when as many calls wait at it as its size says.
type barrier struct {
	waiting int
	open    chan struct{}
}

// arrive counts one more call at the barrier of that size and returns the
// channel that is closed when the barrier opens. The next call makes a new one.
func (m *room) arrive(size int) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.barriers[size]
	if b == nil {
		b = &barrier{open: make(chan struct{})}
		m.barriers[size] = b
	}
	b.waiting++
	if b.waiting >= size {
		delete(m.barriers, size)
		close(b.open)
	}
	return b.open
}

// A cutStream is the rest of a stream that was cut: what a GET with
// Last-Event-ID gets.
type cutStream struct {
	tool   string
	answer string // the message that is still owed
	refuse bool   // answer 400 instead
}

// keepCut registers the rest of a stream and returns the stream's name, which
// its event ids begin with.
func (m *room) keepCut(rest *cutStream) string {
	name := fmt.Sprintf("stream-%d", m.next())
	m.mu.Lock()
	m.cut[name] = rest
	m.mu.Unlock()
	return name
}

// takeCut returns the rest of a stream. A stream that can be resumed is handed
// out once.
func (m *room) takeCut(name string) *cutStream {
	m.mu.Lock()
	defer m.mu.Unlock()
	rest := m.cut[name]
	if rest != nil && !rest.refuse {
		delete(m.cut, name)
	}
	return rest
}
