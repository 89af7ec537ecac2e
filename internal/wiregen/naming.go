package main

import (
	"regexp"
	"strings"
	"unicode"
)

// words splits a Go name: "HTTPHead" is HTTP, Head.
func words(name string) []string {
	var out []string
	runes := []rune(name)
	start := 0
	for i := 1; i < len(runes); i++ {
		lowerToUpper := unicode.IsUpper(runes[i]) && !unicode.IsUpper(runes[i-1])
		endOfInitials := unicode.IsUpper(runes[i]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
		if lowerToUpper || endOfInitials {
			out = append(out, string(runes[start:i]))
			start = i
		}
	}
	return append(out, string(runes[start:]))
}

// lowerCamel turns "HTTPHead" into "httpHead".
func lowerCamel(name string) string {
	w := words(name)
	w[0] = strings.ToLower(w[0])
	return strings.Join(w, "")
}

// upperSnake turns "MaxHeaderBytes" into "MAX_HEADER_BYTES".
func upperSnake(name string) string {
	return strings.ToUpper(strings.Join(words(name), "_"))
}

// camelOfCode turns "local/bad_url" into "localBadUrl".
func camelOfCode(code string) string {
	parts := strings.FieldsFunc(code, func(r rune) bool { return r == '/' || r == '_' })
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
	}
	return strings.Join(parts, "")
}

var identifier = regexp.MustCompile(`\b[A-Z][A-Za-z0-9]*\b`)

// reword rewrites the Go names in a comment: those of the fields of within (nil
// for none) into their names on the wire, and constants as constName says. The
// comments of internal/wire use such a word only where they mean the name, but
// for the initials (URL, ABI), which are taken for one only at the beginning.
func (v *vocabulary) reword(text string, within *structType, constName func(goName string, c constant) string) string {
	fields := map[string]string{}
	if within != nil {
		for _, f := range within.Fields {
			fields[f.GoName] = f.Name
		}
	}
	first := true
	return identifier.ReplaceAllStringFunc(text, func(word string) string {
		begins := first && strings.HasPrefix(text, word)
		first = false
		if name, ok := fields[word]; ok && (begins || word != strings.ToUpper(word)) {
			return name
		}
		if c, ok := v.docs.consts[word]; ok {
			return constName(word, c)
		}
		return word
	})
}

// sentence gives text a capital letter and a full stop.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
