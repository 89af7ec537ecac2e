package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A manyTools is a server with 30 tools that a test ends and starts again where it
// was. The tool wait answers when the test lets it.
type manyTools struct {
	t          *testing.T
	name, addr string
	http       *httptest.Server
	waiting    chan struct{} // a call of wait has come
	over       chan struct{} // closed: it is answered
}

func startManyTools(t *testing.T, name string) *manyTools {
	s := &manyTools{t: t, name: name, addr: "127.0.0.1:0", waiting: make(chan struct{}, 1), over: make(chan struct{})}
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *manyTools) start() {
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.addr = l.Addr().String()
	server := mcp.NewServer(&mcp.Implementation{Name: s.name, Version: "1"}, nil)
	for i := range 29 {
		mcp.AddTool(server, &mcp.Tool{Name: fmt.Sprint("tool", i)}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: fmt.Sprintf("%s/tool%d", s.name, i)}}}, nil, nil
		})
	}
	mcp.AddTool(server, &mcp.Tool{Name: "wait"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
		s.waiting <- struct{}{}
		<-s.over
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: s.name + " waited"}}}, nil, nil
	})
	get := func(*http.Request) *mcp.Server { return server }
	sessions := mcp.NewStreamableHTTPHandler(get, nil)
	modern := mcp.NewStreamableHTTPHandler(get, &mcp.StreamableHTTPOptions{Stateless: true})
	s.http = &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Protocol-Version") >= "2026-07-28" {
			modern.ServeHTTP(w, r)
			return
		}
		sessions.ServeHTTP(w, r)
	})}}
	s.http.Start()
}

func (s *manyTools) kill() {
	if s.http == nil {
		return
	}
	s.http.CloseClientConnections()
	s.http.Close()
	s.http = nil
}

// Of three servers of a file with 30 tools each one is killed and comes back. The
// others work all the while, a call included that is under way when it is killed.
func TestAServerOfAFileIsKilled(t *testing.T) {
	for _, protocol := range []string{"2025-11-25", "2026-07-28"} {
		t.Run(protocol, func(t *testing.T) {
			var entries []string
			servers := map[string]*manyTools{}
			for _, name := range []string{"a", "b", "c"} {
				servers[name] = startManyTools(t, name)
				entries = append(entries, fmt.Sprintf(`%q:{"url":"http://%s/mcp"}`, name, servers[name].addr))
			}
			file := config(t, strings.Join(entries, ","))
			run := func(args ...string) outcome {
				return remora(t.Context(), "", append([]string{args[0], "--protocol", protocol, "--config", file}, args[1:]...)...)
			}
			count := func() map[string]int {
				t.Helper()
				got := run("tools", "--json")
				var listed struct {
					Tools []struct{ Name, Server string }
				}
				if err := json.Unmarshal([]byte(got.out), &listed); err != nil || got.status != 0 {
					t.Fatalf("status %d, %v, %s", got.status, err, got.err)
				}
				of := map[string]int{}
				for _, tool := range listed.Tools {
					if strings.HasPrefix(tool.Name, tool.Server+"__") {
						of[tool.Server]++
					}
				}
				return of
			}
			if got := count(); got["a"] != 30 || got["b"] != 30 || got["c"] != 30 {
				t.Errorf("tools by server: %v", got)
			}
			waited := make(chan outcome, 1)
			go func() { waited <- run("call", "a__wait") }()
			<-servers["a"].waiting
			servers["b"].kill()
			close(servers["a"].over)
			if got := <-waited; got.status != 0 || got.out != "a waited\n" {
				t.Errorf("the call under way: status %d, %s%s", got.status, got.out, got.err)
			}
			if got := count(); got["a"] != 30 || got["b"] != 0 || got["c"] != 30 {
				t.Errorf("tools by server, one dead: %v", got)
			}
			for _, name := range []string{"a", "c"} {
				if got := run("call", name+"__tool7"); got.status != 0 || got.out != name+"/tool7\n" {
					t.Errorf("%s: status %d, %s%s", name, got.status, got.out, got.err)
				}
			}
			if got := run("call", "b__tool7"); got.status != exitUnreachable || !strings.Contains(got.err, `the server "b": http/network`) {
				t.Errorf("the dead one: status %d, %s%s", got.status, got.out, got.err)
			}
			servers["b"].start()
			if got := count(); got["a"] != 30 || got["b"] != 30 || got["c"] != 30 {
				t.Errorf("tools by server, all there again: %v", got)
			}
			if got := run("call", "b__tool7"); got.status != 0 || got.out != "b/tool7\n" {
				t.Errorf("the one that came back: status %d, %s%s", got.status, got.out, got.err)
			}
		})
	}
}
