package exchange

import (
	"encoding/json"
	"errors"
	"strconv"
	"sync"

	"github.com/remora-mcp/remora/internal/wire"
)

// The SDK decodes a server's question into its own types, which drop what they
// do not know, and does not say on which call's stream it came. So each
// question passes with a mark in its _meta, under which the original is kept
// until the SDK's handler takes it.

// questionMark is the key in _meta. A server's own value is replaced.
const questionMark = "remora/question"

// maxQuestions bounds the questions that wait to be taken.
const maxQuestions = 1024

// A Question is a request of the server's as it came.
type Question struct {
	// Params are the raw parameters.
	Params json.RawMessage
	// Call is the call on whose stream, or in whose result, it came; 0 if that
	// is not known.
	Call uint32
}

type questions struct {
	mu   sync.Mutex
	last uint64
	open map[uint64]Question
}

func (q *questions) keep(params json.RawMessage, call uint32) (uint64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.open) >= maxQuestions {
		return 0, errors.New("too many questions wait for an answer")
	}
	if q.open == nil {
		q.open = make(map[uint64]Question)
	}
	q.last++
	q.open[q.last] = Question{Params: params, Call: call}
	return q.last, nil
}

// TakeQuestion returns the question that the SDK's handler was called for,
// given the _meta of its parameters, and forgets it.
func (t *Transport) TakeQuestion(meta map[string]any) (Question, bool) {
	mark, _ := meta[questionMark].(string)
	n, err := strconv.ParseUint(mark, 10, 64)
	if err != nil {
		return Question{}, false
	}
	t.questions.mu.Lock()
	defer t.questions.mu.Unlock()
	q, ok := t.questions.open[n]
	delete(t.questions.open, n)
	return q, ok
}

func isQuestion(method string) bool {
	return method == methodElicit || method == methodCreateMessage
}

// tag returns params with a mark under which the original is kept.
func (t *Transport) tag(params json.RawMessage, call uint32) (json.RawMessage, error) {
	var fields, meta map[string]json.RawMessage
	if err := decode(params, &fields); err != nil || fields == nil {
		return nil, errors.New("a question's parameters are not an object")
	}
	if raw := fields["_meta"]; raw != nil && decode(raw, &meta) != nil {
		return nil, errors.New("a question's _meta is not an object")
	}
	if meta == nil {
		meta = make(map[string]json.RawMessage, 1)
	}
	n, err := t.questions.keep(params, call)
	if err != nil {
		return nil, err
	}
	meta[questionMark] = json.RawMessage(strconv.Quote(strconv.FormatUint(n, 10)))
	if fields["_meta"], err = json.Marshal(meta); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

// tagInputRequests tags each question of an input-required result (2026-07-28,
// basic/patterns/mrtr).
func (t *Transport) tagInputRequests(call *Call, raw json.RawMessage) (json.RawMessage, error) {
	var requests map[string]map[string]json.RawMessage
	if err := decode(raw, &requests); err != nil {
		return nil, errors.New("inputRequests is not an object of requests")
	}
	for _, request := range requests {
		var method string
		if decode(request["method"], &method) != nil || !isQuestion(method) {
			continue // the SDK says what it does not know
		}
		if !t.cfg.Answers(method) {
			return nil, &wire.Error{
				Code:    wire.CodePolicyHandlerMissing,
				Message: "the server asks (" + method + ") what the application has no handler for",
				Sent:    wire.SentYes,
			}
		}
		tagged, err := t.tag(request["params"], call.ID)
		if err != nil {
			return nil, err
		}
		request["params"] = tagged
	}
	return json.Marshal(requests)
}
