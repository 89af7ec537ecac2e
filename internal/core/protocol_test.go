package core

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
	"github.com/remora-mcp/remora/test/fault"
)

// Every row of the vocabulary has a handler, and every handler a row.
func TestEveryCommandHasAHandler(t *testing.T) {
	rows := make(map[string]bool)
	for _, row := range wire.Commands {
		rows[row.Name] = true
		if commands[row.Name] == nil {
			t.Errorf("command %s has no handler", row.Name)
		}
	}
	for name := range commands {
		if !rows[name] {
			t.Errorf("handler %s has no row in wire.Commands", name)
		}
	}
}

// What an embedder gets wrong is answered with a fault, and nothing else comes
// of it.
func TestFaults(t *testing.T) {
	hello, _ := json.Marshal(wire.Hello{ABI: wire.ABI})
	frame := func(kind wire.Kind, id uint32, header string) []byte {
		return wire.AppendFrame(nil, wire.Frame{Kind: kind, ID: id, Header: []byte(header)})
	}
	greet := frame(wire.KindHello, 0, string(hello))
	for _, c := range []struct {
		name    string
		batches [][]byte
		id      uint32
		want    wire.Code
		says    string
	}{
		{"a call before hello", [][]byte{frame(wire.KindCall, 1, `{"command":"ping"}`)}, 1, wire.CodeLocalBadFrame, "before hello"},
		{"another major", [][]byte{frame(wire.KindHello, 0, `{"abi":[2,0]}`)}, 0, wire.CodeLocalABIMismatch, "2.0"},
		{"a hello that is not JSON", [][]byte{frame(wire.KindHello, 0, `{`)}, 0, wire.CodeLocalBadFrame, "hello"},
		{"a batch cut short", [][]byte{greet, greet[:7]}, 0, wire.CodeLocalBadFrame, "ends inside"},
		{"half a good batch is not dispatched", [][]byte{greet, append(frame(wire.KindCall, 3, `{"command":"nonsense"}`), 1, 2, 3)}, 0, wire.CodeLocalBadFrame, "ends inside"},
		{"an unknown kind", [][]byte{greet, frame(99, 4, ``)}, 4, wire.CodeLocalBadFrame, "kind 99"},
		{"a kind of the core's", [][]byte{greet, frame(wire.KindDone, 4, ``)}, 4, wire.CodeLocalBadFrame, "done"},
		{"a call with the id 0", [][]byte{greet, frame(wire.KindCall, 0, `{"command":"ping"}`)}, 0, wire.CodeLocalBadFrame, "zero"},
		{"a cancel that is not JSON", [][]byte{greet, frame(wire.KindCancel, 5, `[`)}, 5, wire.CodeLocalBadFrame, "cancel"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := &embedder{t: t, done: map[uint32]chan wire.Frame{}}
			core := New("test", out, port.SystemClock{})
			for _, batch := range c.batches {
				core.Receive(batch)
			}
			if len(out.faults) != 1 {
				t.Fatalf("faults %v, want one", out.faults)
			}
			if got := out.faults[0].Error; got.Code != c.want || !strings.Contains(got.Message, c.says) {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

// What a caller gets wrong is said at once, before any traffic.
func TestBadCalls(t *testing.T) {
	e := newEmbedder(t)
	for _, c := range []struct {
		name   string
		header wire.Call
		params string
		want   wire.Code
	}{
		{"no such command", wire.Call{Command: "dance"}, `{}`, wire.CodeLocalUnsupported},
		{"no such session", wire.Call{Command: "ping", Session: 9}, `{}`, wire.CodeLocalClosed},
		{"parameters that are not JSON", wire.Call{Command: "connect"}, `{`, wire.CodeLocalBadArgument},
		{"no URL", wire.Call{Command: "connect"}, `{}`, wire.CodeLocalBadURL},
		{"not a URL", wire.Call{Command: "connect"}, `{"url":"over there"}`, wire.CodeLocalBadURL},
		{"a relative URL", wire.Call{Command: "connect"}, `{"url":"/mcp"}`, wire.CodeLocalBadURL},
		{"an unknown scheme", wire.Call{Command: "connect"}, `{"url":"gopher://example.invalid/"}`, wire.CodeLocalBadURL},
		{"a password in the URL", wire.Call{Command: "connect"}, `{"url":"https://u:canary@example.invalid/"}`, wire.CodeLocalBadURL},
		{"a control character", wire.Call{Command: "connect"}, `{"url":"https://example.invalid/\u0000"}`, wire.CodeLocalBadURL},
		{"an endless URL", wire.Call{Command: "connect"}, `{"url":"https://example.invalid/` + strings.Repeat("x", maxURLBytes) + `"}`, wire.CodeLocalBadURL},
		{"an unknown protocol", wire.Call{Command: "connect"}, `{"url":"https://example.invalid/","protocolVersion":"1999-01-01"}`, wire.CodeLocalBadArgument},
		{"an unknown cache mode", wire.Call{Command: "connect"}, `{"url":"https://example.invalid/","cacheMode":"hoard"}`, wire.CodeLocalBadArgument},
		{"an unknown level", wire.Call{Command: "connect"}, `{"url":"https://example.invalid/","logLevel":"loud"}`, wire.CodeLocalBadArgument},
		{"an unknown handler", wire.Call{Command: "connect"}, `{"url":"https://example.invalid/","handlers":["fold"]}`, wire.CodeLocalBadArgument},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := e.run(c.header, json.RawMessage(c.params))
			if err == nil || err.Code != c.want || err.Sent != wire.SentNo {
				t.Errorf("got %+v, want %s", err, c.want)
			}
			if err != nil && strings.Contains(err.Message, "canary") {
				t.Errorf("the message holds the password: %s", err.Message)
			}
		})
	}
	if n := len(e.cancel); n != 0 {
		t.Errorf("%d exchanges, want none", n)
	}
}

func TestBadToolCalls(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		for _, params := range []string{`{}`, `{"name":"echo","arguments":[1]}`, `{"name":"echo","arguments":7}`, `{"name":"echo","_meta":[]}`, `[]`} {
			_, err := e.run(wire.Call{Command: "callTool", Session: f.session}, json.RawMessage(params))
			if err == nil || err.Code != wire.CodeLocalBadArgument || err.Sent != wire.SentNo {
				t.Errorf("%s: got %+v, want %s", params, err, wire.CodeLocalBadArgument)
			}
		}
		_, err := e.run(wire.Call{Command: "listen", Session: f.session}, wire.Listen{Events: []string{"thunder"}})
		if err == nil || err.Code != wire.CodeLocalBadArgument {
			t.Errorf("listen: got %v", err)
		}
		if n := f.count("method.tools/call"); n != 0 {
			t.Errorf("%d calls reached the server, want none", n)
		}
	})
}

