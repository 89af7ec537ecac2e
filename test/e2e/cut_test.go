package e2e

import (
	"testing"

	"github.com/remora-mcp/remora/test/fault"
	"github.com/remora-mcp/remora/test/internal/drive"
)

// lost checks what a caller gets whose connection was cut in mid-answer: the
// call may have been executed, and nobody makes it again.
func lost(tool string) row {
	r := once("cut: "+tool, tool, ``, fails("http/network", "unknown"), executed(tool))
	r.steps[0].Progress = true
	return r
}

// cutRows lose the connection after the tool has had its effect.
var cutRows = []row{
	lost("cut"),
	lost("cut_body"),
	lost("cut_event"),
	{name: "cut: cut_head", steps: []step{
		// A page cannot tell a connection that is closed from missing CORS headers.
		{drive.Call("cut_head", ``), inBrowser(fails("http/network|http/cors", "unknown"), fails("http/network", "unknown"))},
		{drive.Step{Do: drive.Counters}, inBrowser(executedOften, counted(map[string]int{"executed.cut_head": 1}))},
	}},
	{name: "cut and resumed", lines: []fault.Line{fault.Line2025}, steps: []step{
		{drive.Call("cut_resume", ``), says("executed, and resumed")},
		counters(map[string]int{"executed.cut_resume": 1, "resumed.cut_resume": 1}),
	}},
	{name: "cut and resumed, with progress", lines: []fault.Line{fault.Line2025}, steps: []step{
		{withProgress(drive.Call("cut_resume", ``)), progresses(1, "executed, and resumed")},
		counters(map[string]int{"executed.cut_resume": 1}),
	}},
	{name: "cut, resumption refused", lines: []fault.Line{fault.Line2025}, steps: []step{
		{drive.Call("cut_resume_refused", ``), fails("http/network|http/status", "unknown")},
		counters(map[string]int{"executed.cut_resume_refused": 1}),
	}},
}

// executedOften: a browser itself sends a request again, a POST too, when a
// connection that it kept open is closed before the answer begins. No page can
// prevent that, or learn of it.
func executedOften(t *testing.T, at place, got drive.Outcome) {
	succeeds(t, at, got)
	if got.Counters["executed.cut_head"] < 1 {
		t.Error("it was not executed")
	}
}

func withProgress(s drive.Step) drive.Step { s.Progress = true; return s }
