package core

import (
	"context"
	"encoding/json"
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
// for the server, no more than that there is none.
type questionError struct {
	why  *wire.Error
	what *jsonrpc.Error
}

// Error is what the server is told.
func (e *questionError) Error() string   { return e.what.Message }
func (e *questionError) Unwrap() []error { return []error{e.why, e.what} }

// question asks the application what the SDK's handler was called for, and
// decodes the answer into result.
func (s *session) question(ctx context.Context, transport *exchange.Transport, kind string, meta map[string]any, result any) error {
	q, ok := transport.TakeQuestion(meta)
	if !ok {
		return &jsonrpc.Error{Code: jsonrpc.CodeInvalidRequest, Message: "the question was answered before"}
	}
	answer, err := s.ask(ctx, kind, q.Call, q.Params)
	if cl := s.core.findCall(q.Call); cl != nil && err == nil {
		cl.answered.Store(true)
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil && json.Unmarshal(answer, result) != nil {
		err = badArgument("the answer to %s is not of its form", kind)
	}
	if err != nil {
		return &questionError{asError(err), &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "the application did not answer"}}
	}
	return nil
}

// askOf is the ask for each method by which a server asks.
var askOf = map[string]string{
	"elicitation/create":     "elicit",
	"sampling/createMessage": "sample",
}

// answers reports whether the application answers questions of that method.
func (s *session) answers(method string) bool {
	return slices.Contains(s.params.Handlers, askOf[method])
}

func (s *session) elicitHandler(transport *exchange.Transport) func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
	return func(ctx context.Context, req *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
		var result mcp.ElicitResult
		if err := s.question(ctx, transport, "elicit", req.Params.GetMeta(), &result); err != nil {
			return nil, err
		}
		switch result.Action {
		case "accept", "decline", "cancel":
			return &result, nil
		}
		return nil, &questionError{
			badArgument("the answer to elicit has the action %q; accept, decline and cancel are known", wire.Excerpt([]byte(result.Action))),
			&jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "the application did not answer"},
		}
	}
}

//lint:ignore SA1019 deprecated by 2026-07-28, and still what servers of every revision ask for
func (s *session) sampleHandler(transport *exchange.Transport) func(context.Context, *mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
	//lint:ignore SA1019 see above
	return func(ctx context.Context, req *mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
		//lint:ignore SA1019 see above
		var result mcp.CreateMessageResult
		if err := s.question(ctx, transport, "sample", req.Params.GetMeta(), &result); err != nil {
			return nil, err
		}
		return &result, nil
	}
}
