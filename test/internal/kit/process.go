package kit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// stopGrace is how long a process that was asked to stop may take.
const stopGrace = 5 * time.Second

// A Process is a child process. It is ended and waited for by Stop; on Linux it
// also ends with this process, however that ends.
type Process struct {
	cmd    *exec.Cmd
	output tail
	ended  chan struct{} // closed once it has been waited for
	err    error         // how it ended; read after ended
}

// Start runs a program. What it writes is kept, the last 64 KiB of it, for
// error messages; env is added to this process's environment. lines, if not
// nil, is called with each line of its standard output, from one goroutine.
func Start(program string, args, env []string, lines func(string)) (*Process, error) {
	p := &Process{cmd: exec.Command(program, args...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = &p.output
	p.cmd.Stdout = &p.output
	p.cmd.WaitDelay = stopGrace
	if lines != nil {
		p.cmd.Stdout = io.MultiWriter(&p.output, &lineWriter{each: lines})
	}
	if err := start(p.cmd); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// Ended is closed once the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Output returns the last of what the process wrote.
func (p *Process) Output() string { return p.output.String() }

// Stop asks the process to end, kills it if it does not, and waits for it. It
// may be called more than once.
func (p *Process) Stop() {
	select {
	case <-p.ended:
		return
	default:
	}
	_ = interrupt(p.cmd.Process)
	timer := time.NewTimer(stopGrace)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// FreePort returns a loopback TCP port that was free a moment ago. Another
// process may take it first; callers try again with another.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// StartServer runs a program that listens on a port it is given, and returns
// once it accepts connections. command returns arguments and environment for a
// port; a port that was taken in the meantime is replaced by another.
func StartServer(ctx context.Context, program string, command func(port int) (args, env []string)) (*Process, int, error) {
	var err error
	for range 3 {
		var port int
		if port, err = FreePort(); err != nil {
			return nil, 0, err
		}
		args, env := command(port)
		var p *Process
		if p, err = Start(program, args, env, nil); err != nil {
			return nil, 0, err
		}
		if err = p.accepts(ctx, port); err == nil {
			return p, port, nil
		}
		p.Stop()
		if ctx.Err() != nil {
			break
		}
	}
	return nil, 0, err
}

// accepts waits until the process accepts connections on a port.
func (p *Process) accepts(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		dialer := net.Dialer{}
		conn, err := dialer.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended (%v) before it listened:\n%s", p.cmd.Path, p.err, p.Output())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s does not listen on port %d:\n%s", p.cmd.Path, port, p.Output()), ctx.Err())
		case <-again.C:
		}
	}
}

// Run runs a program to its end and returns its standard output. The error
// holds the last of its standard error. Ending ctx ends the program.
func Run(ctx context.Context, program string, args, env []string) ([]byte, error) {
	return command{}.run(ctx, program, args, env)
}

// RunIn is Run in a folder of the caller's choice.
func RunIn(ctx context.Context, dir, program string, args, env []string) ([]byte, error) {
	return command{dir: dir}.run(ctx, program, args, env)
}

// Filter is Run with a standard input.
func Filter(ctx context.Context, input io.Reader, program string, args, env []string) ([]byte, error) {
	return command{input: input}.run(ctx, program, args, env)
}

// A command is how a program is run to its end.
type command struct {
	dir   string
	input io.Reader
}

func (c command) run(ctx context.Context, program string, args, env []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stdin = c.dir, c.input
	cmd.Env = append(os.Environ(), env...)
	cmd.Cancel = func() error { return interrupt(cmd.Process) }
	cmd.WaitDelay = stopGrace
	var out bytes.Buffer
	var errs tail
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := start(cmd); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	if err := cmd.Wait(); err != nil {
		return out.Bytes(), fmt.Errorf("%s: %w\n%s", strings.Join(append([]string{program}, args...), " "), err, errs.String())
	}
	return out.Bytes(), nil
}

// A tail keeps the last 64 KiB that were written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

const tailBytes = 64 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if extra := len(t.kept) - tailBytes; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept)
}

// A lineWriter calls each with every whole line, without its newline.
type lineWriter struct {
	each func(string)
	rest []byte
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.rest = append(w.rest, b...)
	for {
		line, rest, whole := bytes.Cut(w.rest, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		w.each(strings.TrimSuffix(string(line), "\r"))
		w.rest = append([]byte(nil), rest...)
	}
}
