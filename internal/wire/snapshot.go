package wire

import "encoding/json"

// SnapshotVersion is the version of SnapshotResult. A core restores its own
// version and no other.
const SnapshotVersion = 1

// MaxSnapshotBytes bounds a snapshot, in both directions.
const MaxSnapshotBytes = 256 << 10

// MaxSnapshotCacheBytes bounds the answers in a snapshot.
const MaxSnapshotCacheBytes = 128 << 10

// Snapshot holds the parameters of the snapshot command.
type Snapshot struct {
	// Cache adds the answers that are kept and fresh, the newest first, as far as
	// they fit into MaxSnapshotCacheBytes.
	Cache bool `json:"cache,omitempty"`
	// Credentials adds the access token, and what it can be renewed with, if they
	// are there (SnapshotSecret.Auth).
	Credentials bool `json:"credentials,omitempty"`
}

// SnapshotResult is what a session needs to go on elsewhere without a handshake.
// It is given back in Connect.Restore. It is at most MaxSnapshotBytes long.
type SnapshotResult struct {
	// Remora is SnapshotVersion.
	Remora int `json:"remora"`
	// Server is the server's URL.
	Server string `json:"server"`
	// ProtocolVersion is the revision that was agreed on.
	ProtocolVersion string `json:"protocolVersion"`
	// Handshake is the result of server/discover (2026-07-28) or of initialize,
	// verbatim.
	Handshake json.RawMessage `json:"handshake"`
	// LastEventID is where the standing stream was, before 2026-07-28.
	LastEventID string `json:"lastEventId,omitempty"`
	// LogLevel is the level of logging that was set.
	LogLevel string `json:"logLevel,omitempty"`
	// Subscriptions are the URIs of resources that are subscribed to.
	Subscriptions []string `json:"subscriptions,omitempty"`
	// Tools are the tools that want arguments repeated in headers (2026-07-28,
	// basic/transports).
	Tools []SnapshotTool `json:"tools,omitempty"`
	// Cache has answers that are kept, if they were asked for (2026-07-28,
	// server/utilities/caching).
	Cache []SnapshotAnswer `json:"cache,omitempty"`
	// Secret is what has to be kept like a password; absent if there is nothing.
	Secret *SnapshotSecret `json:"secret,omitempty"`
}

// SnapshotTool is a tool that wants arguments repeated in headers.
type SnapshotTool struct {
	// Name is the tool's.
	Name string `json:"name"`
	// Marks say which arguments: the type of each, the name of its header without
	// Mcp-Param-, and the names that lead to it in the arguments.
	Marks [][]string `json:"marks"`
}

// SnapshotAnswer is an answer that may be kept for a while.
type SnapshotAnswer struct {
	// Method is tools/list, resources/list, resources/templates/list,
	// resources/read or prompts/list.
	Method string `json:"method"`
	// Param is the cursor or URI that was asked for.
	Param string `json:"param,omitempty"`
	// Result is the answer, verbatim.
	Result json.RawMessage `json:"result"`
	// ExpiresMs is until when it may be kept: milliseconds since 1970.
	ExpiresMs int64 `json:"expiresMs"`
}

// SnapshotSecret is the part of a snapshot that has to be kept like a password.
// An embedder may add the application's own credentials to it; it takes them out
// before it gives the snapshot back, because the core never has them.
type SnapshotSecret struct {
	// SessionID is the server's name for the session (Mcp-Session-Id, before
	// 2026-07-28): whoever has it can act in the session, as far as the server
	// asks for nothing else.
	SessionID string `json:"sessionId,omitempty"`
	// Headers are the application's own, as pairs of name and value: the embedder
	// adds them if it is asked to, and reads them back. The core ignores them.
	Headers [][2]string `json:"headers,omitempty"`
	// Auth is the core's record of the authorization, if it was asked for.
	Auth json.RawMessage `json:"auth,omitempty"`
}
