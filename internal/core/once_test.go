package core

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/port/porttest"
	"github.com/remora-mcp/remora/internal/wire"
)

// A script answers JSON-RPC requests by method, with raw results. An answer that
// begins with "!" is the error member.
type script struct {
	mu      sync.Mutex
	answers map[string][]string // in turn; the last one stays
	session string
	seen    []string // what came, "METHOD body"
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	s.seen = append(s.seen, r.Method+" "+string(body))
	var m struct {
		ID     json.RawMessage
		Method string
	}
	if r.Method != http.MethodPost || json.Unmarshal(body, &m) != nil || m.ID == nil {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	turns := s.answers[m.Method]
	if len(turns) == 0 {
		http.Error(w, "no such method", http.StatusNotFound)
		return
	}
	answer := turns[0]
	if len(turns) > 1 {
		s.answers[m.Method] = turns[1:]
	}
	w.Header().Set("Content-Type", "application/json")
	if s.session != "" && m.Method == "initialize" {
		w.Header().Set("Mcp-Session-Id", s.session)
	}
	member := "result"
	if after, ok := strings.CutPrefix(answer, "!"); ok {
		member, answer = "error", after
	}
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,%q:%s}`, m.ID, member, answer)
}

// saw returns the first request that holds the text, or "".
func (s *script) saw(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, request := range s.seen {
		if strings.Contains(request, text) {
			return request
		}
	}
	return ""
}

const (
	modernServer = `{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true}},"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1","more":1.50}}}`
	legacyServer = `{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"s","version":"1"},"instructions":"<be kind>"}`
)

// startOnce serves the script and returns a Once and the server's target.
func startOnce(t *testing.T, s *script) (Once, wire.Target) {
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	http := new(porttest.NetHTTP)
	t.Cleanup(http.Close)
	return Once{HTTP: http, Clock: port.SystemClock{}}, wire.Target{Server: server.URL}
}

func TestOnceDiscover(t *testing.T) {
	s := &script{answers: map[string][]string{
		"server/discover": {modernServer},
		"tools/list": {
			`{"tools":[{"name":"a","inputSchema":{"type":"object"},"n":12345678901234567890}],"nextCursor":"2","resultType":"complete"}`,
			`{"tools":[{ "name":"b","inputSchema":{"type":"object"},"x":"<" }],"resultType":"complete"}`,
		},
	}}
	once, target := startOnce(t, s)
	got := string(once.Discover(wire.Discover{Target: target}))
	want := `{"result":{"server":{"name":"s","version":"1","more":1.50},"protocolVersion":"2026-07-28","capabilities":{"tools":{"listChanged":true}},` +
		`"tools":[{"name":"a","inputSchema":{"type":"object"},"n":12345678901234567890},{ "name":"b","inputSchema":{"type":"object"},"x":"<" }]}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if listen := s.saw("subscriptions/listen"); listen != "" {
		t.Errorf("a standing stream was opened: %s", listen)
	}
	if discover := s.saw("server/discover"); !strings.Contains(discover, `"elicitation":{"form":{},"url":{}}`) || !strings.Contains(discover, `"sampling":{}`) {
		t.Errorf("what can come as data is not announced: %s", discover)
	}
}

