package host

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// programTools are the tools of the program of stdioCommand, by their names in a
// group in which it is called p.
func programTools() []string {
	return []string{
		"p__add", "p__ask", "p__big", "p__child", "p__crash", "p__echo", "p__environment", "p__fail", "p__hang",
		"p__pid", "p__print", "p__question", "p__slow",
	}
}

// Of two servers over HTTP and a program, the program is killed and comes back.
func TestGroupOutlivesAProgram(t *testing.T) {
	rt := openRuntime(t)
	for _, line := range []line{lines[0], lines[4]} {
		t.Run(line.name, func(t *testing.T) {
			changed := make(chan string, 100)
			g := newGroup(t, rt, &GroupOptions{
				Connect: ConnectOptions{ProtocolVersion: line.version},
				Events:  func(server string) Events { return Events{ToolsChanged: func() { changed <- server }} },
			})
			var others []string
			for _, name := range []string{"a", "c"} {
				add(t, g, name, startTools(t, name, line.opts, "x", "y").url(), nil)
				others = append(others, name+"__x", name+"__y")
				<-changed
			}
			program := stdioCommand("on")
			program.Path = filepath.Join(t.TempDir(), "server")
			install := func() {
				if err := os.Symlink(os.Args[0], program.Path); err != nil {
					t.Fatal(err)
				}
			}
			install()
			if _, err := g.AddCommand(t.Context(), "p", program, nil); err != nil {
				t.Fatalf("AddCommand: %v", err)
			}
			<-changed
			all := append(programTools(), others...)
			wantNames(t, g, all...)

			// Calls to the other two go on all the while.
			var busy sync.WaitGroup
			var calls atomic.Int64
			stop := make(chan struct{})
			for _, name := range []string{"a", "c"} {
				busy.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						if got, err := groupText(t.Context(), g, name+"__x"); err != nil || got != name+"/x" {
							t.Errorf("%s: %s, %v", name, got, err)
						}
						calls.Add(1)
					}
				})
			}
			first, err := groupText(t.Context(), g, "p__pid")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(program.Path); err != nil { // it cannot be started again
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(first)
			if err != nil {
				t.Fatal(err)
			}
			victim, err := os.FindProcess(pid)
			if err != nil {
				t.Fatal(err)
			}
			if err := victim.Kill(); err != nil {
				t.Fatal(err)
			}
			if got := <-changed; got != "p" {
				t.Errorf("the tools of %s changed", got)
			}
			p, _ := g.Server("p")
			if p.State != StateLost || !errors.Is(p.Err, &Error{Code: CodeChannelClosed}) || !strings.Contains(p.Err.Error(), "killed") {
				t.Errorf("the program that was killed: %s, %v", p.State, p.Err)
			}
			wantNames(t, g, others...)
			if _, err := groupText(t.Context(), g, "p__pid"); !errors.Is(err, &Error{Code: CodeChannelClosed}) {
				t.Errorf("a call of the program that is gone: %v", err)
			}
			if err := g.Reconnect(t.Context(), "p"); err == nil || !strings.Contains(err.Error(), "cannot be started") {
				t.Errorf("Reconnect without the program: %v", err)
			}

			install()
			if err := g.Reconnect(t.Context(), "p"); err != nil {
				t.Fatalf("Reconnect: %v", err)
			}
			if got := <-changed; got != "p" {
				t.Errorf("the tools of %s changed", got)
			}
			wantNames(t, g, all...)
			second, err := groupText(t.Context(), g, "p__pid")
			if err != nil || second == first {
				t.Errorf("pid %s after %s, %v", second, first, err)
			}

			// One that ends by itself says why, and the next call starts it.
			if _, err := groupText(t.Context(), g, "p__crash"); !errors.Is(err, &Error{Code: CodeChannelClosed}) || !strings.Contains(err.Error(), "it broke at last") {
				t.Errorf("crash: %v", err)
			}
			third, err := groupText(t.Context(), g, "p__pid")
			if err != nil || third == second {
				t.Errorf("pid %s after %s, %v", third, second, err)
			}
			for before := calls.Load(); calls.Load() < before+10; {
				if _, err := groupText(t.Context(), g, "p__fail"); err != nil {
					t.Error(err)
				}
			}
			close(stop)
			busy.Wait()
			if err := g.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if alive(third) {
				t.Error("the program lives on after Close")
			}
		})
	}
}

