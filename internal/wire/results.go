package wire

import "encoding/json"

// InvalidResult is the data of the error rpc/invalid_result.
type InvalidResult struct {
	// Pointer says where in the result (RFC 6901), /structuredContent/age for
	// instance.
	Pointer string `json:"pointer"`
	// Keyword is the keyword of the tool's outputSchema that does not hold;
	// empty if there is no structured content at all.
	Keyword string `json:"keyword,omitempty"`
	// Result is the server's result as it came: the tool has been executed.
	Result json.RawMessage `json:"result"`
}
