package host_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/host"
)

// What goes over the network, without its secrets.
func ExampleEvents_trace() {
	server := demoServer()
	defer server.Close()
	ctx := context.Background()
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)

	closed := make(chan struct{})
	session, err := rt.Connect(ctx, server.URL+"?key=secret", &host.ConnectOptions{
		Headers: http.Header{"Authorization": {"Bearer secret"}},
		Events: host.Events{
			Trace: func(e host.TraceEvent) {
				if e.Type == host.TraceSent && strings.Contains(string(e.Message), "tools/call") {
					line, _ := json.Marshal(e.Message)
					fmt.Println(string(line))
				}
			},
			State: func(s host.StateChange) {
				if s.State == host.StateClosed {
					close(closed) // nothing follows
				}
			},
		},
		ProtocolVersion: "2025-11-25",
	})
	if err != nil {
		log.Fatal(err)
	}
	_, _ = session.CallTool(ctx, &mcp.CallToolParams{Name: "add", Arguments: map[string]any{"a": 1, "b": 2, "password": "hunter2"}})
	_ = session.Close()
	<-closed
	// Output: {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"add","arguments":{"a":1,"b":2,"password":"(masked)"}}}
}

// A trace event is a line of a trace file, and back.
func TestTraceEventAsJSON(t *testing.T) {
	const line = `{"at":1795276828795.75,"type":"request","exchange":1,"call":2,"purpose":"oauth","method":"POST","url":"http://x/","headers":[["a","b"]],"bytes":278,"message":{"id":1},"truncated":true}`
	var e host.TraceEvent
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		t.Fatal(err)
	}
	want := host.TraceEvent{
		At: time.UnixMicro(1795276828795750), Type: host.TraceRequest, Exchange: 1, Call: 2, Purpose: "oauth", Method: "POST", URL: "http://x/",
		Headers: [][2]string{{"a", "b"}}, Bytes: 278, Message: json.RawMessage(`{"id":1}`), Truncated: true,
	}
	if !reflect.DeepEqual(e, want) {
		t.Errorf("got %+v", e)
	}
	if back, err := json.Marshal(e); err != nil || string(back) != line {
		t.Errorf("got %s, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"at":"now"}`), &e); err == nil {
		t.Error("a time that is none is taken")
	}
}

// Listening can begin and end at any time; a listener that is there from the
// start sees the handshake.
func TestTraceListeners(t *testing.T) {
	server := demoServer()
	defer server.Close()
	rt, err := host.Open(t.Context(), host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(context.Background())
	traced := func() (host.Events, <-chan host.TraceEvent) {
		events := make(chan host.TraceEvent, 1000)
		return host.Events{Trace: func(e host.TraceEvent) { events <- e }}, events
	}
	until := func(events <-chan host.TraceEvent, method string) (before int) {
		t.Helper()
		for {
			select {
			case e := <-events:
				if strings.Contains(string(e.Message), `"method":"`+method+`"`) {
					return before
				}
				before++
			case <-time.After(10 * time.Second):
				t.Fatalf("no %s within 10 s", method)
			}
		}
	}
	start, first := traced()
	session, err := rt.Connect(t.Context(), server.URL, &host.ConnectOptions{Events: start, ProtocolVersion: "2025-11-25"})
	if err != nil {
		t.Fatal(err)
	}
	until(first, "initialize")
	more, second := traced()
	stop := session.On(more)
	list := func() {
		t.Helper()
		if _, err := session.ListTools(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	list()
	until(first, "tools/list")
	until(second, "tools/list")
	stop()
	list()
	until(first, "tools/list")
	for len(second) > 0 {
		if e := <-second; strings.Contains(string(e.Message), "tools/list") {
			t.Error("a listener that is gone was told")
		}
	}
}
