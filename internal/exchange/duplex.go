package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// A Link is a connection that carries messages both ways: a channel of the
// embedder's (channel.go), or the two streams of 2024-11-05 (legacy.go).
type Link interface {
	// Send sends one message. The context is that of the request that it is. An
	// error says why the message did not get through.
	Send(ctx context.Context, message []byte) *wire.Error
	// Receive returns the next message, or how the link ended. It is called by
	// one goroutine.
	Receive() (port.Message, *wire.Error)
	// Close ends the link. It may block until the far side has ended, for a
	// bounded time.
	Close()
}

// A Duplex is what the SDK speaks to in place of an http.RoundTripper when the
// server is reached by messages both ways. What exchange does for HTTP it does
// here: bounds, ordering, raw results, errors per call, questions kept whole.
//
// On such a link nothing says which call a question belongs to. It is the one
// call in flight, if there is exactly one; otherwise it is not known.
type Duplex struct {
	t    *Transport
	link Link
	// slow says that Send waits for the far side, so that calls must not wait
	// for each other's.
	slow bool

	mu        sync.Mutex
	wake      *sync.Cond // something to read, or over
	queue     [][]byte   // for the SDK
	over      bool       // nothing more comes
	ended     *wire.Error
	pending   map[string]*flight // the SDK's calls, by id
	questions map[string]bool    // the server's requests that wait for an answer
	probes    int
	listening *listening
	garbage   string // the first message that was not JSON-RPC, before any that was
	heard     bool   // a message that was
	done      chan struct{}
	closing   sync.Once
	closed    chan struct{}
}

// flight is a call under way on a Duplex.
type flight struct {
	out  *outgoing
	call *Call
	// answered is closed when the call is over; nil for a call of the SDK's,
	// which gets an answer.
	answered chan struct{}
	// limit ends a server/discover that the server leaves unanswered; nil for
	// other calls.
	limit port.Timer
}

// over lets go of what waits with the call.
func (f *flight) over() {
	if f.limit != nil {
		f.limit.Stop()
	}
}

// Bounds of a Duplex.
const (
	// maxForwarded bounds what waits for the SDK, which reads at once.
	maxForwarded = 64
	// discoverTime is how long server/discover may go unanswered before the
	// server is taken for an older one (2026-07-28, basic/transports, stdio):
	// some of these leave what they do not know unanswered.
	discoverTime = 5 * time.Second
)

// Over makes the Transport one that works over a link, and returns what the SDK
// is to read from and write to. The Transport's Close closes it. It is called
// once, before anything else; RoundTrip must not be used then.
func (t *Transport) Over(link Link) *Duplex {
	d := t.over(link)
	go d.run()
	return d
}

func (t *Transport) over(link Link) *Duplex {
	d := &Duplex{
		t:         t,
		link:      link,
		pending:   make(map[string]*flight),
		questions: make(map[string]bool),
		done:      make(chan struct{}),
		closed:    make(chan struct{}),
	}
	d.wake = sync.NewCond(&d.mu)
	d.listening = &listening{d: d}
	t.duplex = d
	return d
}

// Read returns the next message for the SDK. It blocks until there is one, and
// returns io.EOF after the end.
func (d *Duplex) Read() ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.queue) == 0 {
		if d.over {
			return nil, io.EOF
		}
		d.wake.Wait()
	}
	message := d.queue[0]
	d.queue[0] = nil
	d.queue = d.queue[1:]
	d.wake.Broadcast()
	return message, nil
}

// Write takes a message of the SDK's. It returns an error only after the end; a
// call that cannot be sent is answered with a JSON-RPC error, and the failure
// kept in the context's Call.
func (d *Duplex) Write(ctx context.Context, message []byte) error {
	out, err := parseOutgoing(message)
	if err != nil {
		return err
	}
	out = withAnswers(out)
	switch {
	case out.Method == methodListen:
		d.listening.hold(out)
		return nil
	case out.isCall():
		return d.sendCall(ctx, out)
	case out.Method == methodCancelled:
		if d.listening.cancelled(out) {
			return nil
		}
		d.forget(out)
		out = withReason(out, callFrom(ctx).cancelReason())
	case out.Method == "":
		d.mu.Lock()
		delete(d.questions, string(out.ID))
		d.mu.Unlock()
	}
	d.notify(ctx, out)
	return nil
}

// Finish ends everything on the link and begins to close it. It does not block.
func (d *Duplex) Finish() {
	d.closing.Do(func() {
		d.end(&wire.Error{Code: wire.CodeLocalClosed, Message: "the session is closed", Sent: wire.SentUnknown})
		go func() {
			d.link.Close()
			close(d.closed)
		}()
	})
}

// Close is Finish, and waits until the link is closed.
func (d *Duplex) Close() {
	d.Finish()
	<-d.closed
}

