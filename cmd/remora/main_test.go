package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// Started with a command's arguments and not by go test, the test program is the
// command itself: in a terminal of its own, or as a server that is a program.
func init() {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		main()
	}
}

func TestDemoServerPrintsItsURLFirst(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out, in := io.Pipe()
	root := newRoot()
	root.SetOut(in)
	root.SetArgs([]string{"demo-server", "--addr", "127.0.0.1:0"})
	ended := make(chan error, 1)
	go func() {
		err := root.ExecuteContext(ctx)
		_ = in.CloseWithError(err)
		ended <- err
	}()

	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok || !strings.HasPrefix(url, "http://127.0.0.1:") || !strings.HasSuffix(url, "/mcp") {
		t.Fatalf("first line = %q", line)
	}
	answer, err := http.Get(url) // no session: refused, but by an MCP server
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusBadRequest {
		t.Errorf("GET: got %s, want 400", answer.Status)
	}

	interrupt()
	if err := <-ended; err != nil {
		t.Errorf("after the interrupt: %v", err)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("it still answers after the interrupt")
	}
}

func TestArguments(t *testing.T) {
	tests := []struct {
		name string
		args []string
		out  string // a part of standard output
		err  string // a part of the error
	}{
		{"nothing", []string{}, "demo-server", ""},
		{"version", []string{"version"}, "remora ", ""},
		{"help names the tools", []string{"demo-server", "--help"}, "slow {steps, delayMs}", ""},
		{"unknown command", []string{"fly"}, "", `unknown command "fly"`},
		{"unknown flag", []string{"demo-server", "--port", "1"}, "", "unknown flag: --port"},
		{"argument too many", []string{"demo-server", "now"}, "", `unknown command "now"`},
		{"help names the keys", []string{"demo-server", "--help"}, "\n  reef    dk_reef_", ""},
		{"protected program", []string{"demo-server", "--auth", "--stdio"}, "", "leave out --stdio"},
		{"lifetime of nothing", []string{"demo-server", "--token-lifetime", "1m"}, "", "goes with --auth"},
		{"lifetime too short", []string{"demo-server", "--auth", "--token-lifetime", "1ms"}, "", "at least 1s"},
		{"bad address", []string{"demo-server", "--addr", "here"}, "", `cannot listen on "here"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			root := newRoot()
			root.SetOut(&out)
			root.SetArgs(test.args)
			err := root.ExecuteContext(t.Context())
			if test.err == "" && err != nil {
				t.Fatal(err)
			}
			if test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("got error %v, want %q in it", err, test.err)
			}
			if !strings.Contains(out.String(), test.out) {
				t.Errorf("got %q, want %q in it", out.String(), test.out)
			}
		})
	}
}
