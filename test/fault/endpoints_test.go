package fault_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/remora-mcp/remora/test/fault"
)

// TestEndpoints holds how each endpoint answers the request that opens a line.
func TestEndpoints(t *testing.T) {
	server := httptest.NewServer(fault.New())
	t.Cleanup(server.Close)
	want := map[string]struct {
		status int    // 0: the connection breaks
		body   string // a part of the body
		to     string // the redirect's path, or what it begins with
	}{
		"mcp":              {200, `"result":{`, ""},
		"html":             {200, "<!DOCTYPE html>", ""},
		"status_500":       {500, "on fire", ""},
		"json_not_rpc":     {200, `{"status":"ok"`, ""},
		"json_scalar":      {200, `"hello"`, ""},
		"not_json":         {200, `{"jsonrpc":"2.0",`, ""},
		"empty":            {200, "", ""},
		"no_cors":          {200, `"result":{`, ""},
		"redirect_307":     {307, "", "http://127.0.0.1"},
		"redirect_308":     {308, "", "http://127.0.0.1"},
		"redirect_302":     {302, "", "http://127.0.0.1"},
		"redirect_303":     {303, "", "http://127.0.0.1"},
		"redirect_origin":  {307, "", "http://localhost"},
		"redirect_loop":    {307, "", "/2026-07-28/redirect_loop/run"},
		"redirect_nowhere": {307, "", ""},
		"redirect_scheme":  {307, "", "file:"},
		"stall_head":       {-1, "", ""},
		"stall_body":       {-1, "", ""},
		"cut":              {0, "", ""},
		"no_standing":      {200, `"result":{`, ""},
		"pages":            {200, `"result":{`, ""},
		"cursor_same":      {200, `"result":{`, ""},
		"cursor_loop":      {200, `"result":{`, ""},
		"header_tools":     {200, `"result":{`, ""},
	}
	for _, endpoint := range fault.Endpoints {
		t.Run(endpoint.Name, func(t *testing.T) {
			w, ok := want[endpoint.Name]
			if !ok {
				t.Fatal("this endpoint has no row in the test")
			}
			if w.status < 0 {
				return // TestStalledEndpoints
			}
			c := &client{t: t, line: fault.Line2026, url: server.URL + fault.Path(fault.Line2026, endpoint.Name, "run")}
			answer, err := c.try("server/discover", `{}`)
			if w.status == 0 {
				if err == nil {
					t.Fatal("it answered")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != w.status || !strings.Contains(string(body), w.body) {
				t.Errorf("got %d %q, want %d %q", answer.StatusCode, body, w.status, w.body)
			}
			if got := answer.Header.Get("Location"); !strings.HasPrefix(got, w.to) {
				t.Errorf("redirect to %q, want %q", got, w.to)
			}
		})
	}
}

func TestStalledEndpoints(t *testing.T) {
	for _, name := range []string{"stall_head", "stall_body"} {
		server := httptest.NewServer(fault.New())
		c := &client{t: t, line: fault.Line2026, url: server.URL + fault.Path(fault.Line2026, name, "run")}
		began := make(chan *http.Response, 1)
		go func() {
			answer, err := c.try("server/discover", `{}`)
			if err == nil {
				began <- answer
			}
			close(began)
		}()
		if name == "stall_head" {
			c.counters("at.stall_head", 1)
			select {
			case <-began:
				t.Error("stall_head: the answer began")
			default:
			}
		} else if answer := <-began; answer == nil || answer.Header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("stall_body: %v, want an event stream", answer)
		}
		server.CloseClientConnections()
		server.Close()
	}
}

func TestCORSIsEverywhereButInOnePlace(t *testing.T) {
	server := httptest.NewServer(fault.New())
	t.Cleanup(server.Close)
	for _, path := range []string{
		fault.Path(fault.Line2026, "mcp", "run"),
		fault.Path(fault.Line2026, "html", "run"),
		fault.Path(fault.Line2026, "no_cors", "run"),
		fault.Path(fault.Line2026, "no_cors", "run") + "/counters",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "https://app.example")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		want := "*"
		if strings.HasSuffix(path, "no_cors/run") {
			want = ""
		}
		if got := answer.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: allow-origin %q, want %q", path, got, want)
		}
	}
}