// A channel that cannot be opened again leaves its server lost, and the others as
// they are.
func TestGroupChannelThatEnds(t *testing.T) {
	rt := openRuntime(t)
	changed := make(chan string, 10)
	g := newGroup(t, rt, &GroupOptions{Events: func(server string) Events {
		return Events{ToolsChanged: func() { changed <- server }}
	}})
	add(t, g, "a", startTools(t, "a", mcp.StreamableHTTPOptions{Stateless: true}, "x").url(), nil)
	<-changed
	near, far := net.Pipe()
	if _, err := newTestServer().Connect(t.Context(), &mcp.IOTransport{Reader: far, Writer: far}, nil); err != nil {
		t.Fatal(err)
	}
	added, err := g.AddChannel(t.Context(), "here", Transport("here", &mcp.IOTransport{Reader: near, Writer: near}), nil)
	if err != nil || added.State != StateReady {
		t.Fatalf("AddChannel: %+v, %v", added, err)
	}
	<-changed
	if raw, err := g.CallToolRaw(t.Context(), &mcp.CallToolParams{Name: "here__add", Arguments: addArgs{2, 3}}); err != nil || !strings.Contains(string(raw), `"sum":5`) {
		t.Errorf("add: %s, %v", raw, err)
	}
	// Not the server's Close: it waits for requests that have only just come.
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	if got := <-changed; got != "here" {
		t.Errorf("the tools of %s changed", got)
	}
	for range 2 {
		wantNames(t, g, "a__x")
		err := g.Reconnect(t.Context(), "here")
		if !errors.Is(err, &Error{Code: CodeChannelClosed}) || !strings.Contains(err.Error(), "can be connected only once") {
			t.Errorf("Reconnect: %v", err)
		}
		here, _ := g.Server("here")
		if here.State != StateLost || here.Err == nil || here.Err.Error() != err.Error() {
			t.Errorf("the server whose channel ended: %s, %v", here.State, here.Err)
		}
	}
	if got, err := groupText(t.Context(), g, "a__x"); err != nil || got != "a/x" {
		t.Errorf("a__x: %s, %v", got, err)
	}
}

func TestGroupProgramsThatCannotBe(t *testing.T) {
	rt := openRuntime(t)
	g := newGroup(t, rt, nil)
	nowhere := Command{Path: "no-such-program-anywhere"}
	for name, test := range map[string]struct {
		command Command
		options *AddOptions
		code    Code
	}{
		"not there": {nowhere, nil, CodeChannelClosed},
		"no path":   {Command{}, &AddOptions{AllowDown: true}, CodeLocalBadArgument},
		"headers":   {stdioCommand("on"), &AddOptions{AllowDown: true, ConnectOptions: ConnectOptions{Headers: http.Header{"A": {"b"}}}}, CodeLocalBadArgument},
	} {
		if _, err := g.AddCommand(t.Context(), name, test.command, test.options); !errors.Is(err, &Error{Code: test.code}) {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
	if _, err := g.AddChannel(t.Context(), "nil", nil, &AddOptions{AllowDown: true}); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
		t.Errorf("a Dialer that is nil: %v", err)
	}
	if got := g.Servers(); len(got) != 0 {
		t.Errorf("servers %+v", got)
	}
	down, err := g.AddCommand(t.Context(), "down", nowhere, &AddOptions{AllowDown: true})
	if err != nil || down.State != StateLost || !errors.Is(down.Err, &Error{Code: CodeChannelClosed}) {
		t.Errorf("%+v, %v", down, err)
	}
}

// A group's program is named by the server's name where it asks.
func TestGroupProgramAsks(t *testing.T) {
	rt := openRuntime(t)
	var heard []string
	g := newGroup(t, rt, &GroupOptions{Connect: ConnectOptions{Handlers: Handlers{
		Elicit: func(ctx context.Context, p *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			ask, _ := AskFromContext(ctx)
			heard = append(heard, ask.Server+" at "+ask.Origin+": "+p.Message)
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ada"}}, nil
		},
	}}})
	if _, err := g.AddCommand(t.Context(), "p", stdioCommand("on"), nil); err != nil {
		t.Fatal(err)
	}
	if got, err := groupText(t.Context(), g, "p__question"); err != nil || got != "Ada" {
		t.Errorf("question: %s, %v", got, err)
	}
	if want := []string{"p at " + filepath.Base(os.Args[0]) + ": your name?"}; !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
}
