package main

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// terminalFile returns the file behind a stream if that is a terminal.
func terminalFile(stream any) *os.File {
	f, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return f
}

// columns is the width of a terminal.
func columns(f *os.File) int {
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}

// Why a line was not read.
var (
	errLeave     = errors.New("the person left the form") // Ctrl-D
	errInterrupt = errors.New("the person pressed Ctrl-C")
)

// A dialog asks a person for lines of text.
type dialog interface {
	// Say writes text, which must be harmless.
	Say(text string)
	// Line asks for one line. It blocks until there is one, or ends with
	// errLeave, errInterrupt or the context's error.
	Line(prompt string) (string, error)
}

// rawTerminal is the one terminal of the process, which has to be put back into
// its state whichever way the process ends.
var rawTerminal rawState

type rawState struct {
	mu   sync.Mutex
	file *os.File
	old  *term.State
}

func (r *rawState) enter(f *os.File) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, err := term.MakeRaw(int(f.Fd()))
	if err != nil {
		return err
	}
	r.file, r.old = f, old
	return nil
}

// active reports whether a dialog has the terminal.
func (r *rawState) active() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.old != nil
}

func (r *rawState) restore() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.old != nil {
		_ = term.Restore(int(r.file.Fd()), r.old) // a terminal that is gone
		r.old = nil
	}
}

// keys reads a terminal on a goroutine of its own, from the first dialog on, so
// that waiting for a key can be given up.
type keys struct {
	file   *os.File
	start  sync.Once
	chunks chan []byte // closed when the terminal is gone
}

func newKeys(f *os.File) *keys { return &keys{file: f, chunks: make(chan []byte)} }

func (k *keys) pump() {
	defer close(k.chunks)
	for {
		chunk := make([]byte, 256)
		n, err := k.file.Read(chunk)
		if n > 0 {
			k.chunks <- chunk[:n]
		}
		if err != nil {
			return
		}
	}
}

// A terminalDialog is a dialog with a line editor on a terminal in raw mode.
type terminalDialog struct {
	ctx         context.Context
	keys        *keys
	rest        []byte
	out         *os.File
	term        *term.Terminal
	interrupted bool
}

// openDialog takes the terminal: in for keys, out for text. Close gives it back.
// What was typed since the dialog before is dropped: it answers no question.
func openDialog(ctx context.Context, k *keys, out *os.File) (*terminalDialog, error) {
	if err := rawTerminal.enter(k.file); err != nil {
		return nil, err
	}
	k.start.Do(func() { go k.pump() })
	select {
	case <-k.chunks:
	default:
	}
	d := &terminalDialog{ctx: ctx, keys: k, out: out}
	d.term = term.NewTerminal(d, "")
	if width, height, err := term.GetSize(int(out.Fd())); err == nil && width > 0 {
		_ = d.term.SetSize(width, height) // as good as it gets
	}
	return d, nil
}

func (d *terminalDialog) Close() { rawTerminal.restore() }

// Read is where the line editor gets its keys.
func (d *terminalDialog) Read(p []byte) (int, error) {
	for len(d.rest) == 0 {
		select {
		case chunk, ok := <-d.keys.chunks:
			if !ok {
				return 0, io.EOF
			}
			d.rest = chunk
		case <-d.ctx.Done():
			return 0, d.ctx.Err()
		}
	}
	n := copy(p, d.rest)
	for _, key := range p[:n] {
		if key == 3 { // Ctrl-C, which is an end of file to the line editor
			d.interrupted = true
		}
	}
	d.rest = d.rest[n:]
	return n, nil
}

// Write is where the line editor draws.
func (d *terminalDialog) Write(p []byte) (int, error) { return d.out.Write(p) }

func (d *terminalDialog) Say(text string) {
	d.term.SetPrompt("")
	_, _ = io.WriteString(d.term, text) // a terminal that is gone ends Line
}

func (d *terminalDialog) Line(prompt string) (string, error) {
	d.term.SetPrompt(prompt)
	line, err := d.term.ReadLine()
	if err == nil {
		return line, nil
	}
	_, _ = io.WriteString(d.out, "\r\n") // not through the editor, which would draw the line again
	switch {
	case d.interrupted:
		return "", errInterrupt
	case d.ctx.Err() != nil:
		return "", d.ctx.Err()
	}
	return "", errLeave
}
