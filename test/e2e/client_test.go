package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/fault"
	"github.com/remora-mcp/remora/test/internal/drive"
)

// asks is the step in which the server asks questions, each a method and its
// parameters.
func asks(questions ...string) drive.Step {
	return drive.Call("ask", `{"questions":[`+strings.Join(questions, ",")+`]}`)
}

// form is a question with a form of these fields.
func form(fields, required string) string {
	return `{"method":"elicitation/create","params":{"message":"?","requestedSchema":{"type":"object","properties":{` + fields + `},"required":[` + required + `]}}}`
}

const (
	nameForm   = `{"method":"elicitation/create","params":` + fault.ElicitParams + `}`
	sampleAsk  = `{"method":"sampling/createMessage","params":` + fault.SampleParams + `}`
	rootsAsk   = `{"method":"roots/list"}`
	toolSample = `{"method":"sampling/createMessage","params":{"messages":[{"role":"user","content":{"type":"text","text":"Weather?"}},` +
		`{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"weather","input":{"in":"Ulm"}},{"type":"tool_use","id":"2","name":"weather","input":{"in":"Bonn"}}]},` +
		`{"role":"user","content":[{"type":"tool_result","toolUseId":"1","content":[{"type":"text","text":"rain"}]},{"type":"tool_result","toolUseId":"2","content":[{"type":"text","text":"sun"}]}]}],` +
		`"maxTokens":100,"tools":[{"name":"weather","inputSchema":{"type":"object"}}],"toolChoice":{"mode":"auto"}}}`
	toolSampled = `{"role":"assistant","model":"m","stopReason":"toolUse","content":[{"type":"tool_use","id":"3","name":"weather","input":{"in":"Kiel"}},{"type":"text","text":"and more"}]}`
)

// everyField has each form of field that an elicitation can have.
const everyField = `"email":{"type":"string","format":"email"},"site":{"type":"string","format":"uri"},"day":{"type":"string","format":"date"},` +
	`"at":{"type":"string","format":"date-time"},"code":{"type":"string","pattern":"^[A-Z]{3}$","minLength":3,"maxLength":3},` +
	`"age":{"type":"integer","minimum":18,"maximum":120},"share":{"type":"number","minimum":0,"maximum":1},"sure":{"type":"boolean"},` +
	`"size":{"type":"string","enum":["S","M"]},"colour":{"type":"string","oneOf":[{"const":"#f00","title":"Red"},{"const":"#0f0","title":"Green"}]},` +
	`"old":{"type":"string","enum":["a","b"],"enumNames":["A","B"]},` +
	`"days":{"type":"array","items":{"type":"string","enum":["mon","tue"]},"minItems":1},"tags":{"type":"array","items":{"anyOf":[{"const":"x","title":"X"},{"const":"y","title":"Y"}]},"maxItems":2}`

const goodFields = `"email":"a@b.example","site":"https://example.com/","day":"2026-07-28","at":"2026-07-28T12:00:00Z","code":"ABC","age":18,"share":0.5,"sure":true,` +
	`"size":"S","colour":"#0f0","old":"b","days":["mon"],"tags":["x","y"]`

func accept(content string) string { return `{"action":"accept","content":{` + content + `}}` }

// answeredJSON checks what the server got as its answers, as JSON.
func answeredJSON(want string) check {
	return func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		succeeds(t, at, got)
		if text := textOf(got.Result); canonical(t, text) != canonical(t, want) {
			t.Errorf("the server got %s, want %s", text, want)
		}
	}
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return text
	}
	out, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// wrongAnswer checks a call that ended because of the application's answer, which
// is not in the message.
func wrongAnswer(where string) check {
	return all(fails("local/bad_argument", "yes|unknown", where), silentAbout("canary"))
}

// beside checks the outcomes of the steps beside this one.
func beside(c check) check {
	return func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		for _, one := range got.Each {
			c(t, at, one)
		}
	}
}

