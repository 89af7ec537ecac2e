package wire

import "encoding/json"

// Complete holds the parameters of the complete command (completion/complete;
// specification 2025-11-25 and 2026-07-28, server/utilities/completion).
type Complete struct {
	// Ref says whose argument it is.
	Ref CompleteRef `json:"ref"`
	// Argument is the argument and what there is of its value.
	Argument CompleteArgument `json:"argument"`
	// Context holds what is known besides.
	Context *CompleteContext `json:"context,omitempty"`
	// Meta is the request's _meta.
	Meta json.RawMessage `json:"_meta,omitempty"`
}

// CompleteRef names a prompt or a resource template.
type CompleteRef struct {
	// Type is "ref/prompt" or "ref/resource".
	Type string `json:"type"`
	// Name is the prompt's name, with the type "ref/prompt".
	Name string `json:"name,omitempty"`
	// URI is the template's, with the type "ref/resource".
	URI string `json:"uri,omitempty"`
}

// CompleteArgument is an argument that is being written.
type CompleteArgument struct {
	// Name is the argument's name.
	Name string `json:"name"`
	// Value is what has been written so far.
	Value string `json:"value"`
}

// CompleteContext is what is known when an argument is being written.
type CompleteContext struct {
	// Arguments are the arguments that have their value, by name.
	Arguments map[string]string `json:"arguments,omitempty"`
}
