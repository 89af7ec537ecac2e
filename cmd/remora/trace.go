package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/remora-mcp/remora/host"
)

// traceVersion is the version of trace files (docs/trace.md).
const traceVersion = 1

// traceWait bounds how long the program waits at its end for the last events.
const traceWait = 2 * time.Second

// traceFlags say where the trace of a session goes.
type traceFlags struct {
	lines bool
	file  string
}

func (f *traceFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.lines, "trace", false, "print what goes over the network on standard error, secrets masked")
	cmd.Flags().StringVar(&f.file, "trace-file", "", "write what goes over the network to a `file`, one JSON object a line, secrets masked; the file is replaced")
	_ = cmd.MarkFlagFilename("trace-file", "jsonl") // completion only
}

// open starts a trace; nil if none is wanted.
func (f *traceFlags) open(errOut io.Writer) (*traceView, error) {
	if !f.lines && f.file == "" {
		return nil, nil
	}
	v := &traceView{ended: make(chan struct{})}
	if f.lines {
		v.lines = errOut
		v.colour = terminalFile(errOut) != nil && os.Getenv("NO_COLOR") == ""
	}
	if f.file == "" {
		return v, nil
	}
	// What was asked and answered is nobody else's business.
	file, err := os.OpenFile(f.file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, usage("--trace-file: %v", err)
	}
	v.file, v.buffer = file, bufio.NewWriter(file)
	v.save(struct {
		Remora  string `json:"remora"`
		Version int    `json:"version"`
		Release string `json:"release"`
		Created string `json:"created"`
	}{"trace", traceVersion, host.Version, time.Now().UTC().Format(time.RFC3339)})
	return v, nil
}

// A traceView prints the trace of one session, or writes it to a file, or both.
// Its events come on one goroutine; close may be called on another.
type traceView struct {
	lines  io.Writer // nil for none
	colour bool

	mu     sync.Mutex
	held   bytes.Buffer // lines that wait for a form to close
	file   *os.File     // nil for none
	buffer *bufio.Writer
	err    error // why the file is not complete

	end   sync.Once
	ended chan struct{} // closed with the session
}

// events are the callbacks of a session. A nil view has none.
func (v *traceView) events() host.Events {
	if v == nil {
		return host.Events{}
	}
	return host.Events{Trace: v.show, State: func(s host.StateChange) {
		if s.State == host.StateClosed {
			v.end.Do(func() { close(v.ended) })
		}
	}}
}

func (v *traceView) show(e host.TraceEvent) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.file != nil {
		v.save(e)
	}
	if v.lines != nil {
		v.print(e)
	}
}

// save writes one line of the file. It is called with mu held, or before there
// are events.
func (v *traceView) save(line any) {
	raw, err := json.Marshal(line)
	if err == nil {
		_, err = v.buffer.Write(append(raw, '\n'))
	}
	v.err = errors.Join(v.err, err)
}

// maxHeldTrace bounds what waits for a form to close.
const maxHeldTrace = 1 << 20

// print writes the event for a person, after the form that is open, if any.
func (v *traceView) print(e host.TraceEvent) {
	line := traceLine(e, v.colour) + "\n"
	if rawTerminal.active() {
		if v.held.Len()+len(line) <= maxHeldTrace {
			v.held.WriteString(line)
		}
		return
	}
	v.release()
	_, _ = io.WriteString(v.lines, line) // a terminal that is gone
}

func (v *traceView) release() {
	if v.held.Len() > 0 {
		_, _ = v.held.WriteTo(v.lines)
		v.held.Reset()
	}
}

// close waits for the last events, if there was a session, and completes the
// file.
func (v *traceView) close(session bool) error {
	if v == nil {
		return nil
	}
	if session {
		select {
		case <-v.ended:
		case <-time.After(traceWait):
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.lines != nil {
		v.release()
		v.lines = nil
	}
	if v.file == nil {
		return nil
	}
	err := errors.Join(v.err, v.buffer.Flush(), v.file.Close())
	v.file = nil
	if err != nil {
		return fmt.Errorf("--trace-file: %w", err)
	}
	return nil
}

// The colours of a trace, as the terminal's own numbers for them.
const (
	colourDim  = "2"
	colourSent = "36" // cyan
	colourGot  = "32" // green
	colourBad  = "31" // red
)

// traceLine is an event for a person, harmless, without its line end:
//
//	12:00:01.204 #1 -> tools/call id 3, 214 bytes {"jsonrpc":...}
func traceLine(e host.TraceEvent, colour bool) string {
	paint := func(code, text string) string {
		if !colour || text == "" {
			return text
		}
		return "\x1b[" + code + "m" + text + "\x1b[0m"
	}
	shown, style := "", colourDim
	switch e.Type {
	case host.TraceRequest:
		shown = e.Method + " " + e.URL + headerText(e.Headers)
	case host.TraceResponse:
		if shown = strconv.Itoa(e.Status) + headerText(e.Headers); e.Status >= 400 {
			style = colourBad
		}
	case host.TraceEnd:
		shown = "end, " + byteCount(e.Bytes)
		switch {
		case e.Error != "":
			shown, style = "failed: "+e.Error, colourBad
		case e.Reason != "":
			shown += ", " + e.Reason
		}
	case host.TraceSent, host.TraceReceived:
		arrow := "->"
		if style = colourSent; e.Type == host.TraceReceived {
			arrow, style = "<-", colourGot
		}
		what, failed := describeMessage(e.Message)
		if failed {
			style = colourBad
		}
		head := arrow + " " + what + ", " + byteCount(e.Bytes)
		if e.Truncated {
			head += ", shortened"
		}
		return prefix(e, paint) + paint(style, traceText(head)) + " " + traceText(string(e.Message))
	case host.TraceDropped:
		shown, style = "dropped: "+e.Reason, colourBad
	default:
		shown = string(e.Type)
	}
	return prefix(e, paint) + paint(style, traceText(shown))
}

// traceText is harmless text on one line.
func traceText(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(harmless(s), "\n", `\n`), "\t", " ")
}

func prefix(e host.TraceEvent, paint func(code, text string) string) string {
	text := e.At.Local().Format("15:04:05.000")
	if e.Exchange != 0 {
		text += fmt.Sprintf(" #%d", e.Exchange)
	}
	return paint(colourDim, text) + " "
}

// headerText is the headers in parentheses, in the order they came.
func headerText(headers [][2]string) string {
	if len(headers) == 0 {
		return ""
	}
	parts := make([]string, len(headers))
	for i, h := range headers {
		parts[i] = strings.ToLower(h[0]) + ": " + h[1]
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

func byteCount(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// describeMessage says what a JSON-RPC message is, and whether it is an error.
func describeMessage(raw json.RawMessage) (what string, failed bool) {
	var m struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Error  json.RawMessage `json:"error"`
	}
	if json.Unmarshal(raw, &m) != nil {
		return "a message", false
	}
	id := ""
	if len(m.ID) > 0 && string(m.ID) != "null" {
		id = " id " + oneLine(string(m.ID), 40)
	}
	switch {
	case m.Method != "":
		return oneLine(m.Method, 80) + id, false
	case m.Error != nil:
		return "error" + id, true
	default:
		return "result" + id, false
	}
}
