package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// harmless returns text of a server as a terminal can show it: whatever could
// move the cursor, change colours or reorder what is read (control and format
// characters, line and paragraph separators) is spelt as an escape, line ends
// become \n, and bytes that are not UTF-8 become U+FFFD. Line ends and tabs stay.
func harmless(s string) string {
	if !needsEscape(s) {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case !escaped(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func needsEscape(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, escaped)
}

func escaped(r rune) bool {
	switch r {
	case '\n', '\t':
		return false
	case '\u200c', '\u200d': // joiners, which scripts and emoji need
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// oneLine is harmless text on one line, of at most limit characters.
func oneLine(s string, limit int) string {
	if len(s) > 8*limit {
		s = s[:8*limit]
	}
	runes := []rune(strings.Join(strings.Fields(harmless(s)), " "))
	if len(runes) > limit {
		runes = append(runes[:max(limit-1, 0)], '…')
	}
	return string(runes)
}

// indent puts prefix before each line of s.
func indent(s, prefix string) string {
	return prefix + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n"+prefix)
}
