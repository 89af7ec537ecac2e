package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// Handlers answer what servers ask the application. A server is told of exactly
// those that are not nil.
//
// A handler runs on a goroutine of its own and may take its time: nothing else
// waits for it but the call that the question belongs to. Its context ends when
// the answer is no longer wanted (a dialog should then close) and carries the
// values of the call's context, and an [Ask] that says who asks. A handler's
// error ends the call with CodeLocalBadArgument, or with its own code if it is
// an [*Error]; the server learns no more than that there is no answer, and the
// Runtime's Logger gets the text.
type Handlers struct {
	// Elicit answers elicitation/create: the server wants something from the
	// person in front. ElicitParams.Mode is "form", or, only if
	// ConnectOptions.Capabilities say so, "url" for a page to visit: show the
	// whole URL, and do not open it unasked. What is missing in a form's answer
	// gets its default from the form; then the answer has to fit it.
	Elicit func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error)

	// Sample answers sampling/createMessage: the server wants the application's
	// model to write a message.
	//
	//lint:ignore SA1019 sampling is deprecated as of 2026-07-28 and part of the older revisions
	Sample func(context.Context, *mcp.CreateMessageParams) (*mcp.CreateMessageResult, error)

	// SampleWithTools takes the place of Sample for a model that may be given
	// tools, and tells the server so: messages may use tools and say what came of
	// that, and have several blocks of content.
	//
	//lint:ignore SA1019 see Sample
	SampleWithTools func(context.Context, *mcp.CreateMessageWithToolsParams) (*mcp.CreateMessageWithToolsResult, error)
}

// An Ask says where a question comes from.
type Ask struct {
	// Kind is the question's name: "elicit" or "sample"; "authorize", "assert",
	// "sign" or "store" where it is about a token for the server.
	Kind string
	// Origin is the origin (scheme, host and port) of the server that asks, to
	// be shown to the person who answers.
	Origin string
	// Server is the server's name in its Group; empty for a session that is in
	// none.
	Server string
}

type askKey struct{}

// AskFromContext returns the question that a handler was called for. It reports
// false in any other context.
func AskFromContext(ctx context.Context) (Ask, bool) {
	a, ok := ctx.Value(askKey{}).(Ask)
	return a, ok
}

// askRows has one row for each question: its name on the wire, whether the
// application answers it, and the function that does.
var askRows = []struct {
	name   string
	has    func(*Handlers) bool
	answer func(context.Context, *Handlers, []byte) (any, error)
}{
	{"elicit", func(h *Handlers) bool { return h.Elicit != nil }, answerElicit},
	{"sample", func(h *Handlers) bool { return h.Sample != nil || h.SampleWithTools != nil }, answerSample},
}

// names returns the questions that the application answers.
func (h *Handlers) names() []string {
	var names []string
	for _, row := range askRows {
		if row.has(h) {
			names = append(names, row.name)
		}
	}
	return names
}

// answer has the application answer a question. It blocks as long as that
// takes.
func (s *Session) answer(ctx context.Context, ask wire.Ask, params []byte) ([]byte, *Error) {
	if ask.DeadlineMs > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(ask.DeadlineMs)*time.Millisecond)
		defer cancel()
	}
	if s.dialer != nil {
		ask.Origin = s.dialer.String() // the plugin knows no more than a reference
	}
	ctx = context.WithValue(ctx, askKey{}, Ask{Kind: ask.Kind, Origin: ask.Origin, Server: s.opts.group})
	answerer := s.opts.Handlers.answerer(ask.Kind)
	if isAuthAsk(ask.Kind) {
		answerer = s.auth.answerer(ask.Kind)
	}
	if answerer == nil {
		return nil, failure(CodePolicyHandlerMissing, "the application has no handler for %q", ask.Kind)
	}
	answer, err := callHandler(ctx, answerer, params)
	if err == nil {
		var encoded []byte
		if encoded, err = encode(answer); err == nil {
			return encoded, nil
		}
	}
	if ctx.Err() == nil {
		s.rt.opts.Logger.Warn("a question was not answered", "kind", ask.Kind, "error", err)
	}
	return nil, askError(ctx, ask.Kind, err)
}

