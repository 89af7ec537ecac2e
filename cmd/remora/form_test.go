package main

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A script is a dialog whose lines were written beforehand.
type script struct {
	lines []string
	end   error // after the last line
	said  strings.Builder
}

func (s *script) Say(text string) { s.said.WriteString(text) }

func (s *script) Line(prompt string) (string, error) {
	s.said.WriteString(prompt)
	if len(s.lines) == 0 {
		return "", s.end
	}
	line := s.lines[0]
	s.lines = s.lines[1:]
	s.said.WriteString(line + "\n")
	return line, nil
}

const form = `{"type":"object","required":["name","age"],"properties":{
	"name":{"type":"string","title":"Your name","minLength":2,"maxLength":5},
	"age":{"type":"integer","minimum":1,"maximum":150},
	"mail":{"type":"string","format":"email"},
	"news":{"type":"boolean","default":true},
	"size":{"type":"string","enum":["s","m"],"enumNames":["Small","Medium"]},
	"tone":{"oneOf":[{"const":"r","title":"Red"},{"const":"b","title":"Blue"}]},
	"tags":{"type":"array","items":{"anyOf":[{"const":"x","title":"X-ray"},{"const":"y"}]},"minItems":1,"maxItems":2}}}`

// Fields are asked for in this order: name, age, mail, news, size, tags, tone.
func TestForm(t *testing.T) {
	tests := []struct {
		name    string
		lines   string // with | between
		end     error
		action  string
		content string
		said    string
	}{
		{"everything", "Eve|30|e@example.com|n|2|x, 2|Blue|y", nil, "accept",
			`{"age":30,"mail":"e@example.com","name":"Eve","news":false,"size":"m","tags":["x","y"],"tone":"b"}`, "Your name (string; required)"},
		{"the least", "Eve|30||||||yes", nil, "accept", `{"age":30,"name":"Eve","news":true}`, "news [true]: "},
		{"corrected", "|E|Evelyn|Eve|x|1.5|0|151|30|mail|e@x.org|maybe|yes|4|Small|z|x,y,x|x|r|y", nil, "accept",
			`{"age":30,"mail":"e@x.org","name":"Eve","news":true,"size":"s","tags":["x"],"tone":"r"}`, "at most 150"},
		{"edited", "Eve|30||||||e|Bob|31||||||y", nil, "accept", `{"age":31,"name":"Bob","news":true}`, ""},
		{"declined", "Eve|30||||||what|n", nil, "decline", "", ""},
		{"cancelled at the end", "Eve|30||||||c", nil, "cancel", "", ""},
		{"left", "Eve", errLeave, "cancel", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := &script{lines: strings.Split(test.lines, "|"), end: test.end}
			got, err := runForm(d, "https://example.com", &mcp.ElicitParams{Mode: "form", Message: "Who are\x1b[2J you?", RequestedSchema: json.RawMessage(form)}, newRedactor(nil))
			if err != nil {
				t.Fatalf("%v after %s", err, d.said.String())
			}
			if got.Action != test.action {
				t.Errorf("action = %q, want %q", got.Action, test.action)
			}
			content := ""
			if got.Content != nil {
				raw, err := json.Marshal(got.Content)
				if err != nil {
					t.Fatal(err)
				}
				content = string(raw)
			}
			if content != test.content {
				t.Errorf("content = %s, want %s", content, test.content)
			}
			said := d.said.String()
			if !strings.HasPrefix(said, "\nhttps://example.com asks:\n  Who are\\u001b[2J you?\n") || !strings.Contains(said, test.said) {
				t.Errorf("said %q, want %q in it", said, test.said)
			}
			if len(d.lines) > 0 {
				t.Errorf("not asked for: %q", d.lines)
			}
		})
	}
}

func TestFormEnds(t *testing.T) {
	_, err := runForm(&script{end: errInterrupt}, "o", &mcp.ElicitParams{RequestedSchema: json.RawMessage(form)}, newRedactor(nil))
	if !errors.Is(err, errInterrupt) {
		t.Errorf("interrupted: %v", err)
	}
	_, err = runForm(&script{}, "o", &mcp.ElicitParams{Mode: "telepathy"}, newRedactor(nil))
	if err == nil || !strings.Contains(err.Error(), "telepathy") {
		t.Errorf("unknown mode: %v", err)
	}
}

func TestURLElicitation(t *testing.T) {
	for line, want := range map[string]string{"y": "accept", "no": "decline", "c": "cancel"} {
		d := &script{lines: []string{"", line}}
		got, err := runForm(d, "o", &mcp.ElicitParams{Mode: "url", Message: "Sign in", URL: "https://example.com/\u202ein"}, newRedactor(nil))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, &mcp.ElicitResult{Action: want}) {
			t.Errorf("%s: got %+v, want %s", line, got, want)
		}
		if !strings.Contains(d.said.String(), `https://example.com/\u202ein`) {
			t.Errorf("said %q", d.said.String())
		}
	}
}

func TestFieldFormats(t *testing.T) {
	tests := []struct {
		schema, line string
		ok           bool
	}{
		{`{"type":"string","format":"uri"}`, "https://example.com/", true},
		{`{"type":"string","format":"uri"}`, "example", false},
		{`{"type":"string","format":"date"}`, "2026-02-28", true},
		{`{"type":"string","format":"date"}`, "2026-02-30", false},
		{`{"type":"string","format":"date-time"}`, "2026-02-28T10:00:00Z", true},
		{`{"type":"string","format":"date-time"}`, "2026-02-28", false},
		{`{"type":"string","format":"email"}`, "Eve <e@example.com>", false},
		{`{"type":"string","maxLength":2}`, "äö", true},
		{`{"type":"number"}`, "1e999", false},
		{`{"type":"boolean"}`, "1", false},
		{`{"type":"array"}`, "a,b", true},
		{`{}`, "true", true},
	}
	for _, test := range tests {
		f := newField("f", parseSchema([]byte(`{"required":["f"],"properties":{"f":`+test.schema+`}}`)))
		if _, problem := f.read(test.line); (problem == "") != test.ok {
			t.Errorf("%s, %q: problem %q, want ok = %v", test.schema, test.line, problem, test.ok)
		}
	}
}
