package tooltypes

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// A scope gives out names, each once.
type scope map[string]bool

// take returns name, or name with the first number from 2 on that is free.
func (s scope) take(name string) string {
	free := name
	for i := 2; s[free]; i++ {
		free = fmt.Sprintf("%s%d", name, i)
	}
	s[free] = true
	return free
}

// maxIdentifier bounds a name made of one word of a server.
const maxIdentifier = 60

// pascal makes an identifier of ASCII letters and digits, which begins with a
// capital, of any text: "get-weather" becomes GetWeather.
func pascal(s, otherwise string) string {
	var b strings.Builder
	up := true
	for _, r := range s {
		switch {
		case b.Len() >= maxIdentifier:
		case 'a' <= r && r <= 'z' && up:
			b.WriteRune(r - 'a' + 'A')
			up = false
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
			b.WriteRune(r)
			up = false
		case '0' <= r && r <= '9' && b.Len() > 0:
			b.WriteRune(r)
			up = true
		case '0' <= r && r <= '9':
			b.WriteString(otherwise)
			b.WriteRune(r)
			up = true
		default:
			up = true
		}
	}
	if b.Len() == 0 {
		return otherwise
	}
	return b.String()
}

// hidden reports whether a reader could not see a character, or would be misled
// by it.
func hidden(r rune) bool {
	return r == unicode.ReplacementChar || !unicode.IsGraphic(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || unicode.IsSpace(r) && r != ' '
}

// quote is a string literal, in TypeScript and in JSON.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case hidden(r):
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// docLines are the lines of a comment, without what could end it.
func docLines(s string) []string {
	if runes := []rune(s); len(runes) > maxDoc {
		s = string(runes[:maxDoc]) + "…"
	}
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	s = strings.ReplaceAll(s, "*/", `*\/`)
	var out []string
	for line := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		line = strings.Map(func(r rune) rune {
			if hidden(r) {
				return ' '
			}
			return r
		}, line)
		out = append(out, strings.TrimRight(line, " "))
	}
	if len(out) == 1 && out[0] == "" {
		return nil
	}
	return out
}

// oneLine is text on one line, of at most limit characters.
func oneLine(s string, limit int) string {
	s = strings.Join(docLines(s), " ")
	if runes := []rune(s); len(runes) > limit {
		s = string(runes[:limit]) + "…"
	}
	return s
}
