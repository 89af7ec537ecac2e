package wire

import "encoding/json"

// A Root is a place that the application lets the server know of (Root in the
// specification, 2025-11-25 and 2026-07-28, client/roots).
type Root struct {
	// URI names it: a file URI.
	URI string `json:"uri"`
	// Name is shown to people.
	Name string `json:"name,omitempty"`
	// Meta is the root's _meta.
	Meta json.RawMessage `json:"_meta,omitempty"`
}

// SetRoots holds the parameters of the setRoots command.
type SetRoots struct {
	// Roots take the place of those before, all of them.
	Roots []Root `json:"roots"`
}
