package host

import (
	"errors"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
)

// answering makes a session whose server answers each call of a tool with a
// result.
func answering(t *testing.T, result string) *Session {
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if _, ok := onCommand(g.t, f, "callTool"); !ok {
				return nil, false
			}
			return []wire.Frame{frameOf(wire.KindDone, f.ID, nil, result)}, true
		})
	})
	return connect(t, rt, serverURL, nil)
}

func TestToolCall(t *testing.T) {
	type sum struct {
		Sum int64 `json:"sum"`
	}
	for _, test := range []struct {
		name, result string
		want         int64
		code         Code
		returned     bool // the result
		anyCode      Code // if any value will do
	}{
		{"a value", `{"content":[],"structuredContent":{"sum":9007199254740993}}`, 9007199254740993, "", true, ""},
		{"no value", `{"content":[{"type":"text","text":"5"}]}`, 0, CodeRPCInvalidResult, true, ""},
		{"another value", `{"content":[],"structuredContent":{"sum":"five"}}`, 0, CodeRPCInvalidResult, true, ""},
		{"a failure", `{"content":[{"type":"text","text":"no"}],"isError":true}`, 0, CodeRPCError, true, CodeRPCError},
		{"no content that the go-sdk knows", `{"content":[{"type":"hologram"}],"structuredContent":{"sum":1}}`, 0, CodeLocalUnsupported, false, CodeLocalUnsupported},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := answering(t, test.result)
			check := func(err error, want Code) {
				t.Helper()
				if want == "" && err != nil || want != "" && !errors.Is(err, &Error{Code: want}) {
					t.Errorf("got error %v, want %q", err, want)
				}
			}
			got, result, err := Tool[map[string]int, sum]{Name: "add"}.Call(t.Context(), s, map[string]int{"a": 2})
			check(err, test.code)
			if got.Sum != test.want || (result != nil) != test.returned {
				t.Errorf("got %d, %v; want %d", got.Sum, result, test.want)
			}
			_, result, err = Tool[any, any]{Name: "add"}.Call(t.Context(), s, nil)
			check(err, test.anyCode)
			if (result != nil) != test.returned {
				t.Errorf("got %v", result)
			}
		})
	}
	if _, _, err := (Tool[any, any]{}).Call(t.Context(), answering(t, `{}`), nil); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
		t.Errorf("without a name: %v", err)
	}
	if _, _, err := (Tool[[]int, any]{Name: "add"}).Call(t.Context(), answering(t, `{}`), []int{1}); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
		t.Errorf("arguments that are no object: %v", err)
	}
}
