package core

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
	"github.com/remora-mcp/remora/test/fault"
)

// Closing a session ends its calls, tells the server, and leaves other sessions
// alone.
func TestCloseEndsCalls(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		other := *f
		other.session = e.connect(wire.Connect{URL: f.endpoint("mcp"), ProtocolVersion: string(f.line)}).Session
		_, hanging := f.tool(wire.Call{}, "hang", `{}`)
		f.waitFor("seen.hang", 1)
		if _, err := e.run(wire.Call{Command: "close", Session: f.session}, wire.Close{}); err != nil {
			t.Errorf("close: %v", err)
		}
		if _, err := e.await(hanging); err == nil || err.Code != wire.CodeLocalClosed || err.Sent != wire.SentUnknown {
			t.Errorf("the call in flight: %+v, want %s", err, wire.CodeLocalClosed)
		}
		if f.line == fault.Line2025 {
			f.waitFor("deleted", 1)
		}
		if _, err := e.run(wire.Call{Command: "close", Session: f.session}, wire.Close{}); err == nil || err.Code != wire.CodeLocalClosed {
			t.Errorf("closing again: %v", err)
		}
		other.mustWork()
		f.session = other.session
	})
}

// A change of the tool list is told while somebody listens, and only then.
func TestToolsChanged(t *testing.T) {
	for _, c := range []struct {
		protocol  string
		stateless bool
	}{{"2025-11-25", false}, {"2026-07-28", true}} {
		t.Run(c.protocol, func(t *testing.T) {
			t.Parallel()
			server := mcp.NewServer(&mcp.Implementation{Name: "peer", Version: "1"}, &mcp.ServerOptions{
				Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{ListChanged: true}},
			})
			added := 0
			change := func() {
				added++
				mcp.AddTool(server, &mcp.Tool{Name: fmt.Sprint("tool", added)}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
					return &mcp.CallToolResult{}, nil, nil
				})
			}
			handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{Stateless: c.stateless})
			e := newEmbedder(t)
			session := e.connect(wire.Connect{URL: serve(t, handler).URL, ProtocolVersion: c.protocol}).Session
			listen := func(events ...string) {
				t.Helper()
				if _, err := e.run(wire.Call{Command: "listen", Session: session}, wire.Listen{Events: events}); err != nil {
					t.Fatal(err)
				}
			}
			told := func() int { return len(e.tellsOf("toolsChanged")) }
			change()
			listen("toolsChanged")
			eventually(t, "a standing stream", func() bool { return e.stats().Open > 0 })
			// The server may still be busy with the stream, and gathers changes that
			// come close together; so it is given several, apart.
			eventually(t, "toolsChanged", func() bool {
				change()
				time.Sleep(100 * time.Millisecond)
				return told() > 0
			})
			listen()
			eventually(t, "no standing stream", func() bool { return e.stats().Open == 0 })
			before := told()
			change()
			if _, err := e.run(wire.Call{Command: "listTools", Session: session}, wire.ListTools{}); err != nil {
				t.Error(err)
			}
			if told() != before {
				t.Error("told although nobody listens")
			}
			if _, err := e.run(wire.Call{Command: "close", Session: session}, wire.Close{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// Sessions with different servers, on different protocol lines, share a core.
func TestManySessions(t *testing.T) {
	e := newEmbedder(t)
	url := serve(t, fault.New()).URL
	var sessions []*faulty
	for i := range 20 {
		f := &faulty{t: t, e: e, line: lines[i%2], url: url}
		f.session = e.connect(wire.Connect{URL: url + fault.Path(f.line, "mcp", fmt.Sprint("run", i)), ProtocolVersion: string(f.line)}).Session
		sessions = append(sessions, f)
	}
	for _, f := range sessions {
		f.mustWork()
	}
	if got := e.stats().Sessions; got != len(sessions) {
		t.Errorf("%d sessions, want %d", got, len(sessions))
	}
	for _, f := range sessions {
		if _, err := e.run(wire.Call{Command: "close", Session: f.session}, wire.Close{}); err != nil {
			t.Error(err)
		}
	}
	if got := e.stats(); got.Sessions != 0 || got.Open != 0 {
		t.Errorf("left: %+v", got)
	}
}

// Before 2026-07-28 a server may ask on the standing stream, so it stands before
// the first call if the application answers questions; and not otherwise.
func TestQuestionsOnTheStandingStream(t *testing.T) {
	for _, c := range []struct {
		handlers []string
		line     fault.Line
		want     int
	}{
		{[]string{"elicit"}, fault.Line2025, 1},
		{nil, fault.Line2025, 0},
		{[]string{"elicit"}, fault.Line2026, 0},
	} {
		t.Run(fmt.Sprint(c.line, c.handlers), func(t *testing.T) {
			e := newEmbedder(t)
			f := &faulty{t: t, e: e, line: c.line, url: serve(t, fault.New()).URL}
			f.session = e.connect(wire.Connect{URL: f.endpoint("mcp"), ProtocolVersion: string(c.line), Handlers: c.handlers}).Session
			if got := f.count("standing"); got != c.want {
				t.Errorf("%d standing streams after connect, want %d", got, c.want)
			}
			f.mustWork()
			if _, err := e.run(wire.Call{Command: "close", Session: f.session}, wire.Close{}); err != nil {
				t.Error(err)
			}
			eventually(t, "nothing is open", func() bool { return e.core.Open() == 0 })
		})
	}
}
