package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// The test's own binary is the server of the tests of ConnectCommand: with this
// variable in its environment it speaks MCP on its stdin and stdout.
const stdioMode = "REMORA_TEST_STDIO"

func init() {
	mode := os.Getenv(stdioMode)
	switch mode {
	case "":
		return
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	case "usage":
		fmt.Println("Usage: server [options]")
		fmt.Fprintln(os.Stderr, "no such option")
		os.Exit(2)
	case "chatty":
		fmt.Println("starting up ...")
	}
	_ = newStdioServer().Run(context.Background(), &mcp.StdioTransport{})
	if mode == "stubborn" {
		select {}
	}
	os.Exit(0)
}

func newStdioServer() *mcp.Server {
	s := newTestServer()
	type in struct {
		N int `json:"n,omitempty"`
	}
	add := func(name string, f func(ctx context.Context, n int) string) {
		mcp.AddTool(s, &mcp.Tool{Name: name}, func(ctx context.Context, _ *mcp.CallToolRequest, i in) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: f(ctx, i.N)}}}, nil, nil
		})
	}
	add("crash", func(context.Context, int) string {
		fmt.Fprintf(os.Stderr, "%s\nit broke at last\n", strings.Repeat("many words\n", 10_000))
		os.Exit(3)
		return ""
	})
	add("big", func(_ context.Context, n int) string { return strings.Repeat("x", n) })
	add("print", func(context.Context, int) string {
		fmt.Println("this is not JSON")
		fmt.Println(`{"jsonrpc":"2.0","id":12345,"result":{}}`)
		return "printed"
	})
	add("hang", func(ctx context.Context, _ int) string {
		fmt.Fprintln(os.Stderr, "began")
		<-ctx.Done()
		fmt.Fprintln(os.Stderr, "cancelled")
		return ""
	})
	add("child", func(context.Context, int) string {
		c := exec.Command("sleep", "1000")
		c.Stdout, c.Stderr = os.Stdout, os.Stderr // it keeps the pipes open
		if err := c.Start(); err != nil {
			return err.Error()
		}
		return fmt.Sprint(c.Process.Pid)
	})
	type said struct {
		Text string `json:"text"`
	}
	mcp.AddTool(s, &mcp.Tool{Name: "echo"}, func(_ context.Context, _ *mcp.CallToolRequest, in said) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: in.Text}}}, nil, nil
	})
	add("pid", func(context.Context, int) string { return fmt.Sprint(os.Getpid()) })
	add("environment", func(context.Context, int) string { return strings.Join(os.Environ(), "\n") })
	mcp.AddTool(s, &mcp.Tool{Name: "question"}, func(_ context.Context, req *mcp.CallToolRequest, _ noArgs) (*mcp.CallToolResult, any, error) {
		answer, ok := req.Params.InputResponses["name"].(*mcp.ElicitResult)
		if !ok { // the go-sdk asks with elicitation/create where this is not known
			ask := &mcp.ElicitParams{Message: "your name?", RequestedSchema: map[string]any{
				"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}},
			}}
			return &mcp.CallToolResult{InputRequests: mcp.InputRequestMap{"name": ask}}, nil, nil
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: fmt.Sprint(answer.Content["name"])}}}, nil, nil
	})
	return s
}

// lockedBuffer is an io.Writer whose text can be awaited.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) await(t *testing.T, what string) {
	t.Helper()
	for end := time.Now().Add(testTimeout); ; time.Sleep(time.Millisecond) {
		b.mu.Lock()
		has := strings.Contains(b.buf.String(), what)
		b.mu.Unlock()
		if has {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%q was not written to stderr", what)
		}
	}
}

func stdioCommand(mode string) Command {
	return Command{Path: os.Args[0], Env: []string{stdioMode + "=" + mode}, Grace: 300 * time.Millisecond}
}

