package simple

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	extism "github.com/extism/go-sdk"
	"github.com/tetratelabs/wazero"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/internal/wire"
	"github.com/remora-mcp/remora/test/internal/kit"
	"github.com/remora-mcp/remora/test/internal/peers"
)

func startDemo(t *testing.T) string {
	t.Helper()
	server, err := demoserver.Start("127.0.0.1:0", "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL()
}

// Nothing but a manifest: no module config, no cache, no host function.
func TestNothingButAManifest(t *testing.T) {
	path, err := kit.In("dist", "remora-plugin.wasm")
	if err != nil {
		t.Fatal(err)
	}
	manifest := extism.Manifest{
		Wasm:         []extism.Wasm{extism.WasmFile{Path: path}},
		AllowedHosts: []string{"127.0.0.1"},
		Config:       map[string]string{"server": startDemo(t)},
	}
	plugin, err := extism.NewPlugin(t.Context(), manifest, extism.PluginConfig{EnableWasi: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	if names := toolNames(t, call(t, plugin, "discover", "")); !slices.Contains(names, "add") {
		t.Errorf("tools %v", names)
	}
	if text, failed := said(t, call(t, plugin, "run", `{"tool":"add","arguments":{"a":2,"b":3}}`)); text != "5" || failed {
		t.Errorf("2+3 is %q", text)
	}
}

// Every server, on each line that it speaks.
func TestPeers(t *testing.T) {
	set, err := peers.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Stop)
	plugin, blind := newPlugin(t), newPlugin(t, hiddenHeaders)
	calls := map[string]struct{ tool, arguments, says string }{
		peers.KindDemo:        {"echo", `{"message":"hello"}`, "hello"},
		peers.KindConformance: {"test_simple_text", `{}`, "simple text"},
		peers.KindEverything:  {"echo", `{"message":"hello"}`, "hello"},
	}
	for name, peer := range set.Peers {
		want, ok := calls[peer.Kind]
		if !ok {
			continue // test/e2e
		}
		for _, protocol := range peer.Protocols {
			t.Run(name+"/"+protocol, func(t *testing.T) {
				found := call(t, plugin, "discover", fmt.Sprintf(`{"server":%q,"protocolVersion":%q}`, peer.URL, protocol))
				if peer.Legacy { // its stream never ends, and these exports read a whole body
					if found.Error == nil || found.Error.Code != wire.CodeHTTPNotMCP || found.Error.Status != http.StatusNotFound {
						t.Errorf("got %s, %+v; want http/not_mcp", found.Result, found.Error)
					}
					return
				}
				if names := toolNames(t, found); !slices.Contains(names, want.tool) {
					t.Errorf("tools %v, want %s among them", names, want.tool)
				}
				var result wire.Discovered
				if err := json.Unmarshal(found.Result, &result); err != nil || result.ProtocolVersion != protocol {
					t.Errorf("protocol %q (%v), want %q", result.ProtocolVersion, err, protocol)
				}
				var server struct{ Name, Version string }
				if err := json.Unmarshal(result.Server, &server); err != nil || server.Name == "" || server.Version == "" {
					t.Errorf("server %s: %v", result.Server, err)
				}
				text, failed := said(t, call(t, plugin, "run",
					fmt.Sprintf(`{"server":%q,"protocolVersion":%q,"tool":%q,"arguments":%s}`, peer.URL, protocol, want.tool, want.arguments)))
				if !strings.Contains(text, want.says) || failed {
					t.Errorf("%s said %q (failed: %v)", want.tool, text, failed)
				}
				out := call(t, blind, "discover", fmt.Sprintf(`{"server":%q,"protocolVersion":%q}`, peer.URL, protocol))
				if !peer.Stateful || protocol >= "2026" {
					toolNames(t, out)
				} else if out.Error == nil || out.Error.Code != wire.CodeLocalUnsupported {
					t.Errorf("without response headers: %s, %+v", out.Result, out.Error)
				}
			})
		}
	}
}

// A tool's failure is a result.
func TestToolError(t *testing.T) {
	out := call(t, newPlugin(t), "run", fmt.Sprintf(`{"server":%q,"tool":"fail"}`, startDemo(t)))
	if text, failed := said(t, out); !failed || text == "" {
		t.Errorf("got %q, failed: %v", text, failed)
	}
}

// A question comes as data, and its answer goes with the next call.
func TestInputRequired(t *testing.T) {
	server := startDemo(t)
	for _, answer := range []struct{ response, says string }{
		{`{"action":"accept","content":{"answer":"blue"}}`, "the answer is: blue"},
		{`{"action":"decline"}`, "no answer: decline"},
	} {
		first := call(t, newPlugin(t), "run", fmt.Sprintf(`{"server":%q,"tool":"ask","arguments":{"question":"Which colour?"}}`, server))
		if first.InputRequired == nil || first.Result != nil || first.Error != nil {
			t.Fatalf("got %+v", first)
		}
		var questions map[string]struct {
			Method string
			Params struct{ Message string }
		}
		if err := json.Unmarshal(first.InputRequired.InputRequests, &questions); err != nil {
			t.Fatal(err)
		}
		if q := questions["answer"]; q.Method != "elicitation/create" || q.Params.Message != "Which colour?" {
			t.Fatalf("questions %s", first.InputRequired.InputRequests)
		}
		// Another instance: nothing of the question is kept in the first.
		second := call(t, newPlugin(t), "run", fmt.Sprintf(
			`{"server":%q,"tool":"ask","arguments":{"question":"Which colour?"},"inputResponses":{"answer":%s},"requestState":%s}`,
			server, answer.response, first.InputRequired.RequestState))
		if text, _ := said(t, second); text != answer.says {
			t.Errorf("got %q, want %q", text, answer.says)
		}
	}
}

// Before 2026-07-28 a question would come in mid-call, so nothing is announced
// and the server does not ask.
func TestLegacyIsNotAsked(t *testing.T) {
	server, plugin := startDemo(t), newPlugin(t)
	out := call(t, plugin, "run", fmt.Sprintf(`{"server":%q,"protocolVersion":"2025-11-25","tool":"ask","arguments":{"question":"?"}}`, server))
	if text, failed := said(t, out); !failed || !strings.Contains(text, "has not announced") {
		t.Errorf("got %q, failed: %v", text, failed)
	}
	out = call(t, plugin, "run", fmt.Sprintf(`{"server":%q,"protocolVersion":"2025-11-25","tool":"ask","arguments":{"question":"?"},"inputResponses":{"answer":{"action":"cancel"}}}`, server))
	if out.Error == nil || out.Error.Code != wire.CodeLocalUnsupported || out.Error.Sent != wire.SentNo {
		t.Errorf("got %+v", out)
	}
}

// Without response headers a server that keeps sessions is out of reach, which
// the error says; others are not.
func TestHiddenHeaders(t *testing.T) {
	server, plugin := startDemo(t), newPlugin(t, hiddenHeaders)
	for _, export := range []string{"discover", "run"} {
		out := call(t, plugin, export, fmt.Sprintf(`{"server":%q,"protocolVersion":"2025-11-25","tool":"echo","arguments":{"message":"x"}}`, server))
		if out.Error == nil || out.Error.Code != wire.CodeLocalUnsupported || !strings.Contains(out.Error.Message, "response headers") {
			t.Errorf("%s gave %s, %+v", export, out.Result, out.Error)
		}
	}
	if text, _ := said(t, call(t, plugin, "run", fmt.Sprintf(`{"server":%q,"tool":"echo","arguments":{"message":"x"}}`, server))); text != "x" {
		t.Errorf("echo said %q", text)
	}
}

// A result comes byte for byte, and arguments and answers keep their numbers.
func TestBytes(t *testing.T) {
	const result = `{ "content":[{"type":"text","text":"<&>"},{"type":"hologram","depth":12345678901234567890}],"extra":1.10 }`
	var mu sync.Mutex
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		mu.Lock()
		bodies = append(bodies, string(raw))
		mu.Unlock()
		var m struct {
			ID     json.RawMessage
			Method string
		}
		_ = json.Unmarshal(raw, &m)
		w.Header().Set("Content-Type", "application/json")
		answer := result
		if m.Method == "server/discover" {
			answer = `{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"resultType":"complete"}`
		}
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, answer)
	}))
	defer server.Close()
	_, raw, err := newPlugin(t).Call("run", fmt.Appendf(nil,
		`{"server":%q,"tool":"x","arguments":{"n":12345678901234567890},"inputResponses":{"k":{"action":"accept","content":{"n":98765432109876543210}}},"requestState":"s\u00e9"}`, server.URL))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"result":` + result + `}`; string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
	last := bodies[len(bodies)-1]
	for _, want := range []string{`"n":12345678901234567890`, `"n":98765432109876543210`, `"requestState":"s`} {
		if !strings.Contains(last, want) {
			t.Errorf("the server got %s, want %s in it", last, want)
		}
	}
}

