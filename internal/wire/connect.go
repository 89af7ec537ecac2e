package wire

import "encoding/json"

// Connect holds the parameters of the connect command. It carries no
// credentials: headers, keys and the application's token function stay in the
// embedder, which adds them to each http.start of the session.
type Connect struct {
	// URL is the server's MCP endpoint: http or https. Absent with a Channel.
	URL string `json:"url,omitempty"`
	// Channel is the reference of a channel to the server, which the embedder
	// chose: the core hands it back in chan.open and makes nothing of it. At most
	// MaxChannelRefBytes long.
	Channel string `json:"channel,omitempty"`
	// ClientInfo is what the server is told of the application.
	ClientInfo ClientInfo `json:"clientInfo,omitzero"`
	// ProtocolVersion is the newest revision to ask for; absent for the newest
	// that the core knows. The server may choose an older one.
	ProtocolVersion string `json:"protocolVersion,omitempty"`
	// Handlers names the asks (rows of Asks) that the application answers. Only
	// their capabilities are announced to the server. Before 2026-07-28 a server
	// may ask on the standing stream, so that is held open for elicit and sample.
	Handlers []string `json:"handlers,omitempty"`
	// Events names the tells (rows of Tells) that somebody listens to from the
	// start, as in Listen.
	Events []string `json:"events,omitempty"`
	// Capabilities say more of what the handlers take. Something that no handler
	// is there for is local/bad_argument.
	Capabilities ClientCapabilities `json:"capabilities,omitzero"`
	// Roots are the application's roots. Absent, the server is told that there is
	// no such thing, and setRoots is refused; an empty list announces them.
	Roots []Root `json:"roots,omitzero"`
	// ValidateOutput says when a tool's structured content is checked against the
	// tool's outputSchema: known (the default), as soon as the tool has been
	// listed; always, for which the tools are listed if they have not been; off.
	ValidateOutput string `json:"validateOutput,omitempty"`
	// CacheMode is what calls do that do not say: one of the CacheModes. Absent
	// for CacheUse.
	CacheMode string `json:"cacheMode,omitempty"`
	// LogLevel is the level from which on the server is to log, as with
	// setLoggingLevel. A server that has no logging is left alone.
	LogLevel string `json:"logLevel,omitempty"`
	// Subscriptions are URIs of resources to subscribe to, as with
	// subscribeResource: for a session that is opened again. What the server
	// refuses is left out.
	Subscriptions []string `json:"subscriptions,omitempty"`
	// Reconnect says how a lost connection is brought back.
	Reconnect Reconnect `json:"reconnect,omitzero"`
	// Auth says how an access token is got; absent if the application sees to
	// credentials itself.
	Auth *Auth `json:"auth,omitempty"`
	// KeepAliveMs is how often the server is sent a ping while a channel, the
	// event stream of 2024-11-05 or a standing stream is open; one that is not
	// answered for as long ends the connection. 2026-07-28 has no ping. Absent
	// for never.
	KeepAliveMs int64 `json:"keepAliveMs,omitempty"`
	// Restore is a snapshot (SnapshotResult) of a session with the same server,
	// over HTTP: that session goes on, and nothing is sent before the first call.
	// What is no snapshot, of another version or of another server is
	// local/bad_argument. ProtocolVersion is ignored until the server has
	// forgotten the session; LogLevel and Subscriptions are added to the
	// snapshot's.
	Restore json.RawMessage `json:"restore,omitempty"`
}

// MaxChannelRefBytes bounds the reference of a channel.
const MaxChannelRefBytes = 256

// The values of Connect.ValidateOutput.
const (
	ValidateKnown  = "known"
	ValidateAlways = "always"
	ValidateOff    = "off"
)

// ClientCapabilities say what the application's handlers take (ClientCapabilities
// in the specification, 2025-11-25 and 2026-07-28).
type ClientCapabilities struct {
	// Elicitation says which modes elicit takes. Default: form.
	Elicitation *ElicitationCapability `json:"elicitation,omitempty"`
	// Sampling says what sample takes besides a conversation. Default: nothing.
	Sampling *SamplingCapability `json:"sampling,omitempty"`
}

// ElicitationCapability says which modes of elicitation are taken.
type ElicitationCapability struct {
	// Form is set for forms. Neither being set means form.
	Form *Empty `json:"form,omitempty"`
	// URL is set for pages to visit.
	URL *Empty `json:"url,omitempty"`
}

// SamplingCapability says what may come with a request for a message.
type SamplingCapability struct {
	// Tools is set if the model may be given tools.
	Tools *Empty `json:"tools,omitempty"`
	// Context is set if includeContext may be other than none.
	Context *Empty `json:"context,omitempty"`
}

// ClientInfo describes the application (Implementation in the specification,
// 2025-11-25 and 2026-07-28).
type ClientInfo struct {
	// Name identifies the application. Default "remora".
	Name string `json:"name,omitempty"`
	// Version is the application's version. Default: remora's.
	Version string `json:"version,omitempty"`
	// Title is the name shown to people.
	Title string `json:"title,omitempty"`
}

// Connected is the result of the connect command.
type Connected struct {
	// Session is the number by which every later call names this session.
	Session uint32 `json:"session"`
	// ProtocolVersion is the revision that was agreed on.
	ProtocolVersion string `json:"protocolVersion"`
	// Capabilities are the server's, verbatim.
	Capabilities json.RawMessage `json:"capabilities,omitempty"`
	// ServerInfo describes the server, verbatim.
	ServerInfo json.RawMessage `json:"serverInfo,omitempty"`
	// Instructions are the server's hints for using it.
	Instructions string `json:"instructions,omitempty"`
	// Meta is the _meta of what the server said, verbatim.
	Meta json.RawMessage `json:"_meta,omitempty"`
}

// Ping holds the parameters of the ping command: none.
type Ping struct{}

// Close holds the parameters of the close command.
type Close struct {
	// Keep leaves the server's session as it is, for a snapshot of it that is to
	// go on: the server is not told of the end. Over a channel it means nothing.
	Keep bool `json:"keep,omitempty"`
}

// Listen holds the parameters of the listen command.
type Listen struct {
	// Events names the tells (rows of Tells) that somebody listens to, all of
	// them, each time. A standing stream is held open only while one of them
	// needs it; the command is done when it stands, or is refused.
	Events []string `json:"events"`
}

// Empty is the result of a command that has none.
type Empty struct{}
