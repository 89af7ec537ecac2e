package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHarmless(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "grün 你好 👩‍👩‍👧", "grün 你好 👩‍👩‍👧"},
		{"lines and tabs stay", "a\n\tb", "a\n\tb"},
		{"line ends", "a\r\nb", "a\nb"},
		{"carriage return", "safe\rrm", `safe\u000drm`},
		{"escape sequence", "\x1b[2Jx", `\u001b[2Jx`},
		{"C1 control", "\u009b2J", `\u009b2J`},
		{"bidi override", "abc\u202edef", `abc\u202edef`},
		{"line separator", "a\u2028b", `a\u2028b`},
		{"tag character", "a\U000e0041", `a\U000e0041`},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
		{"delete", "a\x7f", `a\u007f`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := harmless(test.in); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestOneLine(t *testing.T) {
	for _, test := range []struct {
		in    string
		limit int
		want  string
	}{
		{"a\n b\tc", 10, "a b c"},
		{"abcdef", 4, "abc…"},
		{"äöü", 3, "äöü"},
		{strings.Repeat("x", 1000), 3, "xx…"},
	} {
		if got := oneLine(test.in, test.limit); got != test.want {
			t.Errorf("%q: got %q, want %q", test.in, got, test.want)
		}
	}
}

func FuzzHarmless(f *testing.F) {
	for _, seed := range []string{"", "a\x1b[0m", "\xff\r\n", "\u202e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := harmless(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, escaped) {
			t.Errorf("%q became %q", s, got)
		}
	})
}
