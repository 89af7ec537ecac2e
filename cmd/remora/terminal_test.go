//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
)

// patience bounds the wait for what must happen.
const patience = time.Minute

// A screen is the command in a terminal.
type screen struct {
	t     *testing.T
	cmd   *exec.Cmd
	file  *os.File // the end that the person has
	tty   *os.File // the command's end
	ended chan error

	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func openScreen(t *testing.T, args ...string) *screen {
	t.Helper()
	file, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 24, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, file: file, tty: tty, ended: make(chan error, 1), changed: make(chan struct{}, 1)}
	s.cmd = exec.Command(exe, args...)
	s.cmd.Env = append(os.Environ(), "TERM=xterm")
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, tty, tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- s.cmd.Wait() }()
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(s, file) // ends when the terminal is closed
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // if the test failed
		_ = tty.Close()
		_ = file.Close()
		<-read
	})
	return s
}

// Write takes what the command writes.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return s.text.Write(p)
}

func (s *screen) content() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until text is on the screen.
func (s *screen) await(text string) {
	s.t.Helper()
	over := time.After(patience)
	for !strings.Contains(s.content(), text) {
		select {
		case <-s.changed:
		case <-over:
			s.t.Fatalf("%q does not come; the screen: %q", text, s.content())
		}
	}
}

func (s *screen) press(keys string) {
	s.t.Helper()
	if _, err := s.file.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// end waits for the end of the command and returns its status.
func (s *screen) end() int {
	s.t.Helper()
	select {
	case err := <-s.ended:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			s.t.Fatal(err)
		}
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		s.t.Fatalf("the command does not end; the screen: %q", s.content())
		return -1
	}
}

// A witness is the demo server with a look at what is asked of it.
type witness struct {
	*httptest.Server
	cancelled chan struct{} // gets a token when a call's end is asked for
	goodbye   chan struct{} // gets a token when a session's end is asked for
	mute      context.Context
}

// watch starts a witness. While mute lives, the end of a session is not
// answered.
func watch(t *testing.T, mute context.Context) *witness {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &witness{cancelled: make(chan struct{}, 10), goodbye: make(chan struct{}, 10), mute: mute}
	handler := demoserver.Handler(ctx, "0.0.0-test")
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if r.Method == http.MethodDelete {
			w.goodbye <- struct{}{}
			select {
			case <-w.mute.Done():
			case <-r.Context().Done():
			}
		}
		handler.ServeHTTP(rw, r)
		// Before 2026-07-28 there is a message; since then the end of the
		// connection says it.
		stateless := r.Header.Get("Mcp-Protocol-Version") >= "2026-07-28"
		if bytes.Contains(body, []byte(`"notifications/cancelled"`)) ||
			stateless && bytes.Contains(body, []byte(`"tools/call"`)) && r.Context().Err() != nil {
			w.cancelled <- struct{}{}
		}
	}))
	t.Cleanup(func() { cancel(); w.Close() })
	return w
}

// answered is a context that has ended: nothing is mute.
func answered() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func (w *witness) url() string { return w.URL + demoserver.Path }

func awaitToken(t *testing.T, tokens <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-tokens:
	case <-time.After(patience):
		t.Fatalf("the server sees no %s", what)
	}
}

var revisions = []string{"2026-07-28", "2025-11-25"}

func TestBarAndCtrlC(t *testing.T) {
	for _, revision := range revisions {
		t.Run(revision, func(t *testing.T) {
			w := watch(t, answered())
			s := openScreen(t, "call", "--protocol", revision, w.url(), "slow", "steps=10000", "delayMs=20")
			s.await("of 10000: step")
			s.await("0% [")
			s.press("\x03")
			awaitToken(t, w.cancelled, "cancellation")
			if got := s.end(); got != exitEnded {
				t.Errorf("status %d, want %d", got, exitEnded)
			}
			s.await("local/cancelled")
		})
	}
}

func TestSecondCtrlCEndsAtOnce(t *testing.T) {
	mute, answer := context.WithCancel(t.Context())
	defer answer()
	w := watch(t, mute)
	s := openScreen(t, "call", "--protocol", "2025-11-25", w.url(), "slow", "steps=10000", "delayMs=20")
	s.await("of 10000: step")
	s.press("\x03")
	awaitToken(t, w.goodbye, "end of the session")
	s.press("\x03")
	if got := s.end(); got != exitAtOnce {
		t.Errorf("status %d, want %d", got, exitAtOnce)
	}
}

func TestElicitationInATerminal(t *testing.T) {
	tests := []struct {
		name string
		keys []string // each after one more prompt
		want string
		code int
	}{
		{"answered", []string{"blux\x7fe\r", "y\r"}, "the answer is: blue", 0},
		{"required", []string{"\r", "red\r", "y\r"}, "the answer is: red", 0},
		{"declined", []string{"blue\r", "n\r"}, "no answer: decline", 0},
		{"left", []string{"\x04"}, "no answer: cancel", 0},
		{"call cancelled", []string{"bl\x03"}, "local/cancelled", exitEnded},
	}
	w := watch(t, answered())
	for _, revision := range revisions {
		for _, test := range tests {
			t.Run(revision+"/"+test.name, func(t *testing.T) {
				s := openScreen(t, "call", "--protocol", revision, w.url(), "ask", "question=Which colour?")
				before, err := term.GetState(int(s.tty.Fd()))
				if err != nil {
					t.Fatal(err)
				}
				s.await("asks:\r\n  Which colour?\r\n")
				prompts := 0
				for _, keys := range test.keys {
					prompts++
					s.awaitPrompts(prompts)
					s.press(keys)
				}
				if got := s.end(); got != test.code {
					t.Errorf("status %d, want %d", got, test.code)
				}
				s.await(test.want)
				after, err := term.GetState(int(s.tty.Fd()))
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(before, after) {
					t.Error("the terminal is not as it was")
				}
			})
		}
	}
}

// awaitPrompts waits until n prompts of the tool ask have been drawn.
func (s *screen) awaitPrompts(n int) {
	s.t.Helper()
	over := time.After(patience)
	for strings.Count(s.content(), "answer: ")+strings.Count(s.content(), "[c]ancel: ") < n {
		select {
		case <-s.changed:
		case <-over:
			s.t.Fatalf("prompt %d does not come; the screen: %q", n, s.content())
		}
	}
}

// TestNoFormsInAPipe: with standard input elsewhere nobody is asked.
func TestNoFormsInAPipe(t *testing.T) {
	w := watch(t, answered())
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "call", w.url(), "ask", "question=why")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != exitTool || !strings.Contains(string(out), noForms) {
		t.Errorf("%v: %s", err, out)
	}
}
