package wire

// Hello is the first frame each way. The core answers with its own; a major
// that differs is answered with a fault of CodeLocalABIMismatch instead.
type Hello struct {
	// ABI is the version of the boundary: major and minor.
	ABI [2]int `json:"abi"`
	// Name names the embedder or the core, for the trace.
	Name string `json:"name"`
	// Version is the release of whoever says hello.
	Version string `json:"version"`
	// Limits are the bounds that the embedder asks for; in the core's answer,
	// the ones in force.
	Limits Limits `json:"limits,omitzero"`
	// Features lists what is understood beyond this ABI minor.
	Features []string `json:"features,omitempty"`
}

// Limits bound what a server, or the embedder, can make the core hold. Zero
// selects the default of each.
type Limits struct {
	// MaxBodyBytes bounds the body of one HTTP answer that is not an event
	// stream, and the payload of one frame once it is joined. Default 64 MiB.
	MaxBodyBytes int64 `json:"maxBodyBytes,omitempty"`
	// MaxEventBytes bounds one server-sent event. Default 16 MiB.
	MaxEventBytes int64 `json:"maxEventBytes,omitempty"`
	// MaxDepth bounds the nesting of JSON objects and arrays. Default 1000,
	// which is also the most that can be asked for.
	MaxDepth int `json:"maxDepth,omitempty"`
	// MaxCalls bounds the calls in flight. Default 1024.
	MaxCalls int `json:"maxCalls,omitempty"`
	// MaxAsks bounds the questions that wait for an answer. Default 64.
	MaxAsks int `json:"maxAsks,omitempty"`
}

// Defaults of Limits.
const (
	DefaultMaxBodyBytes  = 64 << 20
	DefaultMaxEventBytes = 16 << 20
	DefaultMaxDepth      = 1000
	DefaultMaxCalls      = 1024
	DefaultMaxAsks       = 64
)

// WithDefaults returns the limits with every zero (or negative) replaced by its
// default, and MaxDepth held to DefaultMaxDepth.
func (l Limits) WithDefaults() Limits {
	if l.MaxBodyBytes <= 0 {
		l.MaxBodyBytes = DefaultMaxBodyBytes
	}
	if l.MaxEventBytes <= 0 {
		l.MaxEventBytes = DefaultMaxEventBytes
	}
	if l.MaxDepth <= 0 || l.MaxDepth > DefaultMaxDepth {
		l.MaxDepth = DefaultMaxDepth
	}
	if l.MaxCalls <= 0 {
		l.MaxCalls = DefaultMaxCalls
	}
	if l.MaxAsks <= 0 {
		l.MaxAsks = DefaultMaxAsks
	}
	return l
}

// Call is the header of a call frame. The payload is the command's parameters
// as JSON. The core answers with exactly one done of the same id.
type Call struct {
	// Command is the name of a row of Commands.
	Command string `json:"command"`
	// Session is the number that connect returned; absent for connect itself.
	Session uint32 `json:"session,omitempty"`
	// TimeoutMs ends the call when nothing has been heard for so long, in
	// milliseconds. Zero selects DefaultTimeoutMs.
	TimeoutMs int64 `json:"timeoutMs,omitempty"`
	// MaxTotalTimeoutMs ends the call after so long however lively it is, in
	// milliseconds. Zero means no such limit.
	MaxTotalTimeoutMs int64 `json:"maxTotalTimeoutMs,omitempty"`
	// KeepTimeoutOnProgress stops progress from resetting TimeoutMs; by default
	// each progress event starts it anew.
	KeepTimeoutOnProgress bool `json:"keepTimeoutOnProgress,omitempty"`
	// Progress asks for progress events (a tell for each).
	Progress bool `json:"progress,omitempty"`
	// CacheMode says what an answer kept from before is worth to this call: one
	// of the CacheModes. Absent for the session's. It concerns the lists and
	// readResource; other commands ignore it.
	CacheMode string `json:"cacheMode,omitempty"`
}

// DefaultTimeoutMs is how long a call waits to hear something, in milliseconds.
const DefaultTimeoutMs = 60_000

// Cancel is the header of a cancel frame, whose id is the call's. The call
// ends at once with CodeLocalCancelled and the server is told.
type Cancel struct {
	// Reason is passed on to the server where the protocol has a place for it.
	Reason string `json:"reason,omitempty"`
}

