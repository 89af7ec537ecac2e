package exchange

import (
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/port"
)

func anything(string) bool { return true }

func TestStub(t *testing.T) {
	for _, c := range []struct {
		name, method, raw string
		want              string // empty for a failure
	}{
		{"a tool's result", methodCallTool, `{"content":[{"type":"x"}],"isError":true,"structuredContent":{"a":1}}`, `{"content":[]}`},
		{"complete", methodCallTool, `{"resultType":"complete","content":[]}`, `{"resultType":"complete","content":[]}`},
		{"input is required", methodCallTool, `{"resultType":"input_required","requestState":"s","inputRequests":{"r":{"method":"roots/list"}}}`,
			`{"resultType":"input_required","inputRequests":{"r":{"method":"roots/list","params":{}}},"requestState":"s","content":[]}`},
		{"a question", methodCallTool, `{"inputRequests":{"r":{"method":"elicitation/create","params":{"message":"who?"}}}}`,
			`{"inputRequests":{"r":{"method":"elicitation/create","params":{"mode":"form","message":"","_meta":{"remora/question":"1"}}}},"content":[]}`},
		{"input requests of no form", methodCallTool, `{"inputRequests":[1]}`, ""},
		{"not an object", methodCallTool, `[]`, ""},
		{"a list", methodListTools, `{"tools":[{"name":"a","inputSchema":{"type":"object","properties":{"x":{"$ref":"#"}}},"icons":3}],"nextCursor":"n","ttlMs":5}`,
			`{"tools":[{"name":"a","inputSchema":{"type":"object"}}],"nextCursor":"n"}`},
		{"a list with header parameters", methodListTools, `{"tools":[{"name":"a","inputSchema":{"properties":{"x":{"x-mcp-header":"X"}}}}]}`,
			`{"tools":[{"name":"a","inputSchema":{"properties":{"x":{"x-mcp-header":"X"}}}}]}`},
		{"a tool without a name", methodListTools, `{"tools":[{}]}`, ""},
		{"what a resource holds", methodReadResource, `{"contents":[{"uri":"a","blob":7}],"ttlMs":9}`, `{}`},
		{"a resource that asks", methodReadResource, `{"resultType":"input_required","requestState":"s"}`, `{"resultType":"input_required","requestState":"s"}`},
		{"a resource that holds nothing", methodReadResource, `{"contents":3}`, ""},
		{"a prompt", methodGetPrompt, `{"messages":[{"role":"later"}]}`, `{}`},
		{"a prompt without messages", methodGetPrompt, `{}`, ""},
		{"resources", methodListResources, `{"resources":[1],"nextCursor":"n","ttlMs":5}`, `{}`},
		{"templates", methodListTemplates, `{"resourceTemplates":[]}`, `{}`},
		{"prompts", methodListPrompts, `{"prompts":[],"nextCursor":null}`, `{}`},
		{"prompts that are no list", methodListPrompts, `{"prompts":{}}`, ""},
		{"a cursor that is no string", methodListPrompts, `{"prompts":[],"nextCursor":7}`, ""},
		{"completion", methodComplete, `{"completion":{"values":[1]}}`, `{}`},
		{"no completion", methodComplete, `{}`, ""},
		{"a handshake", methodDiscover, `{"any":"thing"}`, `{"any":"thing"}`},
		{"anything else", "ping", `{"any":"thing"}`, `{}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			messages := []*incoming{{Result: []byte(c.raw)}}
			if m, err := parseIncoming([]byte(`{"jsonrpc":"2.0","id":1,"result":`+c.raw+`}`), 50); err == nil {
				messages = append(messages, m)
			}
			for _, m := range messages {
				transport := New(Config{Clock: port.SystemClock{}, Sink: new(heard), Answers: anything})
				got, _, err := transport.stub(new(Call), c.method, m)
				if (err != nil) != (c.want == "") || string(got) != c.want {
					t.Errorf("got %s, %v; want %s", got, err, c.want)
				}
			}
		})
	}
}

// A question reaches the application as it came, whatever the SDK makes of it.
func TestQuestionsStayWhole(t *testing.T) {
	transport := New(Config{Clock: port.SystemClock{}, Sink: new(heard), Answers: anything})
	for _, params := range []string{
		`{"message":"who?","later":12345678901234567890}`,
		`{"message":"who?","_meta":{"remora/question":"1","own":true}}`,
	} {
		tagged, err := transport.tag(methodElicit, []byte(params), 9)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Meta map[string]any `json:"_meta"`
		}
		if err := decode(tagged, &got); err != nil {
			t.Fatal(err)
		}
		q, ok := transport.TakeQuestion(got.Meta)
		if !ok || string(q.Params) != params || q.Call != 9 {
			t.Errorf("got %s of call %d, %v; want %s of call 9", q.Params, q.Call, ok, params)
		}
		if _, again := transport.TakeQuestion(got.Meta); again {
			t.Error("a question was taken twice")
		}
	}
	if _, err := transport.tag(methodElicit, []byte(`[]`), 0); err == nil {
		t.Error("parameters that are not an object were taken")
	}
	for range maxQuestions {
		_, _ = transport.tag(methodElicit, []byte(`{}`), 0)
	}
	if _, err := transport.tag(methodElicit, []byte(`{}`), 0); err == nil {
		t.Error("more questions were kept than the bound allows")
	}
}

// What leaves is the application's answer, whatever the SDK made of it.
func TestAnswersStayWhole(t *testing.T) {
	for _, c := range []struct{ name, out, want string }{
		{"an answer", `{"jsonrpc":"2.0","id":7,"result":{"_meta":{"remora/answer":{"action":"accept","content":{"n":12345678901234567890}}},"action":"accept"}}`,
			`{"jsonrpc":"2.0","id":7,"result":{"action":"accept","content":{"n":12345678901234567890}}}`},
		{"an answer of the SDK's own", `{"jsonrpc":"2.0","id":7,"result":{"roots":[]}}`, ""},
		{"an error", `{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"remora/answer"}}`, ""},
		{"responses", `{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"inputResponses":{"a":{"_meta":{"remora/answer":{"role":"assistant"}}},"b":{"roots":[]}},"name":"t"}}`,
			`{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"inputResponses":{"a":{"role":"assistant"},"b":{"roots":[]}},"name":"t"}}`},
		{"a call that mentions it", `{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"arguments":{"x":"remora/answer"}}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := parseOutgoing([]byte(c.out))
			if err != nil {
				t.Fatal(err)
			}
			want := c.want
			if want == "" {
				want = c.out
			}
			if got := string(withAnswers(out).bytes()); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestCheckDepth(t *testing.T) {
	for _, c := range []struct {
		in   string
		deep bool
	}{
		{`{"a":[[1]]}`, false},
		{`{"a":[[[1]]]}`, true},
		{`{"a":"[[[[[\"[[[["}`, false},
		{strings.Repeat("[]", 100), false},
		{`"unterminated \`, false},
	} {
		if got := checkDepth([]byte(c.in), 3) != nil; got != c.deep {
			t.Errorf("%s: too deep %v, want %v", c.in, got, c.deep)
		}
	}
}

// Foreign bytes never panic, and what is taken for a message is one.
func FuzzParseIncoming(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"result":{}}`))
	f.Add([]byte(`{"jsonrpc":"2.0","method":"x","params":{"_meta":{}}}`))
	f.Add([]byte(`[[[`))
	transport := New(Config{Clock: port.SystemClock{}, Sink: new(heard), Answers: anything})
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := parseIncoming(in, 50)
		if err != nil {
			return
		}
		for _, method := range []string{methodCallTool, methodListTools, methodReadResource, methodListPrompts, methodComplete} {
			_, _, _ = transport.stub(new(Call), method, m)
		}
		if tagged, err := transport.tag(methodElicit, m.Params, 0); err == nil {
			var meta struct {
				Meta map[string]any `json:"_meta"`
			}
			if err := decode(tagged, &meta); err != nil {
				t.Fatalf("tagged %s: %v", tagged, err)
			}
			if _, ok := transport.TakeQuestion(meta.Meta); !ok {
				t.Fatalf("tagged %s, and cannot be taken", tagged)
			}
		}
	})
}