// Headers come from the input and the manifest's config; the config's go to the
// config's server only.
func TestHeaders(t *testing.T) {
	var mu sync.Mutex
	var seen http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = r.Header.Clone()
		http.Error(w, "no", http.StatusUnauthorized)
	}))
	defer server.Close()
	for _, test := range []struct {
		name    string
		options []option
		input   string
		want    map[string]string
	}{
		{"config", []option{config("server", server.URL), config("header.Authorization", "Bearer c"), config("headers", `{"x-a":"1"}`)},
			`{}`, map[string]string{"Authorization": "Bearer c", "X-A": "1"}},
		{"input wins", []option{config("server", server.URL), config("header.Authorization", "Bearer c")},
			`{"headers":{"authorization":"Bearer i"}}`, map[string]string{"Authorization": "Bearer i"}},
		{"another server", []option{config("server", "http://127.0.0.1:9/mcp"), config("header.Authorization", "Bearer c"), config("headers", `{"x-a":"1"}`)},
			fmt.Sprintf(`{"server":%q}`, server.URL), map[string]string{"Authorization": "", "X-A": ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := call(t, newPlugin(t, test.options...), "discover", test.input)
			if out.Error == nil || out.Error.Code != wire.CodeAuthRequired || out.Error.Status != 401 {
				t.Errorf("got %+v", out.Error)
			}
			mu.Lock()
			defer mu.Unlock()
			for name, want := range test.want {
				if got := seen.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

// What is wrong with the input or the server is an error in the output, and the
// instance goes on working.
func TestErrors(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<h1>hello</h1>")
	}))
	defer page.Close()
	server, plugin := startDemo(t), newPlugin(t)
	for _, test := range []struct {
		export, input string
		want          wire.Code
	}{
		{"discover", `{`, wire.CodeLocalBadArgument},
		{"discover", `[]`, wire.CodeLocalBadArgument},
		{"discover", ``, wire.CodeLocalBadURL},
		{"discover", `{"server":"nonsense"}`, wire.CodeLocalBadURL},
		{"discover", `{"server":"ftp://127.0.0.1/"}`, wire.CodeLocalBadURL},
		{"discover", fmt.Sprintf(`{"server":%q,"headers":{"a b":"c"}}`, server), wire.CodeLocalBadArgument},
		{"discover", fmt.Sprintf(`{"server":%q,"headers":{"a":"c\r\nd: e"}}`, server), wire.CodeLocalBadArgument},
		{"discover", fmt.Sprintf(`{"server":%q,"protocolVersion":"1999-01-01"}`, server), wire.CodeLocalBadArgument},
		{"discover", fmt.Sprintf(`{"server":%q}`, page.URL), wire.CodeHTTPNotMCP},
		{"discover", fmt.Sprintf(`{"server":%q}`, server+"/nowhere"), wire.CodeHTTPStatus},
		{"run", fmt.Sprintf(`{"server":%q}`, server), wire.CodeLocalBadArgument},
		{"run", fmt.Sprintf(`{"server":%q,"tool":"echo","arguments":[]}`, server), wire.CodeLocalBadArgument},
		{"run", fmt.Sprintf(`{"server":%q,"tool":"echo","requestState":7}`, server), wire.CodeLocalBadArgument},
		{"run", fmt.Sprintf(`{"server":%q,"tool":"echo","inputResponses":7}`, server), wire.CodeLocalBadArgument},
		{"run", fmt.Sprintf(`{"server":%q,"tool":"nothing of that name"}`, server), wire.CodeRPCError},
	} {
		t.Run(test.export+" "+test.input, func(t *testing.T) {
			out := call(t, plugin, test.export, test.input)
			if out.Error == nil || out.Error.Code != test.want || out.Error.Sent == "" {
				t.Errorf("got %s, %+v, want %s", out.Result, out.Error, test.want)
			}
		})
	}
	if text, _ := said(t, call(t, plugin, "run", fmt.Sprintf(`{"server":%q,"tool":"echo","arguments":{"message":"still here"}}`, server))); text != "still here" {
		t.Errorf("echo said %q", text)
	}
}

// What the Go SDK refuses inside of http_request it reports as the call's error;
// the instance is unusable then, and a fresh one is not.
func TestTraps(t *testing.T) {
	server := startDemo(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	down := "http://" + closed.Addr().String() + "/mcp"
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		options []option
		input   string
		says    string
	}{
		{"server down", nil, fmt.Sprintf(`{"server":%q}`, down), "connection refused"},
		{"host not allowed", []option{allow("example.com")}, fmt.Sprintf(`{"server":%q}`, server), "is not allowed"},
		{"body too large", []option{func(m *extism.Manifest, _ *extism.PluginConfig) {
			m.Memory = &extism.ManifestMemory{MaxHttpResponseBytes: 10, MaxVarBytes: -1}
		}}, fmt.Sprintf(`{"server":%q}`, server), "too large"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := newPlugin(t, test.options...).Call("discover", []byte(test.input))
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %q in it", err, test.says)
			}
			if names := toolNames(t, call(t, newPlugin(t), "discover", fmt.Sprintf(`{"server":%q}`, server))); len(names) == 0 {
				t.Error("the next call found no tools")
			}
		})
	}
}

