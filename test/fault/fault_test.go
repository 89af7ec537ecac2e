package fault_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/fault"
)

// A client speaks to one endpoint of one run by hand.
type client struct {
	t       *testing.T
	url     string
	line    fault.Line
	session string
	id      int
}

// dial starts a server and returns a client that has connected to an endpoint.
func dial(t *testing.T, line fault.Line, endpoint string) *client {
	t.Helper()
	server := httptest.NewServer(fault.New())
	t.Cleanup(server.Close)
	c := &client{t: t, url: server.URL + fault.Path(line, endpoint, "run"), line: line}
	if line == fault.Line2025 {
		answer := c.send("initialize", `{"protocolVersion":"2025-11-25"}`)
		c.session = answer.Header.Get("Mcp-Session-Id")
		answer.Body.Close()
		if c.session == "" {
			t.Fatal("no session")
		}
	}
	return c
}

// request builds a POST of one message with the headers that the line asks for.
func (c *client) request(body, method, name string) *http.Request {
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if method != "initialize" {
		r.Header.Set("Mcp-Protocol-Version", string(c.line))
	}
	if c.line == fault.Line2026 {
		r.Header.Set("Mcp-Method", method)
		if name != "" {
			r.Header.Set("Mcp-Name", name)
		}
	} else if c.session != "" {
		r.Header.Set("Mcp-Session-Id", c.session)
	}
	return r
}

// message returns a JSON-RPC request with the _meta that the line asks for.
func (c *client) message(method, params string) string {
	c.id++
	if c.line == fault.Line2026 {
		meta := `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t"},"io.modelcontextprotocol/clientCapabilities":{}`
		if strings.Contains(params, `"_meta":{`) {
			params = strings.Replace(params, `"_meta":{`, `"_meta":{`+meta+`,`, 1)
		} else {
			params = strings.TrimSuffix(params, "}")
			if params != "{" {
				params += ","
			}
			params += `"_meta":{` + meta + `}}`
		}
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, c.id, method, params)
}

// send sends one request and returns the answer's head; redirects are not
// followed.
func (c *client) send(method, params string) *http.Response {
	c.t.Helper()
	answer, err := c.try(method, params)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}

func (c *client) try(method, params string) (*http.Response, error) {
	name := ""
	if method == "tools/call" {
		var p struct{ Name string }
		if err := json.Unmarshal([]byte(params), &p); err != nil {
			c.t.Fatal(err)
		}
		name = p.Name
	}
	return noRedirects.Do(c.request(c.message(method, params), method, name))
}

var noRedirects = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// call calls a tool and returns the answer's status and its whole body, with the
// error that ended it.
func (c *client) call(tool, arguments string) (status int, body string, err error) {
	answer, err := c.try("tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s,"_meta":{"progressToken":7}}`, tool, arguments))
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(b), err
}

// counters returns the run's counters once name has reached least.
func (c *client) counters(name string, least int) fault.Counters {
	c.t.Helper()
	answer, err := http.Get(fmt.Sprintf("%s/counters?wait=%s&min=%d", c.url, name, least))
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(answer.Body)
		c.t.Fatalf("counters: %s: %s", answer.Status, b)
	}
	var counters fault.Counters
	if err := json.NewDecoder(answer.Body).Decode(&counters); err != nil {
		c.t.Fatal(err)
	}
	return counters
}

var lines = []fault.Line{fault.Line2025, fault.Line2026}

// onBothLines runs a test against the sound endpoint of each line, and holds
// that the client by hand broke no rule itself.
func onBothLines(t *testing.T, test func(t *testing.T, c *client)) {
	for _, line := range lines {
		t.Run(string(line), func(t *testing.T) {
			c := dial(t, line, "mcp")
			test(t, c)
			if n := c.counters("at.mcp", 1)["malformed"]; n != 0 {
				t.Errorf("%d malformed requests", n)
			}
		})
	}
}

// TestRowsAreComplete holds that every row has a name of its own and says what
// it does.
func TestRowsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, tool := range fault.Tools {
		if seen[tool.Name] || tool.Name == "" || !strings.HasSuffix(tool.Doc, ".") {
			t.Errorf("tool %q: twice, or nameless, or without a sentence: %q", tool.Name, tool.Doc)
		}
		seen[tool.Name] = true
	}
	seen = map[string]bool{}
	for _, endpoint := range fault.Endpoints {
		if seen[endpoint.Name] || endpoint.Doc == "" {
			t.Errorf("endpoint %q: twice, or without a word: %q", endpoint.Name, endpoint.Doc)
		}
		seen[endpoint.Name] = true
	}
}

