package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// played is a Link that a test plays.
type played struct {
	sent     chan string
	incoming chan string
	once     sync.Once
	closed   chan struct{}
}

func newPlayed() *played {
	return &played{sent: make(chan string, 100), incoming: make(chan string), closed: make(chan struct{})}
}

func (p *played) Send(_ context.Context, message []byte) *wire.Error {
	select {
	case p.sent <- string(message):
	case <-p.closed:
	}
	return nil
}

func (p *played) Receive() (port.Message, *wire.Error) {
	select {
	case message := <-p.incoming:
		return port.Message{Data: []byte(message)}, nil
	case <-p.closed:
		return port.Message{}, &wire.Error{Code: wire.CodeChannelClosed, Message: "over", Sent: wire.SentUnknown}
	}
}

func (p *played) Close() { p.once.Do(func() { close(p.closed) }) }

// ears is a Sink that counts.
type ears struct {
	mu      sync.Mutex
	heard   []string
	dropped []string
}

func (e *ears) Notification(method string, _ json.RawMessage) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, method)
}

func (e *ears) Dropped(reason string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dropped = append(e.dropped, reason)
}

// handClock fires when it is told to.
type handClock struct {
	mu   sync.Mutex
	runs []func()
}

type handTimer struct{}

func (handTimer) Stop() bool               { return true }
func (handTimer) Reset(time.Duration) bool { return true }

func (c *handClock) Now() time.Time { return time.Time{} }
func (c *handClock) AfterFunc(_ time.Duration, run func()) port.Timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs = append(c.runs, run)
	return handTimer{}
}

func (c *handClock) fire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, run := range c.runs {
		go run()
	}
	c.runs = nil
}

func newDuplex(t testing.TB, clock port.Clock) (*Duplex, *played, *ears) {
	sink, link := new(ears), newPlayed()
	transport := New(Config{Clock: clock, Sink: sink, Answers: func(string) bool { return true }})
	d := transport.Over(link)
	t.Cleanup(transport.Close)
	return d, link, sink
}

// A server that leaves server/discover unanswered is taken for an older one.
func TestDiscoverUnanswered(t *testing.T) {
	clock := new(handClock)
	d, link, _ := newDuplex(t, clock)
	call := new(Call)
	if err := d.Write(WithCall(t.Context(), call), []byte(`{"jsonrpc":"2.0","id":1,"method":"server/discover"}`)); err != nil {
		t.Fatal(err)
	}
	<-link.sent
	clock.fire()
	answer, err := d.Read()
	if err != nil || !strings.Contains(string(answer), `"id":1,"error"`) {
		t.Errorf("%s, %v", answer, err)
	}
	if failure := call.Err(); failure == nil || failure.Code != wire.CodeLocalTimeout {
		t.Errorf("%v", failure)
	}
}

// A question belongs to the one call in flight; of several, or none, nobody
// knows.
func TestWhoseQuestion(t *testing.T) {
	d, link, _ := newDuplex(t, port.SystemClock{})
	ask := func(id int) Question {
		t.Helper()
		link.incoming <- fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"elicitation/create","params":{"message":"m","n":12345678901234567890}}`, id)
		message, err := d.Read()
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			Params struct {
				Meta map[string]any `json:"_meta"`
			} `json:"params"`
		}
		if err := json.Unmarshal(message, &m); err != nil {
			t.Fatal(err)
		}
		q, ok := d.t.TakeQuestion(m.Params.Meta)
		if !ok || !strings.Contains(string(q.Params), "12345678901234567890") {
			t.Errorf("%s was not kept", message)
		}
		return q
	}
	begin := func(id uint32) {
		t.Helper()
		message := fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"x"}}`, id)
		if err := d.Write(WithCall(t.Context(), &Call{ID: 100 + id}), []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	if q := ask(1); q.Call != 0 {
		t.Errorf("with no call: %d", q.Call)
	}
	begin(1)
	if q := ask(2); q.Call != 101 {
		t.Errorf("with one call: %d", q.Call)
	}
	begin(2)
	if q := ask(3); q.Call != 0 {
		t.Errorf("with two calls: %d", q.Call)
	}
	if err := d.Write(t.Context(), []byte(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)); err != nil {
		t.Fatal(err)
	}
	if q := ask(4); q.Call != 102 {
		t.Errorf("with one call cancelled: %d", q.Call)
	}
}

// A flood of requests is refused once too many wait for an answer.
func TestFloodOfRequests(t *testing.T) {
	d, link, _ := newDuplex(t, port.SystemClock{})
	go func() { // the SDK reads, and answers nothing
		for {
			if _, err := d.Read(); err != nil {
				return
			}
		}
	}()
	for id := range maxQuestions + 1 {
		link.incoming <- fmt.Sprintf(`{"jsonrpc":"2.0","id":"q%d","method":"ping"}`, id)
	}
	if refusal := <-link.sent; !strings.Contains(refusal, fmt.Sprintf(`"id":"q%d","error"`, maxQuestions)) {
		t.Errorf("%s", refusal)
	}
	if err := d.Write(t.Context(), []byte(`{"jsonrpc":"2.0","id":"q0","result":{}}`)); err != nil {
		t.Fatal(err)
	}
	<-link.sent
	link.incoming <- `{"jsonrpc":"2.0","id":"again","method":"ping"}`
	link.incoming <- `{"jsonrpc":"2.0","method":"notifications/x"}` // the one before has been taken
	select {
	case refusal := <-link.sent:
		t.Errorf("after an answer: %s", refusal)
	default:
	}
}

// Nothing that a server sends makes a Duplex fail or hang, and a call that is in
// flight can be answered after it.
func FuzzDuplexReceive(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"result":{}}`, `{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}`,
		`{"jsonrpc":"2.0","id":"remora-listen-1","result":{}}`, `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{}}`,
		`{"jsonrpc":"2.0","id":{},"method":"elicitation/create","params":{"_meta":7}}`, `[]`, "\x00", `{"jsonrpc":"2.0","id":1,"result":` + strings.Repeat("[", 2000),
	} {
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, long bool) {
		transport := New(Config{Clock: port.SystemClock{}, Sink: new(ears), Answers: func(string) bool { return true }})
		d := transport.over(newPlayed())
		call := new(Call)
		if err := d.Write(WithCall(t.Context(), call), []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)); err != nil {
			t.Fatal(err)
		}
		message := port.Message{Data: data}
		if long {
			message.Bytes = 1 << 30
		}
		d.receive(message)
		d.receive(port.Message{Data: []byte(`{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}`)})
		if call.Err() == nil && call.Result() == nil {
			t.Errorf("no answer after %q", data)
		}
	})
}
