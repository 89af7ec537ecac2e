package host

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// testTimeout bounds what should take a moment.
const testTimeout = 30 * time.Second

// openRuntime opens a Runtime with the built plugin. Without the plugin the
// test fails: nothing here is worth much if it is skipped.
func openRuntime(t testing.TB, change ...func(*Options)) *Runtime {
	t.Helper()
	o := Options{CacheDir: cacheForTests(t), Logger: testLogger(t)}
	for _, f := range change {
		f(&o)
	}
	rt, err := Open(t.Context(), o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
		defer cancel()
		if err := rt.Close(ctx); err != nil {
			t.Errorf("Runtime.Close: %v", err)
		}
	})
	return rt
}

var testFolder, testCache string // of one run

// cacheForTests is the cache folder of one run, which the examples find as the
// user's, so that the plugin is compiled once.
func cacheForTests(t testing.TB) string {
	t.Helper()
	if testCache == "" {
		t.Fatal("TestMain has not run")
	}
	return testCache
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "remora-host-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	testFolder, testCache = dir, filepath.Join(dir, "user", "remora")
	// The examples use the default folders; those of the user stay as they are.
	if os.Getenv("GOCACHE") == "" {
		if user, err := os.UserCacheDir(); err == nil {
			_ = os.Setenv("GOCACHE", filepath.Join(user, "go-build"))
		}
	}
	_ = os.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "user"))
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// testLogger writes to the test's log.
func testLogger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}

// A line is one way in which the go-sdk's server can be run.
type line struct {
	name    string
	version string // to ask for
	opts    mcp.StreamableHTTPOptions
}

// lines are both protocol lines, with JSON and event-stream answers, with and
// without sessions at the server.
var lines = []line{
	{"2025-11-25 SSE stateful", "2025-11-25", mcp.StreamableHTTPOptions{}},
	{"2025-11-25 JSON stateful", "2025-11-25", mcp.StreamableHTTPOptions{JSONResponse: true}},
	{"2025-11-25 SSE stateless", "2025-11-25", mcp.StreamableHTTPOptions{Stateless: true}},
	{"2025-11-25 JSON stateless", "2025-11-25", mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true}},
	{"2026-07-28 SSE", "2026-07-28", mcp.StreamableHTTPOptions{Stateless: true}},
	{"2026-07-28 JSON", "2026-07-28", mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true}},
}

// serveMCP serves a go-sdk server until the test ends and returns its URL.
func serveMCP(t testing.TB, server *mcp.Server, opts *mcp.StreamableHTTPOptions) string {
	t.Helper()
	return serve(t, mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, opts)) + "/mcp"
}

// serve serves a handler until the test ends.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	ts := httptest.NewServer(h)
	t.Cleanup(func() {
		ts.CloseClientConnections()
		ts.Close()
	})
	return ts.URL
}

type addArgs struct {
	A int `json:"a"`
	B int `json:"b"`
}

type addResult struct {
	Sum int `json:"sum"`
}

type slowArgs struct {
	Steps int `json:"steps"`
}

type noArgs struct{}

// newTestServer has a tool for each thing that the tests look at.
func newTestServer() *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1.2.3"}, &mcp.ServerOptions{Instructions: "add only"})
	mcp.AddTool(s, &mcp.Tool{Name: "add", Description: "adds"}, func(_ context.Context, _ *mcp.CallToolRequest, in addArgs) (*mcp.CallToolResult, addResult, error) {
		return nil, addResult{in.A + in.B}, nil
	})
	mcp.AddTool(s, &mcp.Tool{Name: "fail"}, func(context.Context, *mcp.CallToolRequest, noArgs) (*mcp.CallToolResult, any, error) {
		return nil, nil, fmt.Errorf("on purpose")
	})
	mcp.AddTool(s, &mcp.Tool{Name: "slow"}, func(ctx context.Context, req *mcp.CallToolRequest, in slowArgs) (*mcp.CallToolResult, any, error) {
		for i := range in.Steps {
			err := req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
				ProgressToken: req.Params.GetProgressToken(), Progress: float64(i + 1), Total: float64(in.Steps),
			})
			if err != nil {
				return nil, nil, err
			}
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "done"}}}, nil, nil
	})
	mcp.AddTool(s, &mcp.Tool{Name: "ask"}, func(ctx context.Context, req *mcp.CallToolRequest, _ noArgs) (*mcp.CallToolResult, any, error) {
		res, err := req.Session.Elicit(ctx, &mcp.ElicitParams{Message: "your name?", RequestedSchema: map[string]any{
			"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}},
		}})
		if err != nil {
			return nil, nil, err
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: fmt.Sprintf("%s %v", res.Action, res.Content["name"])}}}, nil, nil
	})
	return s
}

// connect opens a session that is closed when the test ends.
func connect(t testing.TB, rt *Runtime, url string, o *ConnectOptions) *Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	s, err := rt.Connect(ctx, url, o)
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// text returns the text of a result's first block.
func text(t testing.TB, res *mcp.CallToolResult) string {
	t.Helper()
	if len(res.Content) == 0 {
		t.Fatalf("no content in %+v", res)
	}
	c, ok := res.Content[0].(*mcp.TextContent)
	if !ok {
		t.Fatalf("content is a %T", res.Content[0])
	}
	return c.Text
}
