package core

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// A server that has only the transport of 2024-11-05 is found by itself: tools,
// progress, questions in mid-call, cancellation, a lost stream.
func TestLegacySSE(t *testing.T) {
	server := mcp.NewServer(&mcp.Implementation{Name: "old", Version: "1"}, nil)
	cancelled := make(chan struct{})
	began := make(chan struct{})
	mcp.AddTool(server, &mcp.Tool{Name: "ask"}, askTool)
	mcp.AddTool(server, &mcp.Tool{Name: "steps"}, func(ctx context.Context, req *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		for i := range 20 {
			_ = req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: req.Params.GetProgressToken(), Progress: float64(i)})
		}
		return &mcp.CallToolResult{}, nil, nil
	})
	mcp.AddTool(server, &mcp.Tool{Name: "hang"}, func(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		close(began)
		<-ctx.Done()
		close(cancelled)
		return nil, nil, ctx.Err()
	})
	sse := mcp.NewSSEHandler(func(*http.Request) *mcp.Server { return server }, nil)
	var mu sync.Mutex
	streams := map[context.Context]context.CancelFunc{}
	far := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.RawQuery == "" {
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		if r.Method == http.MethodGet {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			mu.Lock()
			streams[ctx] = cancel
			mu.Unlock()
			r = r.WithContext(ctx)
		}
		sse.ServeHTTP(w, r)
	}))
	e := newEmbedder(t)
	e.answer = func(wire.Ask, []byte) (any, *wire.Error) {
		return map[string]any{"action": "accept", "content": map[string]any{"name": "ada"}}, nil
	}
	connected := e.connect(wire.Connect{URL: far.URL + "/sse", Handlers: []string{"elicit"}})
	call := func(tool string) (uint32, <-chan wire.Frame) {
		return e.start(wire.Call{Command: "callTool", Session: connected.Session, Progress: true}, wire.CallTool{Name: tool})
	}
	must := func(tool string) {
		t.Helper()
		_, done := call(tool)
		if _, failure := e.await(done); failure != nil {
			t.Errorf("%s: %v", tool, failure)
		}
	}
	must("steps")
	if n := len(e.tellsOf("progress")); n != 20 {
		t.Errorf("%d progress events were there with the result, want 20", n)
	}
	must("ask")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { must("steps") })
	}
	all.Wait()
	id, done := call("hang")
	<-began
	e.frame(wire.KindCancel, id, wire.Cancel{}, nil)
	if _, failure := e.await(done); failure == nil || failure.Code != wire.CodeLocalCancelled {
		t.Errorf("hang: %v", failure)
	}
	<-cancelled
	mu.Lock()
	for _, cancel := range streams {
		cancel()
	}
	mu.Unlock()
	eventually(t, "the state lost", func() bool {
		for _, told := range e.tellsOf("state") {
			if strings.Contains(told.data, `"lost"`) {
				return true
			}
		}
		return false
	})
	must("steps")
	if _, failure := e.run(wire.Call{Command: "close", Session: connected.Session}, wire.Close{}); failure != nil {
		t.Error(failure)
	}
	eventually(t, "nothing is open", func() bool { return e.stats().Open == 0 })
}

// What is not a server of 2024-11-05 is described by its first answer, and an
// endpoint elsewhere is refused.
func TestNotLegacySSE(t *testing.T) {
	for _, c := range []struct {
		name, first string
		want        wire.Code
	}{
		{"a page", "", wire.CodeHTTPStatus},
		{"another event", "event: hello\ndata: x\n\n", wire.CodeHTTPStatus},
		{"an endpoint elsewhere", "event: endpoint\ndata: http://elsewhere.invalid/messages\n\n", wire.CodePolicyOrigin},
		{"an endpoint with a password", "event: endpoint\ndata: http://u:p@%s/messages\n\n", wire.CodePolicyOrigin},
		{"no URL", "event: endpoint\ndata: http://[\n\n", wire.CodeHTTPStatus},
		{"the end", "event: endpoint\n", wire.CodeHTTPStatus},
	} {
		t.Run(c.name, func(t *testing.T) {
			far := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet {
					http.Error(w, "no", http.StatusMethodNotAllowed)
					return
				}
				if c.first == "" {
					fmt.Fprint(w, "<html>")
					return
				}
				w.Header().Set("Content-Type", "text/event-stream")
				fmt.Fprint(w, strings.ReplaceAll(c.first, "%s", r.Host))
			}))
			e := newEmbedder(t)
			_, failure := e.run(wire.Call{Command: "connect"}, wire.Connect{URL: far.URL})
			if failure == nil || failure.Code != c.want {
				t.Errorf("%+v, want %s", failure, c.want)
			}
			eventually(t, "nothing is open", func() bool { return e.stats().Open == 0 })
			raw, _ := json.Marshal(failure)
			if strings.Contains(string(raw), "u:p@") {
				t.Errorf("quotes a password: %s", raw)
			}
		})
	}
}

// What a server of 2024-11-05 says when it refuses a message is in the trace, with
// the exchange and the call that it belongs to.
func TestTraceOfALegacyRefusal(t *testing.T) {
	server := mcp.NewServer(&mcp.Implementation{Name: "old", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "echo"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{}, nil, nil
	})
	sse := mcp.NewSSEHandler(func(*http.Request) *mcp.Server { return server }, nil)
	var refuses atomic.Bool
	far := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost && r.URL.RawQuery == "":
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		case r.Method == http.MethodPost && refuses.Load():
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"not today"}}`)
		default:
			sse.ServeHTTP(w, r)
		}
	}))
	e := newEmbedder(t)
	connected := e.connect(wire.Connect{URL: far.URL, Events: []string{"trace"}})
	refuses.Store(true)
	id, done := e.start(wire.Call{Command: "callTool", Session: connected.Session}, wire.CallTool{Name: "echo"})
	if _, failure := e.await(done); failure == nil || failure.Status != http.StatusBadRequest {
		t.Errorf("%v", failure)
	}
	for _, event := range e.traced() {
		if event.Type == wire.TraceReceived && strings.Contains(string(event.Message), "not today") {
			if event.Call != id || event.Exchange == 0 {
				t.Errorf("call %d, exchange %d; the call is %d", event.Call, event.Exchange, id)
			}
			return
		}
	}
	t.Error("the refusal is not in the trace")
}
