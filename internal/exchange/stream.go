package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// A stream is the event stream that answers one call. The SDK reads from it
// what is its business, as events without ids: questions, and the answer's
// stub. If that stub is all, and is there already, it is JSON in place of a stream.
// Notifications go to the sink on the way, so they are with the application before
// the answer is. A stream that breaks is resumed here, where a failure ends the call
// and not the session.
//
// It works as it is read; nothing runs when nobody reads. It is used by one
// goroutine.
type stream struct {
	t    *Transport
	ctx  context.Context // the call's
	req  *http.Request   // what it answers
	out  *outgoing
	call *Call

	body   io.ReadCloser
	number uint32 // of the exchange
	events *eventReader
	detach func() bool // ends the call's rule over the exchange
	cancel func()      // ends the exchange

	lastID   string
	retry    time.Duration
	attempts int // resumptions without progress

	pending []byte // for the SDK, as events
	last    []byte // the message for the SDK that comes after those
	over    bool
}

func (t *Transport) newStream(ctx context.Context, req *http.Request, out *outgoing, call *Call, resp *port.Response, detach func() bool, cancel func()) *stream {
	return &stream{
		t: t, ctx: ctx, req: req, out: out, call: call,
		body: resp.Body, number: resp.Exchange, events: newEventReader(resp.Body, t.cfg.Limits.MaxEventBytes),
		detach: detach, cancel: cancel, retry: -1,
	}
}

// Read gives the SDK its events.
func (s *stream) Read(p []byte) (int, error) {
	for len(s.pending) == 0 {
		if s.last != nil {
			s.pending, s.last = appendEvent(s.pending, s.last), nil
			break
		}
		if s.over {
			return 0, io.EOF
		}
		if err := s.next(); err != nil {
			if s.ctx.Err() == nil {
				s.resume(err)
			}
			if s.ctx.Err() != nil {
				return 0, s.ctx.Err()
			}
		}
	}
	n := copy(p, s.pending)
	s.pending = s.pending[n:]
	return n, nil
}

// next takes the next event. It returns an error if there is none.
func (s *stream) next() error {
	ev, err := s.events.next()
	switch {
	case err == nil:
		s.take(ev)
	case s.ctx.Err() == nil && errors.Is(err, errTooLarge):
		s.fail(tooLarge("an event of the server's", s.t.cfg.Limits.MaxEventBytes))
	default:
		return err
	}
	return nil
}

// answer returns the answer of a stream that has arrived to its end, as that of a
// quick call has when its head is there, if there is nothing before it that the SDK
// has to see. It returns nil if the SDK has to read. It does not wait: the SDK must
// be able to cancel.
func (s *stream) answer() []byte {
	if !port.Arrived(s.body) {
		return nil
	}
	for !s.over && len(s.pending) == 0 {
		if s.next() != nil {
			return nil // Read meets it again, and resumes
		}
	}
	if len(s.pending) > 0 {
		return nil
	}
	return s.last
}

// Close gives the exchange up.
func (s *stream) Close() error {
	if !s.over {
		s.over = true
		s.detach()
		s.body.Close()
		s.cancel()
	}
	return nil
}

// take takes one event.
func (s *stream) take(ev event) {
	if ev.id != "" {
		s.lastID = ev.id
		s.attempts = 0
	}
	if ev.retry >= 0 {
		s.retry = ev.retry
	}
	if len(ev.data) == 0 || (ev.name != "" && ev.name != "message") {
		return
	}
	m, err := parseIncoming(ev.data, s.t.cfg.Limits.MaxDepth)
	if err != nil {
		s.fail(decodeFailure(http.StatusOK, "text/event-stream", err, ev.data))
		return
	}
	s.t.received(s.number, s.call.ID, ev.data)
	switch {
	case m.isAnswer() && bytes.Equal(m.ID, s.out.ID):
		message, failure := s.t.answer(s.req, s.out, s.call, m)
		if failure != nil {
			s.fail(failure)
			return
		}
		s.finish(message)
	case m.isAnswer():
		s.t.cfg.Sink.Dropped("an answer to a request that was not made")
	default:
		if message := s.t.forward(m, ev.data, s.call.ID); message != nil {
			s.pending = appendEvent(s.pending, message)
		}
	}
}

