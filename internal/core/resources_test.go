package core

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// A featured server has resources, prompts and a log, and remembers what it was
// asked.
type featured struct {
	t       *testing.T
	server  *mcp.Server
	handler http.Handler

	mu    sync.Mutex
	asked []request
	gone  map[string]bool // sessions that are forgotten
}

// A request is what the server was asked.
type request struct {
	Method string `json:"method"`
	Params struct {
		URI           string          `json:"uri"`
		Level         string          `json:"level"`
		Notifications json.RawMessage `json:"notifications"`
		Meta          map[string]any  `json:"_meta"`
	} `json:"params"`
	session string
}

func newFeatured(t *testing.T, modern, subscribable bool) (*featured, string) {
	options := &mcp.ServerOptions{}
	if subscribable {
		options.SubscribeHandler = func(context.Context, *mcp.SubscribeRequest) error { return nil }
		options.UnsubscribeHandler = func(context.Context, *mcp.UnsubscribeRequest) error { return nil }
	}
	f := &featured{t: t, server: mcp.NewServer(&mcp.Implementation{Name: "featured", Version: "1"}, options), gone: map[string]bool{}}
	read := func(_ context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: req.Params.URI, Text: "text"}}}, nil
	}
	for _, uri := range []string{"test:a", "test:b"} {
		f.server.AddResource(&mcp.Resource{URI: uri, Name: uri}, read)
	}
	mcp.AddTool(f.server, &mcp.Tool{Name: "logs"}, func(ctx context.Context, req *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		//lint:ignore SA1019 see setLoggingLevel
		return &mcp.CallToolResult{}, nil, req.Session.Log(ctx, &mcp.LoggingMessageParams{Level: "warning", Data: "a word"})
	})
	f.handler = mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return f.server }, &mcp.StreamableHTTPOptions{Stateless: modern})
	return f, serve(t, f).URL
}

func (f *featured) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	asked := request{Method: r.Method}
	if len(body) > 0 && json.Unmarshal(body, &asked) != nil {
		f.t.Errorf("asked with %s", body)
	}
	asked.session = r.Header.Get("Mcp-Session-Id")
	f.mu.Lock()
	f.asked = append(f.asked, asked)
	gone := f.gone[asked.session]
	f.mu.Unlock()
	if gone {
		http.Error(w, "no such session", http.StatusNotFound)
		return
	}
	f.handler.ServeHTTP(w, r)
}

// of returns what the server was asked by a method.
func (f *featured) of(method string) []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.asked), func(r request) bool { return r.Method != method })
}

// change tells whoever is subscribed that a resource changed.
func (f *featured) change(uri string) {
	if err := f.server.ResourceUpdated(context.Background(), &mcp.ResourceUpdatedNotificationParams{URI: uri}); err != nil {
		f.t.Error(err)
	}
}

// On 2026-07-28 there is one stream, which asks for exactly what somebody listens
// to or is subscribed to, and none while that is nothing.
func TestListensForExactlyWhatIsWanted(t *testing.T) {
	f, url := newFeatured(t, true, true)
	e := newEmbedder(t)
	session := e.connect(wire.Connect{URL: url}).Session
	run := func(command string, params any) {
		t.Helper()
		if _, err := e.run(wire.Call{Command: command, Session: session}, params); err != nil {
			t.Fatalf("%s: %v", command, err)
		}
	}
	want := func(filters ...string) {
		t.Helper()
		var got []string
		for _, r := range f.of("subscriptions/listen") {
			got = append(got, string(r.Params.Notifications))
		}
		if !slices.Equal(got, filters) {
			t.Fatalf("asked for %s, want %s", got, filters)
		}
	}
	run("listen", wire.Listen{Events: []string{"log", "promptsChanged", "state"}})
	want() // the server has no prompts, and the rest comes on calls or from here
	run("listen", wire.Listen{Events: []string{"toolsChanged", "resourceUpdated"}})
	tools := `{"toolsListChanged":true}`
	want(tools)
	run("subscribeResource", wire.SubscribeResource{URI: "test:b"})
	b := `{"toolsListChanged":true,"resourceSubscriptions":["test:b"]}`
	want(tools, b)
	run("subscribeResource", wire.SubscribeResource{URI: "test:a"})
	both := `{"toolsListChanged":true,"resourceSubscriptions":["test:a","test:b"]}`
	want(tools, b, both)
	run("subscribeResource", wire.SubscribeResource{URI: "test:a"})
	want(tools, b, both)
	f.change("test:a")
	eventually(t, "the update is told", func() bool { return len(e.tellsOf("resourceUpdated")) > 0 })
	if got := e.tellsOf("resourceUpdated")[0].data; !strings.Contains(got, `"uri":"test:a"`) {
		t.Errorf("told %s", got)
	}
	run("listen", wire.Listen{Events: []string{"resourceUpdated"}})
	run("unsubscribeResource", wire.UnsubscribeResource{URI: "test:a"})
	run("unsubscribeResource", wire.UnsubscribeResource{URI: "test:b"})
	eventually(t, "no stream is open", func() bool { return e.core.Open() == 0 })
	if n := len(f.of("resources/subscribe")); n != 0 {
		t.Errorf("%d requests that this revision does not have", n)
	}
}

