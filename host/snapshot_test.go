package host

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// A recorder notes what a server is asked.
type recorder struct {
	handler http.Handler

	mu      sync.Mutex
	asked   []string // methods, and the HTTP methods of what is not a POST
	headers []http.Header
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	message := struct{ Method string }{req.Method}
	if req.Method == http.MethodPost {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // the client has gone
		}
		_ = json.Unmarshal(body, &message)
		req.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	r.mu.Lock()
	r.asked, r.headers = append(r.asked, message.Method), append(r.headers, req.Header.Clone())
	r.mu.Unlock()
	r.handler.ServeHTTP(w, req)
}

// take returns what was asked since the last time.
func (r *recorder) take() ([]string, []http.Header) {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked, headers := r.asked, r.headers
	r.asked, r.headers = nil, nil
	return asked, headers
}

// A session goes on in another runtime with one request, on every line.
func TestRestoreInAnotherRuntime(t *testing.T) {
	first, second := openRuntime(t), openRuntime(t)
	server := newTestServer()
	for i := range 16 {
		server.AddTool(&mcp.Tool{Name: fmt.Sprint("more", i), Description: strings.Repeat("words ", 50), InputSchema: json.RawMessage(`{"type":"object"}`)}, nil)
	}
	for _, line := range lines {
		t.Run(line.name, func(t *testing.T) {
			seen := &recorder{handler: mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &line.opts)}
			url := serve(t, seen) + "/mcp"
			s := connect(t, first, url, &ConnectOptions{ProtocolVersion: line.version})
			if _, err := s.ListTools(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			snapshot, err := s.Snapshot(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(snapshot) >= 4<<10 {
				t.Errorf("%d bytes, want less than 4 KiB", len(snapshot))
			}
			if err := s.Leave(); err != nil {
				t.Error(err)
			}
			if asked, _ := seen.take(); slices.Contains(asked, "DELETE") {
				t.Error("the server was told of the end")
			}
			restored, err := second.Restore(t.Context(), url, snapshot, nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = restored.Close() })
			was, _ := json.Marshal(s.InitializeResult())
			is, _ := json.Marshal(restored.InitializeResult())
			if string(was) != string(is) {
				t.Errorf("restored as\n%s\nwas\n%s", is, was)
			}
			res, err := restored.CallTool(t.Context(), &mcp.CallToolParams{Name: "add", Arguments: addArgs{1, 2}})
			if err != nil || text(t, res) != `{"sum":3}` {
				t.Errorf("%+v, %v", res, err)
			}
			if asked, _ := seen.take(); !slices.Equal(asked, []string{"tools/call"}) {
				t.Errorf("asked %v, want one call", asked)
			}
		})
	}
}

// The application's own credentials are in a snapshot only if it asks for them,
// and what it gives to Restore goes before.
func TestSnapshotWithCredentials(t *testing.T) {
	rt := openRuntime(t)
	seen := &recorder{handler: mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return newTestServer() }, &mcp.StreamableHTTPOptions{Stateless: true})}
	url := serve(t, seen)
	s := connect(t, rt, url, &ConnectOptions{Headers: http.Header{"X-Key": {"canary"}, "Authorization": {"Bearer canary"}}})
	without, err := s.Snapshot(t.Context(), nil)
	if err != nil || strings.Contains(string(without), "canary") {
		t.Fatalf("%s, %v", without, err)
	}
	with, err := s.Snapshot(t.Context(), &SnapshotOptions{Credentials: true})
	if err != nil {
		t.Fatal(err)
	}
	var marked struct {
		Secret struct{ Headers [][2]string }
	}
	if err := json.Unmarshal(with, &marked); err != nil || !slices.Equal(marked.Secret.Headers, [][2]string{{"Authorization", "Bearer canary"}, {"X-Key", "canary"}}) {
		t.Errorf("%s, %v", with, err)
	}
	for _, c := range []struct {
		snapshot json.RawMessage
		options  *ConnectOptions
		want     string
	}{
		{with, nil, "canary"},
		{with, &ConnectOptions{Headers: http.Header{"X-Key": {"new"}}}, "new"},
		{without, nil, ""},
	} {
		restored, err := rt.Restore(t.Context(), url, c.snapshot, c.options)
		if err != nil {
			t.Fatal(err)
		}
		seen.take()
		if err := restored.Ping(t.Context(), nil); err != nil {
			t.Error(err)
		}
		if _, headers := seen.take(); len(headers) != 1 || headers[0].Get("X-Key") != c.want {
			t.Errorf("sent %v, want %q", headers, c.want)
		}
		if err := restored.Leave(); err != nil {
			t.Error(err)
		}
	}
}

// What is no snapshot of this server is refused with a reason, before any
// traffic, and the runtime lives on.
func TestRestoreRefuses(t *testing.T) {
	rt := openRuntime(t)
	seen := &recorder{handler: mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return newTestServer() }, nil)}
	url := serve(t, seen)
	s := connect(t, rt, url, &ConnectOptions{ProtocolVersion: "2025-11-25"})
	good, err := s.Snapshot(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	seen.take()
	refused := func(what, url string, snapshot []byte, why string) {
		t.Helper()
		_, err := rt.Restore(t.Context(), url, snapshot, nil)
		if e := asError(err, ""); err == nil || e.Code != CodeLocalBadArgument || !strings.Contains(e.Message, why) || strings.Contains(e.Message, "canary") {
			t.Errorf("%s: %v, want %s with %q", what, err, CodeLocalBadArgument, why)
		}
	}
	refused("another server", url+"/other", good, "another server")
	refused("another origin", "https://example.com/", good, "another origin")
	refused("a later version", url, []byte(strings.Replace(string(good), `"remora":1`, `"remora":2`, 1)), "version 2")
	refused("nothing", url, nil, "not a snapshot")
	refused("null", url, []byte(`null`), "not a snapshot")
	refused("a list", url, []byte(`[{}]`), "not a snapshot")
	refused("an empty object", url, []byte(`{}`), "not a snapshot")
	refused("huge", url, []byte(`{"remora":1,"x":"`+strings.Repeat("x", wire.MaxSnapshotBytes)+`"}`), "larger than")
	refused("deep", url, []byte(strings.Repeat("[", 100_000)), "not a snapshot")
	refused("wrong types", url, []byte(`{"remora":1,"server":7}`), "server has the wrong type")
	refused("secret headers of text", url, []byte(`{"remora":1,"secret":{"headers":"canary"}}`), "secret.headers")
	refused("secret headers of one", url, []byte(`{"remora":1,"secret":{"headers":[["canary"]]}}`), "secret.headers")
	refused("a header of lines", url, []byte(`{"remora":1,"secret":{"headers":[["X-Key","canary\r\nY: 1"]]}}`), "X-Key")
	for cut := 0; cut < len(good); cut += 7 {
		refused(fmt.Sprintf("cut after %d bytes", cut), url, good[:cut], "not a snapshot")
	}
	if asked, _ := seen.take(); len(asked) > 0 {
		t.Errorf("the server was asked %v", asked)
	}
	if err := s.Ping(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// Whatever bytes are given, reading them ends, and what is passed on is JSON.
func FuzzReadSnapshot(f *testing.F) {
	f.Add([]byte(`{"remora":1,"secret":{"sessionId":"x","headers":[["a","b"]]}}`))
	f.Add([]byte(`{"secret":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		clean, _, err := readSnapshot(raw)
		if err == nil && !json.Valid(clean) {
			t.Errorf("%q becomes %q", raw, clean)
		}
		if err != nil && asError(err, "").Code != CodeLocalBadArgument {
			t.Error(err)
		}
	})
}