// forward takes a notification or a question and returns what the SDK is to see
// of it, or nil.
func (t *Transport) forward(m *incoming, data []byte, call uint32) []byte {
	switch {
	case !m.isRequest() && m.Method != methodCancelled:
		t.cfg.Sink.Notification(m.Method, m.Params)
		return nil
	case m.isRequest() && isQuestion(m.Method) && t.cfg.Answers(m.Method):
		params, err := t.tag(m.Method, m.Params, call)
		if err != nil {
			t.cfg.Sink.Dropped(err.Error())
			params = fmt.Appendf(nil, stubQuestion[m.Method], 0) // which nobody can take
		}
		tagged := outgoing{JSONRPC: m.JSONRPC, ID: m.ID, Method: m.Method, Params: params}
		return tagged.bytes()
	default:
		return data
	}
}

// finish hands the last message to the SDK and lets the connection live.
func (s *stream) finish(message []byte) {
	s.last = message
	s.over = true
	s.detach()
	drain(s.t.cfg.Clock, s.rest(), s.cancel)
}

// fail ends the call with a failure, and the connection with it.
func (s *stream) fail(failure *wire.Error) {
	s.call.fail(failure)
	s.call.setSent(failure.Sent)
	s.last = answerBytes(s.out.answerID(), nil, standIn(failure))
	s.over = true
	s.detach()
	s.body.Close()
	s.cancel()
}

// Resumption: how often without progress, and how long to wait when the server
// does not say.
const (
	maxResumptions = 5
	resumeDelay    = time.Second
	maxResumeDelay = 30 * time.Second
)

// resume continues a stream that ended before the answer, if its events had ids
// (2025-11-25, basic/transports, resumability and redelivery).
func (s *stream) resume(cause error) {
	s.body.Close()
	why := "the connection ended before the answer"
	if !errors.Is(cause, io.EOF) {
		why += ": " + PlainMessage(cause)
	}
	if s.lastID == "" {
		s.fail(lostAnswer(why))
		return
	}
	for {
		s.attempts++
		if s.attempts > maxResumptions {
			s.fail(lostAnswer(why + "; it could not be resumed"))
			return
		}
		if port.Sleep(s.ctx, s.t.cfg.Clock, resumeWait(s.retry, s.attempts)) != nil {
			return
		}
		resp, err := s.reopen()
		switch {
		case s.ctx.Err() != nil:
			return
		case err != nil:
			why = "the connection ended before the answer, and could not be opened again: " + PlainMessage(err)
			continue
		case resp.Status == http.StatusOK && mediaType(resp.Header) == "text/event-stream":
			s.body, s.number = resp.Body, resp.Exchange
			s.events = newEventReader(resp.Body, s.t.cfg.Limits.MaxEventBytes)
			return
		}
		resp.Body.Close()
		if resp.Status < 500 {
			failure := lostAnswer("the connection ended before the answer, and the server does not resume it")
			failure.Status = resp.Status
			s.fail(failure)
			return
		}
	}
}

// reopen asks for the rest of the stream.
func (s *stream) reopen() (*port.Response, error) {
	s.detach()
	xctx, cancel := context.WithCancel(context.WithoutCancel(s.ctx))
	s.detach, s.cancel = context.AfterFunc(s.ctx, cancel), cancel
	return s.t.cfg.HTTP.Do(xctx, s.t.resumption(s.req, s.lastID))
}

// resumption is the request that continues the stream of req after an event.
func (t *Transport) resumption(req *http.Request, lastID string) *port.Request {
	header := req.Header.Clone()
	header.Del("Content-Type")
	header.Del("Mcp-Method")
	header.Del("Mcp-Name")
	header.Set("Accept", "text/event-stream")
	if lastID != "" {
		header.Set("Last-Event-ID", lastID)
	}
	r := t.request(req, nil)
	r.Method, r.Header = http.MethodGet, header
	return r
}

// resumeWait is how long to wait before the attempt: what the server asked for,
// otherwise longer each time, with jitter.
func resumeWait(retry time.Duration, attempt int) time.Duration {
	if retry >= 0 {
		return retry
	}
	d := resumeDelay
	for range attempt - 1 {
		d = min(d*3/2, maxResumeDelay)
	}
	return d/2 + rand.N(d/2)
}