func TestMaxCalls(t *testing.T) {
	e := newEmbedder(t)
	e.frame(wire.KindHello, 0, wire.Hello{ABI: wire.ABI, Limits: wire.Limits{MaxCalls: 2}}, nil)
	f := &faulty{t: t, e: e, line: fault.Line2026, url: serve(t, fault.New()).URL}
	f.session = e.connect(wire.Connect{URL: f.endpoint("mcp")}).Session
	a, aDone := f.tool(wire.Call{}, "hang", `{}`)
	b, bDone := f.tool(wire.Call{}, "hang", `{}`)
	_, third := f.tool(wire.Call{}, "hang", `{}`)
	if _, err := e.await(third); err == nil || err.Code != wire.CodeLocalTooLarge || err.Sent != wire.SentNo {
		t.Errorf("got %v, want %s", err, wire.CodeLocalTooLarge)
	}
	for id, done := range map[uint32]<-chan wire.Frame{a: aDone, b: bDone} {
		e.frame(wire.KindCancel, id, wire.Cancel{}, nil)
		e.await(done)
	}
	f.mustWork()
}

// A failing connect says why in the application's terms.
func TestConnectFailures(t *testing.T) {
	url := serve(t, fault.New()).URL
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	down := "http://" + l.Addr().String()
	l.Close()
	for _, c := range []struct {
		endpoint string
		want     wire.Code
		says     string
	}{
		{"html", wire.CodeHTTPNotMCP, "Not what you are looking for"},
		{"status_500", wire.CodeHTTPStatus, "the database is on fire"},
		{"json_not_rpc", wire.CodeHTTPNotMCP, "not JSON-RPC"},
		{"json_scalar", wire.CodeHTTPNotMCP, "decoded"},
		{"not_json", wire.CodeHTTPNotMCP, "decoded"},
		{"empty", wire.CodeHTTPNotMCP, "decoded"},
		{"redirect_302", wire.CodePolicyRedirect, "redirects"},
		{"cut", wire.CodeHTTPNetwork, ""},
		{"stall_head", wire.CodeLocalTimeout, ""},
		{"stall_body", wire.CodeLocalTimeout, ""},
		{"", wire.CodeHTTPNetwork, ""},
	} {
		for _, line := range lines {
			t.Run(fmt.Sprint(c.endpoint, " ", line), func(t *testing.T) {
				t.Parallel()
				e := newEmbedder(t)
				target := url + fault.Path(line, c.endpoint, "t")
				if c.endpoint == "" {
					target = down
				}
				_, err := e.run(wire.Call{Command: "connect", TimeoutMs: 1500}, wire.Connect{URL: target})
				if err == nil || err.Code != c.want || !strings.Contains(err.Message, c.says) {
					t.Errorf("got %+v, want %s saying %q", err, c.want, c.says)
				}
				eventually(t, "nothing is open", func() bool { return e.core.Open() == 0 })
			})
		}
	}
}

// Arguments are repeated in headers where a tool's schema asks for it
// (2026-07-28); tools with bad marks are left out of the list.
func TestHeaderParameters(t *testing.T) {
	e := newEmbedder(t)
	f := &faulty{t: t, e: e, line: fault.Line2026, url: serve(t, fault.New()).URL}
	session := e.connect(wire.Connect{URL: f.endpoint("header_tools")}).Session
	// Nobody has listed the tools, whose schemas say which arguments are to be
	// repeated in headers.
	call := wire.CallTool{Name: "region", Arguments: json.RawMessage(`{"region":"north"}`)}
	if result, err := e.run(wire.Call{Command: "callTool", Session: session}, call); err != nil || text(t, result) != "region north" {
		t.Errorf("region, not listed before: %s, %v", result, err)
	}
	result, err := e.run(wire.Call{Command: "listTools", Session: session}, wire.ListTools{})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(result, `"bad_header_`) || !strings.Contains(result, `"region"`) {
		t.Errorf("got %s", result)
	}
	if result, err := e.run(wire.Call{Command: "callTool", Session: session}, call); err != nil || text(t, result) != "region north" {
		t.Errorf("region: %s, %v", result, err)
	}
}