func connectCommand(t *testing.T, rt *Runtime, c Command, o *ConnectOptions) *Session {
	t.Helper()
	s, err := rt.ConnectCommand(t.Context(), c, o)
	if err != nil {
		t.Fatalf("ConnectCommand: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func callText(t *testing.T, s *Session, tool string, args any) string {
	t.Helper()
	res, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	return text(t, res)
}

// alive reports whether a process lives; one that is dead and not waited for
// does not.
func alive(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}

func TestCommandOnEveryLine(t *testing.T) {
	rt := openRuntime(t)
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		t.Run(version, func(t *testing.T) {
			var stderr lockedBuffer
			c := stdioCommand("server")
			c.Stderr = &stderr
			s := connectCommand(t, rt, c, &ConnectOptions{
				ProtocolVersion: version,
				Handlers: Handlers{Elicit: func(ctx context.Context, p *mcp.ElicitParams) (*mcp.ElicitResult, error) {
					if ask, _ := AskFromContext(ctx); ask.Origin != c.String() {
						t.Errorf("the question comes from %q", ask.Origin)
					}
					return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ada"}}, nil
				}},
			})
			if got := s.InitializeResult().ProtocolVersion; got != version {
				t.Errorf("agreed on %s", got)
			}
			if err := s.Ping(t.Context(), nil); err != nil {
				t.Errorf("Ping: %v", err)
			}
			if got := callText(t, s, "question", nil); got != "Ada" {
				t.Errorf("question: %s", got)
			}
			progress := 0
			ctx := WithCallOptions(t.Context(), CallOptions{OnProgress: func(*mcp.ProgressNotificationParams) { progress++ }})
			if _, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "slow", Arguments: map[string]any{"steps": 5}}); err != nil || progress == 0 {
				t.Errorf("slow: %v, %d progress events", err, progress)
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				stderr.await(t, "began")
				cancel()
			}()
			if _, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "hang"}); !errors.Is(err, context.Canceled) {
				t.Errorf("hang: %v", err)
			}
			stderr.await(t, "cancelled")
			if got := callText(t, s, "print", nil); got != "printed" {
				t.Errorf("print: %s", got)
			}
			if stats, err := s.Stats(t.Context()); err != nil || stats.Dropped < 2 {
				t.Errorf("what it printed was not counted: %+v, %v", stats, err)
			}
			if got := callText(t, s, "big", map[string]any{"n": 5 << 20}); len(got) != 5<<20 {
				t.Errorf("%d bytes", len(got))
			}
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					res, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "add", Arguments: addArgs{i, 1}})
					if err != nil || len(res.Content) == 0 {
						t.Errorf("one of eight: %v", err)
					}
				})
			}
			all.Wait()
			pid, child := callText(t, s, "pid", nil), callText(t, s, "child", nil)
			if !alive(pid) || !alive(child) {
				t.Fatalf("%s and %s should live", pid, child)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if alive(pid) {
				t.Error("the program outlives its session")
			}
			eventually(t, "what it started is gone", func() bool { return !alive(child) })
		})
	}
}

// A program that exits fails what is in flight, with the end of its stderr, and
// is started again by the next call.
func TestCommandCrashes(t *testing.T) {
	rt := openRuntime(t)
	states := make(chan StateChange, 100)
	s := connectCommand(t, rt, stdioCommand("server"), &ConnectOptions{Events: Events{State: func(c StateChange) { states <- c }}})
	before := callText(t, s, "pid", nil)
	_, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "crash"})
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeChannelClosed || e.Sent != SentUnknown || e.Retryable ||
		!strings.Contains(e.Message, "status 3") || !strings.Contains(e.Message, "it broke at last") ||
		!strings.Contains(string(e.Data), `"exitCode":3`) || len(e.Data) > 8<<10 {
		t.Errorf("%+v", e)
	}
	if after := callText(t, s, "pid", nil); after == before || after == "" {
		t.Errorf("process %s, then %s", before, after)
	}
	for _, want := range []SessionState{StateConnecting, StateReady, StateLost, StateReconnecting, StateReady} {
		if got := <-states; got.State != want {
			t.Errorf("state %s, want %s", got.State, want)
		}
	}
}

// What cannot be started, or is no server, says why.
func TestCommandIsNoServer(t *testing.T) {
	rt := openRuntime(t)
	for _, c := range []struct {
		name    string
		command Command
		code    Code
		say     []string
	}{
		{"nothing", Command{}, CodeLocalBadArgument, nil},
		{"not there", Command{Path: "no-such-program-anywhere"}, CodeChannelClosed, []string{"no-such-program-anywhere", "not found"}},
		{"no such folder", Command{Path: os.Args[0], Dir: "/no/such/folder"}, CodeChannelClosed, []string{"cannot be started"}},
		{"usage", stdioCommand("usage"), CodeChannelClosed, []string{"status 2", "no such option", "Usage: server"}},
		{"ends at once", Command{Path: "true"}, CodeChannelClosed, []string{"status 0"}},
		{"killed", Command{Path: "sh", Args: []string{"-c", "kill -9 $$"}}, CodeChannelClosed, []string{"killed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := rt.ConnectCommand(t.Context(), c.command, nil)
			var e *Error
			if !errors.As(err, &e) || e.Code != c.code {
				t.Fatalf("%v, want %s", err, c.code)
			}
			for _, s := range c.say {
				if !strings.Contains(e.Message, s) {
					t.Errorf("%q does not say %q", e.Message, s)
				}
			}
		})
	}
	if s := connectCommand(t, rt, stdioCommand("chatty"), nil); callText(t, s, "add", addArgs{1, 2}) != `{"sum":3}` {
		t.Error("a server that prints first does not work")
	}
}