func withRoots(uris ...string) func(*drive.Script) {
	return func(s *drive.Script) { s.Roots = append([]string{}, uris...) }
}

func rootsAre(uris ...string) check {
	var list []string
	for _, uri := range uris {
		list = append(list, fmt.Sprintf(`{"uri":%q,"name":"root"}`, uri))
	}
	return answeredJSON(`[{"roots":[` + strings.Join(list, ",") + `]}]`)
}

// rootsTold checks how often the server was told of other roots.
func rootsTold(n int) step {
	return step{drive.Step{Do: drive.Counters}, func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		want := n
		if at.line == fault.Line2026 {
			want = 0
		}
		if told := got.Counters["method.notifications/roots/list_changed"]; told != want {
			t.Errorf("the server was told %d times, want %d", told, want)
		}
	}}
}

func setRoots(uris ...string) drive.Step { return drive.Step{Do: drive.SetRoots, Roots: uris} }

// formRow is a row in which a form of every kind of field gets this answer, which
// is wrong at the field.
func formRow(field, value string) row {
	good := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte("{"+goodFields+"}"), &good); err != nil {
		panic(err)
	}
	good[field] = json.RawMessage(value)
	content, err := json.Marshal(good)
	if err != nil {
		panic(err)
	}
	return row{name: "a form with a wrong " + field, set: answering(`{"action":"accept","content":`+string(content)+`}`, ""), steps: []step{
		{asks(form(everyField, ``)), wrongAnswer("/" + field)},
	}}
}