// sendCall sends a request of the SDK's.
func (d *Duplex) sendCall(ctx context.Context, out *outgoing) error {
	call := callFrom(ctx)
	before := call.begin()
	if out.Method == methodInitialize && before != nil && hopeless(before) {
		d.fail(&flight{out: out, call: call}, before)
		return nil
	}
	if out.Method == methodCallTool {
		out = withParams(out, call.Params)
	}
	f := &flight{out: out, call: call}
	if out.Method == methodDiscover {
		f.limit = d.limitDiscover(out)
	}
	return d.begin(ctx, f)
}

// begin sends a request. It returns an error only after the end.
func (d *Duplex) begin(ctx context.Context, f *flight) error {
	d.mu.Lock()
	if d.over {
		failure := *d.ended
		failure.Sent = wire.SentNo
		d.mu.Unlock()
		f.over()
		f.call.fail(&failure)
		return &failure
	}
	d.pending[string(f.out.ID)] = f
	d.mu.Unlock()
	f.call.setSent(wire.SentUnknown)
	if d.slow {
		go d.transmit(ctx, f)
	} else {
		d.transmit(ctx, f)
	}
	return nil
}

func (d *Duplex) transmit(ctx context.Context, f *flight) {
	failure := d.link.Send(ctx, f.out.bytes())
	switch {
	case failure == nil || ctx.Err() != nil: // nobody waits any more
	case failure.Code == wire.CodeChannelClosed:
		f.call.setSent(wire.SentNo) // end says why, when all has been read
	default:
		d.settle(f.out.ID, failure)
	}
}

// limitDiscover answers server/discover if the server does not.
func (d *Duplex) limitDiscover(out *outgoing) port.Timer {
	return d.t.cfg.Clock.AfterFunc(discoverTime, func() {
		d.settle(out.ID, &wire.Error{
			Code:    wire.CodeLocalTimeout,
			Message: fmt.Sprintf("the server left server/discover unanswered for %v", discoverTime),
			Sent:    wire.SentUnknown,
		})
	})
}

// notify sends what has no answer. A failure ends nothing.
func (d *Duplex) notify(ctx context.Context, out *outgoing) {
	failure := d.link.Send(ctx, out.bytes())
	if failure == nil || ctx.Err() != nil {
		return
	}
	what := out.Method
	if what == "" {
		what = "an answer to the server's question"
	}
	d.t.cfg.Sink.Dropped(what + " did not reach the server: " + failure.Error())
}

// forget gives up the call that a cancellation is about.
func (d *Duplex) forget(notice *outgoing) {
	var params struct {
		RequestID json.RawMessage `json:"requestId"`
	}
	if decode(notice.Params, &params) != nil {
		return
	}
	d.take(params.RequestID)
}

// take takes a call out of those in flight.
func (d *Duplex) take(id json.RawMessage) *flight {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.takeLocked(string(id))
}

// takeLocked is take with mu held.
func (d *Duplex) takeLocked(id string) *flight {
	f := d.pending[id]
	if f != nil {
		delete(d.pending, id)
		f.over()
	}
	return f
}

// takeOnly takes the call in flight if there is exactly one.
func (d *Duplex) takeOnly() *flight {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.pending) != 1 {
		return nil
	}
	for id := range d.pending {
		return d.takeLocked(id)
	}
	return nil
}

// settle ends a call with a failure, if it is in flight.
func (d *Duplex) settle(id json.RawMessage, failure *wire.Error) bool {
	f := d.take(id)
	if f == nil {
		return false
	}
	d.fail(f, failure)
	return true
}

// fail ends a call with a failure.
func (d *Duplex) fail(f *flight, failure *wire.Error) {
	f.call.fail(failure)
	f.call.setSent(failure.Sent)
	d.deliver(f, answerBytes(f.out.ID, nil, failureMember(failure)))
}

// deliver hands an answer to whoever waits for it.
func (d *Duplex) deliver(f *flight, message []byte) {
	if f.answered != nil {
		close(f.answered)
		return
	}
	d.push(message, true)
}

// push hands a message to the SDK. Unless it is urgent it waits for room.
func (d *Duplex) push(message []byte, urgent bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for !urgent && len(d.queue) >= maxForwarded && !d.over {
		d.wake.Wait()
	}
	if d.over {
		return
	}
	d.queue = append(d.queue, message)
	d.wake.Broadcast()
}

// run takes what comes until the link ends.
func (d *Duplex) run() {
	for {
		message, failure := d.link.Receive()
		if failure != nil {
			d.end(failure)
			return
		}
		d.receive(message)
	}
}

// end ends the link for the SDK and for every call in flight. The first reason
// holds.
func (d *Duplex) end(failure *wire.Error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return
	}
	d.over = true
	close(d.done)
	if d.garbage != "" {
		more := *failure
		more.Message += "; what came was not MCP: " + d.garbage
		failure = &more
	}
	d.ended = failure
	for _, f := range d.pending {
		lost := *failure
		lost.Sent = f.call.Sent()
		f.over()
		f.call.fail(&lost)
		if f.answered != nil {
			close(f.answered)
		}
	}
	d.pending = make(map[string]*flight)
	d.listening.over()
	d.wake.Broadcast()
}

