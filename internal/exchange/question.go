package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/remora-mcp/remora/internal/wire"
)

// The SDK decodes a server's question into its own types, which drop what they
// do not know or fail on it, checks a form's schema with a validator that a
// schema can hold up, and does not say on which call's stream the question came.
// So it sees no more of one than that it is there, and a mark in its _meta, under
// which the original is kept until the SDK's handler takes it. The answer passes
// the SDK in the same way: see AnswerMark.

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

// stubQuestion is the least that the SDK takes for each question.
var stubQuestion = map[string]string{
	methodElicit:        `{"mode":"form","message":"","_meta":{"` + questionMark + `":"%d"}}`,
	methodCreateMessage: `{"messages":[],"maxTokens":1,"_meta":{"` + questionMark + `":"%d"}}`,
}

// tag keeps params and returns those for the SDK, which carry the mark.
func (t *Transport) tag(method string, params json.RawMessage, call uint32) (json.RawMessage, error) {
	if firstByte(params) != '{' {
		return nil, errors.New("a question's parameters are not an object")
	}
	n, err := t.questions.keep(params, call)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, stubQuestion[method], n), nil
}

// AnswerMark is the key in the _meta of an answer to a question under which the
// answer itself is. It takes the place of what the SDK makes of it.
const AnswerMark = "remora/answer"

// markedAnswer finds the answer under the mark; nil if there is none.
func markedAnswer(result json.RawMessage) json.RawMessage {
	var r struct {
		Meta map[string]json.RawMessage `json:"_meta"`
	}
	if decode(result, &r) != nil {
		return nil
	}
	return r.Meta[AnswerMark]
}

// withAnswers puts the application's own answers into a message of the SDK's: an
// answer, or a request with the responses of 2026-07-28 (basic/patterns/mrtr).
func withAnswers(out *outgoing) *outgoing {
	if !bytes.Contains(out.bytes(), []byte(AnswerMark)) {
		return out
	}
	if out.Method == "" {
		var m incoming
		if decode(out.bytes(), &m) != nil {
			return out
		}
		answer := markedAnswer(m.Result)
		if answer == nil {
			return out
		}
		return &outgoing{JSONRPC: out.JSONRPC, ID: out.ID, body: answerBytes(out.ID, answer, nil)}
	}
	var params struct {
		Responses map[string]json.RawMessage `json:"inputResponses"`
	}
	if decode(out.Params, &params) != nil || len(params.Responses) == 0 {
		return out
	}
	for key, response := range params.Responses {
		if answer := markedAnswer(response); answer != nil {
			params.Responses[key] = answer
		}
	}
	raw, err := json.Marshal(params.Responses)
	if err != nil {
		return out
	}
	return withParams(out, map[string]json.RawMessage{"inputResponses": raw})
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
		if decode(request["method"], &method) != nil || !isQuestion(method) && method != methodListRoots {
			continue // the SDK says what it does not know
		}
		if !t.cfg.Answers(method) {
			return nil, &wire.Error{
				Code:    wire.CodePolicyHandlerMissing,
				Message: "the server asks (" + method + ") what the application has no handler for",
				Sent:    wire.SentYes,
			}
		}
		if method == methodListRoots {
			request["params"] = json.RawMessage(`{}`) // the SDK fails without
			continue
		}
		tagged, err := t.tag(method, request["params"], call.ID)
		if err != nil {
			return nil, err
		}
		request["params"] = tagged
	}
	return json.Marshal(requests)
}
