package interop

import (
	"slices"
	"testing"

	"github.com/remora-mcp/remora/test/internal/drive"
	"github.com/remora-mcp/remora/test/internal/peers"
)

// What the application answers to every question.
const (
	elicited = drive.AnswerFill
	sampled  = `{"role":"assistant","content":{"type":"text","text":"a sampled answer"},"model":"test-model","stopReason":"endTurn"}`
)

// planFor returns the steps for a peer on a protocol line.
func planFor(t *testing.T, peer peers.Peer, protocol string) []step {
	t.Helper()
	begin := []step{{"connect", drive.Step{Do: drive.Connect}, agreesOn(protocol)}}
	end := []step{
		{"ping", drive.Step{Do: drive.Ping}, nil},
		{"close", drive.Step{Do: drive.Close}, nil},
		{"call after close", call("anything", "{}"), func(t *testing.T, got drive.Outcome) {
			if got.Error == nil || got.Error.Code != "local/closed" || got.Error.Sent != "no" {
				t.Errorf("got %v, want local/closed, not sent", got.Error)
			}
		}},
	}
	var middle []step
	switch peer.Kind {
	case peers.KindDemo:
		middle = demoSteps()
	case peers.KindConformance:
		middle = conformanceSteps(peer, protocol)
	case peers.KindEverything:
		middle = everythingSteps()
	default:
		t.Fatalf("no plan for a peer of kind %q", peer.Kind)
	}
	return slices.Concat(begin, middle, serverSteps(peer, protocol), end)
}

func call(tool, arguments string) drive.Step { return drive.Call(tool, arguments) }

// withProgress asks for the call's progress.
func withProgress(s drive.Step) drive.Step { s.Progress = true; return s }

// cancelAtProgress cancels the call at its first progress event.
func cancelAtProgress(s drive.Step) drive.Step { s.Cancel = "progress"; return s }

// several makes a call so many times at once.
func several(count int, s drive.Step) drive.Step { s.Count = count; return s }

// each checks every one of the calls made at once.
func each(count int, check func(*testing.T, drive.Outcome)) func(*testing.T, drive.Outcome) {
	return func(t *testing.T, got drive.Outcome) {
		t.Helper()
		if len(got.Each) != count {
			t.Errorf("%d outcomes, want %d", len(got.Each), count)
		}
		for _, outcome := range got.Each {
			check(t, outcome)
		}
	}
}

// lists checks that all of the server's tools come, some of them by name.
func lists(least int, some ...string) step {
	return step{"all tools", drive.Step{Do: drive.AllTools}, func(t *testing.T, got drive.Outcome) {
		succeeds(t, got)
		if len(got.Names) < least {
			t.Errorf("%d tools, want %d or more", len(got.Names), least)
		}
		for _, name := range some {
			if !slices.Contains(got.Names, name) {
				t.Errorf("no tool %s in %v", name, got.Names)
			}
		}
	}}
}

func demoSteps() []step {
	return []step{
		{"list tools", drive.Step{Do: drive.ListTools}, func(t *testing.T, got drive.Outcome) { succeeds(t, got) }},
		lists(7, "echo", "add", "slow", "ask", "big", "fail", "picture"),
		{"call", call("echo", `{"message":"héllo \"wörld\""}`), says(`héllo "wörld"`)},
		{"structured", call("add", `{"a":1.5,"b":2}`), says("3.5")},
		{"eight calls at once", several(8, call("echo", `{"message":"at once"}`)), each(8, says("at once"))},
		{"progress", withProgress(call("slow", `{"steps":5,"delayMs":1}`)), progresses([]float64{1, 2, 3, 4, 5}, "done after 5 steps")},
		{"elicitation", call("ask", `{"question":"Which colour?"}`), asks("elicit", "Which colour?", "the answer is: blue")},
		{"tool error", call("fail", `{}`), func(t *testing.T, got drive.Outcome) {
			succeeds(t, got)
			if want := `"isError":true`; !contains(got.Result, want) {
				t.Errorf("got %s, want %s in it", got.Result, want)
			}
		}},
		{"big result", call("big", `{"bytes":3000000}`), says("abcdefghijklmnopqrstuvwxyz")},
		{"cancel", cancelAtProgress(call("slow", `{"steps":10000,"delayMs":20}`)), cancelled},
		{"call after cancel", call("echo", `{"message":"again"}`), says("again")},
	}
}

