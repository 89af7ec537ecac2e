// Package examples runs the programs of the folder examples, and those that the
// README shows, as a person would: against real servers, with wrong arguments,
// without a server, and with Ctrl-C.
package examples

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/test/internal/kit"
	"github.com/remora-mcp/remora/test/internal/peers"
)

// patience bounds the wait for what must happen.
const patience = 3 * time.Minute

// A language is one of those that the examples are written in.
type language struct {
	name string
	// program returns the command of an example.
	program func(t *testing.T, name string) []string
	// flag is how a flag is written.
	flag string
}

var languages = []language{
	{"node", nodeProgram, "--"},
	{"go", goProgram, "-"},
}

// nodeProgram is an example on Node, with what npm installs for it.
func nodeProgram(t *testing.T, name string) []string {
	t.Helper()
	node, err := kit.Node(22)
	if err != nil {
		t.Fatal(err)
	}
	install(t)
	script, err := kit.In("examples", "node", name+".mjs")
	if err != nil {
		t.Fatal(err)
	}
	return []string{node, "--no-warnings", script}
}

func goProgram(t *testing.T, name string) []string {
	t.Helper()
	if err := kit.Plugin(); err != nil {
		t.Fatal(err)
	}
	program, err := kit.Build(t.Context(), "example-"+name, "./examples/go/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return []string{program}
}

// install installs what examples/node pins.
func install(t *testing.T) {
	t.Helper()
	if _, err := kit.Package(); err != nil {
		t.Fatal(err)
	}
	if err := installed(); err != nil {
		t.Fatal(err)
	}
}

var installed = sync.OnceValue(func() error {
	top, err := kit.Root()
	if err != nil {
		return err
	}
	_, err = kit.RunIn(context.Background(), top, "internal/tools/npm-install.sh", []string{"examples/node"}, nil)
	return err
})

// A run is a program that runs, or has ended.
type run struct {
	t        *testing.T
	cmd      *exec.Cmd
	stdin    io.WriteCloser
	out, err output
	ended    chan error
}

// newRun prepares a program to be run in a folder, the current one if it is
// empty.
func newRun(t *testing.T, dir string, command []string, args ...string) *run {
	args = append(command[1:len(command):len(command)], args...)
	r := &run{t: t, cmd: exec.CommandContext(t.Context(), command[0], args...), ended: make(chan error, 1)}
	r.cmd.Dir = dir
	// A program that is given up ends what it has started.
	r.cmd.Cancel = func() error { return r.cmd.Process.Signal(os.Interrupt) }
	r.cmd.WaitDelay = 10 * time.Second
	r.out.grown, r.err.grown = make(chan struct{}, 1), make(chan struct{}, 1)
	return r
}

func (r *run) start() {
	r.t.Helper()
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	go func() { r.ended <- r.cmd.Wait() }()
}

// start starts a program; its standard input stays open.
func start(t *testing.T, command []string, args ...string) *run {
	t.Helper()
	return startIn(t, "", command, args...)
}

// startIn is start in a folder.
func startIn(t *testing.T, dir string, command []string, args ...string) *run {
	t.Helper()
	r := newRun(t, dir, command, args...)
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.err
	var err error
	if r.stdin, err = r.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	r.start()
	return r
}

// await waits until the program has written text to standard output.
func (r *run) await(text string) {
	r.t.Helper()
	over := time.After(patience)
	for !strings.Contains(r.out.String(), text) {
		select {
		case <-r.out.grown:
		case <-over:
			r.t.Fatalf("%q does not come: %s%s", text, &r.out, &r.err)
		}
	}
}

// status waits for the end of the program.
func (r *run) status() int {
	r.t.Helper()
	select {
	case err := <-r.ended:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			r.t.Fatal(err)
		}
		return r.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		r.t.Fatalf("it does not end: %s%s", &r.out, &r.err)
		return -1
	}
}

// An output keeps what is written to it, and says when there is more.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.grown <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// startDemo runs the demo server for the test's time. The channel gets a token
// for each call of a tool that the client gives up.
func startDemo(t *testing.T) (url string, cancelled <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	tokens := make(chan struct{}, 10)
	handler := demoserver.Handler(ctx, "0.0.0-test")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		// On 2026-07-28 the end of the connection is what cancels.
		if r.Header.Get("Mcp-Method") == "tools/call" && r.Context().Err() != nil {
			tokens <- struct{}{}
		}
	}))
	t.Cleanup(func() { cancel(); server.Close() })
	return server.URL + demoserver.Path, tokens
}

// startPeers runs servers that other people wrote, among others.
func startPeers(t *testing.T) map[string]peers.Peer {
	t.Helper()
	set, err := peers.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Stop)
	return set.Peers
}

// nobodyListens is the URL of a server that is down.
func nobodyListens(t *testing.T) string {
	t.Helper()
	port, err := kit.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("http://127.0.0.1:%d/mcp", port)
}

func interrupt(t *testing.T, r *run) {
	t.Helper()
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}
