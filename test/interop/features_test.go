package interop

import (
	"fmt"
	"slices"
	"testing"

	"github.com/remora-mcp/remora/test/internal/drive"
	"github.com/remora-mcp/remora/test/internal/peers"
)

// serverSteps are those for what a server offers besides tools.
func serverSteps(peer peers.Peer, protocol string) []step {
	switch peer.Kind {
	case peers.KindConformance:
		return slices.Concat(conformanceResources(), conformancePrompts(peer, protocol), conformanceEvents(peer, protocol))
	case peers.KindEverything:
		return everythingFeatures()
	case peers.KindDemo:
		return demoFeatures(protocol)
	}
	return nil
}

// holds checks that the result holds parts.
func holds(parts ...string) func(*testing.T, drive.Outcome) {
	return func(t *testing.T, got drive.Outcome) {
		t.Helper()
		succeeds(t, got)
		for _, part := range parts {
			if !contains(got.Result, part) {
				t.Errorf("got %.300s, want %s in it", got.Result, part)
			}
		}
	}
}

// fails checks the code of a failure.
func fails(code string) func(*testing.T, drive.Outcome) {
	return func(t *testing.T, got drive.Outcome) {
		t.Helper()
		if got.Error == nil || got.Error.Code != code {
			t.Errorf("got %v, want %s", got.Error, code)
		}
	}
}

// iterates goes over a list, and fetches it at once: both hold some.
func iterates(list string, some ...string) []step {
	check := func(t *testing.T, got drive.Outcome) {
		t.Helper()
		succeeds(t, got)
		for _, name := range some {
			if !slices.Contains(got.Names, name) {
				t.Errorf("no %s among the %s %v", name, list, got.Names)
			}
		}
	}
	return []step{
		{"each of " + list, drive.Step{Do: drive.EachOf, Method: list}, check},
		{"all " + list, drive.Step{Do: drive.WholeList, Method: list}, check},
	}
}

func conformanceResources() []step {
	return slices.Concat(
		iterates("resources", "test://static-text", "test://static-binary", "test://watched-resource"),
		iterates("resourceTemplates", "test://template/{id}/data"),
		[]step{
			{"list resources", drive.Ask("listResources", `{}`), holds(`"uri":"test://static-text"`)},
			{"list templates", drive.Ask("listResourceTemplates", `{}`), holds(`"uriTemplate"`)},
			{"read text", drive.Ask("readResource", `{"uri":"test://static-text"}`), holds("This is the content of the static text resource.")},
			{"read a blob", drive.Ask("readResource", `{"uri":"test://static-binary"}`), holds(`"blob":"iVBOR`)},
			{"read of a template", drive.Ask("readResource", `{"uri":"test://template/42/data"}`), holds("Data for ID: 42")},
			{"read nothing", drive.Ask("readResource", `{"uri":"test://not-there"}`), fails("rpc/error")},
			{"read without a URI", drive.Ask("readResource", `{"uri":""}`), fails("local/bad_argument")},
		},
	)
}

func conformancePrompts(peer peers.Peer, protocol string) []step {
	steps := slices.Concat(
		iterates("prompts", "test_simple_prompt", "test_prompt_with_arguments"),
		[]step{
			{"list prompts", drive.Ask("listPrompts", `{}`), holds(`"title":"Simple Test Prompt"`)},
			{"prompt", drive.Ask("getPrompt", `{"name":"test_simple_prompt"}`), holds("This is a simple prompt for testing.")},
			{"prompt with arguments", drive.Ask("getPrompt", `{"name":"test_prompt_with_arguments","arguments":{"arg1":"é","arg2":"b"}}`), holds("arg1='é', arg2='b'")},
			{"prompt with a picture", drive.Ask("getPrompt", `{"name":"test_prompt_with_image"}`), holds(`"type":"image"`)},
			{"no such prompt", drive.Ask("getPrompt", `{"name":"not there"}`), fails("rpc/error")},
			{"complete", drive.Ask("complete", `{"ref":{"type":"ref/prompt","name":"test_prompt_with_arguments"},"argument":{"name":"arg1","value":"a"}}`), holds(`"completion"`)},
			{"complete nothing", drive.Ask("complete", `{"ref":{"type":"ref/prompt"},"argument":{"name":"arg1","value":"a"}}`), func(t *testing.T, got drive.Outcome) {
				if got.Error == nil {
					t.Error("a reference to no prompt was taken")
				}
			}},
		},
	)
	if protocol == "2026-07-28" {
		steps = append(steps, step{"prompt that asks", drive.Ask("getPrompt", `{"name":"test_input_required_result_prompt"}`), func(t *testing.T, got drive.Outcome) {
			holds("blue")(t, got)
			if len(got.Asks) != 1 {
				t.Errorf("asked %v, want once", got.Asks)
			}
		}})
	}
	return steps
}

