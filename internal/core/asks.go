package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/wire"
)

// An ask is a question that waits for the application.
type ask struct {
	answered chan struct{}
	answer   []byte
	err      *wire.Error
}

// ask asks the application and blocks until it answers, ctx ends, or the call
// that the question belongs to does.
func (s *session) ask(ctx context.Context, kind string, callID uint32, params []byte) ([]byte, error) {
	c := s.core
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	if cl := c.findCall(callID); cl != nil {
		defer context.AfterFunc(cl.ctx, cancel)()
		cl.beginAsk()
		defer cl.endAsk()
	}
	a := &ask{answered: make(chan struct{})}
	c.mu.Lock()
	if len(c.asks) >= c.limits.MaxAsks {
		limit := c.limits.MaxAsks
		c.mu.Unlock()
		return nil, newError(wire.CodeLocalTooLarge, "more than %d questions wait for an answer", limit)
	}
	id := c.nextID()
	c.asks[id] = a
	c.mu.Unlock()
	c.emit(wire.KindAsk, id, wire.Ask{Kind: kind, Session: s.id, Origin: s.origin, Call: callID}, params)
	select {
	case <-a.answered:
		if a.err != nil {
			return nil, a.err
		}
		return a.answer, nil
	case <-ctx.Done():
		c.mu.Lock()
		_, open := c.asks[id]
		delete(c.asks, id)
		c.mu.Unlock()
		if open {
			c.emit(wire.KindAskCancel, id, wire.AskCancel{Reason: "the call is over"}, nil)
		}
		return nil, ctx.Err()
	}
}

// takeReply takes a reply frame.
func (c *Core) takeReply(f wire.Frame) {
	var h wire.Reply
	headerErr := readHeader(f, &h)
	c.mu.Lock()
	a := c.asks[f.ID]
	delete(c.asks, f.ID)
	c.mu.Unlock()
	switch {
	case a == nil:
		c.drop("a reply to a question that is over")
		return
	case headerErr != nil:
		a.err = asError(headerErr)
	case h.Error != nil:
		a.err = h.Error
	default:
		a.answer = f.Payload
	}
	close(a.answered)
}

// A questionError is why a question has no answer: for the call, the reason;
// for the server, no more than it may know.
type questionError struct {
	why  *wire.Error
	what *jsonrpc.Error
}

// Error is what the server is told.
func (e *questionError) Error() string   { return e.what.Message }
func (e *questionError) Unwrap() []error { return []error{e.why, e.what} }

// unanswered is why the application gave no answer that could be sent.
func unanswered(why *wire.Error) *questionError {
	return &questionError{why, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "the application did not answer"}}
}

// notAsked refuses a question that the application is not to see. The server is
// told why.
func notAsked(format string, args ...any) *questionError {
	why := newError(wire.CodeHTTPNotMCP, "the server's question does not fit the specification: "+format, args...)
	why.Sent = wire.SentYes
	return &questionError{why, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: fmt.Sprintf(format, args...)}}
}

// question has a question answered that the SDK's handler was called for. pose
// asks the application and returns the answer as it is to go to the server.
//
// Without an answer the server is told that there is none, and the call that the
// question belongs to ends: on 2026-07-28 by itself, before by being cancelled.
func (s *session) question(ctx context.Context, cn *conn, meta mcp.Meta, pose func(ctx context.Context, q exchange.Question) (json.RawMessage, error)) (mcp.Meta, error) {
	q, ok := cn.transport.TakeQuestion(meta)
	if !ok {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidRequest, Message: "the question was answered before"}
	}
	answer, err := pose(ctx, q)
	if cl := s.core.findCall(q.Call); cl != nil && err == nil {
		cl.answered.Store(true)
	}
	if err == nil {
		return mcp.Meta{exchange.AnswerMark: answer}, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var failed *questionError
	if !errors.As(err, &failed) {
		failed = unanswered(asError(err))
	}
	switch cl := s.core.findCall(q.Call); {
	case cl != nil:
		failed.end(cl)
	case !errors.Is(err, context.Canceled):
		s.core.drop("a question without an answer: " + failed.why.Message)
	}
	return nil, failed
}

// end ends the call that the question belongs to, if it is the application that
// has no answer.
func (e *questionError) end(cl *call) {
	if e.what.Code == jsonrpc.CodeInternalError {
		cl.cancel(e.why)
	}
}

// askOf is the ask for each method by which a server asks.
var askOf = map[string]string{
	"elicitation/create":     "elicit",
	"sampling/createMessage": "sample",
}

// answers reports whether the application answers questions of that method.
func (s *session) answers(method string) bool {
	if method == "roots/list" {
		return s.hasRoots()
	}
	return slices.Contains(s.params.Handlers, askOf[method])
}
