package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/host"
)

// logLevels are the levels of --log-level, the least severe first.
var logLevels = []string{"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}

// logTo writes what a server logs, a line for each message; nil without
// --log-level. Where the stderr of programs is shown (heard), it is not shown again.
//
//lint:ignore SA1019 logging is deprecated as of 2026-07-28 and part of the older revisions
func (f *serverFlags) logTo(w io.Writer, redact *redactor, program bool) func(*mcp.LoggingMessageParams) {
	if f.logLevel == "" {
		return nil
	}
	//lint:ignore SA1019 see above
	return func(p *mcp.LoggingMessageParams) {
		if program && !f.quiet && p.Logger == host.StderrLogger {
			return
		}
		text, ok := p.Data.(string)
		if !ok {
			raw, err := json.Marshal(p.Data)
			if err != nil {
				return // it was decoded from JSON
			}
			text = string(raw)
		}
		from := "server"
		if p.Logger != "" {
			from = p.Logger
		}
		fmt.Fprintf(w, "%s: %s: %s\n", oneLine(string(p.Level), 20), oneLine(redact.text(from), 60), oneLine(redact.text(text), 2000))
	}
}
