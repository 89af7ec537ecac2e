package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
)

// demo starts the demo server and returns its URL.
func demo(t *testing.T) string {
	t.Helper()
	server, err := demoserver.Start("127.0.0.1:0", "0.0.0-test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server.URL()
}

// An outcome is what a run of the program comes to.
type outcome struct {
	out, err string
	status   int
}

// remora runs the program in this process, without a terminal.
func remora(ctx context.Context, stdin string, args ...string) outcome {
	var out bytes.Buffer
	var errOut lockedBuffer // programs that are servers write to it too
	root := newRoot()
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&out)
	root.SetErr(&errOut)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && err != errToolFailed {
		fmt.Fprintln(&errOut, err)
	}
	return outcome{out.String(), errOut.String(), exitStatus(err)}
}

func TestCommands(t *testing.T) {
	url := demo(t)
	runRows(t, []row{
		{"tools", "", "tools URL", "slow([delayMs: integer], [steps: integer])\n    Takes its time", "", 0},
		{"inspect", "", "inspect URL", "server        remora-demo-server 0.0.0-test\ntitle         remora's demo server\norigin        http://127.0.0.1:", "", 0},
		{"inspect has schemas", "", "inspect URL", `"description": "How many steps."`, "", 0},
		{"protocol", "", "inspect --protocol 2025-06-18 URL", "protocol      2025-06-18\n", "", 0},
		{"key=value", "", "call URL add a=2 b=3", "5\n{\n  \"sum\": 5\n}\n", "", 0},
		{"JSON", "", `call URL echo {"message":"12"}`, "12\n", "", 0},
		{"stdin", `{"message":"from stdin"}`, `call URL echo -`, "from stdin\n", "", 0},
		{"flags after arguments", "", `call URL echo message=x --quiet`, "x\n", "", 0},
		{"progress", "", "call URL slow steps=2 delayMs=0", "done after 2 steps\n", "remora: 2 of 2: step 2 of 2\n", 0},
		{"a tool's error", "", "call URL fail", "this tool always fails\n", "", 1},
		{"a tool's error as JSON", "", "call --json URL fail", `"isError":true`, "", 1},
		{"nobody to ask", "", "call URL ask question=why", "elicitation", noForms, 1},
		{"wrong type", "", "call URL add a=two b=3", "", `a: "two" is not a number`, 2},
		{"missing argument", "", "call URL add a=2", "", `add needs the argument "b"; it takes a (number), b (number)`, 2},
		{"unknown tool", "", "call URL sub a=2", "", `no tool "sub"; it has: add, ask`, 2},
		{"no tool given", "", "call URL", "", "requires at least 1 arg(s) besides the server", 2},
		{"unknown flag", "", "tools --fast URL", "", "unknown flag: --fast", 2},
		{"not a duration", "", "tools --timeout soon URL", "", `invalid argument "soon"`, 2},
		{"no time at all", "", "tools --timeout 0s URL", "", "--timeout must be more than zero", 2},
		{"reserved header", "", "tools -H Mcp-Session-Id:x URL", "", "belongs to the protocol", 2},
		{"not a URL", "", "tools nonsense", "", "local/bad_url", 2},
		{"output of JSON", "", "call --json --output x URL echo", "", "--output saves what --json prints", 2},
		{"nobody there", "", "tools http://127.0.0.1:1/mcp", "", "http/network", 4},
		{"no MCP there", "", "tools URL/../nothing", "", "http/", 4},
		{"timeout", "", "call --timeout 50ms URL slow steps=1 delayMs=30000", "", "local/timeout", 6},
		{"types", "", "types URL", "\n  \"echo\": {\n    input: {\n      /**\n       * What to send back.\n       */\n      message: string;\n    };\n    output: unknown;\n  };\n", "", 0},
		{"types in Go", "", "types --lang go --package demo URL", "\npackage demo\n", "", 0},
		{"types name the origin only", "", "types URL?key=secret", "// The tools of remora-demo-server 0.0.0-test, http://127.0.0.1:", "", 0},
		{"no such language", "", "types --lang rust URL", "", "--lang is one of ts, go", 2},
		{"no such package", "", "types --lang go --package a;b URL", "", `"a;b" is not a name for a Go package`, 2},
		{"a package in TypeScript", "", "types --package x URL", "", "--package is for --lang go", 2},
		{"types as JSON", "", "types --json URL", "", "--json is of tools", 2},
		{"unknown to the server", "", "call URL sub", "", "rpc/error", 7},
	}, []string{"URL", url}, nil)
}

