package host

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"mime"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// OutputValidation says when a tool's structured content is checked against the
// tool's OutputSchema.
type OutputValidation string

// The values of OutputValidation. A schema that cannot be used (it refers to
// another one elsewhere, say, or has a regular expression with a lookahead) makes
// a tool one that promises nothing, except with ValidateAlways, where it cannot
// be called.
const (
	ValidateKnown  OutputValidation = ""                                    // as soon as the tool has been listed
	ValidateAlways OutputValidation = OutputValidation(wire.ValidateAlways) // always: tools are listed first, if they have not been
	ValidateOff    OutputValidation = OutputValidation(wire.ValidateOff)    // never
)

// An InvalidResult says of an error with CodeRPCInvalidResult where the result
// does not fit, and has the result: the tool has been executed.
type InvalidResult struct {
	// Pointer says where in the result, as a JSON pointer.
	Pointer string
	// Keyword is the keyword of the tool's OutputSchema that does not hold, or
	// empty if there is no structured content at all.
	Keyword string
	// Raw is the result, byte for byte as the server sent it.
	Raw json.RawMessage
}

// AsInvalidResult returns what an error with CodeRPCInvalidResult says; false for
// any other error.
func AsInvalidResult(err error) (*InvalidResult, bool) {
	var e *Error
	var data wire.InvalidResult
	if !errors.As(err, &e) || e.Code != CodeRPCInvalidResult || json.Unmarshal(e.Data, &data) != nil {
		return nil, false
	}
	return &InvalidResult{Pointer: data.Pointer, Keyword: data.Keyword, Raw: data.Result}, true
}

// Text returns the text of a result: that of its text blocks and of the resources
// in it, with a line break between them.
func Text(result *mcp.CallToolResult) string {
	var parts []string
	for _, content := range result.Content {
		switch content := content.(type) {
		case *mcp.TextContent:
			parts = append(parts, content.Text)
		case *mcp.EmbeddedResource:
			if content.Resource != nil && content.Resource.Blob == nil {
				parts = append(parts, content.Resource.Text)
			}
		}
	}
	return strings.Join(parts, "\n")
}

// Structured decodes the structured content of a result, as [Session.CallToolRaw]
// returns it, into a T. Its numbers are those that the server wrote. The error is
// an [*Error]: CodeRPCError if the tool failed (IsError), with the tool's text,
// CodeRPCInvalidResult if there is no structured content or it is none of T.
func Structured[T any](raw json.RawMessage) (T, error) {
	var value T
	var result struct {
		IsError    bool `json:"isError"`
		Content    []struct{ Text string }
		Structured json.RawMessage `json:"structuredContent"`
	}
	invalid := func(what string, cause error) error {
		data, _ := json.Marshal(wire.InvalidResult{Pointer: "/structuredContent", Result: raw}) // raw is JSON, or there is no data
		return &Error{Code: CodeRPCInvalidResult, Message: what, Data: data, Sent: SentYes, cause: cause}
	}
	if err := json.Unmarshal(raw, &result); err != nil {
		return value, invalid("not a tool's result", err)
	}
	switch {
	case result.IsError:
		text := ""
		for _, content := range result.Content {
			text += " " + content.Text
		}
		return value, &Error{Code: CodeRPCError, Message: "the tool failed: " + wire.Excerpt([]byte(text)), Sent: SentYes}
	case result.Structured == nil:
		return value, invalid("the tool's result has no structured content", nil)
	}
	if err := json.Unmarshal(result.Structured, &value); err != nil {
		return value, invalid("the tool's structured content is not of the type asked for", err)
	}
	return value, nil
}

// Bytes returns the bytes and the type of content that holds some: a picture, a
// sound, or a resource, whose text counts as its bytes. It reports false for any
// other.
func Bytes(content mcp.Content) (data []byte, mimeType string, ok bool) {
	switch content := content.(type) {
	case *mcp.ImageContent:
		data, mimeType = content.Data, content.MIMEType
	case *mcp.AudioContent:
		data, mimeType = content.Data, content.MIMEType
	case *mcp.TextContent:
		data, mimeType = []byte(content.Text), "text/plain"
	case *mcp.EmbeddedResource:
		if content.Resource == nil {
			return nil, "", false
		}
		data, mimeType = content.Resource.Blob, content.Resource.MIMEType
		if data == nil {
			data = []byte(content.Resource.Text)
			if mimeType == "" {
				mimeType = "text/plain"
			}
		}
	default:
		return nil, "", false
	}
	// A type that came from a server ends up in headers and URLs.
	if kind, parameters, err := mime.ParseMediaType(mimeType); err == nil && strings.Contains(kind, "/") {
		return data, mime.FormatMediaType(kind, parameters), true
	}
	return data, "application/octet-stream", true
}

// DataURL returns content that holds bytes as a data URL. It reports false for
// any other.
func DataURL(content mcp.Content) (url string, ok bool) {
	data, mimeType, ok := Bytes(content)
	if !ok {
		return "", false
	}
	return "data:" + strings.ReplaceAll(mimeType, " ", "") + ";base64," + base64.StdEncoding.EncodeToString(data), true
}