// A server that does not tell of changes says so, or does not grant it; what was
// listened to before still is.
func TestSubscriptionRefused(t *testing.T) {
	for _, c := range []struct {
		protocol string
		want     wire.Code
	}{{"2026-07-28", wire.CodeLocalUnsupported}, {"2025-11-25", wire.CodeRPCError}} {
		t.Run(c.protocol, func(t *testing.T) {
			f, url := newFeatured(t, c.protocol >= "2026", false)
			e := newEmbedder(t)
			session := e.connect(wire.Connect{URL: url, ProtocolVersion: c.protocol}).Session
			if _, err := e.run(wire.Call{Command: "listen", Session: session}, wire.Listen{Events: []string{"resourcesChanged"}}); err != nil {
				t.Fatal(err)
			}
			_, err := e.run(wire.Call{Command: "subscribeResource", Session: session}, wire.SubscribeResource{URI: "test:a"})
			if err == nil || err.Code != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			f.server.RemoveResources("test:b") // once: the go-sdk waits for changes to end
			eventually(t, "a change is told", func() bool { return len(e.tellsOf("resourcesChanged")) > 0 })
			if _, err := e.run(wire.Call{Command: "close", Session: session}, wire.Close{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// A session that the server has forgotten is opened again with the level of
// logging and the subscriptions that it had.
func TestLostSessionIsRestored(t *testing.T) {
	f, url := newFeatured(t, false, true)
	e := newEmbedder(t)
	session := e.connect(wire.Connect{URL: url, ProtocolVersion: "2025-11-25"}).Session
	run := func(command string, params any) {
		t.Helper()
		if _, err := e.run(wire.Call{Command: command, Session: session}, params); err != nil {
			t.Fatalf("%s: %v", command, err)
		}
	}
	run("listen", wire.Listen{Events: []string{"log", "resourceUpdated"}})
	run("setLoggingLevel", wire.SetLoggingLevel{Level: "notice"})
	run("subscribeResource", wire.SubscribeResource{URI: "test:a"})
	run("subscribeResource", wire.SubscribeResource{URI: "test:b"})
	run("unsubscribeResource", wire.UnsubscribeResource{URI: "test:b"})
	old := f.of("resources/subscribe")[0].session
	f.mu.Lock()
	f.gone[old] = true
	f.mu.Unlock()
	run("callTool", wire.CallTool{Name: "logs"})
	again := f.of("resources/subscribe")[2:]
	if len(again) != 1 || again[0].Params.URI != "test:a" || again[0].session == old {
		t.Errorf("subscribed again: %+v", again)
	}
	levels := f.of("logging/setLevel")
	if len(levels) != 2 || levels[1].Params.Level != "notice" || levels[1].session == old {
		t.Errorf("levels set: %+v", levels)
	}
	eventually(t, "the log is heard", func() bool { return len(e.tellsOf("log")) == 1 })
	eventually(t, "the update is told", func() bool { f.change("test:a"); return len(e.tellsOf("resourceUpdated")) > 0 })
	run("close", wire.Close{})
}

// What connect is given is in force before the first call.
func TestConnectWithLevelAndSubscriptions(t *testing.T) {
	for _, protocol := range []string{"2025-11-25", "2026-07-28"} {
		t.Run(protocol, func(t *testing.T) {
			f, url := newFeatured(t, protocol >= "2026", true)
			e := newEmbedder(t)
			session := e.connect(wire.Connect{URL: url, ProtocolVersion: protocol, LogLevel: "info", Subscriptions: []string{"test:b", "test:a"}}).Session
			if _, err := e.run(wire.Call{Command: "listen", Session: session}, wire.Listen{Events: []string{"log", "resourceUpdated"}}); err != nil {
				t.Fatal(err)
			}
			if _, err := e.run(wire.Call{Command: "callTool", Session: session}, wire.CallTool{Name: "logs"}); err != nil {
				t.Error(err)
			}
			eventually(t, "the log is heard", func() bool { return len(e.tellsOf("log")) == 1 })
			if calls := f.of("tools/call"); protocol >= "2026" && calls[0].Params.Meta[metaLogLevel] != "info" {
				t.Errorf("_meta %v, want the level in it", calls[0].Params.Meta)
			}
			eventually(t, "the update is told", func() bool { f.change("test:b"); return len(e.tellsOf("resourceUpdated")) > 0 })
			if _, err := e.run(wire.Call{Command: "close", Session: session}, wire.Close{}); err != nil {
				t.Error(err)
			}
		})
	}
}
