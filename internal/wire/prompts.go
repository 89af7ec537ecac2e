package wire

import "encoding/json"

// ListPrompts holds the parameters of the listPrompts command: one page
// (prompts/list; specification 2025-11-25 and 2026-07-28, server/prompts).
type ListPrompts struct {
	// Cursor is the nextCursor of the page before; absent for the first.
	Cursor string `json:"cursor,omitempty"`
	// Meta is the request's _meta.
	Meta json.RawMessage `json:"_meta,omitempty"`
}

// GetPrompt holds the parameters of the getPrompt command (prompts/get;
// specification 2025-11-25 and 2026-07-28, server/prompts).
type GetPrompt struct {
	// Name is the prompt's name.
	Name string `json:"name"`
	// Arguments are the prompt's arguments, by name.
	Arguments map[string]string `json:"arguments,omitempty"`
	// Meta is the request's _meta. A progressToken in it is replaced.
	Meta json.RawMessage `json:"_meta,omitempty"`
}

// PromptsChanged is the data of the promptsChanged event: none.
type PromptsChanged struct{}
