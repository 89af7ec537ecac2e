package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

// A Command is a server that is a program, spoken to over its stdin and stdout
// (2026-07-28 and before, basic/transports, stdio). It is a Dialer. The program
// and its arguments stay in this process: the plugin knows nothing of them.
type Command struct {
	// Path is the program: a path, or a name that is looked up in PATH.
	Path string
	// Args are its arguments, without the program's name.
	Args []string
	// Env are variables of its environment, as "name=value". They are added to
	// the few that most programs need (PATH, HOME, LANG, and the like): what else
	// is in this program's environment may be secret, and is not passed on.
	Env []string
	// Dir is its working directory. Empty selects this program's.
	Dir string
	// Stderr is written what the program writes to its stderr, as it comes. A
	// Writer that blocks holds the program up. Nil means that nobody wants it so:
	// its lines are log events either way, and its end is in the error if the
	// program exits by itself.
	Stderr io.Writer
	// Redact is given each line that the program writes to its stderr before that
	// is told or kept for an error, and returns it without secrets. Lines longer
	// than 64 KiB come in pieces. It is called by one goroutine at a time; if it
	// panics, the line is left out. Nil leaves the lines as they are. Stderr is
	// written what the program wrote.
	Redact func(line string) string
	// Grace is how long the program may take to exit after its stdin is closed,
	// and again after it was asked to end by a signal (SIGTERM, where there is
	// such a thing), before it is killed. Zero selects two seconds.
	Grace time.Duration
}

// ConnectCommand starts a program and opens a session with it; see
// ConnectChannel. Closing the session ends the program, and with it, on Unix, all
// that it started and that did not leave its process group.
//
// What the program writes to its stderr is offered as log events: each line,
// without those that are empty, is one with the Logger StderrLogger and the level
// info. It has no levels of its own, so ConnectOptions.LogLevel does not hold for it.
//
// A program that exits fails what is in flight with CodeChannelClosed, whose
// message holds the end of what it wrote to its stderr. The next call starts it
// again.
func (rt *Runtime) ConnectCommand(ctx context.Context, c Command, o *ConnectOptions) (*Session, error) {
	if c.Path == "" {
		return nil, failure(CodeLocalBadArgument, "Command.Path is empty")
	}
	if c.Grace < 0 {
		return nil, failure(CodeLocalBadArgument, "Command.Grace is negative")
	}
	c.Args, c.Env = slices.Clone(c.Args), slices.Clone(c.Env)
	return rt.ConnectChannel(ctx, c, o)
}

const defaultGrace = 2 * time.Second

// String returns the program's name, without its folder and arguments.
func (c Command) String() string { return filepath.Base(c.Path) }

// passedOn are the variables of the environment that a program gets.
var passedOn = []string{
	"HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER",
	"APPDATA", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATHEXT", "PROCESSOR_ARCHITECTURE",
	"PROGRAMDATA", "PROGRAMFILES", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE",
}

func (c Command) environment() []string {
	env := []string{}
	for _, name := range passedOn {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return append(env, c.Env...)
}

// Dial starts the program.
func (c Command) Dial(ctx context.Context) (Channel, error) { return c.dialTold(ctx, nil) }

// dialTold starts the program and tells of each line of its stderr.
func (c Command) dialTold(ctx context.Context, told func(line string)) (Channel, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := &process{name: c.String(), grace: c.Grace, exited: make(chan struct{}), copied: c.Stderr}
	p.said.redact, p.said.told = c.Redact, told
	if p.grace == 0 {
		p.grace = defaultGrace
	}
	// The pipes are made here and not by os/exec, whose Wait would wait for
	// whoever else has inherited them.
	var files []*os.File
	pipe := func() (r, w *os.File, err error) {
		r, w, err = os.Pipe()
		if err == nil {
			files = append(files, r, w)
		}
		return r, w, err
	}
	fail := func(err error) (Channel, error) {
		for _, f := range files {
			_ = f.Close()
		}
		return nil, &Error{Code: CodeChannelClosed, Message: "the server's program cannot be started: " + describe(plain(err)), Sent: SentNo, Retryable: true, cause: err}
	}
	stdin, toProcess, err := pipe()
	if err != nil {
		return fail(err)
	}
	fromProcess, stdout, err := pipe()
	if err != nil {
		return fail(err)
	}
	errors, stderr, err := pipe()
	if err != nil {
		return fail(err)
	}
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Env, cmd.Dir = c.environment(), c.Dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return fail(err)
	}
	for _, f := range []*os.File{stdin, stdout, stderr} {
		_ = f.Close() // the process has its own
	}
	p.cmd, p.stdin, p.stdout, p.stderr = cmd, toProcess, fromProcess, errors
	p.lines = newLineReader(fromProcess)
	p.drained.Add(1)
	go p.readStderr()
	go p.await()
	return p, nil
}