// clientRows are what servers ask of a client, and what they promise.
var clientRows = slices.Concat([]row{
	{name: "a form with every kind of field", set: answering(accept(goodFields), ""), steps: []step{
		{asks(form(everyField, `"email","age"`)), answeredJSON(`[` + accept(goodFields) + `]`)}}},
	{name: "a form with defaults", set: answering(accept(`"given":"mine"`), ""), steps: []step{
		{asks(form(`"given":{"type":"string","default":"theirs"},"text":{"type":"string","default":"blue"},"number":{"type":"integer","default":7},`+
			`"list":{"type":"array","items":{"type":"string","enum":["a"]},"default":["a"]},"wrong":{"type":"integer","default":"x"},"none":{"type":"string"}`, `"text"`)),
			answeredJSON(`[` + accept(`"given":"mine","text":"blue","number":7,"list":["a"]`) + `]`)}}},
	{name: "a form without its required field", set: answering(accept(``), ""), steps: []step{
		{asks(nameForm), wrongAnswer("/name is missing")}}},
	{name: "a form that refers elsewhere", set: answering(accept(`"a":1`), ""), steps: []step{
		{asks(form(`"a":{"$ref":"https://schemas.invalid/a.json"}`, ``)), onLine(says(`-32602`), fails("http/not_mcp", "yes"))}}},
	{name: "a form that has no end", set: answering(accept(`"a":"x"`), ""), steps: []step{
		{asks(form(`"a":{"type":"string","$ref":"#/properties/a"}`, ``)), onLine(says(`-32602`), fails("http/not_mcp", "yes"))}}},
	{name: "a form declined has no values", set: answering(`{"action":"decline","content":{"name":"canary"}}`, ""), steps: []step{
		{asks(nameForm), answeredJSON(`[{"action":"decline"}]`)}}},
	{name: "a page that was not announced", set: answering(drive.AnswerVisit, ""), steps: []step{
		{drive.Call("url", ``), onLine(says(`-32602`), fails("http/not_mcp", "yes"))}}},
	{name: "a page to visit", set: func(s *drive.Script) { s.Elicit, s.ElicitURL = drive.AnswerVisit, true }, steps: []step{
		{drive.Step{Do: drive.On, Event: "elicitationComplete"}, succeeds},
		{drive.Call("url", ``), says(`{"action":"accept"}`)},
		counters(map[string]int{"visited.url": 1})}},
	{name: "a page to visit first", lines: []fault.Line{fault.Line2025}, set: func(s *drive.Script) { s.Elicit, s.ElicitURL = drive.AnswerVisit, true }, steps: []step{
		{drive.Step{Do: drive.On, Event: "elicitationComplete"}, succeeds},
		{drive.Call("url_required", ``), says("the page was visited")},
		{drive.Step{Do: drive.AwaitEvent, Event: "elicitationComplete"}, func(t *testing.T, at place, got drive.Outcome) {
			if len(got.Events) != 1 || !strings.Contains(string(got.Events[0]), `"url_required"`) {
				t.Errorf("events %s", got.Events)
			}
		}},
		counters(map[string]int{"seen.url_required": 2})}},
	{name: "a page that the person declines", lines: []fault.Line{fault.Line2025}, set: func(s *drive.Script) { s.Elicit, s.ElicitURL = `{"action":"decline"}`, true }, steps: []step{
		{drive.Call("url_required", ``), fails("rpc/error", "yes", "visit the page first")}}},
	{name: "a page to visit first, without a handler", lines: []fault.Line{fault.Line2025}, steps: []step{
		{drive.Call("url_required", ``), fails("rpc/error", "yes", "visit the page first")}}},
	{name: "sampling with tools", set: func(s *drive.Script) { s.Sample, s.SampleTools = toolSampled, true }, steps: []step{
		{asks(toolSample), all(asked1("sample", "weather", "toolUseId"), answeredJSON(`[`+toolSampled+`]`))}}},
	{name: "sampling with tools that were not announced", set: answering("", sampled), steps: []step{
		{asks(toolSample), onLine(says(`-32602`), fails("http/not_mcp", "yes"))}}},
	{name: "sampling with an answer that uses a tool unasked", set: func(s *drive.Script) { s.Sample, s.SampleTools = toolSampled, true }, steps: []step{
		{asks(sampleAsk), wrongAnswer("uses a tool")}}},
	{name: "roots", set: withRoots("file:///one", "file:///two"), steps: []step{
		{asks(rootsAsk), rootsAre("file:///one", "file:///two")},
		{setRoots("file:///three"), succeeds},
		rootsTold(1),
		{asks(rootsAsk), rootsAre("file:///three")},
		{setRoots(), succeeds},
		rootsTold(2),
		{asks(rootsAsk), answeredJSON(`[{"roots":[]}]`)}}},
	{name: "roots that are no files", set: withRoots(), steps: []step{
		{setRoots("https://example.com/"), fails("local/bad_argument", "no", "file URI")}}},
	{name: "roots that were not announced", steps: []step{
		{setRoots("file:///one"), fails("local/unsupported", "no")}}},
	// Six connections to a server are all that a browser makes: five calls, and
	// one for the answers.
	{name: "three questions in mid-call beside four calls", endpoint: "no_standing",
		set: func(s *drive.Script) {
			s.Elicit, s.Sample, s.Roots = drive.AnswerFill, sampled, []string{"file:///one"}
		},
		steps: []step{{func() drive.Step {
			s := drive.Call("ask", `{"size":5,"questions":[`+nameForm+`,`+sampleAsk+`,`+rootsAsk+`]}`)
			s.Beside = slices.Repeat([]drive.Step{drive.Call("barrier", `{"size":5}`)}, 4)
			return s
		}(), all(answeredJSON(`[{"action":"accept","content":{"name":"blue"}},`+sampled+`,{"roots":[{"uri":"file:///one","name":"root"}]}]`),
			beside(says("the barrier is open")))}}},

	{name: "structured content that keeps its promise", steps: []step{
		{drive.Step{Do: drive.ListTools}, succeeds},
		{drive.Call("structured", `{"message":"12345678901234567890"}`), all(succeeds, holds(`"sum":12345678901234567890`))},
		{drive.Call("structured", `{"failed":true}`), succeeds},
		{drive.Call("unusable_promise", ``), succeeds}}},
	{name: "structured content that does not", steps: []step{
		{drive.Call("structured", `{"value":{"sum":"canary"}}`), succeeds}, // nothing is known yet
		{drive.Step{Do: drive.ListTools}, succeeds},
		{drive.Call("structured", `{"value":{"sum":"canary"}}`), invalidResult("/structuredContent/sum", "/structuredContent/sum must be a whole number", `"canary"`)},
		{drive.Call("structured", `{"message":"12345678901234567890.5"}`), invalidResult("/structuredContent/sum", "must be a whole number", `12345678901234567890.5`)},
		{drive.Call("structured", `{"value":{"sum":1,"more":2}}`), invalidResult("/structuredContent/more", "must not be there", `"more":2`)},
		{drive.Call("structured", ``), invalidResult("/structuredContent", "is missing", `here it is`)}}},
	{name: "structured content that has to be checked", set: func(s *drive.Script) { s.ValidateOutput = "always" }, steps: []step{
		{drive.Call("structured", `{"value":{"sum":[]}}`), invalidResult("/structuredContent/sum", "", `"sum":[]`)},
		{drive.Call("unusable_promise", ``), fails("local/unsupported", "no", "nothing is fetched")},
		{drive.Call("no_such_tool", ``), fails("local/unsupported", "no", "does not list it")}}},
	{name: "structured content that is not checked", set: func(s *drive.Script) { s.ValidateOutput = "off" }, steps: []step{
		{drive.Step{Do: drive.ListTools}, succeeds},
		{drive.Call("structured", `{"value":{"sum":"x"}}`), all(succeeds, holds(`"sum":"x"`))}}},
}, []row{
	formRow("email", `"canary"`), formRow("site", `"canary canary"`), formRow("day", `"28.07.2026"`), formRow("at", `"noon"`), formRow("code", `"abc"`),
	formRow("age", `17`), formRow("share", `1.5`), formRow("sure", `"canary"`), formRow("size", `"canary"`), formRow("colour", `"Red"`),
	formRow("old", `"A"`), formRow("days", `[]`), formRow("tags", `["x","canary"]`),
})

