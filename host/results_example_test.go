package host_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/host"
)

func ExampleText() {
	fmt.Println(host.Text(&mcp.CallToolResult{Content: []mcp.Content{
		&mcp.TextContent{Text: "one"},
		&mcp.ImageContent{MIMEType: "image/png"},
		&mcp.EmbeddedResource{Resource: &mcp.ResourceContents{URI: "x:/", Text: "two"}},
	}}))
	// Output:
	// one
	// two
}

func ExampleStructured() {
	raw := json.RawMessage(`{"content":[],"structuredContent":{"id":12345678901234567890}}`)
	value, err := host.Structured[struct{ ID uint64 }](raw)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(value.ID)
	// Output: 12345678901234567890
}

func ExampleBytes() {
	data, mimeType, ok := host.Bytes(&mcp.EmbeddedResource{Resource: &mcp.ResourceContents{URI: "x:/", Text: "hi"}})
	fmt.Println(string(data), mimeType, ok)
	// Output: hi text/plain true
}

func ExampleDataURL() {
	url, _ := host.DataURL(&mcp.ImageContent{MIMEType: "image/svg+xml", Data: []byte("<svg/>")})
	fmt.Println(url)
	// Output: data:image/svg+xml;base64,PHN2Zy8+
}

// A server whose tool does not keep its promise, and knows a client's roots.
func resultsServer() *httptest.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "demo", Version: "1.0.0"}, nil)
	server.AddTool(&mcp.Tool{Name: "measure", InputSchema: map[string]any{"type": "object"},
		OutputSchema: map[string]any{"type": "object", "properties": map[string]any{"metres": map[string]any{"type": "number"}}}},
		func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{}, StructuredContent: map[string]any{"metres": "three"}}, nil
		})
	server.AddTool(&mcp.Tool{Name: "roots", InputSchema: map[string]any{"type": "object"}},
		func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			//lint:ignore SA1019 roots are part of every revision
			list, err := req.Session.ListRoots(ctx, nil)
			if err != nil {
				return nil, err
			}
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: list.Roots[0].URI}}}, nil
		})
	return httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil))
}

func ExampleAsInvalidResult() {
	server := resultsServer()
	defer server.Close()
	ctx := context.Background()
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)
	s, err := rt.Connect(ctx, server.URL, &host.ConnectOptions{ValidateOutput: host.ValidateAlways})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	_, err = s.CallTool(ctx, &mcp.CallToolParams{Name: "measure"})
	if invalid, ok := host.AsInvalidResult(err); ok {
		fmt.Println(invalid.Pointer, invalid.Keyword)
	}
	// Output: /structuredContent/metres type
}

func ExampleSession_SetRoots() {
	server := resultsServer()
	defer server.Close()
	ctx := context.Background()
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)
	//lint:ignore SA1019 roots are part of every revision
	s, err := rt.Connect(ctx, server.URL, &host.ConnectOptions{Roots: []*mcp.Root{}})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	//lint:ignore SA1019 see above
	if err := s.SetRoots(ctx, &mcp.Root{URI: "file:///home/me/shark"}); err != nil {
		log.Fatal(err)
	}
	res, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "roots"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(host.Text(res))
	// Output: file:///home/me/shark
}
