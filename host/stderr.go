package host

import (
	"bytes"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// StderrLogger is the Logger of the log events that are lines of a program's
// stderr (Events.Log, ConnectCommand).
const StderrLogger = "stderr"

// Bounds of what is kept of a program's stderr.
const (
	// maxStderrTail is how much of its end is kept for an error, at most.
	maxStderrTail = 4 << 10
	// maxStderrLine is how long a line may be; a longer one is several.
	maxStderrLine = 64 << 10
)

// stderrLines takes what a program writes to its stderr, line by line: it keeps
// the end for an error, and tells of each line. Both have gone through redact.
type stderrLines struct {
	redact func(line string) string // nil for none
	told   func(line string)        // nil for nobody

	mu   sync.Mutex
	line []byte // not ended yet
	tail string // whole lines, each with its end; of the first maybe the end only
}

// write takes what was read.
func (l *stderrLines) write(p []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(p) > 0 {
		n := min(len(p), maxStderrLine-len(l.line))
		end := bytes.IndexByte(p[:n], '\n')
		if end < 0 {
			l.line = append(l.line, p[:n]...)
			p = p[n:]
			if len(l.line) == maxStderrLine {
				l.endLine()
			}
			continue
		}
		l.line = append(l.line, p[:end]...)
		p = p[end+1:]
		l.endLine()
	}
}

// close takes the end, which may be within a line.
func (l *stderrLines) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.line) > 0 {
		l.endLine()
	}
}

// endLine is called with mu held.
func (l *stderrLines) endLine() {
	line, ok := l.shown()
	l.line = l.line[:0]
	if !ok {
		return
	}
	l.tail = lastBytes(l.tail+line+"\n", maxStderrTail)
	if l.told != nil && line != "" {
		l.told(line)
	}
}

// shown is the line so far as it may be shown. It reports false if redact failed:
// then it may not. It is called with mu held.
func (l *stderrLines) shown() (line string, ok bool) {
	line = strings.ToValidUTF8(strings.TrimSuffix(string(l.line), "\r"), "\uFFFD")
	if l.redact == nil {
		return line, true
	}
	defer func() { _ = recover() }() // the application's own function
	line = l.redact(line)
	return line, true
}

// end returns the end of what was written.
func (l *stderrLines) end() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	line, _ := l.shown()
	return lastBytes(l.tail+line, maxStderrTail)
}

// lastBytes returns the end of a text, at most max bytes of it.
func lastBytes(text string, max int) string {
	if len(text) <= max {
		return text
	}
	from := len(text) - max
	for from < len(text) && !utf8.RuneStart(text[from]) {
		from++
	}
	return text[from:]
}

// lastLines returns the last printable bytes of a text, from the beginning of a
// line if there is one among them.
func lastLines(text string) string {
	text = strings.TrimSpace(text)
	if end := lastBytes(text, wire.MaxExcerptBytes); len(end) < len(text) {
		text = end
		if _, rest, ok := strings.Cut(text, "\n"); ok {
			text = rest
		}
	}
	return wire.Excerpt([]byte(text))
}

// saidOnStderr tells of a line of the program's stderr.
func (s *Session) saidOnStderr(line string) {
	if !s.listeners.has(func(e *Events) bool { return e.Log != nil }) {
		return
	}
	//lint:ignore SA1019 see Events.Log
	s.publish(event{name: "log", data: mustJSON(&mcp.LoggingMessageParams{Level: "info", Logger: StderrLogger, Data: line})})
}