// TestJSONOutput: one document, with the bytes that the server sent.
func TestJSONOutput(t *testing.T) {
	const toolBytes = `{"name":"odd","inputSchema":{"type":"object"},"x-large":12345678901234567890,"x-html":"<&>"}`
	const resultBytes = `{"resultType":"complete","content":[{"type":"hologram","n":12345678901234567890}],"x":"<&>"}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var message struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params struct {
				Cursor string `json:"cursor"`
			} `json:"params"`
		}
		if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&message) != nil {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		answer := map[string]string{
			"server/discover": `{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"},"ttlMs":0,"cacheScope":"private"}`,
			"tools/list":      `{"resultType":"complete","tools":[` + toolBytes + `],"nextCursor":"2","ttlMs":0,"cacheScope":"private"}`,
			"tools/call":      resultBytes,
		}[message.Method]
		if message.Params.Cursor == "2" {
			answer = strings.Replace(answer, `"nextCursor":"2",`, "", 1)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, message.ID, answer)
	}))
	defer server.Close()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"call", "--json", server.URL, "odd"}, resultBytes + "\n"},
		{[]string{"tools", "--json", server.URL}, `{"tools":[` + toolBytes + `,` + toolBytes + "]}\n"},
	} {
		got := remora(t.Context(), "", test.args...)
		if got.out != test.want || got.status != 0 {
			t.Errorf("%s:\ngot  %q (status %d, %s)\nwant %q", test.args[0], got.out, got.status, got.err, test.want)
		}
	}
	got := remora(t.Context(), "", "inspect", "--json", server.URL)
	var document struct {
		Origin, ProtocolVersion string
		Tools                   []json.RawMessage
	}
	if err := json.Unmarshal([]byte(got.out), &document); err != nil {
		t.Fatalf("%v: %s", err, got.out)
	}
	if document.Origin != server.URL || document.ProtocolVersion != "2026-07-28" || len(document.Tools) != 2 || string(document.Tools[0]) != toolBytes {
		t.Errorf("inspect: %s", got.out)
	}
}

// TestSecretsStayInside: a header's value reaches the server and nothing else.
func TestSecretsStayInside(t *testing.T) {
	const secret = "sk-0123456789"
	t.Setenv("REMORA_TEST_KEY", secret)
	heard := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case heard <- r.Header.Get("X-Key"):
		default:
		}
		http.Error(w, "no access with "+r.Header.Get("X-Key"), http.StatusForbidden)
	}))
	defer server.Close()
	for _, flag := range []string{"--header=X-Key: " + secret, "--header-env=X-Key=REMORA_TEST_KEY"} {
		got := remora(t.Context(), "", "tools", flag, server.URL)
		if got.status != exitAuth {
			t.Errorf("status %d, want %d: %s", got.status, exitAuth, got.err)
		}
		if len(heard) == 0 {
			t.Error("the server heard nothing")
		}
		for range len(heard) {
			if key := <-heard; key != secret {
				t.Errorf("the server heard %q", key)
			}
		}
		if strings.Contains(got.out+got.err, secret) {
			t.Errorf("the secret is in %q", got.out+got.err)
		}
	}
}

func TestOutputFolder(t *testing.T) {
	server := mcp.NewServer(&mcp.Implementation{Name: "painter", Version: "1"}, nil)
	server.AddTool(&mcp.Tool{Name: "paint", InputSchema: json.RawMessage(`{"type":"object"}`)},
		func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.ImageContent{MIMEType: "image/png", Data: []byte("pixels")}}}, nil
		})
	web := httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil))
	defer web.Close()
	dir := t.TempDir()
	name := filepath.Join(dir, "paint-1.png")
	got := remora(t.Context(), "", "call", "--output", dir, web.URL, "paint")
	if want := "[image image/png, 6 bytes, saved as " + name + "]\n"; got.out != want {
		t.Errorf("got %q, want %q (%s)", got.out, want, got.err)
	}
	if content, err := os.ReadFile(name); err != nil || string(content) != "pixels" {
		t.Errorf("%q, %v", content, err)
	}
}

func TestCompletion(t *testing.T) {
	// What is offered is tested here, and not how fast this machine is.
	defer func(wait time.Duration) { completionWait = wait }(completionWait)
	completionWait = time.Minute
	url := demo(t)
	tests := []struct {
		name string
		args []string
		want string // a part
		not  string // not a part
	}{
		{"tools", []string{"call", url, ""}, "add\tAdds two numbers the sum comes", "message="},
		{"arguments", []string{"call", url, "add", "a=1", ""}, "b=\tnumber The second number.", "a=\t"},
		{"nobody there", []string{"call", "http://127.0.0.1:1/mcp", ""}, ":4\n", "add"},
		{"no URL", []string{"call", "file", ""}, ":4\n", "add"},
		{"languages", []string{"types", url, "--lang", ""}, "go\tGo", "rust"},
		{"commands", []string{"in"}, "inspect\t", "version"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := remora(t.Context(), "", append([]string{"__complete"}, test.args...)...)
			if !strings.Contains(got.out, test.want) || strings.Contains(got.out, test.not) {
				t.Errorf("got %q, want %q and not %q in it", got.out, test.want, test.not)
			}
		})
	}
}

// TestCompletionIsSafe: a shell may evaluate what it is offered.
func TestCompletionIsSafe(t *testing.T) {
	offered := offerTools([]tool{{Name: "good", Description: "a `b` $(c)\n\x1b[2J"}, {Name: "$(bad)"}, {Name: "bad name"}, {Name: ""}})
	if got, want := strings.Join(offered, "|"), "good\ta b c \\u001b 2J"; len(offered) != 1 || strings.ContainsAny(got, "`$()\n\x1b") {
		t.Errorf("got %q, want %q", got, want)
	}
}