// Reply is the header of a reply frame, whose id is the ask's. Without an
// error, the payload is the answer as JSON.
type Reply struct {
	// Error says why there is no answer.
	Error *Error `json:"error,omitempty"`
}

// HTTPHead is the header of an http.head frame: the answer's status line and
// headers. It comes once, before any http.data.
type HTTPHead struct {
	// Status is the HTTP status code.
	Status int `json:"status"`
	// Headers are the answer's headers as pairs of name and value, names in
	// any case, repeated names allowed.
	Headers [][2]string `json:"headers,omitempty"`
}

// HTTPError is the header of an http.error frame, which ends an exchange that
// could not be completed.
type HTTPError struct {
	// Error says what happened. Its Sent is "no" only if the embedder knows
	// that nothing of the request left.
	Error *Error `json:"error"`
}

// Done is the header of a done frame, whose id is the call's. Without an error
// the payload is the command's result, byte for byte as the server sent it
// where it is the server's.
type Done struct {
	// Error says why there is no result.
	Error *Error `json:"error,omitempty"`
	// DataInPayload says that the error's data is the payload, because it is
	// too large for the header.
	DataInPayload bool `json:"dataInPayload,omitempty"`
}

// Ask is the header of an ask frame: a question only the application can
// answer. The payload is the question's parameters as JSON.
type Ask struct {
	// Kind is the name of a row of Asks.
	Kind string `json:"kind"`
	// Session is the session whose server asks.
	Session uint32 `json:"session"`
	// Origin is the origin of the server that asks (scheme, host and port), to
	// be shown to the person who answers.
	Origin string `json:"origin"`
	// Call is the call during which the question came, if it is known.
	Call uint32 `json:"call,omitempty"`
	// DeadlineMs is how long the answer is awaited, in milliseconds; absent for
	// as long as the call lives.
	DeadlineMs int64 `json:"deadlineMs,omitempty"`
}

// AskCancel is the header of an ask.cancel frame, whose id is the ask's: no
// answer is wanted any more, a dialog should close, a reply is ignored.
type AskCancel struct {
	// Reason says why, for the log.
	Reason string `json:"reason,omitempty"`
}

// Tell is the header of a tell frame: something happened. Its id is the call it
// belongs to, or 0. The payload is the event's data as JSON. Every tell of a
// call comes before that call's done.
type Tell struct {
	// Event is the name of a row of Tells.
	Event string `json:"event"`
	// Session is the session that it happened in.
	Session uint32 `json:"session"`
}

// HTTPStart is the header of an http.start frame: one HTTP request with a
// streaming answer. The payload is the body. The embedder checks it, and every
// hop of a redirect, against the session's policy before anything is sent, and
// adds the headers that the application gave it; the core never sees those.
type HTTPStart struct {
	// Session is the session on whose behalf the request is made.
	Session uint32 `json:"session"`
	// Purpose is "mcp" for the server itself, "oauth" for what leads to a token:
	// such a request gets none of the application's headers, and may go to the
	// origins of https that the server's metadata names, as the embedder has seen
	// it pass (RFC 9728, RFC 8414).
	Purpose string `json:"purpose"`
	// Method is the HTTP method.
	Method string `json:"method"`
	// URL is absolute, with no fragment.
	URL string `json:"url"`
	// Headers are pairs of name and value.
	Headers [][2]string `json:"headers,omitempty"`
	// Credit is how many bytes of the answer's body the embedder may deliver
	// before it is given more.
	Credit int64 `json:"credit"`
}

// HTTPMore is the header of an http.more frame: room for more of the body.
type HTTPMore struct {
	// Credit adds so many bytes to what may be delivered.
	Credit int64 `json:"credit"`
}

// HTTPAbort is the header of an http.abort frame: the exchange is no longer
// wanted and its connection is to be given up. The embedder sends nothing more
// for this id.
type HTTPAbort struct {
	// Reason says why, for the trace.
	Reason string `json:"reason,omitempty"`
}

// Idle is the header of the idle frame that ends each step of the plugin.
type Idle struct {
	// Open counts the calls, asks, exchanges and channels that are not finished.
	Open int `json:"open"`
	// WakeMs is how long the driver may wait before it steps again with a tick,
	// in milliseconds; null when there is nothing to wait for.
	WakeMs *int64 `json:"wakeMs"`
}

// Fault is the header of a fault frame: a frame or batch that could not be
// taken. Its id is the offending frame's where there is one, otherwise 0.
type Fault struct {
	// Error says what was wrong.
	Error *Error `json:"error"`
}
