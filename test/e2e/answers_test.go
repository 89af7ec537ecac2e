package e2e

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/fault"
	"github.com/remora-mcp/remora/test/internal/drive"
)

// once is the row of a single call.
func once(name, tool, arguments string, c check, more ...step) row {
	return row{name: name, steps: append([]step{{drive.Call(tool, arguments), c}}, more...)}
}

// executed is the step that holds that a tool with effects ran exactly once.
func executed(tool string) step { return counters(map[string]int{"executed." + tool: 1}) }

// answerRows get an answer with status 200 that is right, or is none.
var answerRows = []row{
	once("JSON", "echo", `{"message":"hi","as":"json"}`, says("hi")),
	once("SSE", "echo", `{"message":"hi","as":"sse"}`, says("hi")),
	once("byte for byte, JSON", "raw", `{"as":"json"}`, is(fault.RawResult)),
	once("byte for byte, SSE", "raw", `{"as":"sse"}`, is(fault.RawResult)),
	once("isError", "tool_error", ``, func(t *testing.T, at place, got drive.Outcome) {
		says("this tool failed")(t, at, got)
		if !strings.Contains(got.Result, `"isError":true`) {
			t.Errorf("got %s", got.Result)
		}
	}),
	once("JSON-RPC error", "rpc_error", ``, rpcError),
	once("JSON-RPC error, JSON", "rpc_error", `{"as":"json"}`, rpcError),

	once("HTML", "html", ``, fails("http/not_mcp", "yes|unknown", "text/html", "maintenance")),
	once("not JSON-RPC, JSON", "not_jsonrpc", `{"as":"json"}`, fails("http/not_mcp", "yes|unknown")),
	once("not JSON-RPC, SSE", "not_jsonrpc", ``, fails("http/not_mcp|http/network", "yes|unknown")),
	once("undecodable body", "undecodable", `{"as":"json"}`, fails("http/not_mcp", "yes|unknown")),
	once("undecodable event", "undecodable", ``, fails("http/not_mcp|http/network", "yes|unknown")),
	once("wrong id, JSON", "wrong_id", `{"as":"json"}`, fails("http/not_mcp|http/network", "yes|unknown")),
	once("wrong id, SSE", "wrong_id", ``, fails("http/not_mcp|http/network", "yes|unknown")),
	once("id as a string, JSON", "string_id", `{"as":"json"}`, fails("http/not_mcp|http/network", "yes|unknown")),
	once("id as a string, SSE", "string_id", ``, fails("http/not_mcp|http/network", "yes|unknown")),
	once("id null, JSON", "null_id", `{"as":"json"}`, fails("http/not_mcp|http/network", "yes|unknown")),
	once("id null, SSE", "null_id", ``, fails("http/not_mcp|http/network", "yes|unknown")),
	once("answers to nobody, and twice", "stray", ``, says("the answer")),
	once("noise before the answer", "bad_event", ``, noise),
	once("no answer in the stream", "no_answer", ``, fails("http/not_mcp|http/network", "unknown"), executed("no_answer")),
	once("empty body", "empty_body", ``, fails("http/not_mcp|http/network", "yes|unknown"), executed("empty_body")),
	once("202 to a call", "accepted", ``, fails("http/not_mcp|http/network|http/status", "yes|unknown"), executed("accepted")),
}

// noise: events that are no JSON are either dropped or end their call; a second
// call tells that nothing else came of them.
func noise(t *testing.T, at place, got drive.Outcome) {
	if got.Error != nil {
		fails("http/not_mcp", "yes|unknown")(t, at, got)
		return
	}
	says("the answer after noise")(t, at, got)
}

func rpcError(t *testing.T, at place, got drive.Outcome) {
	fails("rpc/error", "yes", fault.RPCErrorMessage)(t, at, got)
	if got.Error == nil {
		return
	}
	if got.Error.RPCCode != fault.RPCErrorCode {
		t.Errorf("the server's code came as %d, want %d", got.Error.RPCCode, fault.RPCErrorCode)
	}
	if at.embedder.Name == "host" {
		if !bytes.Equal(got.Error.Data, []byte(fault.RPCErrorData)) {
			t.Errorf("data %s, want %s", got.Error.Data, fault.RPCErrorData)
		}
		return
	}
	// JavaScript hands over an object, whose numbers are JavaScript's.
	var data struct{ Phase string }
	if err := json.Unmarshal(got.Error.Data, &data); err != nil || data.Phase != "waning" {
		t.Errorf("data %s, want %s", got.Error.Data, fault.RPCErrorData)
	}
}

// statusRows get an answer that is no 200.
var statusRows = []row{
	once("plain 403", "forbidden", ``, func(t *testing.T, at place, got drive.Outcome) {
		fails("http/status|auth/denied", "yes", "you may not")(t, at, got)
		if got.Error != nil && got.Error.Status != 403 {
			t.Errorf("status %d, want 403", got.Error.Status)
		}
	}, counters(map[string]int{"seen.forbidden": 1})),
	once("status 500 of a call", "status_500", ``, status(500, "the database is on fire"), counters(map[string]int{"seen.status_500": 1})),
	once("status 503", "status_503", ``, status(503, "come back later"), counters(map[string]int{"seen.status_503": 1})),
	once("status 400 with a long text", "status_long", ``, status(400, "line 0")),
	once("redirect 302 of a call", "redirect_302", ``, fails("policy/redirect", "yes|unknown"), counters(map[string]int{"seen.redirect_302": 1})),
	once("redirect of a call to another origin", "redirect_origin", ``,
		inBrowser(fails("policy/redirect", "yes|unknown"), fails("policy/origin", "yes|unknown")), counters(map[string]int{"seen.redirect_origin": 1})),
	{name: "session gone", lines: []fault.Line{fault.Line2025}, sessions: 2, steps: []step{
		{drive.Step{Do: drive.On, Event: "state"}, succeeds},
		{drive.Call("session_gone", ``), says("executed in session-2")},
		counters(map[string]int{"executed.session_gone": 1, "seen.session_gone": 2}),
		{drive.Step{Do: drive.AwaitEvent, Event: "state", Min: 3}, func(t *testing.T, at place, got drive.Outcome) {
			succeeds(t, at, got)
			for i, want := range []string{`"state":"lost"`, `"state":"reconnecting"`, `"state":"ready"`} {
				if !strings.Contains(string(got.Events[i]), want) {
					t.Errorf("event %d is %s, want %s in it", i, got.Events[i], want)
				}
			}
		}},
	}},
	{name: "session gone again and again", lines: []fault.Line{fault.Line2025}, dead: true, steps: []step{
		{drive.Call("session_gone_always", ``), fails("http/session_gone", "no|yes")},
		counters(map[string]int{"seen.session_gone_always": 2}),
		{drive.Call("echo", `{"message":"still here"}`), says("still here")},
	}},
}