// TestOpenRequests holds that the counter "open" follows the requests that are
// being answered, and that one can wait for it to fall.
func TestOpenRequests(t *testing.T) {
	c := dial(t, fault.Line2026, "mcp")
	answer := c.send("tools/call", `{"name":"hang"}`)
	if n := c.counters("seen.hang", 1)["open"]; n != 1 {
		t.Errorf("%d open requests, want 1", n)
	}
	answer.Body.Close()
	settled, err := http.Get(c.url + "/counters?wait=open&max=0")
	if err != nil {
		t.Fatal(err)
	}
	defer settled.Body.Close()
	var counters fault.Counters
	if err := json.NewDecoder(settled.Body).Decode(&counters); err != nil || counters["open"] != 0 {
		t.Errorf("got %v, %v; want none open", counters, err)
	}
}

// TestAnswers holds what each tool that answers at all answers.
func TestAnswers(t *testing.T) {
	rpcError := fmt.Sprintf(`"code":%d`, fault.RPCErrorCode)
	tests := []struct {
		tool, arguments string
		status          int
		want            string // a part of the body
	}{
		{"echo", `{"message":"hi"}`, 200, `"text":"hi"`},
		{"echo", `{"message":"hi","as":"json"}`, 200, `"text":"hi"`},
		{"echo", `{"message":7}`, 0, "arguments: "},
		{"raw", `{}`, 200, fault.RawResult},
		{"raw", `{"as":"json"}`, 200, fault.RawResult},
		{"tool_error", `{}`, 200, `"isError":true`},
		{"rpc_error", `{}`, 200, rpcError},
		{"html", `{}`, 200, "<html>"},
		{"not_jsonrpc", `{}`, 200, `{"ok":true}`},
		{"undecodable", `{"as":"json"}`, 200, `"content":[`},
		{"wrong_id", `{}`, 200, `"id":987654321`},
		{"string_id", `{}`, 200, `"id":"`},
		{"null_id", `{}`, 200, `"id":null`},
		{"stray", `{}`, 200, "a second answer"},
		{"no_answer", `{}`, 200, ": nothing follows"},
		{"empty_body", `{}`, 200, ""},
		{"accepted", `{}`, 202, ""},
		{"bad_event", `{}`, 200, "data: hello"},
		{"forbidden", `{}`, 403, "you may not"},
		{"status_500", `{}`, 500, "on fire"},
		{"status_503", `{}`, 503, "come back"},
		{"status_long", `{}`, 400, "line 999"},
		{"redirect_302", `{}`, 302, ""},
		{"redirect_origin", `{}`, 307, ""},
		{"ticking", `{"events":1}`, 200, "1 ticks"},
		{"nothing_of_the_kind", `{}`, 0, "no such tool"},
		{"big_event", `{"bytes":-1}`, 0, "bytes is not between"},
	}
	onBothLines(t, func(t *testing.T, c *client) {
		for _, test := range tests {
			t.Run(test.tool+test.arguments, func(t *testing.T) {
				status, body, err := c.call(test.tool, test.arguments)
				if err != nil {
					t.Fatal(err)
				}
				if status != test.status && test.status != 0 {
					t.Errorf("status %d, want %d", status, test.status)
				}
				if !strings.Contains(body, test.want) {
					t.Errorf("body %.300q, want %q in it", body, test.want)
				}
			})
		}
	})
}

func TestSizes(t *testing.T) {
	onBothLines(t, func(t *testing.T, c *client) {
		for _, tool := range []string{"big_event", "big_body", "big_status"} {
			if _, body, err := c.call(tool, `{"bytes":300000}`); err != nil || len(body) < 300_000 || len(body) > 301_000 {
				t.Errorf("%s: %d bytes, %v; want 300000 and a little", tool, len(body), err)
			}
		}
		if _, body, _ := c.call("deep", `{}`); !strings.Contains(body, strings.Repeat("[", 10_000)) {
			t.Error("deep: not 10,000 levels")
		}
		for _, tool := range []string{"endless_event", "endless_lines", "endless_body"} {
			answer := c.send("tools/call", fmt.Sprintf(`{"name":%q}`, tool))
			if n, err := io.CopyN(io.Discard, answer.Body, 5<<20); err != nil {
				t.Errorf("%s ended after %d bytes: %v", tool, n, err)
			}
			answer.Body.Close()
			c.counters("left."+tool, 1)
		}
	})
}

func TestCuts(t *testing.T) {
	onBothLines(t, func(t *testing.T, c *client) {
		for _, tool := range []string{"cut", "cut_head", "cut_body", "cut_event"} {
			_, _, err := c.call(tool, `{}`)
			if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
				t.Errorf("%s: %v, want a broken connection", tool, err)
			}
			if n := c.counters("executed."+tool, 1)["executed."+tool]; n != 1 {
				t.Errorf("%s: executed %d times", tool, n)
			}
		}
	})
}

