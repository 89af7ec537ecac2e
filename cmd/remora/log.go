package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// logLevels are the levels of --log-level, the least severe first.
var logLevels = []string{"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}

// logTo writes what a server logs, a line for each message.
//
//lint:ignore SA1019 logging is deprecated as of 2026-07-28 and part of the older revisions
func logTo(w io.Writer, redact *redactor) func(*mcp.LoggingMessageParams) {
	//lint:ignore SA1019 see above
	return func(p *mcp.LoggingMessageParams) {
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