// Servers before 2026-07-28 are promised nothing; their sessions are ended and no
// standing stream is opened.
func TestOnceLegacy(t *testing.T) {
	s := &script{session: "abc", answers: map[string][]string{
		"initialize": {legacyServer},
		"tools/list": {`{"tools":[]}`},
	}}
	once, target := startOnce(t, s)
	got := string(once.Discover(wire.Discover{Target: target}))
	want := `{"result":{"server":{"name":"s","version":"1"},"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"instructions":"\u003cbe kind\u003e","tools":[]}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if initialize := s.saw(`"initialize"`); !strings.Contains(initialize, `"capabilities":{}`) {
		t.Errorf("something is announced: %s", initialize)
	}
	if s.saw("DELETE ") == "" {
		t.Error("the session was not ended")
	}
	if get := s.saw("GET "); get != "" {
		t.Errorf("a standing stream was opened: %s", get)
	}
}

func TestOnceRun(t *testing.T) {
	complete := `{ "content":[], "resultType":"complete", "x":1.0 }`
	for _, test := range []struct {
		name, handshake, answer, want string
	}{
		{"a result", modernServer, complete, `{"result":` + complete + `}`},
		{"input", modernServer, `{"resultType":"input_required","inputRequests":{"k":{"method":"future/kind","params":{"n":12345678901234567890}}},"requestState":"\u00e9"}`,
			`{"inputRequired":{"inputRequests":{"k":{"method":"future/kind","params":{"n":12345678901234567890}}},"requestState":"\u00e9"}}`},
		{"later", modernServer, `{"resultType":"input_required","requestState":"s"}`, `{"inputRequired":{"inputRequests":{},"requestState":"s"}}`},
		{"input without state", modernServer, `{"resultType":"input_required","inputRequests":{},"requestState":null}`, `{"inputRequired":{"inputRequests":{}}}`},
		{"before 2026-07-28 no result asks", legacyServer, `{"resultType":"input_required","content":[]}`, `{"result":{"resultType":"input_required","content":[]}}`},
		{"the server's error", modernServer, `!{"code":-32602,"message":"no","data":{"a":1}}`,
			`{"error":{"code":"rpc/error","message":"no","data":{"a":1},"rpcCode":-32602,"retryable":false,"sent":"yes"}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &script{answers: map[string][]string{"tools/call": {test.answer}}}
			if test.handshake == modernServer {
				s.answers["server/discover"] = []string{modernServer}
			} else {
				s.answers["initialize"] = []string{legacyServer}
			}
			once, target := startOnce(t, s)
			if got := string(once.Run(wire.Run{Target: target, ToolRun: wire.ToolRun{Tool: "t"}})); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// Answers and state go to the server as they are.
func TestOnceAnswers(t *testing.T) {
	s := &script{answers: map[string][]string{
		"server/discover": {modernServer},
		"tools/call":      {`{"content":[],"resultType":"complete"}`},
	}}
	once, target := startOnce(t, s)
	out := once.Run(wire.Run{
		Target: target, ToolRun: wire.ToolRun{
			Tool: "t", Arguments: json.RawMessage(`{"n":12345678901234567890}`),
			InputResponses: json.RawMessage(`{"k":{"action":"accept","content":{"n":98765432109876543210},"unknown":1}}`),
			RequestState:   json.RawMessage(`"state"`),
		},
	})
	if !strings.HasPrefix(string(out), `{"result":`) {
		t.Fatalf("got %s", out)
	}
	request := s.saw("tools/call")
	for _, want := range []string{
		`"arguments":{"n":12345678901234567890}`,
		`"inputResponses":{"k":{"action":"accept","content":{"n":98765432109876543210},"unknown":1}}`,
		`"requestState":"state"`,
	} {
		if !strings.Contains(request, want) {
			t.Errorf("the server got %s, want %s in it", request, want)
		}
	}
}

func TestOnceFailures(t *testing.T) {
	for _, test := range []struct {
		name   string
		run    wire.Run
		script *script
		hidden bool
		want   wire.Code
		says   string
		sent   wire.Sent
	}{
		{"no tool", wire.Run{}, &script{}, false, wire.CodeLocalBadArgument, "tool", wire.SentNo},
		{"arguments", wire.Run{ToolRun: wire.ToolRun{Tool: "t", Arguments: json.RawMessage(`[]`)}}, &script{}, false, wire.CodeLocalBadArgument, "arguments", wire.SentNo},
		{"responses", wire.Run{ToolRun: wire.ToolRun{Tool: "t", InputResponses: json.RawMessage(`"x"`)}}, &script{}, false, wire.CodeLocalBadArgument, "inputResponses", wire.SentNo},
		{"state", wire.Run{ToolRun: wire.ToolRun{Tool: "t", RequestState: json.RawMessage(`{}`)}}, &script{}, false, wire.CodeLocalBadArgument, "requestState", wire.SentNo},
		{"not an MCP server", wire.Run{ToolRun: wire.ToolRun{Tool: "t"}}, &script{}, false, wire.CodeHTTPStatus, "404", wire.SentNo},
		{"answers for a server that cannot take them", wire.Run{ToolRun: wire.ToolRun{Tool: "t", RequestState: json.RawMessage(`"x"`)}},
			&script{answers: map[string][]string{"initialize": {legacyServer}}}, false, wire.CodeLocalUnsupported, "2025-11-25", wire.SentNo},
		{"a hidden session, by status", wire.Run{ToolRun: wire.ToolRun{Tool: "t"}},
			&script{answers: map[string][]string{"initialize": {legacyServer}}}, true, wire.CodeLocalUnsupported, "response headers", wire.SentNo},
		{"a hidden session, in JSON-RPC", wire.Run{ToolRun: wire.ToolRun{Tool: "t"}},
			&script{answers: map[string][]string{"initialize": {legacyServer}, "tools/call": {`!{"code":0,"message":"no session"}`}}}, true, wire.CodeLocalUnsupported, "no session", wire.SentNo},
		{"the same where headers are seen", wire.Run{ToolRun: wire.ToolRun{Tool: "t"}},
			&script{answers: map[string][]string{"initialize": {legacyServer}, "tools/call": {`!{"code":0,"message":"no session"}`}}}, false, wire.CodeRPCError, "no session", wire.SentYes},
	} {
		t.Run(test.name, func(t *testing.T) {
			once, target := startOnce(t, test.script)
			once.HeadersHidden = func() bool { return test.hidden }
			test.run.Target = target
			var out wire.RunOutput
			if err := json.Unmarshal(once.Run(test.run), &out); err != nil {
				t.Fatal(err)
			}
			if out.Error == nil || out.Error.Code != test.want || !strings.Contains(out.Error.Message, test.says) || out.Error.Sent != test.sent {
				t.Errorf("got %+v, want %s, %q, sent %q", out.Error, test.want, test.says, test.sent)
			}
			if test.want == wire.CodeLocalBadArgument && len(test.script.seen) > 0 {
				t.Errorf("the server was asked: %q", test.script.seen)
			}
		})
	}
}

// A time-out ends the whole of it.
func TestOnceTimesOut(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(release)
	http := new(porttest.NetHTTP)
	defer http.Close()
	once := Once{HTTP: http, Clock: port.SystemClock{}}
	var out wire.DiscoverOutput
	raw := once.Discover(wire.Discover{Target: wire.Target{Server: server.URL, TimeoutMs: 50}})
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	if out.Error == nil || out.Error.Code != wire.CodeLocalTimeout {
		t.Errorf("got %s", raw)
	}
}
