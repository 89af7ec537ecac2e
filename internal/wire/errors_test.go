package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/remora-mcp/remora/internal/wire"
)

func TestErrorIsAskedByItsCode(t *testing.T) {
	timeout := &wire.Error{Code: wire.CodeLocalTimeout, Message: "nothing heard for 60 s", Sent: wire.SentUnknown}
	wrapped := fmt.Errorf("calling: %w", timeout)
	if !errors.Is(wrapped, &wire.Error{Code: wire.CodeLocalTimeout}) {
		t.Error("a wrapped error is not found by its code")
	}
	if errors.Is(wrapped, &wire.Error{Code: wire.CodeLocalClosed}) {
		t.Error("an error is found by another code")
	}
	if errors.Is(wrapped, errors.New("local/timeout: nothing heard for 60 s")) {
		t.Error("an error is found by its text")
	}
	var e *wire.Error
	if !errors.As(wrapped, &e) || e.Sent != wire.SentUnknown {
		t.Errorf("errors.As gave %+v", e)
	}
	if got, want := timeout.Error(), "local/timeout: nothing heard for 60 s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestErrorAsJSON(t *testing.T) {
	for _, test := range []struct {
		name string
		err  wire.Error
		want string
	}{
		{"what is always there", wire.Error{Code: wire.CodeLocalClosed, Message: "m", Sent: wire.SentNo},
			`{"code":"local/closed","message":"m","retryable":false,"sent":"no"}`},
		{"everything", wire.Error{Code: wire.CodeRPCError, Message: "m", Data: json.RawMessage(`{"n":12345678901234567890}`), Status: 400, RPCCode: -32602, Retryable: true, Sent: wire.SentYes},
			`{"code":"rpc/error","message":"m","data":{"n":12345678901234567890},"status":400,"rpcCode":-32602,"retryable":true,"sent":"yes"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := json.Marshal(&test.err)
			if err != nil || string(got) != test.want {
				t.Errorf("got %s, %v\nwant %s", got, err, test.want)
			}
		})
	}
}

func TestExcerpt(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"empty", "", ""},
		{"plain", "<html>", "<html>"},
		{"space around and between", " \r\n\ta\x00\x01 \x7f b\n", "a b"},
		{"only what cannot be printed", "\x00\x01\r\n", ""},
		{"invalid UTF-8", "a\xff\xfeb", "a b"},
		{"C1 control characters", "a\u0085\u009bb", "a b"},
		{"format characters that would turn the text around", "a\u202eb\u200bc", "a b c"},
		{"other languages", "größer 日本", "größer 日本"},
		{"exactly the limit", strings.Repeat("x", 200), strings.Repeat("x", 200)},
		{"above the limit", strings.Repeat("x", 100_000), strings.Repeat("x", 200)},
		{"no character is cut", strings.Repeat("日", 100), strings.Repeat("日", 66)},
		{"no character is cut where the body is", "x" + strings.Repeat(" ", 797) + "日本", "x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := wire.Excerpt([]byte(test.body)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// FuzzExcerpt: what is quoted of a foreign body is short, valid and printable.
func FuzzExcerpt(f *testing.F) {
	f.Add([]byte("<!doctype html>\n<title>Not here</title>"))
	f.Add([]byte("\x1b[31mred\x1b[0m \u202e\u0000"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got := wire.Excerpt(body)
		if len(got) > wire.MaxExcerptBytes {
			t.Errorf("%d bytes", len(got))
		}
		if !utf8.ValidString(got) {
			t.Errorf("not UTF-8: %q", got)
		}
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Errorf("holds the unprintable %U: %q", r, got)
			}
		}
	})
}
