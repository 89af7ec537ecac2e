package e2e

import (
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/fault"
	"github.com/remora-mcp/remora/test/internal/drive"
)

const sampled = `{"role":"assistant","content":{"type":"text","text":"hello there"},"model":"test-model","stopReason":"endTurn"}`

// answering sets what the application answers.
func answering(elicit, sample string) func(*drive.Script) {
	return func(s *drive.Script) { s.Elicit, s.Sample = elicit, sample }
}

// asked checks that one question came, and what the server got as its answer.
func asked(kind, question, answer string) check {
	return func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		says(answer)(t, at, got)
		if len(got.Asks) != 1 || got.Asks[0].Kind != kind || !strings.Contains(string(got.Asks[0].Params), question) {
			t.Errorf("asked %v, want one %s with %q", got.Asks, kind, question)
		}
	}
}

// withdrawn checks a call that was cancelled while the application was asked.
func withdrawn(t *testing.T, at place, got drive.Outcome) {
	cancelled(t, at, got)
	if len(got.Asks) != 1 {
		t.Errorf("asked %d times, want once", len(got.Asks))
	}
}

// onLine judges by another check on each line.
func onLine(on2025, on2026 check) check {
	return func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		if at.line == fault.Line2025 {
			on2025(t, at, got)
		} else {
			on2026(t, at, got)
		}
	}
}

// askRows are asked something in mid-call.
var askRows = []row{
	{name: "elicitation", set: answering(drive.AnswerFill, ""), steps: []step{
		{drive.Call("elicit", ``), asked("elicit", "What is your name?", `"name":"blue"`)}}},
	// A server may ask on the standing stream instead of the call's own, so a
	// client that has a handler has to hold one open.
	{name: "elicitation on the standing stream", lines: []fault.Line{fault.Line2025}, set: answering(drive.AnswerFill, ""), steps: []step{
		{waiting(drive.Call("elicit_standing", ``), 5000), asked("elicit", "What is your name?", `"name":"blue"`)}}},
	{name: "elicitation declined", set: answering(`{"action":"decline"}`, ""), steps: []step{
		{drive.Call("elicit", ``), asked("elicit", "What is your name?", `"action":"decline"`)}}},
	{name: "sampling", set: answering("", sampled), steps: []step{
		{drive.Call("sample", ``), asked("sample", "Say hello.", "hello there")}}},
	{name: "asked without a handler", steps: []step{
		// 2025-11-25: the server is told. 2026-07-28: the call ends.
		{drive.Call("elicit", ``), onLine(says(`"error"`), fails("policy/handler_missing", "yes"))}}},
	{name: "a handler that fails", set: answering(drive.AnswerThrow, ""), steps: []step{
		{drive.Call("elicit", ``), fails("local/bad_argument", "yes|unknown")}}},
	{name: "an answer that does not fit the form", set: answering(`{"action":"accept","content":{"name":7}}`, ""), steps: []step{
		{drive.Call("elicit", ``), fails("local/bad_argument", "yes|unknown", "/name must be a string")}}},
	{name: "cancelled while the person is asked", set: answering(drive.AnswerNever, ""), steps: []step{
		{cancelling(drive.Call("elicit", ``), "ask"), withdrawn}}},
	{name: "asked something unknown", lines: []fault.Line{fault.Line2025}, set: answering(drive.AnswerFill, sampled), steps: []step{
		{drive.Call("ask_unknown", ``), says("-32601")}}},
	{name: "asked without end", lines: []fault.Line{fault.Line2026}, set: answering(drive.AnswerFill, ""), steps: []step{
		{drive.Call("ask_forever", ``), func(t *testing.T, at place, got drive.Outcome) {
			fails("http/not_mcp", "yes")(t, at, got)
			if n := len(got.Asks); n < 2 || n > 20 {
				t.Errorf("asked %d times, want a few", n)
			}
		}}}},
}