// interrupted is a server that ends a call's stream before the answer, and gives
// the answer, if it has one, to who comes back.
func interrupted(t *testing.T, retryMs int, answer string) string {
	t.Helper()
	var mu sync.Mutex
	var id json.RawMessage
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Type", "text/event-stream")
			if answer == "" || r.Header.Get("Last-Event-ID") == "" {
				fmt.Fprintf(w, "id: 2\nretry: %d\ndata:\n\n", retryMs)
				return
			}
			fmt.Fprintf(w, "id: 2\ndata: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n\n", id, answer)
			return
		}
		var m struct {
			ID     json.RawMessage
			Method string
		}
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		if m.Method == "server/discover" {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"resultType":"complete"}}`, m.ID)
			return
		}
		id = m.ID
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "id: 1\nretry: %d\ndata:\n\n", retryMs)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// Waiting inside of an export is waiting, with wazero's clocks and with real
// ones, and a time-out ends it.
func TestWaits(t *testing.T) {
	realClocks := func(_ *extism.Manifest, c *extism.PluginConfig) {
		c.ModuleConfig = wazero.NewModuleConfig().WithSysWalltime().WithSysNanotime().WithSysNanosleep().WithRandSource(rand.Reader)
	}
	for name, options := range map[string][]option{"wazero's clocks": nil, "real clocks": {realClocks}, "no headers": {hiddenHeaders}} {
		t.Run(name, func(t *testing.T) {
			plugin := newPlugin(t, options...)
			url := interrupted(t, 50, `{"content":[{"type":"text","text":"at last"}],"resultType":"complete"}`)
			if text, _ := said(t, call(t, plugin, "run", fmt.Sprintf(`{"server":%q,"tool":"x"}`, url))); text != "at last" {
				t.Errorf("got %q", text)
			}
			never := call(t, plugin, "run", fmt.Sprintf(`{"server":%q,"tool":"x","timeoutMs":300}`, interrupted(t, 100_000, "")))
			if never.Error == nil || never.Error.Code != wire.CodeLocalTimeout || never.Error.Sent != wire.SentUnknown {
				t.Errorf("got %+v", never)
			}
			// The instance has lost nothing by it.
			if text, _ := said(t, call(t, plugin, "run", fmt.Sprintf(`{"server":%q,"tool":"x"}`, url))); text != "at last" {
				t.Errorf("got %q", text)
			}
		})
	}
}

// wanted are the imports of the plugin that an Extism SDK has to provide besides
// WASI. Every name more is a host on which it does not start.
var wanted = []string{
	"alloc", "config_get", "error_set", "free", "http_headers", "http_request", "http_status_code", "input_length",
	"input_load_u64", "input_load_u8", "length", "load_u64", "load_u8", "output_set", "store_u64", "store_u8",
}

func TestImports(t *testing.T) {
	path, err := kit.In("dist", "remora-plugin.wasm")
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	runtime := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	defer runtime.Close(t.Context())
	module, err := runtime.CompileModule(t.Context(), binary)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range module.ImportedFunctions() {
		from, name, _ := f.Import()
		switch from {
		case "wasi_snapshot_preview1":
		case "extism:host/env":
			got = append(got, name)
		default:
			t.Errorf("it imports %s from %s", name, from)
		}
	}
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, wanted) {
		t.Errorf("it imports  %v\nwant %v", got, wanted)
	}
}
