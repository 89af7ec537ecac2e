package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/remora-mcp/remora/host"
)

// A lockedBuffer is a standard error for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// traced runs the program, with a trace.
func traced(ctx context.Context, args ...string) outcome {
	var out bytes.Buffer
	errOut := new(lockedBuffer)
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(errOut)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return outcome{out.String(), errOut.String(), exitStatus(err)}
}

// The file has the whole session, and no secret, whatever becomes of the call.
func TestTraceFile(t *testing.T) {
	url := demo(t)
	for _, c := range []struct {
		name   string
		args   []string
		status int
		want   []string // parts
	}{
		{"a call", []string{"call", url + "?key=canary1", "echo", "message=it is canary2 and canary1"}, 0,
			[]string{`"method":"server/discover"`, `"name":"echo"`, `it is (masked) and (masked)`, `?key=(masked)`, `["X-Key","(masked)"]`}},
		{"a tool's error", []string{"call", url, "fail"}, exitTool, []string{`"isError":true`}},
		{"a session before 2026-07-28", []string{"tools", "--protocol", "2025-11-25", url}, 0, []string{`"method":"initialize"`, `"DELETE"`, `["Mcp-Session-Id","(masked)"]`}},
		{"no server", []string{"tools", "http://127.0.0.1:1/mcp"}, exitUnreachable, []string{`"type":"end"`, `"error":"http/network: `}},
		{"no URL", []string{"tools", "nonsense"}, exitUsage, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "trace.jsonl")
			got := traced(t.Context(), append(c.args, "--trace-file", file, "-H", "X-Key: canary2")...)
			if got.status != c.status || strings.Contains(got.err, "{") {
				t.Errorf("status %d, want %d: %s", got.status, c.status, got.err)
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
			var head struct {
				Remora  string
				Version int
			}
			if json.Unmarshal([]byte(lines[0]), &head) != nil || head.Remora != "trace" || head.Version != 1 {
				t.Errorf("the first line is %s", lines[0])
			}
			for _, line := range lines[1:] {
				var e host.TraceEvent
				if err := json.Unmarshal([]byte(line), &e); err != nil || e.At.IsZero() || e.Type == "" {
					t.Errorf("%v in %s", err, line)
				}
			}
			for _, part := range c.want {
				if !strings.Contains(string(raw), part) {
					t.Errorf("%s is not in\n%s", part, raw)
				}
			}
			if strings.Contains(string(raw), "canary") {
				t.Errorf("a canary is in\n%s", raw)
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("others may read it: %v, %v", info.Mode(), err)
			}
		})
	}
	if got := traced(t.Context(), "tools", "--trace-file", filepath.Join(t.TempDir(), "no", "folder"), url); got.status != exitUsage {
		t.Errorf("a file that cannot be made: status %d: %s", got.status, got.err)
	}
}

func TestTraceLines(t *testing.T) {
	got := traced(t.Context(), "call", "--trace", demo(t), "echo", "message=hello")
	if got.status != 0 || got.out != "hello\n" {
		t.Fatalf("%+v", got)
	}
	for _, part := range []string{" #1 POST http://127.0.0.1:", " -> server/discover id 1, ", " -> tools/call id ", " <- result id ", " end, ", `"message":"hello"`} {
		if !strings.Contains(got.err, part) {
			t.Errorf("%q is not in\n%s", part, got.err)
		}
	}
	if strings.Contains(got.err, "\x1b") {
		t.Error("colours without a terminal")
	}
}

func TestTraceLine(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 67_000_000, time.Local)
	for _, c := range []struct {
		event host.TraceEvent
		want  string
	}{
		{host.TraceEvent{Type: host.TraceRequest, Exchange: 3, Method: "POST", URL: "http://x/", Headers: [][2]string{{"A", "b"}, {"C", "d"}}}, "#3 POST http://x/ (a: b; c: d)"},
		{host.TraceEvent{Type: host.TraceResponse, Exchange: 3, Status: 404}, "#3 404"},
		{host.TraceEvent{Type: host.TraceEnd, Exchange: 3, Bytes: 1}, "#3 end, 1 byte"},
		{host.TraceEvent{Type: host.TraceEnd, Exchange: 3, Reason: "no longer wanted"}, "#3 end, 0 bytes, no longer wanted"},
		{host.TraceEvent{Type: host.TraceEnd, Exchange: 3, Error: "http/network: gone"}, "#3 failed: http/network: gone"},
		{host.TraceEvent{Type: host.TraceSent, Bytes: 40, Message: json.RawMessage(`{"id":"a b","method":"ping"}`)}, `-> ping id "a b", 40 bytes {"id":"a b","method":"ping"}`},
		{host.TraceEvent{Type: host.TraceReceived, Bytes: 9, Truncated: true, Message: json.RawMessage(`{"id":7,"error":{}}`)}, `<- error id 7, 9 bytes, shortened {"id":7,"error":{}}`},
		{host.TraceEvent{Type: host.TraceReceived, Message: json.RawMessage("{\"method\":\"a\u009b\u202e\"}")}, `<- a\u009b\u202e, 0 bytes {"method":"a\u009b\u202e"}`},
		{host.TraceEvent{Type: host.TraceDropped, Reason: "a\nb\x1b[2J"}, `dropped: a\nb\u001b[2J`},
		{host.TraceEvent{Type: "new"}, "new"},
	} {
		c.event.At = at
		if got, want := traceLine(c.event, false), "03:04:05.067 "+c.want; got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		plain := strings.NewReplacer("\x1b[2m", "", "\x1b[31m", "", "\x1b[32m", "", "\x1b[36m", "", "\x1b[0m", "").Replace(traceLine(c.event, true))
		if plain != "03:04:05.067 "+c.want {
			t.Errorf("in colour: %q", plain)
		}
	}
}

// What docs/trace.md shows runs.
func TestTraceDocument(t *testing.T) {
	commands := shownCommands(t, "docs/trace.md", "remora ", demo(t))
	for _, args := range commands {
		for i, arg := range args {
			if arg == "trace.jsonl" {
				args[i] = filepath.Join(t.TempDir(), arg)
			}
		}
		if got := traced(t.Context(), args...); got.status != 0 || got.out != "hello\n" {
			t.Errorf("%v: status %d, %q %q", args, got.status, got.out, got.err)
		}
	}
	if len(commands) != 2 {
		t.Errorf("%d commands found in docs/trace.md, want 2", len(commands))
	}
}
