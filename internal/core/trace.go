package core

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/mask"
	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// A tracer tells what goes over the network while somebody listens; otherwise
// it costs a look at on. What it tells has gone through its mask.
type tracer struct {
	on   atomic.Bool
	mask mask.Masker
	last atomic.Uint32 // exchange
}

// trace tells of something. Only if on.
func (s *session) trace(e wire.Trace) {
	e.At = float64(s.core.clock.Now().UnixMicro()) / 1000
	e.Error = bounded(s.tracer.mask.Text(e.Error))
	e.Reason = bounded(s.tracer.mask.Text(e.Reason))
	// Always of the session: the end of an exchange may come after its call's.
	if data, err := json.Marshal(e); err == nil {
		s.tell(0, "trace", data)
	}
}

// maxTraceText bounds an error or a reason.
const maxTraceText = 2 << 10

func bounded(s string) string {
	if len(s) > maxTraceText {
		return wire.Excerpt([]byte(s))
	}
	return s
}

// traceMessage tells of a JSON-RPC message.
func (s *session) traceMessage(what wire.TraceType, exchange, call uint32, message []byte) {
	e := wire.Trace{Type: what, Exchange: exchange, Call: call, Bytes: int64(len(message))}
	e.Message, e.Truncated = s.tracer.mask.Message(message, what == wire.TraceSent, wire.MaxTraceMessageBytes)
	s.trace(e)
}

// received is the session's exchange.Received.
func (s *session) received(exchange, call uint32, message []byte) {
	if s.tracer.on.Load() {
		s.traceMessage(wire.TraceReceived, exchange, call, message)
	}
}

// sent is the session's exchange.Sent.
func (s *session) sent(call uint32, message []byte) {
	if s.tracer.on.Load() {
		s.traceMessage(wire.TraceSent, 0, call, message)
	}
}

// traceDropped tells that something was thrown away.
func (s *session) traceDropped(reason string) {
	if s.tracer.on.Load() {
		s.trace(wire.Trace{Type: wire.TraceDropped, Reason: reason})
	}
}

// tracedHTTP is a session's port.HTTP: it numbers the exchanges and tells of
// them.
type tracedHTTP struct {
	s    *session
	next port.HTTP
}

// Do implements port.HTTP.
func (p tracedHTTP) Do(ctx context.Context, req *port.Request) (*port.Response, error) {
	s := p.s
	number := s.tracer.last.Add(1)
	if !s.tracer.on.Load() {
		resp, err := p.next.Do(ctx, req)
		if err == nil {
			resp.Exchange = number
		}
		return resp, err
	}
	call := exchange.CallID(ctx)
	purpose := req.Purpose
	if purpose == port.PurposeMCP {
		purpose = "" // what goes without saying
	}
	s.trace(wire.Trace{
		Type: wire.TraceRequest, Exchange: number, Call: call, Purpose: purpose,
		Method: req.Method, URL: s.tracer.mask.URL(req.URL, true),
		Headers: s.tracer.mask.Headers(headerPairs(req.Header), true),
		Bytes:   int64(len(req.Body)),
	})
	if req.Purpose == port.PurposeMCP && len(req.Body) > 0 {
		s.traceMessage(wire.TraceSent, number, call, req.Body)
	}
	end := wire.Trace{Type: wire.TraceEnd, Exchange: number, Call: call}
	resp, err := p.next.Do(ctx, req)
	if err != nil {
		s.traceEnd(end, err)
		return nil, err
	}
	resp.Exchange = number
	s.trace(wire.Trace{
		Type: wire.TraceResponse, Exchange: number, Call: call,
		Status: resp.Status, Headers: s.tracer.mask.Headers(headerPairs(resp.Header), false),
	})
	resp.Body = &tracedBody{ReadCloser: resp.Body, s: s, end: end}
	return resp, nil
}

// traceEnd tells how an exchange ended. A nil error is a good end.
func (s *session) traceEnd(end wire.Trace, err error) {
	var failure *wire.Error
	switch {
	case err == nil:
	case errors.Is(err, io.ErrClosedPipe), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		end.Reason = "no longer wanted"
	case errors.As(err, &failure):
		end.Error = failure.Error()
	default:
		end.Error = exchange.PlainMessage(err)
	}
	if s.tracer.on.Load() {
		s.trace(end)
	}
}

// tracedBody tells of the end of a body, once.
type tracedBody struct {
	io.ReadCloser
	s    *session
	once sync.Once

	mu  sync.Mutex
	end wire.Trace
}

// Read implements io.Reader.
func (b *tracedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	b.end.Bytes += int64(n)
	b.mu.Unlock()
	if err == io.EOF {
		b.over(nil)
	} else if err != nil {
		b.over(err)
	}
	return n, err
}

// Close implements io.Closer.
func (b *tracedBody) Close() error {
	b.over(io.ErrClosedPipe)
	return b.ReadCloser.Close()
}

func (b *tracedBody) over(err error) {
	b.once.Do(func() {
		b.mu.Lock()
		end := b.end
		b.mu.Unlock()
		b.s.traceEnd(end, err)
	})
}
