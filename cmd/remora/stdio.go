package main

import (
	"io"
	"os"
	"sync"

	"github.com/spf13/cobra"

	"github.com/remora-mcp/remora/host"
)

// splitServer takes the server off a command's arguments: a URL at their
// beginning, or a program and its arguments behind "--". Behind a URL "--" only
// ends the flags, as everywhere.
func splitServer(cmd *cobra.Command, args []string) (url string, command, rest []string) {
	dash := cmd.ArgsLenAtDash()
	if dash < 0 || dash > 0 && isURL(args[0]) {
		if len(args) == 0 {
			return "", nil, nil
		}
		return args[0], nil, args[1:]
	}
	return "", args[dash:], args[:dash]
}

// serverArgs checks that a command has a server, and at least least and, unless
// most is negative, at most most further arguments.
func serverArgs(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		url, command, rest := splitServer(cmd, args)
		if url == "" && len(command) == 0 {
			return usage("a server is missing: its URL, or -- and the program that it is")
		}
		return checkRest(len(rest), least, most)
	}
}

// checkRest checks how many arguments there are besides the server.
func checkRest(n, least, most int) error {
	switch {
	case n < least:
		return usage("requires at least %d arg(s) besides the server, only received %d", least, n)
	case most >= 0 && n > most:
		return usage("accepts %d arg(s) besides the server, received %d", most, n)
	}
	return nil
}

// forServer remembers the server that a command's arguments name, for with, and
// returns its URL, empty for a program, and the other arguments. With --config the
// URL is the name of a server of the file.
func (f *serverFlags) forServer(cmd *cobra.Command, args []string) (url string, rest []string) {
	url, f.command, rest = splitServer(cmd, args)
	return url, rest
}

// program is the program behind "--". Whoever typed it may expect it to have the
// environment that it would have without us.
func (f *serverFlags) program() *host.Command {
	if f.command == nil {
		return nil
	}
	return &host.Command{Path: f.command[0], Args: f.command[1:], Env: os.Environ()}
}

// heard returns c with its stderr shown, unless --quiet is given, and without
// secrets in errors and in the log. prefix stands before each line.
func (f *serverFlags) heard(c host.Command, stderr io.Writer, prefix string, redact *redactor) host.Command {
	c.Redact = redact.text
	if !f.quiet {
		c.Stderr = &harmlessWriter{to: stderr, prefix: prefix, redact: redact}
	}
	return c
}

// maxStderrLine bounds a line that waits for its end.
const maxStderrLine = 64 << 10

// harmlessWriter passes on whole lines with nothing in them that moves a
// terminal's cursor, and no secret, each in one Write.
type harmlessWriter struct {
	to     io.Writer
	prefix string
	redact *redactor

	mu   sync.Mutex
	line []byte
}

func (w *harmlessWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range p {
		if b != '\n' && len(w.line) < maxStderrLine {
			w.line = append(w.line, b)
			continue
		}
		if _, err := io.WriteString(w.to, w.prefix+w.redact.text(harmless(string(w.line)))+"\n"); err != nil {
			return 0, err
		}
		w.line = w.line[:0]
		if b != '\n' {
			w.line = append(w.line, b)
		}
	}
	return len(p), nil
}
