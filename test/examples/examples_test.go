package examples

import (
	"strings"
	"testing"
	"time"
)

// A want is what a program is given, and what it has to do.
type want struct {
	name   string
	args   []string
	status int
	out    string // a part of standard output
	err    string // a part of the one line on standard error; none if it is empty
}

func (w want) check(t *testing.T, r *run) {
	t.Helper()
	if got := r.status(); got != w.status {
		t.Errorf("status %d, want %d", got, w.status)
	}
	if !strings.Contains(r.out.String(), w.out) {
		t.Errorf("standard output %q, want %q in it", &r.out, w.out)
	}
	said, lines := r.err.String(), 0
	if w.err != "" {
		lines = 1
	}
	if !strings.Contains(said, w.err) || strings.Count(said, "\n") != lines {
		t.Errorf("standard error %q, want %q in its %d line", said, w.err, lines)
	}
}

func TestCall(t *testing.T) {
	demo, _ := startDemo(t)
	everything := startPeers(t)["everything"].URL
	tests := []want{
		{"the text", []string{demo, "echo", `{"message":"größe"}`}, 0, "größe\n", ""},
		{"structured content", []string{demo, "add", `{"a":2,"b":3}`}, 0, "5\n{\n  \"sum\": 5\n}\n", ""},
		{"another server", []string{everything, "get-sum", `{"a":2,"b":3}`}, 0, "is 5.", ""},
		{"an image", []string{everything, "get-tiny-image"}, 0, "[image, image/png, ", ""},
		{"a terminal's commands", []string{demo, "echo", `{"message":"a\u001b[2Jb"}`}, 0, "[2Jb\n", ""},
		{"the tools", []string{demo}, 0, "add  Adds two numbers", ""},
		{"the tool's own error", []string{demo, "fail"}, 1, "always fails\n", `"fail" reported an error`},
		{"no such tool", []string{demo, "ehco"}, 2, "", "did you mean echo?"},
		{"nor one like it", []string{demo, "transmogrify"}, 2, "", "it has: add, ask, big"},
		{"bad JSON", []string{demo, "echo", `{message}`}, 2, "", "JSON"},
		{"JSON of another kind", []string{demo, "echo", `[1]`}, 2, "", "must be a JSON object"},
		{"null", []string{demo, "echo", `null`}, 2, "", "must be a JSON object"},
		{"an argument is missing", []string{demo, "add", `{"a":1}`}, 2, "", "also needs: b"},
		{"no URL", []string{"demo", "echo"}, 2, "", "local/bad_url"},
		{"another scheme", []string{"ftp://127.0.0.1/mcp", "echo"}, 2, "", "local/bad_url"},
		{"no MCP server", []string{strings.TrimSuffix(demo, "/mcp"), "echo"}, 3, "", "http/status"},
		{"the server is down", []string{nobodyListens(t), "echo", `{"message":""}`}, 3, "", "http/network"},
		{"nothing", nil, 2, "", "want URL"},
		{"too much", []string{demo, "echo", "{}", "{}"}, 2, "", "want URL"},
		{"an unknown flag", []string{"-x"}, 2, "", "-x"},
		{"help", []string{"-h"}, 0, "usage: ", ""},
	}
	for _, l := range languages {
		t.Run(l.name, func(t *testing.T) {
			program := l.program(t, "call")
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) {
					r := start(t, program, test.args...)
					test.check(t, r)
					if strings.ContainsRune(r.out.String(), '\x1b') {
						t.Error("the terminal gets the server's commands")
					}
				})
			}
		})
	}
}

func TestAsk(t *testing.T) {
	demo, _ := startDemo(t)
	everything := startPeers(t)["everything"].URL
	for _, l := range languages {
		t.Run(l.name, func(t *testing.T) {
			program := l.program(t, "ask")
			tests := []want{
				{"answered by a flag", []string{l.flag + "answer", "blue", demo}, 0, "  5 of 5  step 5 of 5\ndone after 5 steps\n", ""},
				{"another server", []string{everything}, 2, "", `no tool "slow"`},
				{"no URL", []string{"demo"}, 2, "", "local/bad_url"},
				{"no MCP server", []string{strings.TrimSuffix(demo, "/mcp")}, 3, "", "http/status"},
				{"the server is down", []string{nobodyListens(t)}, 3, "", "http/network"},
				{"nothing", nil, 2, "", "answer TEXT"},
				{"help", []string{"-h"}, 0, "usage: ", ""},
			}
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) { test.check(t, start(t, program, test.args...)) })
			}
			t.Run("answered by a person", func(t *testing.T) {
				r := start(t, program, demo)
				r.await("Which colour?\n  Answer: ")
				if _, err := r.stdin.Write([]byte("green\n")); err != nil {
					t.Fatal(err)
				}
				want{out: "\n  Answer: the answer is: green\n"}.check(t, r)
			})
			t.Run("not answered", func(t *testing.T) {
				r := start(t, program, demo)
				r.await("Answer: ")
				r.stdin.Close()
				want{out: "no answer: cancel\n"}.check(t, r)
			})
		})
	}
}

// The call is cancelled, and the server sees it.
func TestCtrlC(t *testing.T) {
	demo, cancelled := startDemo(t)
	interrupted := want{status: 130, err: "local/cancelled"}
	for _, l := range languages {
		t.Run(l.name+"/call", func(t *testing.T) {
			r := start(t, l.program(t, "ask"), demo)
			r.await("  1 of 5")
			interrupt(t, r)
			interrupted.check(t, r)
			select {
			case <-cancelled:
			case <-time.After(patience):
				t.Error("the server sees no cancellation")
			}
		})
		t.Run(l.name+"/question", func(t *testing.T) {
			r := start(t, l.program(t, "ask"), demo)
			r.await("Answer: ")
			interrupt(t, r)
			interrupted.check(t, r)
		})
	}
}

// The programs that `make demo` runs.
func TestDemos(t *testing.T) {
	demo, _ := startDemo(t)
	down := nobodyListens(t)
	tests := []struct {
		name    string
		program []string
		fails   string // how it begins to say that the server is down
	}{
		{"node", nodeProgram(t, "demo"), "demo: connect: "},
		{"extism", nodeProgram(t, "extism"), "extism: listTools: "},
		{"go", goProgram(t, "demo"), "demo: connect: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want{out: "1000000 bytes of text\n"}.check(t, start(t, test.program, demo))
			want{status: 1, err: test.fails}.check(t, start(t, test.program, down))
		})
	}
}
