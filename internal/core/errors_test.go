package core

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
)

// A failure always fits its header, however long its parts become as JSON, and
// its data is not lost.
func TestDoneHeaderFits(t *testing.T) {
	for _, c := range []struct {
		name          string
		message, data string
		inPayload     bool
	}{
		{"small", "no", `{"a":1}`, false},
		{"no data", "no", "", false},
		{"large data", "no", `"` + strings.Repeat("x", 1<<20) + `"`, true},
		{"data that grows when it is escaped", "no", `"` + strings.Repeat("<", 20<<10) + `"`, true},
		{"a message that grows when it is escaped", strings.Repeat("\x00", 1<<20), `"` + strings.Repeat("x", 20<<10) + `"`, true},
		{"a message cut inside a character", strings.Repeat("é", 8<<10) + "x", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			done, payload := doneHeader(&wire.Error{Code: wire.CodeRPCError, Message: c.message, Data: json.RawMessage(c.data)})
			raw, err := json.Marshal(done)
			if err != nil || len(raw) > wire.MaxHeaderBytes {
				t.Fatalf("a header of %d bytes, %v", len(raw), err)
			}
			if done.DataInPayload != c.inPayload {
				t.Errorf("data in the payload: %v, want %v", done.DataInPayload, c.inPayload)
			}
			if got := append(bytes.Clone(done.Error.Data), payload...); string(got) != c.data {
				t.Errorf("data of %d bytes, want %d", len(got), len(c.data))
			}
			if strings.Contains(string(raw), "\\ufffd") {
				t.Error("the message was cut inside a character")
			}
		})
	}
}
