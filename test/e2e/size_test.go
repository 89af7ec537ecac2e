package e2e

import (
	"testing"

	"github.com/remora-mcp/remora/test/internal/drive"
)

// small bounds bodies and events to 1 MiB.
func small(s *drive.Script) { s.Limits = drive.Limits{MaxBodyBytes: 1 << 20, MaxEventBytes: 1 << 20} }

// tooLarge is the row of an answer beyond the limits; the server sees that the
// client has left.
func tooLarge(name, tool, arguments string, more ...step) row {
	r := once(name, tool, arguments, fails("local/too_large", "yes|unknown"), more...)
	r.set = small
	return r
}

// sizeRows get more than the limits allow, and just as much as they allow.
var sizeRows = []row{
	tooLarge("event too large", "big_event", `{"bytes":2000000}`),
	tooLarge("body too large", "big_body", `{"bytes":2000000}`),
	tooLarge("endless event", "endless_event", ``, reaches("left.endless_event")),
	tooLarge("endless lines", "endless_lines", ``, reaches("left.endless_lines")),
	tooLarge("endless body", "endless_body", ``, reaches("left.endless_body")),
	once("10,000 levels deep, JSON", "deep", `{"as":"json"}`, fails("local/too_large", "yes|unknown")),
	once("10,000 levels deep, SSE", "deep", ``, fails("local/too_large", "yes|unknown")),
	once("900 levels deep", "deep", `{"depth":900}`, succeeds),
	{name: "an error's text beyond the limit", set: small, steps: []step{{drive.Call("big_status", `{"bytes":2000000}`), status(400, "xxxxxxxx")}}},
	{name: "event just small enough", set: small, steps: []step{{drive.Call("big_event", `{"bytes":900000}`), hasBytes(900_000)}}},
	{name: "body just small enough", set: small, steps: []step{{drive.Call("big_body", `{"bytes":900000}`), hasBytes(900_000)}}},
	{name: "10 MB", steps: []step{{drive.Call("big_body", `{"bytes":10000000}`), hasBytes(10_000_000)}}},
}

// hasBytes checks the length of the result's text.
func hasBytes(n int) check {
	return func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		succeeds(t, at, got)
		if text := textOf(got.Result); len(text) != n {
			t.Errorf("%d bytes, want %d", len(text), n)
		}
	}
}
