package host

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

func TestStructuredSaysWhyNot(t *testing.T) {
	for _, tt := range []struct {
		name, raw string
		want      Code
	}{
		{"nothing structured", `{"content":[]}`, CodeRPCInvalidResult},
		{"another type", `{"structuredContent":{"sum":"x"}}`, CodeRPCInvalidResult},
		{"a tool that failed", `{"isError":true,"content":[{"type":"text","text":"no"}]}`, CodeRPCError},
		{"no JSON", `{`, CodeRPCInvalidResult},
	} {
		_, err := Structured[struct{ Sum int }](json.RawMessage(tt.raw))
		if !errors.Is(err, &Error{Code: tt.want}) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestBytesOfStrangeContent(t *testing.T) {
	for _, tt := range []struct {
		content  mcp.Content
		mimeType string
		ok       bool
	}{
		{&mcp.ImageContent{MIMEType: `x/y,<script>"`}, "application/octet-stream", true},
		{&mcp.AudioContent{MIMEType: "audio/wav; rate=8000"}, "audio/wav; rate=8000", true},
		{&mcp.EmbeddedResource{}, "", false},
		{&mcp.ResourceLink{URI: "x:/"}, "", false},
	} {
		if _, mimeType, ok := Bytes(tt.content); mimeType != tt.mimeType || ok != tt.ok {
			t.Errorf("%T: got %q, %v, want %q, %v", tt.content, mimeType, ok, tt.mimeType, tt.ok)
		}
		if _, ok := DataURL(tt.content); ok != tt.ok {
			t.Errorf("%T: a data URL %v, want %v", tt.content, ok, tt.ok)
		}
	}
}

//lint:ignore SA1019 sampling is part of every revision
func noTools(context.Context, *mcp.CreateMessageWithToolsParams) (*mcp.CreateMessageWithToolsResult, error) {
	return nil, errors.New("no model")
}

func TestCapabilitiesOfHandlers(t *testing.T) {
	//lint:ignore SA1019 sampling is part of every revision
	sampling := &mcp.SamplingCapabilities{Context: &mcp.SamplingContextCapabilities{}}
	for _, tt := range []struct {
		name    string
		options ConnectOptions
		want    wire.ClientCapabilities
	}{
		{"nothing said", ConnectOptions{}, wire.ClientCapabilities{}},
		{"a handler for tools", ConnectOptions{Handlers: Handlers{SampleWithTools: noTools}}, wire.ClientCapabilities{Sampling: &wire.SamplingCapability{Tools: &wire.Empty{}}}},
		//lint:ignore SA1019 see above
		{"and context", ConnectOptions{Handlers: Handlers{SampleWithTools: noTools}, Capabilities: &mcp.ClientCapabilities{Sampling: sampling}},
			wire.ClientCapabilities{Sampling: &wire.SamplingCapability{Tools: &wire.Empty{}, Context: &wire.Empty{}}}},
		{"pages", ConnectOptions{Capabilities: &mcp.ClientCapabilities{Elicitation: &mcp.ElicitationCapabilities{URL: &mcp.URLElicitationCapabilities{}}}},
			wire.ClientCapabilities{Elicitation: &wire.ElicitationCapability{URL: &wire.Empty{}}}},
	} {
		if got, want := string(mustJSON(tt.options.capabilities())), string(mustJSON(tt.want)); got != want {
			t.Errorf("%s: got %s, want %s", tt.name, got, want)
		}
	}
}