// receive takes one message of the server's.
func (d *Duplex) receive(message port.Message) {
	if message.Bytes > 0 {
		d.tooLarge(message)
		return
	}
	m, err := parseIncoming(message.Data, d.t.cfg.Limits.MaxDepth)
	if err == nil {
		d.noteGarbage(nil)
		d.t.received(0, d.callOf(m), message.Data)
	}
	switch {
	case errors.Is(err, errTooDeep):
		d.tooDeep(message.Data)
	case err != nil:
		// Servers print on their stdout what is not meant for us.
		d.noteGarbage(message.Data)
		d.t.cfg.Sink.Dropped("a message that is not JSON-RPC")
	case m.isAnswer():
		d.answered(m)
	case m.isRequest():
		d.asked(m, message.Data)
	default:
		if d.listening.heard(m) {
			return
		}
		if forwarded := d.t.forward(m, message.Data, 0); forwarded != nil {
			d.push(forwarded, false)
		}
	}
}

// callOf returns the call that a message answers, 0 if it answers none.
func (d *Duplex) callOf(m *incoming) uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.pending[string(m.ID)]; f != nil && m.isAnswer() {
		return f.call.ID
	}
	return 0
}

// noteGarbage keeps the first message that is not JSON-RPC for the error of a
// server that never says anything else. None is given for one that is.
func (d *Duplex) noteGarbage(data []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case data == nil:
		d.heard, d.garbage = true, ""
	case !d.heard && d.garbage == "":
		d.garbage = wire.Excerpt(data)
	}
}

// answered takes an answer.
func (d *Duplex) answered(m *incoming) {
	if d.listening.answered(m) {
		return
	}
	f := d.take(m.ID)
	if m.ID == nil && m.Error != nil {
		// An error that could not be matched to a request has a null id.
		f = d.takeOnly()
	}
	if f == nil {
		d.t.cfg.Sink.Dropped("an answer to a request that was not made, or is over")
		return
	}
	message, failure := d.t.answer(nil, f.out, f.call, m)
	if failure != nil {
		d.fail(f, failure)
		return
	}
	d.deliver(f, message)
}

// asked takes a request of the server's.
func (d *Duplex) asked(m *incoming, data []byte) {
	id := string(m.ID)
	d.mu.Lock()
	known, many := d.questions[id], len(d.questions) >= maxQuestions
	if !known && !many {
		d.questions[id] = true
	}
	call := d.onlyCall()
	d.mu.Unlock()
	switch {
	case known:
		d.t.cfg.Sink.Dropped("a question with the id of one that waits for its answer")
	case many:
		d.t.cfg.Sink.Dropped("a question: too many wait for an answer")
		refusal, _ := json.Marshal(rpcError{Code: -32603, Message: "too many requests wait for an answer"})
		d.notify(context.Background(), &outgoing{body: answerBytes(m.ID, nil, refusal)})
	default:
		d.push(d.t.forward(m, data, call), false)
	}
}

// onlyCall returns the call in flight if there is exactly one, otherwise 0. It
// is called with mu held.
func (d *Duplex) onlyCall() uint32 {
	var only uint32
	for _, f := range d.pending {
		switch {
		case f.call.ID == 0:
		case only != 0 && only != f.call.ID:
			return 0
		default:
			only = f.call.ID
		}
	}
	return only
}

// tooLarge takes the two ends of a message beyond the limit: if it can be told
// which call it answers, that call fails.
func (d *Duplex) tooLarge(message port.Message) {
	limit := d.t.cfg.Limits.MaxBodyBytes
	head := message.Data[:min(len(message.Data), wire.MaxChanEndBytes)]
	if d.settle(answerID(head, message.Data), tooLarge("the server's answer", limit)) {
		return
	}
	d.t.cfg.Sink.Dropped(fmt.Sprintf("a message of %d bytes; the limit is %d", message.Bytes, limit))
}

// tooDeep takes a message that is nested too deeply to be decoded.
func (d *Duplex) tooDeep(data []byte) {
	failure := &wire.Error{Code: wire.CodeLocalTooLarge, Message: "the server's answer is nested too deeply", Sent: wire.SentYes}
	if !d.settle(answerID(data, data), failure) {
		d.t.cfg.Sink.Dropped("a message that is nested too deeply")
	}
}

// probe makes the server answer; see Transport.Probe.
func (d *Duplex) probe(ctx context.Context, out *outgoing) error {
	d.mu.Lock()
	d.probes++
	out.ID = json.RawMessage(fmt.Sprintf(`"remora-ping-%d"`, d.probes))
	d.mu.Unlock()
	answered := make(chan struct{})
	err := d.begin(ctx, &flight{out: out, call: callFrom(ctx), answered: answered})
	if err != nil {
		return err
	}
	select {
	case <-answered:
		return nil
	case <-ctx.Done():
		d.take(out.ID)
		return ctx.Err()
	}
}