// conformanceEvents listens to what the server says by itself, where it can.
func conformanceEvents(peer peers.Peer, protocol string) []step {
	modern := protocol == "2026-07-28"
	level := []step{{"level", drive.Ask("setLoggingLevel", `{"level":"debug"}`), nil}, {"no level", drive.Ask("setLoggingLevel", `{"level":"loud"}`), fails("local/bad_argument")}}
	if !modern && !peer.Stateful || modern && peer.Answers != "sse" {
		return nil // nothing can come
	}
	steps := append(level,
		step{"listen to the log", drive.Step{Do: drive.On, Event: "log"}, nil},
		step{"call that logs", call("test_logging_tool", `{}`), says("Log attempted")},
		step{"log", drive.Step{Do: drive.AwaitEvent, Event: "log"}, func(t *testing.T, got drive.Outcome) {
			succeeds(t, got)
			if len(got.Events) != 1 || !contains(string(got.Events[0]), "test_logging_tool executed") {
				t.Errorf("log %s", got.Events)
			}
		}},
		step{"stop listening", drive.Step{Do: drive.Off, Event: "log"}, nil},
	)
	if !modern && peer.Answers != "sse" {
		steps = level // with JSON answers this server logs nowhere
	}
	steps = append(steps,
		step{"listen to a resource", drive.Step{Do: drive.On, Event: "resourceUpdated"}, nil},
		step{"subscribe", drive.Ask("subscribeResource", `{"uri":"test://watched-resource"}`), holds(`{}`)},
		step{"updated", drive.Step{Do: drive.AwaitEvent, Event: "resourceUpdated"}, func(t *testing.T, got drive.Outcome) {
			succeeds(t, got)
			for _, event := range got.Events {
				if !contains(string(event), `"uri":"test://watched-resource"`) {
					t.Errorf("told %s", event)
				}
			}
		}},
		step{"unsubscribe", drive.Ask("unsubscribeResource", `{"uri":"test://watched-resource"}`), holds(`{}`)},
		step{"stop listening", drive.Step{Do: drive.Off, Event: "resourceUpdated"}, nil},
	)
	for _, change := range [][2]string{{"toolsChanged", "test_trigger_tool_change"}, {"promptsChanged", "test_trigger_prompt_change"}} {
		event := change[0]
		steps = append(steps,
			step{"listen to " + event, drive.Step{Do: drive.On, Event: event}, nil},
			step{"change", call(change[1], `{}`), says("published")},
			step{event, drive.Step{Do: drive.AwaitEvent, Event: event}, nil},
			step{"stop listening to " + event, drive.Step{Do: drive.Off, Event: event}, nil},
		)
	}
	return steps
}

func everythingFeatures() []step {
	const resource = `{"uri":"demo://resource/dynamic/text/1"}`
	complete := func(argument, value, context string) drive.Step {
		return drive.Ask("complete", fmt.Sprintf(`{"ref":{"type":"ref/prompt","name":"completable-prompt"},"argument":{"name":%q,"value":%q},"context":{"arguments":%s}}`, argument, value, context))
	}
	return slices.Concat(
		iterates("resources"),
		iterates("resourceTemplates", "demo://resource/dynamic/text/{resourceId}"),
		iterates("prompts", "simple-prompt", "args-prompt", "completable-prompt"),
		[]step{
			{"read", drive.Ask("readResource", `{"uri":"demo://resource/static/document/features.md"}`), holds(`"contents"`)},
			{"prompt", drive.Ask("getPrompt", `{"name":"args-prompt","arguments":{"city":"Köln"}}`), holds("What's weather in Köln?")},
			{"complete", complete("department", "S", `{}`), holds(`"Sales"`, `"Support"`)},
			{"complete with context", complete("name", "E", `{"department":"Sales"}`), holds(`"Eve"`)},
			{"complete of a template", drive.Ask("complete", `{"ref":{"type":"ref/resource","uri":"demo://resource/dynamic/text/{resourceId}"},"argument":{"name":"resourceId","value":"7"}}`), holds(`"7"`)},
			{"level", drive.Ask("setLoggingLevel", `{"level":"debug"}`), holds(`{}`)},
			{"listen to the log", drive.Step{Do: drive.On, Event: "log"}, nil},
			{"listen to a resource", drive.Step{Do: drive.On, Event: "resourceUpdated"}, nil},
			{"subscribe", drive.Ask("subscribeResource", resource), holds(`{}`)},
			{"log", drive.Step{Do: drive.AwaitEvent, Event: "log"}, func(t *testing.T, got drive.Outcome) {
				succeeds(t, got)
				if len(got.Events) == 0 || !contains(string(got.Events[0]), "Subscribe Resource request") {
					t.Errorf("log %s", got.Events)
				}
			}},
			{"begin updates", call("toggle-subscriber-updates", `{}`), says("Started")},
			{"updated", drive.Step{Do: drive.AwaitEvent, Event: "resourceUpdated"}, nil},
			{"unsubscribe", drive.Ask("unsubscribeResource", resource), holds(`{}`)},
			{"end updates", call("toggle-subscriber-updates", `{}`), says("Stopped")},
			{"stop listening to the log", drive.Step{Do: drive.Off, Event: "log"}, nil},
			{"stop listening to a resource", drive.Step{Do: drive.Off, Event: "resourceUpdated"}, nil},
		},
	)
}

func demoFeatures(string) []step { return nil }
