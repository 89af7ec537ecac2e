package wire

import "encoding/json"

// A Target says which server a simple export talks to, and how.
type Target struct {
	// Server is the URL of the server's MCP endpoint: http or https.
	Server string `json:"server,omitempty"`
	// Headers are added to every request to the server.
	Headers map[string]string `json:"headers,omitempty"`
	// ProtocolVersion is the newest revision to ask for; absent for the newest
	// that is known. The server may choose an older one.
	ProtocolVersion string `json:"protocolVersion,omitempty"`
	// TimeoutMs bounds the whole of it, in milliseconds. Zero selects
	// DefaultTimeoutMs. It cannot interrupt an HTTP request that the host makes.
	TimeoutMs int64 `json:"timeoutMs,omitempty"`
}

// Discover is the input of the export discover.
type Discover struct {
	Target
}

// Run is the input of the export run.
type Run struct {
	Target
	ToolRun
}

// A ToolRun says which tool is called, and with what.
type ToolRun struct {
	// Tool is the tool's name.
	Tool string `json:"tool"`
	// Arguments is the tool's input, a JSON object. Absent means {}.
	Arguments json.RawMessage `json:"arguments,omitempty"`
	// InputResponses answers the inputRequests of the run before, by the same
	// keys (specification 2026-07-28, basic/patterns/mrtr).
	InputResponses json.RawMessage `json:"inputResponses,omitempty"`
	// RequestState is the requestState of the run before, as it was.
	RequestState json.RawMessage `json:"requestState,omitempty"`
	// Meta is the request's _meta. A progressToken in it is replaced.
	Meta json.RawMessage `json:"_meta,omitempty"`
}

// An OnceServer says which server the commands discover and run talk to. It
// carries no credentials, as Connect.
type OnceServer struct {
	// Server is the URL of the server's MCP endpoint: http or https.
	Server string `json:"server"`
	// ClientInfo is what the server is told of the application.
	ClientInfo ClientInfo `json:"clientInfo,omitzero"`
	// ProtocolVersion is the newest revision to ask for; absent for the newest
	// that is known. The server may choose an older one.
	ProtocolVersion string `json:"protocolVersion,omitempty"`
}

// OnceAuth says how the commands discover and run get a token.
type OnceAuth struct {
	// Handlers names the asks of authorization that the application answers:
	// assert, authorize, sign and store. Nothing else is asked.
	Handlers []string `json:"handlers,omitempty"`
	// Auth says how an access token is got, as in Connect.
	Auth *Auth `json:"auth,omitempty"`
}

// DiscoverServer holds the parameters of the discover command.
type DiscoverServer struct {
	OnceServer
	OnceAuth
}

// RunTool holds the parameters of the run command.
type RunTool struct {
	OnceServer
	OnceAuth
	ToolRun
}

// Ran is the result of the run command: exactly one of its fields.
type Ran struct {
	// Result is the CallToolResult of the specification, byte for byte as the
	// server sent it.
	Result json.RawMessage `json:"result,omitempty"`
	// InputRequired says what the tool has to know before there is a result.
	InputRequired *InputRequired `json:"inputRequired,omitempty"`
}

// Discovered is the result of the command and of the export discover.
type Discovered struct {
	// Server describes the server (Implementation of the specification),
	// verbatim.
	Server json.RawMessage `json:"server"`
	// ProtocolVersion is the revision that was agreed on.
	ProtocolVersion string `json:"protocolVersion"`
	// Capabilities are the server's, verbatim.
	Capabilities json.RawMessage `json:"capabilities"`
	// Instructions are the server's hints for using it.
	Instructions string `json:"instructions,omitempty"`
	// Tools are all of the server's tools, each verbatim.
	Tools []json.RawMessage `json:"tools"`
}

// InputRequired says what a tool has to know before it can go on. Run again
// with the same tool and arguments, the answers, and the state.
type InputRequired struct {
	// InputRequests are the server's questions by key, verbatim: each has a
	// method (elicitation/create, sampling/createMessage) and params. Without
	// any, the server asks to be called again later.
	InputRequests json.RawMessage `json:"inputRequests"`
	// RequestState goes back with the answers.
	RequestState json.RawMessage `json:"requestState,omitempty"`
}

// DiscoverOutput is the output of the export discover: a result or an error.
type DiscoverOutput struct {
	// Result says what the server is.
	Result *Discovered `json:"result,omitempty"`
	// Error says why there is no result.
	Error *Error `json:"error,omitempty"`
}

// RunOutput is the output of the export run: exactly one of its fields.
type RunOutput struct {
	// Result is the CallToolResult of the specification, byte for byte as the
	// server sent it.
	Result json.RawMessage `json:"result,omitempty"`
	// InputRequired says what the tool has to know before there is a result.
	InputRequired *InputRequired `json:"inputRequired,omitempty"`
	// Error says why there is neither.
	Error *Error `json:"error,omitempty"`
}
