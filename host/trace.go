package host

import (
	"encoding/json"
	"net/textproto"
	"net/url"
	"slices"
	"time"

	"github.com/remora-mcp/remora/internal/mask"
	"github.com/remora-mcp/remora/internal/wire"
)

// A TraceType says what a TraceEvent is.
type TraceType string

// The types of trace events.
const (
	TraceRequest  = TraceType(wire.TraceRequest)  // an HTTP request is made
	TraceResponse = TraceType(wire.TraceResponse) // the status and headers of its answer are there
	TraceEnd      = TraceType(wire.TraceEnd)      // its answer is complete, was given up, or failed
	TraceSent     = TraceType(wire.TraceSent)     // a JSON-RPC message goes to the server
	TraceReceived = TraceType(wire.TraceReceived) // a JSON-RPC message came from the server
	TraceDropped  = TraceType(wire.TraceDropped)  // something was thrown away
)

// A TraceEvent is the data of Events.Trace: one thing that went over the network,
// or was thrown away. What could be a secret reads "(masked)". As JSON it is a
// line of a trace file, which docs/trace.md describes.
type TraceEvent struct {
	// At is when it happened.
	At time.Time
	// Type is what it is.
	Type TraceType
	// Exchange joins the events of one HTTP exchange of the session, and Call
	// those of one call; 0 where there is none.
	Exchange, Call uint32
	// Purpose is "oauth" for a request that leads to a token, which gets none of
	// the application's headers; empty for others.
	Purpose string
	// Method and URL are those of a request.
	Method, URL string
	// Status is the HTTP status of a response.
	Status int
	// Headers are names and values. The headers that the application added are
	// among those of a request, never with their values; what Token gives is
	// listed whether or not it gives any.
	Headers [][2]string
	// Bytes is the size of a request's body, of a response's at its end, or of a
	// message.
	Bytes int64
	// Error is how an exchange failed, at its end: a code and a message.
	Error string
	// Reason is why something was dropped, or an exchange given up.
	Reason string
	// Message is the JSON-RPC message. If it is Truncated, parts were left out.
	Message   json.RawMessage
	Truncated bool
}

// MarshalJSON returns the event as it crosses the boundary (Trace in
// docs/wire.md).
func (e TraceEvent) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire.Trace{
		At: float64(e.At.UnixMicro()) / 1000, Type: wire.TraceType(e.Type), Exchange: e.Exchange, Call: e.Call, Purpose: e.Purpose,
		Method: e.Method, URL: e.URL, Status: e.Status, Headers: e.Headers, Bytes: e.Bytes,
		Error: e.Error, Reason: e.Reason, Message: e.Message, Truncated: e.Truncated,
	})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *TraceEvent) UnmarshalJSON(data []byte) error {
	var t wire.Trace
	if err := json.Unmarshal(data, &t); err != nil {
		return err
	}
	*e = TraceEvent{
		At: time.UnixMicro(int64(t.At * 1000)), Type: TraceType(t.Type), Exchange: t.Exchange, Call: t.Call, Purpose: t.Purpose,
		Method: t.Method, URL: t.URL, Status: t.Status, Headers: t.Headers, Bytes: t.Bytes,
		Error: t.Error, Reason: t.Reason, Message: t.Message, Truncated: t.Truncated,
	}
	return nil
}

func wantsTrace(e *Events) bool { return e.Trace != nil }

// fromTheStart returns the events of which the core has to know before it
// connects.
func (l *listeners) fromTheStart() []string {
	if l.has(wantsTrace) {
		return []string{"trace"}
	}
	return nil
}

// traceEvent completes what the core tells with what only this side knows. The
// core never sees the application's headers and token: that they are sent is
// added here, and a server that echoes them does not bring them into the trace.
// A nil network knows nothing.
func (n *network) traceEvent(data []byte) (TraceEvent, error) {
	var e TraceEvent
	if err := json.Unmarshal(data, &e); err != nil {
		return e, err
	}
	if n == nil {
		return e, nil
	}
	known := &n.creds.known
	e.URL, e.Error, e.Reason = known.Known(e.URL), known.Known(e.Error), known.Known(e.Reason)
	for i, h := range e.Headers {
		e.Headers[i][1] = known.Known(h[1])
	}
	e.Message = known.KnownJSON(e.Message)
	if u, err := url.Parse(e.URL); err == nil && e.Type == TraceRequest && e.Purpose != purposeOAuth && n.policy.isOwn(u) {
		e.Headers = n.creds.traceHeaders(e.Headers)
	}
	return e, nil
}

// traceHeaders puts the headers that the application gave, masked, into the
// place of those of the same name.
func (c *credentials) traceHeaders(headers [][2]string) [][2]string {
	added := make([][2]string, 0, len(c.headers)+1)
	for name, values := range c.headers {
		for range values {
			added = append(added, [2]string{name, mask.Masked})
		}
	}
	if c.token != nil {
		added = append(added, [2]string{"Authorization", "(from the token function)"})
	}
	headers = slices.DeleteFunc(headers, func(h [2]string) bool {
		return c.headers[textproto.CanonicalMIMEHeaderKey(h[0])] != nil
	})
	slices.SortFunc(added, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	return append(headers, added...)
}
