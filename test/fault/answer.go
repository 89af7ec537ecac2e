package fault

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// result returns the JSON-RPC answer to the request, with the result as it is.
func (q *request) result(result string) string {
	return `{"jsonrpc":"2.0","id":` + string(q.msg.ID) + `,"result":` + result + `}`
}

// answerJSON answers with a result, as application/json.
func (q *request) answerJSON(result string) { q.body("application/json", q.result(result)) }

// answerError answers with a JSON-RPC error, as application/json with the
// status that the line asks for.
func (q *request) answerError(code int, text string) {
	q.w.Header().Set("Content-Type", "application/json")
	if q.line == Line2026 {
		switch code {
		case codeMethodNotFound:
			q.w.WriteHeader(http.StatusNotFound)
		case codeInvalidParams, codeHeaderMismatch:
			q.w.WriteHeader(http.StatusBadRequest)
		}
	}
	fmt.Fprintf(q.w, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%q}}`, q.msg.ID, code, text)
}

// body answers 200 with a body of that type.
func (q *request) body(contentType, body string) {
	q.w.Header().Set("Content-Type", contentType)
	_, _ = q.w.Write([]byte(body))
}

// An eventStream is an answer of type text/event-stream under way. Writes to a
// client that has left are lost without a word; the caller watches the
// request's context.
type eventStream struct {
	w http.ResponseWriter
}

// stream answers 200 and begins an event stream; the head is sent at once.
func (q *request) stream() *eventStream {
	q.w.Header().Set("Content-Type", "text/event-stream")
	q.w.Header().Set("Cache-Control", "no-cache")
	q.w.WriteHeader(http.StatusOK)
	s := &eventStream{q.w}
	s.flush()
	return s
}

// raw writes bytes as they are and sends them.
func (s *eventStream) raw(b string) {
	_, _ = s.w.Write([]byte(b))
	s.flush()
}

// event writes one event; id may be empty. A newline in data begins a further
// data line.
func (s *eventStream) event(id, data string) {
	s.raw(eventBytes(id, data))
}

// comment writes a comment line.
func (s *eventStream) comment(text string) { s.raw(": " + text + "\n\n") }

func (s *eventStream) flush() { _ = http.NewResponseController(s.w).Flush() }

// eventBytes returns one event as bytes.
func eventBytes(id, data string) string {
	var b strings.Builder
	b.WriteString("event: message\n")
	if id != "" {
		b.WriteString("id: " + id + "\n")
	}
	b.WriteString("data: " + strings.ReplaceAll(data, "\n", "\ndata: ") + "\n\n")
	return b.String()
}

// cutHere closes the connection in the middle of the answer: the client sees
// the stream break, not end.
func cutHere() { panic(http.ErrAbortHandler) }

// quoted returns s as a JSON string.
func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // cannot happen: a string
	}
	return string(b)
}
