package core

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// sdkServer is a server of the go-sdk's with a few tools.
func sdkServer(opts *mcp.StreamableHTTPOptions) http.Handler {
	server := mcp.NewServer(&mcp.Implementation{Name: "peer", Version: "1"}, nil)
	type echoIn struct {
		Message string `json:"message"`
	}
	mcp.AddTool(server, &mcp.Tool{Name: "echo"}, func(_ context.Context, _ *mcp.CallToolRequest, in echoIn) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: in.Message}}}, nil, nil
	})
	mcp.AddTool(server, &mcp.Tool{Name: "ask"}, func(ctx context.Context, req *mcp.CallToolRequest, in struct{}) (*mcp.CallToolResult, any, error) {
		const schema = `{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}`
		params := &mcp.ElicitParams{Message: "who?", RequestedSchema: json.RawMessage(schema)}
		say := func(res *mcp.ElicitResult) *mcp.CallToolResult {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: fmt.Sprint(res.Action, " ", res.Content["name"])}}}
		}
		if got, ok := req.Params.InputResponses["who"]; ok {
			return say(got.(*mcp.ElicitResult)), nil, nil
		}
		return &mcp.CallToolResult{InputRequests: mcp.InputRequestMap{"who": params}}, nil, nil
	})
	mcp.AddTool(server, &mcp.Tool{Name: "slow"}, func(ctx context.Context, req *mcp.CallToolRequest, in struct{}) (*mcp.CallToolResult, any, error) {
		for i := range 3 {
			_ = req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: req.Params.GetProgressToken(), Progress: float64(i + 1), Total: 3})
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "done"}}}, nil, nil
	})
	return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, opts)
}

func TestAgainstTheSDKsServer(t *testing.T) {
	for _, c := range []struct {
		name     string
		opts     mcp.StreamableHTTPOptions
		protocol string
		json     bool
	}{
		{"2026-07-28 event stream", mcp.StreamableHTTPOptions{Stateless: true}, "2026-07-28", false},
		{"2026-07-28 JSON", mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true}, "2026-07-28", true},
		{"2025-11-25 event stream", mcp.StreamableHTTPOptions{}, "2025-11-25", false},
		{"2025-11-25 JSON", mcp.StreamableHTTPOptions{JSONResponse: true}, "2025-11-25", true},
		{"2025-11-25 stateless", mcp.StreamableHTTPOptions{Stateless: true}, "2025-11-25", false},
		{"2025-06-18", mcp.StreamableHTTPOptions{}, "2025-06-18", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := newEmbedder(t)
			e.answer = func(h wire.Ask, params []byte) (any, *wire.Error) {
				if h.Kind != "elicit" || h.Call == 0 || h.Session == 0 {
					t.Errorf("asked %+v", h)
				}
				return map[string]any{"action": "accept", "content": map[string]any{"name": "Ada"}}, nil
			}
			url := serve(t, sdkServer(&c.opts)).URL
			got := e.connect(wire.Connect{URL: url, ProtocolVersion: c.protocol, Handlers: []string{"elicit"}})
			if got.ProtocolVersion != c.protocol {
				t.Errorf("protocol %s, want %s", got.ProtocolVersion, c.protocol)
			}
			if want := `{"name":"peer","version":"1"}`; string(got.ServerInfo) != want {
				t.Errorf("server info %s, want %s", got.ServerInfo, want)
			}
			if _, err := e.run(wire.Call{Command: "listTools", Session: got.Session}, wire.ListTools{}); err != nil {
				t.Error(err)
			}
			result, err := e.run(wire.Call{Command: "callTool", Session: got.Session}, wire.CallTool{Name: "echo", Arguments: json.RawMessage(`{"message":"hi"}`)})
			if err != nil || text(t, result) != "hi" {
				t.Errorf("echo: %s, %v", result, err)
			}
			if c.protocol >= firstModern || (!c.opts.Stateless && !c.json) {
				result, err = e.run(wire.Call{Command: "callTool", Session: got.Session}, wire.CallTool{Name: "ask"})
				if err != nil || text(t, result) != "accept Ada" {
					t.Errorf("ask: %s, %v", result, err)
				}
			}
			if !c.json {
				result, err = e.run(wire.Call{Command: "callTool", Session: got.Session, Progress: true}, wire.CallTool{Name: "slow"})
				if err != nil || text(t, result) != "done" {
					t.Errorf("slow: %s, %v", result, err)
				}
				if n := len(e.tellsOf("progress")); n != 3 {
					t.Errorf("%d progress events, want 3", n)
				}
			}
			if _, err := e.run(wire.Call{Command: "ping", Session: got.Session}, wire.Ping{}); err != nil {
				t.Error(err)
			}
			if _, err := e.run(wire.Call{Command: "close", Session: got.Session}, wire.Close{}); err != nil {
				t.Error(err)
			}
			_, err = e.run(wire.Call{Command: "ping", Session: got.Session}, wire.Ping{})
			if err == nil || err.Code != wire.CodeLocalClosed {
				t.Errorf("ping after close: %v", err)
			}
			eventually(t, "nothing is open", func() bool { return e.core.Open() == 0 })
			if len(e.faults) > 0 {
				t.Errorf("faults: %v", e.faults)
			}
		})
	}
}

// sdkServerSlowly has a tool that reports progress n times.
func sdkServerSlowly(n int, every time.Duration) http.Handler {
	server := mcp.NewServer(&mcp.Implementation{Name: "peer", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "slowly"}, func(ctx context.Context, req *mcp.CallToolRequest, in struct{}) (*mcp.CallToolResult, any, error) {
		for i := range n {
			select {
			case <-ctx.Done():
				return nil, nil, ctx.Err()
			case <-time.After(every):
			}
			_ = req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: req.Params.GetProgressToken(), Progress: float64(i + 1)})
		}
		return &mcp.CallToolResult{Content: []mcp.Content{}}, nil, nil
	})
	return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{Stateless: true})
}

// text returns the text of a tool's result.
func text(t testing.TB, result string) string {
	t.Helper()
	var r struct {
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	}
	if err := json.Unmarshal([]byte(result), &r); err != nil || len(r.Content) == 0 {
		return result
	}
	return r.Content[0].Text
}
