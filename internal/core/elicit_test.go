package core

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
)

func TestFormDefaults(t *testing.T) {
	f, err := readForm(json.RawMessage(`{"type":"object","properties":{"a":{"type":"string","default":"x"},"b":{"type":"integer","default":"no number"},"c":{"type":"integer"}},"required":["a"]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, content, want, says string }{
		{"nothing given", ``, `{"a":"x"}`, ""},
		{"null given", `null`, `{"a":"x"}`, ""},
		{"what is given stays, byte for byte", `{ "a" : "y", "c":12345678901234567890 }`, `{ "a" : "y", "c":12345678901234567890 }`, ""},
		{"not an object", `[]`, "", "not an object"},
		{"a wrong value", `{"c":"canary"}`, "", "/c must be a whole number"},
		{"a default is no excuse", `{"a":7}`, "", "/a must be a string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := f.fill(json.RawMessage(c.content))
			if c.says == "" {
				if err != nil || string(got) != c.want {
					t.Errorf("got %s, %v; want %s", got, err, c.want)
				}
				return
			}
			failed, ok := err.(*questionError)
			if !ok || failed.why.Code != wire.CodeLocalBadArgument || !strings.Contains(failed.why.Message, c.says) || strings.Contains(failed.why.Message, "canary") {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

func TestSampledAnswers(t *testing.T) {
	const text = `{"type":"text","text":"x"}`
	message := func(content string) string {
		return fmt.Sprintf(`{"role":"assistant","model":"m","content":%s}`, content)
	}
	for _, c := range []struct {
		name, answer string
		tools        bool
		version      string
		want         string // empty: refused
	}{
		{"one block", message(text), false, "2025-06-18", message(text)},
		{"a list", message(`[` + text + `,` + text + `]`), false, "2025-11-25", message(`[` + text + `,` + text + `]`)},
		{"a list of one, for a server that knows none", message(`[` + text + `]`), false, "2025-06-18", `{"content":` + text + `,"model":"m","role":"assistant"}`},
		{"a list of two, for a server that knows none", message(`[` + text + `,` + text + `]`), false, "2025-06-18", ""},
		{"a tool is used", message(`{"type":"tool_use"}`), true, "2025-11-25", message(`{"type":"tool_use"}`)},
		{"a tool is used that was not offered", message(`{"type":"tool_use"}`), false, "2025-11-25", ""},
		{"a tool's result", message(`[{"type":"tool_result"}]`), true, "2025-11-25", ""},
		{"a block of no type", message(`{}`), false, "2025-11-25", ""},
		{"no content", `{"role":"assistant","model":"m"}`, false, "2025-11-25", ""},
		{"no model", `{"role":"assistant","content":` + text + `}`, false, "2025-11-25", ""},
		{"a strange role", `{"role":"system","model":"m","content":` + text + `}`, false, "2025-11-25", ""},
		{"a strange reason", `{"role":"user","model":"m","stopReason":1,"content":` + text + `}`, false, "2025-11-25", ""},
		{"no object", `7`, false, "2025-11-25", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readSampled([]byte(c.answer), c.tools, c.version)
			if string(got) != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %s, %v; want %q", got, err, c.want)
			}
		})
	}
}

// What a server sends somebody to is a page, and nothing that runs.
func TestPages(t *testing.T) {
	for url, want := range map[string]bool{
		"https://example.com/a?b": true, "http://127.0.0.1:1/": true,
		"javascript:alert(1)": false, "file:///etc/passwd": false, "/a": false, "": false, "https://": false, "data:text/html,x": false,
		"https://example.com/" + strings.Repeat("x", maxURLBytes): false,
	} {
		if got := isPage(url); got != want {
			t.Errorf("%.40s: %v, want %v", url, got, want)
		}
	}
}

func TestElicitationsAreFew(t *testing.T) {
	var e elicitations
	first := e.ask("0")
	for i := range maxElicitations {
		e.ask(fmt.Sprint(i + 1))
	}
	if e.complete("0") {
		t.Error("the oldest was not forgotten")
	}
	select {
	case <-first:
		t.Error("what was forgotten is complete")
	default:
	}
	last := e.ask("256")
	if !e.complete("256") || e.complete("256") {
		t.Error("an elicitation is complete once")
	}
	<-last
}

func TestOutputsAreBounded(t *testing.T) {
	var o outputs
	large := `{"tools":[{"name":"a","outputSchema":{"description":"` + strings.Repeat("x", maxOutputBytes-100) + `"}}]}`
	o.learn(json.RawMessage(large))
	o.learn(json.RawMessage(`{"tools":[{"name":"b","outputSchema":{"description":"` + strings.Repeat("x", 200) + `"}},{"name":"c"}]}`))
	if o.find("a") == nil || o.find("b") != nil || o.find("c") == nil || o.find("c").raw != nil {
		t.Error("what is kept is not what fits")
	}
	o.learn(json.RawMessage(`{"tools":[{"name":"a"}]}`))
	if o.bytes != 0 || o.find("a").raw != nil {
		t.Errorf("%d bytes are kept of a schema that is gone", o.bytes)
	}
	o.forget()
	if o.find("a") != nil {
		t.Error("nothing was forgotten")
	}
}

func TestRootsAreFiles(t *testing.T) {
	for _, c := range []struct {
		root wire.Root
		ok   bool
	}{
		{wire.Root{URI: "file:///a"}, true},
		{wire.Root{URI: "FILE:///a", Meta: json.RawMessage(`{}`)}, true},
		{wire.Root{URI: "https://example.com/"}, false},
		{wire.Root{URI: "/a"}, false},
		{wire.Root{URI: "file:///\x00"}, false},
		{wire.Root{URI: "file:///a", Meta: json.RawMessage(`[]`)}, false},
	} {
		if err := checkRoots([]wire.Root{c.root}); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.root, err)
		}
	}
	if checkRoots(make([]wire.Root, maxRoots+1)) == nil {
		t.Error("there is no bound on roots")
	}
}