func conformanceSteps(peer peers.Peer, protocol string) []step {
	steps := []step{
		lists(25, "test_simple_text", "test_tool_with_progress"),
		{"call", call("test_simple_text", `{}`), says("This is a simple text response for testing.")},
		{"mixed content", call("test_multiple_content_types", `{}`), says("This is text content")},
		{"tool error", call("test_error_handling", `{}`), func(t *testing.T, got drive.Outcome) {
			succeeds(t, got)
			if !contains(got.Result, `"isError":true`) {
				t.Errorf("got %s, want isError in it", got.Result)
			}
		}},
		{"header parameters", call("test_x_mcp_header", `{"region":"eu"}`), succeeds},
	}
	if peer.Answers == "sse" {
		steps = append(steps,
			step{"progress", withProgress(call("test_tool_with_progress", `{}`)), progresses([]float64{0, 50, 100}, "")},
			step{"cancel", cancelAtProgress(call("test_tool_with_progress", `{}`)), cancelled},
			step{"call after cancel", call("test_simple_text", `{}`), says("simple text")},
		)
	}
	switch {
	case protocol == "2026-07-28":
		steps = append(steps,
			step{"elicitation", call("test_input_required_result_elicitation", `{}`), asks("elicit", "name", "blue")},
			step{"sampling", call("test_input_required_result_sampling", `{}`), asks("sample", "", "a sampled answer")},
			step{"state", call("test_input_required_result_request_state", `{}`), succeeds},
			step{"two rounds", call("test_input_required_result_multi_round", `{}`), says("Multi-round complete")},
		)
	case !peer.Stateful && peer.Answers == "sse":
		// A session of this server logs only after logging/setLevel; without
		// sessions it logs unasked.
		steps = append(steps,
			step{"listen to the log", drive.Step{Do: drive.On, Event: "log"}, nil},
			step{"call that logs", call("test_tool_with_logging", `{}`), says("Tool with logging executed")},
			step{"log", drive.Step{Do: drive.AwaitEvent, Event: "log", Min: 3}, func(t *testing.T, got drive.Outcome) {
				succeeds(t, got)
				if len(got.Events) < 3 || !contains(string(got.Events[0]), "Tool execution started") {
					t.Errorf("log %s", got.Events)
				}
			}},
			step{"stop listening", drive.Step{Do: drive.Off, Event: "log"}, nil},
		)
	case peer.Stateful && peer.Answers == "sse":
		steps = append(steps,
			step{"elicitation", call("test_elicitation", `{"message":"Who are you?"}`), asks("elicit", "Who are you?", "action=accept")},
			step{"sampling", call("test_sampling", `{"prompt":"Say something."}`), asks("sample", "Say something.", "a sampled answer")},
		)
	}
	return steps
}

func everythingSteps() []step {
	return []step{
		lists(10, "echo", "trigger-long-running-operation", "trigger-elicitation-request", "trigger-sampling-request"),
		{"call", call("echo", `{"message":"hi"}`), says("Echo: hi")},
		{"structured", call("get-structured-content", `{"location":"New York"}`), succeeds},
		{"progress", withProgress(call("trigger-long-running-operation", `{"duration":0.05,"steps":5}`)),
			progresses([]float64{1, 2, 3, 4, 5}, "Long running operation completed")},
		{"elicitation", call("trigger-elicitation-request", `{}`), asks("elicit", "Please provide inputs", "blue")},
		{"sampling", call("trigger-sampling-request", `{"prompt":"Say something."}`), asks("sample", "Say something.", "a sampled answer")},
		{"cancel", cancelAtProgress(call("trigger-long-running-operation", `{"duration":3,"steps":30}`)), cancelled},
		{"call after cancel", call("echo", `{"message":"again"}`), says("Echo: again")},
	}
}
