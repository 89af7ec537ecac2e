package core

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/port/porttest"
	"github.com/remora-mcp/remora/internal/wire"
)

// overPipes makes a server of the go-sdk's the far side of a channel.
func overPipes(server *mcp.Server) farSide {
	return func(receive func() []byte, send func([]byte)) *wire.Error {
		in, toServer := io.Pipe()
		fromServer, out := io.Pipe()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			_ = server.Run(ctx, &mcp.IOTransport{Reader: in, Writer: out})
			out.Close()
		}()
		go func() {
			for message := receive(); message != nil; message = receive() {
				_, _ = toServer.Write(append(message, '\n'))
			}
			toServer.Close()
		}()
		lines := bufio.NewReader(fromServer)
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return nil
			}
			send(line)
		}
	}
}

// protocolLines are the protocol lines that a session is tested on.
var protocolLines = []string{"2025-11-25", "2026-07-28"}

// A channel carries a whole session with a real server, on both lines: tools,
// progress before the result, cancellation, questions in mid-call, a change of
// the list, the end.
func TestSessionOverChannel(t *testing.T) {
	for _, line := range protocolLines {
		t.Run(line, func(t *testing.T) {
			server := mcp.NewServer(&mcp.Implementation{Name: "peer", Version: "1"}, &mcp.ServerOptions{
				Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{ListChanged: true}},
			})
			cancelled := make(chan struct{})
			began := make(chan struct{})
			add := func(name string, handler mcp.ToolHandlerFor[struct{}, any]) {
				mcp.AddTool(server, &mcp.Tool{Name: name}, handler)
			}
			add("steps", func(ctx context.Context, req *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
				for i := range 50 {
					_ = req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: req.Params.GetProgressToken(), Progress: float64(i)})
				}
				return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "12345678901234567890"}}}, nil, nil
			})
			add("hang", func(ctx context.Context, req *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
				close(began)
				<-ctx.Done()
				close(cancelled)
				return nil, nil, ctx.Err()
			})
			add("ask", askTool)
			e := newEmbedder(t)
			e.far["server"] = overPipes(server)
			e.answer = func(h wire.Ask, params []byte) (any, *wire.Error) {
				if h.Origin != "server" || h.Call == 0 {
					t.Errorf("ask %+v, want the channel as origin and a call", h)
				}
				return map[string]any{"action": "accept", "content": map[string]any{"name": "ada"}}, nil
			}
			connected := e.connect(wire.Connect{Channel: "server", ProtocolVersion: line, Handlers: []string{"elicit"}})
			if connected.ProtocolVersion != line {
				t.Errorf("agreed on %s", connected.ProtocolVersion)
			}
			call := func(header wire.Call, tool string) (uint32, <-chan wire.Frame) {
				header.Command, header.Session = "callTool", connected.Session
				return e.start(header, wire.CallTool{Name: tool})
			}
			_, done := call(wire.Call{Progress: true}, "steps")
			if result, failure := e.await(done); failure != nil || !strings.Contains(result, "12345678901234567890") {
				t.Errorf("steps: %s %v", result, failure)
			}
			if n := len(e.tellsOf("progress")); n != 50 {
				t.Errorf("%d progress events were there with the result, want 50", n)
			}
			_, done = call(wire.Call{}, "ask")
			if result, failure := e.await(done); failure != nil || !strings.Contains(result, "hello ada") {
				t.Errorf("ask: %s %v", result, failure)
			}
			id, done := call(wire.Call{}, "hang")
			<-began
			e.frame(wire.KindCancel, id, wire.Cancel{Reason: "enough"}, nil)
			if _, failure := e.await(done); failure == nil || failure.Code != wire.CodeLocalCancelled {
				t.Errorf("hang: %v", failure)
			}
			<-cancelled
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					_, done := call(wire.Call{}, "steps")
					if _, failure := e.await(done); failure != nil {
						t.Errorf("one of eight: %v", failure)
					}
				})
			}
			all.Wait()
			if _, failure := e.run(wire.Call{Command: "ping", Session: connected.Session}, wire.Ping{}); failure != nil {
				t.Errorf("ping: %v", failure)
			}
			if _, failure := e.run(wire.Call{Command: "listen", Session: connected.Session}, wire.Listen{Events: []string{"toolsChanged"}}); failure != nil {
				t.Fatal(failure)
			}
			add("new", askTool)
			eventually(t, "toolsChanged", func() bool { return len(e.tellsOf("toolsChanged")) > 0 })
			if _, failure := e.run(wire.Call{Command: "close", Session: connected.Session}, wire.Close{}); failure != nil {
				t.Error(failure)
			}
			eventually(t, "nothing is open", func() bool { return e.stats().Open == 0 })
		})
	}
}

// askTool asks for a name in mid-call, as each line does.
func askTool(_ context.Context, req *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
	answer, ok := req.Params.InputResponses["who"].(*mcp.ElicitResult)
	if !ok {
		schema := json.RawMessage(`{"type":"object","properties":{"name":{"type":"string"}}}`)
		question := &mcp.ElicitParams{Message: "who?", RequestedSchema: schema}
		return &mcp.CallToolResult{InputRequests: mcp.InputRequestMap{"who": question}}, nil, nil
	}
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: fmt.Sprint("hello ", answer.Content["name"])}}}, nil, nil
}

func TestChannelPort(t *testing.T) {
	porttest.Channels(t, func(t *testing.T, far map[string]porttest.FarSide) port.Channels {
		e := newEmbedder(t)
		for name, f := range far {
			e.far[name] = f
		}
		return e.core.chans
	})
}