// asked1 checks that one question of a kind came, with these parts in it.
func asked1(kind string, parts ...string) check {
	return func(t *testing.T, _ place, got drive.Outcome) {
		t.Helper()
		if len(got.Asks) != 1 || got.Asks[0].Kind != kind {
			t.Fatalf("asked %v, want one %s", got.Asks, kind)
		}
		for _, part := range parts {
			if !strings.Contains(string(got.Asks[0].Params), part) {
				t.Errorf("asked %s, want %q in it", got.Asks[0].Params, part)
			}
		}
	}
}

// holds checks that the result has a part in it.
func holds(part string) check {
	return func(t *testing.T, _ place, got drive.Outcome) {
		t.Helper()
		if !strings.Contains(got.Result, part) {
			t.Errorf("got %s, want %q in it", got.Result, part)
		}
	}
}

// invalidResult checks a result that does not keep its promise: where, and that
// it is there as it came.
func invalidResult(pointer, says, part string) check {
	return func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		all(fails("rpc/invalid_result", "yes", says), silentAbout("canary"))(t, at, drive.Outcome{Error: withoutData(got.Error), Result: got.Result})
		if got.Error == nil {
			return
		}
		var data struct {
			Pointer string
			Result  json.RawMessage
		}
		if err := json.Unmarshal(got.Error.Data, &data); err != nil || data.Pointer != pointer {
			t.Errorf("data %s, want the place %s", got.Error.Data, pointer)
		}
		if at.embedder.Name == "host" && !strings.Contains(string(data.Result), part) || len(data.Result) == 0 {
			t.Errorf("data %s, want the result", got.Error.Data)
		}
	}
}

// withoutData is a failure without the server's own words.
func withoutData(f *drive.Failure) *drive.Failure {
	if f == nil {
		return nil
	}
	out := *f
	out.Data = nil
	return &out
}