func TestResumption(t *testing.T) {
	c := dial(t, fault.Line2025, "mcp")
	resume := func(lastEvent string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Mcp-Protocol-Version", "2025-11-25")
		r.Header.Set("Mcp-Session-Id", c.session)
		r.Header.Set("Last-Event-ID", lastEvent)
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(b)
	}
	lastID := func(body string) string {
		var last string
		for line := range strings.Lines(body) {
			if id, ok := strings.CutPrefix(line, "id: "); ok {
				last = strings.TrimSpace(id)
			}
		}
		return last
	}

	_, body, err := c.call("cut_resume", `{}`)
	if !errors.Is(err, io.ErrUnexpectedEOF) || lastID(body) == "" {
		t.Fatalf("got %q, %v; want a broken stream with ids", body, err)
	}
	if status, rest := resume(lastID(body)); status != 200 || !strings.Contains(rest, "executed, and resumed") {
		t.Errorf("resumed: %d %q", status, rest)
	}
	if status, _ := resume(lastID(body)); status != 400 {
		t.Errorf("resumed twice: %d, want 400", status)
	}
	_, body, _ = c.call("cut_resume_refused", `{}`)
	if status, _ := resume(lastID(body)); status != 400 {
		t.Errorf("refused: %d, want 400", status)
	}
	counters := c.counters("resumed.cut_resume_refused", 1)
	if counters["executed.cut_resume"] != 1 || counters["executed.cut_resume_refused"] != 1 {
		t.Errorf("counters = %v, want each executed once", counters)
	}
}

func TestSessionGone(t *testing.T) {
	c := dial(t, fault.Line2025, "mcp")
	if status, _, _ := c.call("session_gone", `{}`); status != 404 {
		t.Errorf("first call: %d, want 404", status)
	}
	if status, _, _ := c.call("echo", `{}`); status != 404 {
		t.Errorf("in the ended session: %d, want 404", status)
	}
	answer := c.send("initialize", `{"protocolVersion":"2025-11-25"}`)
	answer.Body.Close()
	c.session = answer.Header.Get("Mcp-Session-Id")
	if status, body, _ := c.call("session_gone", `{}`); status != 200 || !strings.Contains(body, c.session) {
		t.Errorf("in the new session: %d %q", status, body)
	}
	if got := c.counters("sessions", 2); got["executed.session_gone"] != 1 {
		t.Errorf("counters = %v, want executed once", got)
	}
	if status, _, _ := c.call("session_gone_always", `{}`); status != 404 {
		t.Errorf("session_gone_always: %d, want 404", status)
	}
}

func TestFloodIsOneBody(t *testing.T) {
	onBothLines(t, func(t *testing.T, c *client) {
		_, body, err := c.call("flood", `{}`)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(body, "notifications/progress"); n != 1000 {
			t.Errorf("%d progress events, want 1000", n)
		}
		if strings.LastIndex(body, "notifications/progress") > strings.Index(body, "events sent") {
			t.Error("the result is not last")
		}
	})
}

func TestBarrier(t *testing.T) {
	onBothLines(t, func(t *testing.T, c *client) {
		const size = 8
		var requests []*http.Request
		for range size {
			requests = append(requests, c.request(c.message("tools/call", `{"name":"barrier"}`), "tools/call", "barrier"))
		}
		results := make(chan error, size)
		call := func(r *http.Request) {
			answer, err := http.DefaultClient.Do(r)
			if err == nil {
				var b []byte
				b, err = io.ReadAll(answer.Body)
				answer.Body.Close()
				if err == nil && !bytes.Contains(b, []byte("open")) {
					err = fmt.Errorf("answer %q", b)
				}
			}
			results <- err
		}
		for _, r := range requests[1:] {
			go call(r)
		}
		c.counters("seen.barrier", size-1)
		select {
		case err := <-results:
			t.Fatalf("a call was answered before the last arrived (%v)", err)
		default:
		}
		go call(requests[0])
		for range size {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestGivingUp(t *testing.T) {
	onBothLines(t, func(t *testing.T, c *client) {
		for _, tool := range []string{"stall_body", "hang"} {
			answer := c.send("tools/call", fmt.Sprintf(`{"name":%q}`, tool))
			answer.Body.Close()
			c.counters("left."+tool, 1)
		}
		answer := c.send("tools/call", `{"name":"hang"}`)
		notice := fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, c.id)
		cancelled, err := http.DefaultClient.Do(c.request(notice, "notifications/cancelled", ""))
		if err != nil {
			t.Fatal(err)
		}
		cancelled.Body.Close()
		if cancelled.StatusCode != http.StatusAccepted {
			t.Errorf("notification: %s", cancelled.Status)
		}
		if b, err := io.ReadAll(answer.Body); err != nil || len(b) != 0 {
			t.Errorf("the cancelled call answered %q, %v", b, err)
		}
		answer.Body.Close()
		c.counters("cancelled.hang", 1)
	})
}
