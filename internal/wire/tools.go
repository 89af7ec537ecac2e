package wire

import "encoding/json"

// ListTools holds the parameters of the listTools command: one page
// (tools/list; specification 2025-11-25 and 2026-07-28, server/tools).
type ListTools struct {
	// Cursor is the nextCursor of the page before; absent for the first.
	Cursor string `json:"cursor,omitempty"`
	// Meta is the request's _meta.
	Meta json.RawMessage `json:"_meta,omitempty"`
}

// CallTool holds the parameters of the callTool command (tools/call;
// specification 2025-11-25 and 2026-07-28, server/tools).
type CallTool struct {
	// Name is the tool's name.
	Name string `json:"name"`
	// Arguments is the tool's input, a JSON object, sent as it is.
	Arguments json.RawMessage `json:"arguments,omitempty"`
	// Meta is the request's _meta. A progressToken in it is replaced.
	Meta json.RawMessage `json:"_meta,omitempty"`
}
