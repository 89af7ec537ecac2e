package e2e

import (
	"testing"

	"github.com/remora-mcp/remora/test/fault"
	"github.com/remora-mcp/remora/test/internal/drive"
)

// waiting gives a call a time-out, in milliseconds.
func waiting(s drive.Step, timeoutMs int64) drive.Step { s.TimeoutMs = timeoutMs; return s }

// inAll gives a call a total time-out, in milliseconds.
func inAll(s drive.Step, totalMs int64) drive.Step { s.MaxTotalTimeoutMs = totalMs; return s }

// keeping stops progress from starting the time-out anew.
func keeping(s drive.Step) drive.Step { s.KeepTimeout = true; return s }

// cancelling cancels a call when something has happened.
func cancelling(s drive.Step, when string) drive.Step { s.Cancel = when; return s }

// progresses checks that so many progress events came, in order, all before the
// result.
func progresses(n int, part string) check {
	return func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		says(part)(t, at, got)
		if len(got.Progress) != n || got.Late != 0 {
			t.Errorf("%d progress events before the result and %d after it, want %d before", len(got.Progress), got.Late, n)
		}
		for i, p := range got.Progress {
			if p != float64(i+1) {
				t.Fatalf("progress event %d is %v", i, p)
			}
		}
	}
}

// settled is the step that waits until the server has no request open.
var settled = step{drive.Step{Do: drive.Counters, Wait: "open", Max: new(int)}, succeeds}

// gaveUp is the step that holds that the server saw the client give a call up:
// by a notification, or because the client closed the connection.
func gaveUp(tool string) step {
	return step{drive.Step{Do: drive.Counters}, func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		succeeds(t, at, got)
		if got.Counters["cancelled."+tool]+got.Counters["left."+tool] != 1 {
			t.Errorf("the server saw nobody give %s up: %v", tool, got.Counters)
		}
	}}
}

// cancelled checks the error of a call that the application cancelled.
var cancelled = fails("local/cancelled", "unknown|yes")

// timeRows take too long, or are ended before they are done.
var timeRows = []row{
	{name: "no head", steps: []step{{waiting(drive.Call("stall_head", ``), 300), fails("local/timeout", "unknown|yes")}, settled, gaveUp("stall_head")}},
	{name: "no body", steps: []step{{waiting(drive.Call("stall_body", ``), 300), fails("local/timeout", "unknown|yes")}, settled, gaveUp("stall_body")}},
	{name: "progress resets the time-out", steps: []step{{waiting(withProgress(drive.Call("ticking", `{"events":25}`)), 2000), progresses(25, "25 ticks")}}},
	{name: "progress does not reset the time-out", steps: []step{
		{keeping(waiting(withProgress(drive.Call("ticking", `{"events":100}`)), 600)), fails("local/timeout", "unknown|yes")}, settled}},
	{name: "total time-out", steps: []step{
		{inAll(waiting(withProgress(drive.Call("ticking", `{"events":100}`)), 5000), 600), fails("local/timeout", "unknown|yes")}, settled}},
	{name: "cancelled", steps: []step{{cancelling(drive.Call("hang", ``), "seen.hang"), cancelled}, settled, gaveUp("hang")}},
	{name: "cancelled with a notification", lines: []fault.Line{fault.Line2025}, steps: []step{
		{cancelling(drive.Call("hang", ``), "seen.hang"), cancelled}, reaches("method.notifications/cancelled"), settled}},
	{name: "cancelled at its first progress", steps: []step{{cancelling(drive.Call("hang", ``), "progress"), cancelled}, settled}},
	{name: "cancelled before the head", steps: []step{{cancelling(drive.Call("stall_head", ``), "seen.stall_head"), cancelled}, settled}},
	{name: "1,000 progress events in one write", steps: []step{{withProgress(drive.Call("flood", ``)), progresses(1000, "1000 events sent")}}},
	{name: "1,000 progress events that nobody wants", steps: []step{{drive.Call("flood", ``), progresses(0, "1000 events sent")}}},
}
