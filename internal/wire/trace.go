package wire

import "encoding/json"

// Trace is the data of the trace event: one thing that went over the network, or
// was thrown away. It is sent only while somebody listens to "trace". What could
// be a secret reads "(masked)"; the application's own headers and token are not
// known to the core and not in it.
type Trace struct {
	// At is when it happened, in milliseconds since 1970, with a fraction.
	At float64 `json:"at"`
	// Type says what it is.
	Type TraceType `json:"type"`
	// Exchange joins the events of one HTTP exchange of the session.
	Exchange uint32 `json:"exchange,omitempty"`
	// Call is the call to which it belongs, where that is known.
	Call uint32 `json:"call,omitempty"`
	// Purpose is "oauth" for a request that leads to a token, which gets none of the
	// application's headers; absent for others.
	Purpose string `json:"purpose,omitempty"`
	// Method is the HTTP method of a request.
	Method string `json:"method,omitempty"`
	// URL is where a request goes, without a fragment. The values of its query
	// are masked, and what looks like a key in its path.
	URL string `json:"url,omitempty"`
	// Status is the HTTP status of a response.
	Status int `json:"status,omitempty"`
	// Headers are those of a request or response, by name. Values are masked
	// unless the header is known to be harmless.
	Headers [][2]string `json:"headers,omitempty"`
	// Bytes is the size of a request's body, of a response's at its end, or of a
	// message.
	Bytes int64 `json:"bytes,omitempty"`
	// Error is how an exchange failed, at its end: a code and a message.
	Error string `json:"error,omitempty"`
	// Reason is why something was dropped, or an exchange given up.
	Reason string `json:"reason,omitempty"`
	// Message is the JSON-RPC message, masked.
	Message json.RawMessage `json:"message,omitempty"`
	// Truncated says that parts of the message were left out, because it is
	// larger than MaxTraceMessageBytes.
	Truncated bool `json:"truncated,omitempty"`
}

// TraceType says what a trace event is.
type TraceType string

// The values of TraceType.
const (
	// TraceRequest: an HTTP request is made.
	TraceRequest TraceType = "request"
	// TraceResponse: the status and headers of its answer are there.
	TraceResponse TraceType = "response"
	// TraceEnd: its answer is complete, was given up, or failed.
	TraceEnd TraceType = "end"
	// TraceSent: a JSON-RPC message goes to the server.
	TraceSent TraceType = "sent"
	// TraceReceived: a JSON-RPC message came from the server, in an answer's body
	// or as an event.
	TraceReceived TraceType = "received"
	// TraceDropped: something was thrown away, mostly what was received just
	// before.
	TraceDropped TraceType = "dropped"
)

// MaxTraceMessageBytes is about how much of a message is shown.
const MaxTraceMessageBytes = 64 << 10
