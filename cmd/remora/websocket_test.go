package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/test/fault"
)

// A server that is reached by WebSocket, by its URL and from a file.
func TestServersOverWebSockets(t *testing.T) {
	type numbers struct {
		A float64 `json:"a"`
		B float64 `json:"b"`
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "socket-server", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "add"}, func(_ context.Context, _ *mcp.CallToolRequest, n numbers) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: fmt.Sprint("the sum is ", n.A+n.B)}}}, nil, nil
	})
	ts := httptest.NewServer(fault.SocketHandler(t.Context(), server))
	t.Cleanup(ts.Close)
	url := "ws" + strings.TrimPrefix(ts.URL, "http") + "/mcp"
	file := config(t, fmt.Sprintf(`"far": {"type":"ws","url":%q}`, url))
	runRows(t, []row{
		{"tools", "", "tools URL", "add(a: number, b: number)", "", 0},
		{"inspect", "", "inspect URL", "server        socket-server", "", 0},
		{"call", "", "call URL add a=2 b=3", "the sum is 5\n", "", 0},
		{"the older line", "", "call --protocol 2025-11-25 URL add a=2 b=3", "the sum is 5\n", "", 0},
		{"a header", "", "call -H X-Key:canary URL add a=2 b=3", "the sum is 5\n", "", 0},
		{"-- ends the flags", "", "call URL add -- a=-2 b=3", "the sum is 1\n", "", 0},
		{"of a file", "", "call --config FILE far__add a=2 b=3", "the sum is 5\n", "", 0},
		{"nobody listens", "", "tools ws://127.0.0.1:1/?key=canary", "", "channel/closed: no connection to ws://127.0.0.1:1", 4},
	}, []string{"URL", url, "FILE", file}, func(t *testing.T, got outcome) {
		if strings.Contains(got.out+got.err, "canary") {
			t.Errorf("a secret is shown: %s%s", got.out, got.err)
		}
	})
}
