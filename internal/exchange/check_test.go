package exchange

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// messages are seeds: the quick way passes those that say so.
var messages = []struct {
	text  string
	quick bool
}{
	{`{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"a\nb\"\u00e9 and more than eight bytes"}]}}`, true},
	{" {\t\"jsonrpc\" : \"2.0\" ,\r\n\"id\":\"x\", \"error\" : {\"code\":-32000, \"message\":\"no\"} } \n", true},
	{`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":0.5e+3,"total":-0,"a":[true,false,null,[],{}]}}`, true},
	{`{"jsonrpc":"2.0","id":1,"result":1,"result":"the last"}`, true},
	{`{}`, true},
	{`{"jsonrpc":"2.0","id":1,"r\u0065sult":1}`, false},
	{`{"jsonrpc":"2\u002e0","id":1,"result":1}`, false},
	{`{"jsonrpc":"2.0","method":"ünicode"}`, false},
	{`{"jsonrpc":"2.0","method":null}`, false},
	{`{"jsonrpc":"2.0","method":1}`, false},
	{`{"jsonrpc":"2.0","id":1,"result":1}x`, false},
	{`{"jsonrpc":"2.0","id":1,"result":1`, false},
	{`{"jsonrpc":"2.0","id":1,"result":01}`, false},
	{`{"jsonrpc":"2.0","id":1,"result":1.}`, false},
	{`{"jsonrpc":"2.0","id":1,"result":1e}`, false},
	{`{"jsonrpc":"2.0","id":1,"result":-}`, false},
	{`{"jsonrpc":"2.0","id":1,"result":tru}`, false},
	{`{"jsonrpc":"2.0","id":1,"result":"a` + "\n" + `"}`, false},
	{`{"jsonrpc":"2.0","id":1,"result":"abcdefgh` + "\x01" + `"}`, false},
	{`{"jsonrpc":"2.0","id":1,"result":"\x"}`, false},
	{`{"jsonrpc":"2.0","id":1,"result":"\u12g4"}`, false},
	{`{"jsonrpc":"2.0","id":1,"result":"\u12`, false},
	{`{"jsonrpc":"2.0","id":1,"result":"\`, false},
	{`{"jsonrpc":"2.0","id":1,"result":[1,]}`, false},
	{`{"jsonrpc":"2.0","id":1,"result":{"a":1,}}`, false},
	{`{"jsonrpc":"2.0","id":1,"result":{"a"}}`, false},
	{`{"jsonrpc":"2.0","id":1,"result":[1}}`, false},
	{`{"jsonrpc":"2.0",}`, false},
	{`[]`, false},
	{`null`, false},
	{``, false},
}

func TestSplitIncoming(t *testing.T) {
	for _, m := range messages {
		if _, err := splitIncoming([]byte(m.text), 100); (err == nil) != m.quick {
			t.Errorf("%s: %v, want quick %v", m.text, err, m.quick)
		}
		checkSplit(t, []byte(m.text))
	}
}

// checkSplit holds that the quick way finds what the decoder does, that what it
// passes is JSON and that it passes every object.
func checkSplit(t *testing.T, data []byte) {
	t.Helper()
	const limit = 100
	quick, err := splitIncoming(data, limit)
	whole, wholeErr := decodeIncoming(data, limit)
	if err == nil && wholeErr == nil && quick.parts != nil {
		if slow, err := whole.inputResult(); err != nil || !reflect.DeepEqual(*quick.parts, slow) {
			t.Errorf("%q: on the way %+v, decoded %+v, %v", data, *quick.parts, slow, err)
		}
		quick.parts = nil
	}
	if err == nil && (wholeErr != nil || !reflect.DeepEqual(quick, whole)) {
		t.Errorf("%q: quick %+v, decoded %+v, %v", data, quick, whole, wholeErr)
	}
	if errors.Is(err, errTooDeep) && !errors.Is(wholeErr, errTooDeep) {
		t.Errorf("%q: too deep only for the quick way, %v", data, wholeErr)
	}
	c := checker{data: data}
	passed := c.members(limit, nil, func(_, _ []byte) {}) == nil && c.ended()
	var object map[string]json.RawMessage
	isObject := json.Unmarshal(data, &object) == nil && object != nil
	if passed != isObject && !errors.Is(wholeErr, errTooDeep) {
		t.Errorf("%q: passed %v, encoding/json says %v", data, passed, isObject)
	}
}

func TestCheckerDepth(t *testing.T) {
	nested := func(n int) []byte {
		return []byte(`{"a":` + strings.Repeat(`[`, n-1) + strings.Repeat(`]`, n-1) + `}`)
	}
	for _, limit := range []int{2, 40, 1000} {
		for n, want := range map[int]error{limit: nil, limit + 1: errTooDeep} {
			c := checker{data: nested(n)}
			if err := c.members(limit, nil, func(_, _ []byte) {}); !errors.Is(err, want) {
				t.Errorf("%d deep of %d: %v, want %v", n, limit, err, want)
			}
			if err := checkDepth(nested(n), limit); !errors.Is(err, want) {
				t.Errorf("%d deep of %d: checkDepth says %v", n, limit, err)
			}
		}
	}
}

// The first byte that is special is found wherever it stands in a word.
func TestSpecial(t *testing.T) {
	for _, b := range []byte{0, 1, 0x1f, '"', '\\'} {
		for at := range 24 {
			for _, fill := range []byte{' ', '!', '#', '[', ']', 0x7f, 0x80, 0xa2, 0xdc, 0xff} {
				data := []byte(strings.Repeat(string([]byte{fill}), 24))
				data[at] = b
				if got := special(data, 0); got != at {
					t.Fatalf("%#x at %d among %#x: found at %d", b, at, fill, got)
				}
				data[at] = fill
				if got := special(data, at); got != len(data) {
					t.Fatalf("none among %#x: found at %d", fill, got)
				}
			}
		}
	}
}

// The same for the end of a line.
func TestLineEnd(t *testing.T) {
	for _, b := range []byte{'\n', '\r'} {
		for at := range 24 {
			for _, fill := range []byte{0, 9, 11, 12, 14, ' ', 0x7f, 0x80, 0x8a, 0x8d, 0xff} {
				data := []byte(strings.Repeat(string([]byte{fill}), 24))
				data[at] = b
				if got := lineEnd(data); got != at {
					t.Fatalf("%#x at %d among %#x: found at %d", b, at, fill, got)
				}
				if got := lineEnd(data[:at]); got != -1 {
					t.Fatalf("none among %#x: found at %d", fill, got)
				}
			}
		}
	}
}

func FuzzSplitIncoming(f *testing.F) {
	for _, m := range messages {
		f.Add([]byte(m.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkSplit(t, data) })
}