// plain is an error of os/exec without the path that it was looked for at.
func plain(err error) error {
	var e *exec.Error
	if errors.As(err, &e) {
		return fmt.Errorf("%s: %w", filepath.Base(e.Name), e.Err)
	}
	return err
}

// process is a Channel on a program that runs.
type process struct {
	name   string
	grace  time.Duration
	cmd    *exec.Cmd
	stdin  *os.File
	stdout *os.File
	stderr *os.File
	lines  *lineReader
	copied io.Writer // nil for nobody
	said   stderrLines

	exited  chan struct{} // closed when the program has exited
	drained sync.WaitGroup
}

// await waits for the program's end.
func (p *process) await() {
	_ = p.cmd.Wait() // ProcessState says how it went
	close(p.exited)
	// What it wrote is still read. Whoever else has its pipes open has no more to
	// say to us.
	deadline := time.Now().Add(afterExit)
	_ = p.stdout.SetReadDeadline(deadline)
	_ = p.stderr.SetReadDeadline(deadline)
}

// afterExit is how long the pipes of a program that has exited are read on,
// if others keep them open.
const afterExit = 500 * time.Millisecond

// readStderr passes stderr on and keeps its end.
func (p *process) readStderr() {
	defer p.drained.Done()
	defer p.said.close()
	buf := make([]byte, 4<<10)
	for {
		n, err := p.stderr.Read(buf)
		if n > 0 {
			p.said.write(buf[:n])
			if p.copied != nil && copyTo(p.copied, buf[:n]) != nil {
				p.copied = nil
			}
		}
		if err != nil {
			return
		}
	}
}

func copyTo(w io.Writer, b []byte) (err error) {
	defer recoverAs(&err)
	_, err = w.Write(b)
	return err
}

// Send writes one line.
func (p *process) Send(ctx context.Context, message []byte) error {
	defer context.AfterFunc(ctx, func() { _ = p.stdin.SetWriteDeadline(time.Now()) })()
	_, err := p.stdin.Write(append(message[:len(message):len(message)], '\n'))
	return err
}

// Receive reads one line.
func (p *process) Receive(ctx context.Context) ([]byte, error) {
	line, _, err := p.receive(ctx, wire.DefaultMaxBodyBytes)
	return line, err
}

func (p *process) receive(ctx context.Context, max int64) ([]byte, int64, error) {
	defer context.AfterFunc(ctx, func() { _ = p.stdout.SetReadDeadline(time.Now()) })()
	line, size, err := p.lines.next(max)
	if err == nil {
		return line, size, nil
	}
	if ctx.Err() != nil {
		return nil, 0, ctx.Err()
	}
	return nil, 0, p.explain(ctx)
}

// explain says how the program ended, or that it closed its stdout and lives on.
func (p *process) explain(ctx context.Context) *Error {
	timeout := time.NewTimer(p.grace)
	defer timeout.Stop()
	e := &Error{Code: CodeChannelClosed, Sent: SentUnknown}
	var data processEnd
	select {
	case <-p.exited:
		p.drained.Wait()
		e.Message, data = describeExit(p.cmd.ProcessState)
	case <-timeout.C:
		e.Message = "the server closed its stdout"
	case <-ctx.Done():
		e.Message = "the server closed its stdout"
	}
	data.Stderr = p.said.end()
	if said := lastLines(data.Stderr); said != "" {
		e.Message += "; its stderr ends: " + said
	}
	e.Data = data.json()
	return e
}

// Close ends the program: its stdin is closed; if it does not exit, it is asked
// to by a signal, then killed. What it has started is ended too.
func (p *process) Close(ctx context.Context) error {
	_ = p.stdin.Close()
	p.awaitExit(ctx, func() { terminate(p.cmd) })
	killGroup(p.cmd, p.exited)
	var err error
	select {
	case <-p.exited:
	case <-ctx.Done():
		err = fmt.Errorf("%s does not end", p.name)
		_ = p.stderr.SetReadDeadline(time.Now())
	}
	p.drained.Wait() // what it wrote last is told, too
	return errors.Join(err, p.stdout.Close(), p.stderr.Close())
}

// awaitExit waits for the program's exit, calls ask after the grace, and kills it
// after another.
func (p *process) awaitExit(ctx context.Context, ask func()) {
	for _, next := range []func(){ask, func() { kill(p.cmd) }} {
		timer := time.NewTimer(p.grace)
		select {
		case <-p.exited:
			timer.Stop()
			return
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		next()
	}
	select {
	case <-p.exited:
	case <-ctx.Done():
	}
}