// A message beyond the limit fails its own call.
func TestCommandMessageTooLarge(t *testing.T) {
	rt := openRuntime(t, func(o *Options) { o.Limits.MaxBodyBytes = 1 << 20 })
	s := connectCommand(t, rt, stdioCommand("server"), nil)
	var e *Error
	if _, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "big", Arguments: map[string]any{"n": 3 << 20}}); !errors.As(err, &e) || e.Code != CodeLocalTooLarge {
		t.Errorf("%v", err)
	}
	if got := callText(t, s, "big", map[string]any{"n": 1000}); len(got) != 1000 {
		t.Errorf("%d bytes", len(got))
	}
}

// A program that heeds neither the end of its stdin nor a signal is killed.
func TestCommandIsKilled(t *testing.T) {
	rt := openRuntime(t)
	s := connectCommand(t, rt, stdioCommand("stubborn"), nil)
	pid := callText(t, s, "pid", nil)
	hanging := make(chan error, 1)
	go func() {
		_, err := s.CallTool(context.Background(), &mcp.CallToolParams{Name: "hang"})
		hanging <- err
	}()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	var e *Error
	if err := <-hanging; !errors.As(err, &e) || e.Code != CodeLocalClosed {
		t.Errorf("the call in flight: %v", err)
	}
	if alive(pid) {
		t.Error("it lives")
	}
}

// The environment of this program is not passed on.
func TestCommandEnvironment(t *testing.T) {
	t.Setenv("REMORA_TEST_SECRET", "canary")
	s := connectCommand(t, openRuntime(t), stdioCommand("server"), nil)
	if env := callText(t, s, "environment", nil); strings.Contains(env, "canary") || !strings.Contains(env, "PATH=") {
		t.Errorf("the environment is %s", env)
	}
}

// Fifty programs started and closed leave no process and no file behind.
func TestFiftyCommands(t *testing.T) {
	rt := openRuntime(t)
	open := func() int {
		files, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("there is no /proc")
		}
		return len(files)
	}
	connectCommand(t, rt, stdioCommand("server"), nil).Close() // what is opened once
	files, goroutines := open(), runtime.NumGoroutine()
	var mu sync.Mutex
	var pids []string
	var all sync.WaitGroup
	gate := make(chan struct{}, 5)
	for range 50 {
		gate <- struct{}{}
		all.Go(func() {
			defer func() { <-gate }()
			s, err := rt.ConnectCommand(t.Context(), stdioCommand("server"), nil)
			if err != nil {
				t.Error(err)
				return
			}
			res, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "pid"})
			if err != nil {
				t.Error(err)
			} else {
				mu.Lock()
				pids = append(pids, res.Content[0].(*mcp.TextContent).Text)
				mu.Unlock()
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("process %s is left", pid)
		}
	}
	if len(pids) != 50 {
		t.Errorf("%d programs ran", len(pids))
	}
	eventually(t, fmt.Sprintf("%d files are open, as before", files), func() bool { return open() <= files })
	eventually(t, "the goroutines are gone", func() bool { return runtime.NumGoroutine() <= goroutines+2 })
}

// A transport of the go-sdk is a channel too.
func TestTransportChannel(t *testing.T) {
	rt := openRuntime(t)
	near, far := mcp.NewInMemoryTransports()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _ = newTestServer().Run(ctx, far) }()
	s, err := rt.ConnectChannel(t.Context(), Transport("memory", near), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := callText(t, s, "add", addArgs{2, 3}); got != `{"sum":5}` {
		t.Errorf("add: %s", got)
	}
	cancel()
	eventually(t, "the session is lost for good", func() bool {
		var e *Error
		_, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "add", Arguments: addArgs{2, 3}})
		return errors.As(err, &e) && e.Code == CodeChannelClosed && strings.Contains(e.Message, "only once")
	})
}
