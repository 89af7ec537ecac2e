// Package guide runs the programs of docs/guide against a server with the tools
// that they call.
package guide

import (
	"context"
	"fmt"
	"net/http"
	"sort"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// handler is the server of the guides, on 2026-07-28 and before.
func handler() http.Handler {
	modern := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server() }, &mcp.StreamableHTTPOptions{Stateless: true})
	legacy := server()
	sessions := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return legacy }, nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Protocol-Version") >= "2026-07-28" {
			modern.ServeHTTP(w, r)
			return
		}
		sessions.ServeHTTP(w, r)
	})
}

func server() *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "guide", Version: "1"}, nil)
	asking := func(name string, question mcp.InputRequest, answered func(mcp.InputResponse) string) {
		s.AddTool(&mcp.Tool{Name: name, InputSchema: map[string]any{"type": "object"}},
			func(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				answer, has := req.Params.InputResponses["q"]
				if !has {
					return &mcp.CallToolResult{InputRequests: mcp.InputRequestMap{"q": question}}, nil
				}
				return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: answered(answer)}}}, nil
			})
	}
	asking("book_table", &mcp.ElicitParams{Mode: "form", Message: "For how many, and when?", RequestedSchema: map[string]any{
		"type": "object",
		"properties": map[string]any{
			"guests": map[string]any{"type": "integer", "minimum": 1, "maximum": 8},
			"day":    map[string]any{"type": "string", "format": "date"},
			"window": map[string]any{"type": "boolean", "default": true},
		},
		"required": []string{"guests", "day"},
	}}, func(answer mcp.InputResponse) string {
		r := answer.(*mcp.ElicitResult)
		if r.Action != "accept" {
			return "no table, then"
		}
		return fmt.Sprintf("a table for %v on %v, window: %v", r.Content["guests"], r.Content["day"], r.Content["window"])
	})
	asking("link_account", &mcp.ElicitParams{Mode: "url", Message: "Link your account.", URL: "https://bank.example/link", ElicitationID: "link-1"},
		func(answer mcp.InputResponse) string { return "the person said " + answer.(*mcp.ElicitResult).Action })
	//lint:ignore SA1019 sampling and roots are part of every revision
	asking("summarise", &mcp.CreateMessageParams{MaxTokens: 50, SystemPrompt: "Be brief.",
		Messages: []*mcp.SamplingMessage{{Role: "user", Content: &mcp.TextContent{Text: "Remoras hold on to sharks."}}}}, sampledText)
	//lint:ignore SA1019 see above
	asking("plan_trip", &mcp.CreateMessageWithToolsParams{MaxTokens: 50, Tools: []*mcp.Tool{{Name: "weather", InputSchema: map[string]any{"type": "object"}}},
		Messages: []*mcp.SamplingMessageV2{{Role: "user", Content: []mcp.Content{&mcp.TextContent{Text: "Ulm or Bonn?"}}}}}, sampledText)
	//lint:ignore SA1019 see above
	asking("list_projects", &mcp.ListRootsParams{}, func(answer mcp.InputResponse) string {
		//lint:ignore SA1019 see above
		r := answer.(*mcp.ListRootsResult)
		var names []string
		for _, root := range r.Roots {
			names = append(names, root.Name)
		}
		sort.Strings(names)
		return "projects: " + strings.Join(names, ", ")
	})
	s.AddTool(&mcp.Tool{Name: "weather", InputSchema: map[string]any{"type": "object"}, OutputSchema: map[string]any{
		"type":       "object",
		"properties": map[string]any{"celsius": map[string]any{"type": "number"}},
		"required":   []string{"celsius"},
	}}, func(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		value := any(map[string]any{"celsius": 21.5})
		if strings.Contains(string(req.Params.Arguments), "Atlantis") {
			value = map[string]any{"celsius": "wet"}
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "mild"}}, StructuredContent: value}, nil
	})
	s.AddTool(&mcp.Tool{Name: "chart", InputSchema: map[string]any{"type": "object"}}, func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.ImageContent{MIMEType: "image/svg+xml", Data: []byte("<svg/>")}}}, nil
	})
	return s
}

func sampledText(answer mcp.InputResponse) string {
	//lint:ignore SA1019 see above
	r := answer.(*mcp.CreateMessageWithToolsResult)
	var parts []string
	for _, content := range r.Content {
		switch content := content.(type) {
		case *mcp.TextContent:
			parts = append(parts, content.Text)
		case *mcp.ToolUseContent:
			parts = append(parts, fmt.Sprintf("%s(%v)", content.Name, content.Input["city"]))
		}
	}
	return r.Model + ": " + strings.Join(parts, ", ")
}