// list returns the names of one page of tools and the next cursor.
func (c *client) list(cursor string) (names []string, next string) {
	c.t.Helper()
	answer := c.send("tools/list", fmt.Sprintf(`{"cursor":%q}`, cursor))
	defer answer.Body.Close()
	var message struct {
		Result struct {
			Tools      []struct{ Name string }
			NextCursor string
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&message); err != nil {
		c.t.Fatal(err)
	}
	for _, tool := range message.Result.Tools {
		names = append(names, tool.Name)
	}
	return names, message.Result.NextCursor
}

func TestPages(t *testing.T) {
	for _, line := range lines {
		c := dial(t, line, "pages")
		seen, requests := map[string]bool{}, 0
		for cursor, more := "", true; more; more = cursor != "" {
			var names []string
			names, cursor = c.list(cursor)
			for _, name := range names {
				seen[name] = true
			}
			requests++
		}
		if len(seen) != 250 || requests != 5 {
			t.Errorf("%s: %d tools on %d pages, want 250 on 5", line, len(seen), requests)
		}
		c = dial(t, line, "cursor_loop")
		for _, step := range []struct{ cursor, next string }{{"", "a"}, {"a", "b"}, {"b", "c"}, {"c", "a"}} {
			if _, next := c.list(step.cursor); next != step.next {
				t.Errorf("after %q comes %q, want %q", step.cursor, next, step.next)
			}
		}
		c = dial(t, line, "cursor_same")
		if _, next := c.list("again"); next != "again" {
			t.Errorf("cursor_same: %q", next)
		}
	}
}

func TestParamHeaders(t *testing.T) {
	c := dial(t, fault.Line2026, "header_tools")
	if names, _ := c.list(""); len(names) != 5 {
		t.Errorf("tools = %v", names)
	}
	if status, _, _ := c.call("region", `{"region":"eu"}`); status != 400 {
		t.Errorf("without the header: %d, want 400", status)
	}
	r := c.request(c.message("tools/call", `{"name":"region","arguments":{"region":"eu"}}`), "tools/call", "region")
	r.Header.Set("Mcp-Param-Region", "eu")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if b, _ := io.ReadAll(answer.Body); !strings.Contains(string(b), "region eu") {
		t.Errorf("with the header: %s %s", answer.Status, b)
	}
}

// TestRulesAreChecked holds that requests which break a rule are refused and
// counted, one rule a row.
func TestRulesAreChecked(t *testing.T) {
	tests := []struct {
		name  string
		line  fault.Line
		spoil func(*http.Request)
	}{
		{"no version", fault.Line2025, func(r *http.Request) { r.Header.Del("Mcp-Protocol-Version") }},
		{"no session", fault.Line2025, func(r *http.Request) { r.Header.Del("Mcp-Session-Id") }},
		{"no accept", fault.Line2025, func(r *http.Request) { r.Header.Set("Accept", "application/json") }},
		{"no version", fault.Line2026, func(r *http.Request) { r.Header.Del("Mcp-Protocol-Version") }},
		{"no method", fault.Line2026, func(r *http.Request) { r.Header.Del("Mcp-Method") }},
		{"no name", fault.Line2026, func(r *http.Request) { r.Header.Del("Mcp-Name") }},
		{"a session", fault.Line2026, func(r *http.Request) { r.Header.Set("Mcp-Session-Id", "1") }},
		{"no meta", fault.Line2026, func(r *http.Request) {
			body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}`
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		}},
		{"not JSON", fault.Line2026, func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("hello")), 5
		}},
	}
	for _, test := range tests {
		t.Run(string(test.line)+"/"+test.name, func(t *testing.T) {
			c := dial(t, test.line, "mcp")
			r := c.request(c.message("tools/call", `{"name":"echo"}`), "tools/call", "echo")
			test.spoil(r)
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusBadRequest {
				t.Errorf("got %s, want 400", answer.Status)
			}
			if n := c.counters("malformed", 1)["malformed"]; n != 1 {
				t.Errorf("counted %d, want 1", n)
			}
		})
	}
}

func TestUnknownPaths(t *testing.T) {
	server := httptest.NewServer(fault.New())
	t.Cleanup(server.Close)
	for _, path := range []string{"/", "/2026-07-28", "/2026-07-28/mcp", "/2024-01-01/mcp/run", "/2026-07-28/nothing/run",
		"/2026-07-28/mcp/run/other", "/2026-07-28/mcp/a%20b", "/2026-07-28/mcp/" + strings.Repeat("x", 65)} {
		answer, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s, want 404", path, answer.Status)
		}
	}
}

// TestSoundForTheSDK holds that the sound endpoint satisfies a client that
// nobody here wrote.
func TestSoundForTheSDK(t *testing.T) {
	for _, line := range lines {
		t.Run(string(line), func(t *testing.T) {
			server := httptest.NewServer(fault.New())
			t.Cleanup(server.Close)
			c := mcp.NewClient(&mcp.Implementation{Name: "t", Version: "0"}, nil)
			url := server.URL + fault.Path(line, "mcp", "run")
			session, err := c.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: url}, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			if got := session.InitializeResult().ProtocolVersion; got != string(line) {
				t.Errorf("agreed on %s", got)
			}
			tools, err := session.ListTools(t.Context(), nil)
			if err != nil || len(tools.Tools) != len(fault.Tools) {
				t.Errorf("%d tools, want %d; %v", len(tools.Tools), len(fault.Tools), err)
			}
			got, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"message": "hi"}})
			if err != nil {
				t.Fatal(err)
			}
			if text := got.Content[0].(*mcp.TextContent).Text; text != "hi" {
				t.Errorf("echo: %q", text)
			}
		})
	}
}