// answerer returns what answers a question of that kind; nil if nothing does.
func (h *Handlers) answerer(kind string) func(context.Context, []byte) (any, error) {
	for _, row := range askRows {
		if row.name == kind && row.has(h) {
			return func(ctx context.Context, params []byte) (any, error) { return row.answer(ctx, h, params) }
		}
	}
	return nil
}

// askError is why a question has no answer, as far as that may cross: what a
// handler says may hold what a person typed.
func askError(ctx context.Context, kind string, err error) *Error {
	var e *Error
	switch {
	case ctx.Err() != nil:
		return contextError(ctx, SentYes)
	case errors.As(err, &e):
		return &Error{Code: e.Code, Message: e.Message, Sent: SentYes}
	default:
		return &Error{Code: CodeLocalBadArgument, Message: fmt.Sprintf("the %s handler failed", kind), Sent: SentYes}
	}
}

func callHandler(ctx context.Context, answer func(context.Context, []byte) (any, error), params []byte) (v any, err error) {
	defer recoverAs(&err)
	return answer(ctx, params)
}

// recoverAs makes a panic in a function of the application an error: it runs on
// a goroutine that the application cannot guard.
func recoverAs(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

func answerElicit(ctx context.Context, h *Handlers, raw []byte) (any, error) {
	var params mcp.ElicitParams
	if err := json.Unmarshal(raw, &params); err != nil {
		return nil, undecodable("question", err)
	}
	if params.Mode == "" {
		params.Mode = "form"
	}
	res, err := h.Elicit(ctx, &params)
	if err != nil {
		return nil, err
	}
	if res == nil {
		return nil, failure(CodeLocalBadArgument, "the Elicit handler returned neither a result nor an error")
	}
	out := wire.Elicited{Action: res.Action}
	switch res.Action {
	case "accept":
		if params.Mode == "form" {
			if out.Content, err = encode(res.Content); err != nil {
				return nil, failure(CodeLocalBadArgument, "the Elicit handler's content cannot be encoded")
			}
			if res.Content == nil {
				out.Content = json.RawMessage("{}")
			}
		}
	case "decline", "cancel":
	default:
		return nil, failure(CodeLocalBadArgument, `the Elicit handler's action is not "accept", "decline" or "cancel"`)
	}
	return out, nil
}

func answerSample(ctx context.Context, h *Handlers, raw []byte) (any, error) {
	if h.SampleWithTools != nil {
		return answerSampleWithTools(ctx, h, raw)
	}
	//lint:ignore SA1019 see Handlers.Sample
	var params mcp.CreateMessageParams
	if err := json.Unmarshal(raw, &params); err != nil {
		return nil, undecodable("question", err)
	}
	res, err := h.Sample(ctx, &params)
	if err != nil {
		return nil, err
	}
	if res == nil || res.Content == nil {
		return nil, failure(CodeLocalBadArgument, "the Sample handler returned neither a message nor an error")
	}
	content, err := encode(res.Content)
	if err != nil {
		return nil, failure(CodeLocalBadArgument, "the Sample handler's content cannot be encoded")
	}
	out := wire.Sampled{Role: string(res.Role), Content: content, Model: res.Model, StopReason: res.StopReason}
	if out.Role == "" {
		out.Role = "assistant"
	}
	return out, nil
}

func answerSampleWithTools(ctx context.Context, h *Handlers, raw []byte) (any, error) {
	//lint:ignore SA1019 see Handlers.Sample
	var params mcp.CreateMessageWithToolsParams
	if err := json.Unmarshal(raw, &params); err != nil {
		return nil, undecodable("question", err)
	}
	res, err := h.SampleWithTools(ctx, &params)
	if err != nil {
		return nil, err
	}
	if res == nil || len(res.Content) == 0 {
		return nil, failure(CodeLocalBadArgument, "the SampleWithTools handler returned neither a message nor an error")
	}
	if res.Role == "" {
		withRole := *res
		withRole.Role = "assistant"
		res = &withRole
	}
	return res, nil
}

func undecodable(what string, err error) *Error {
	return &Error{
		Code:    CodeLocalUnsupported,
		Message: fmt.Sprintf("the server's %s cannot be decoded into the go-sdk's type: %s", what, wire.Excerpt([]byte(err.Error()))),
		Sent:    SentYes,
		cause:   err,
	}
}

// encode returns v as JSON with nothing escaped that JSON does not ask for.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
