package schema

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf16"
)

const (
	// maxPatternBytes bounds a regular expression.
	maxPatternBytes = 4 << 10
	// maxProgram bounds the program that is made of one, in instructions.
	maxProgram = 4_000
)

// A pattern is a regular expression and how large its program is.
type pattern struct {
	re   *regexp.Regexp
	size int64
}

// compilePattern reads a regular expression of ECMA-262, which is what JSON
// Schema means (draft 2020-12, core, 6.4), as one of RE2.
func compilePattern(source string) (*pattern, error) {
	if len(source) > maxPatternBytes {
		return nil, fmt.Errorf("a regular expression is longer than %d bytes", maxPatternBytes)
	}
	translated, err := translate(source)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(translated, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("a regular expression cannot be used here: %s", errorCode(err))
	}
	size := programSize(tree)
	if size > maxProgram {
		return nil, fmt.Errorf("a regular expression makes a program of more than %d steps", maxProgram)
	}
	re, err := regexp.Compile(translated)
	if err != nil {
		return nil, fmt.Errorf("a regular expression cannot be used here: %s", errorCode(err))
	}
	return &pattern{re: re, size: size}, nil
}

// errorCode is what is wrong with an expression, without quoting it.
func errorCode(err error) string {
	if serr, ok := err.(*syntax.Error); ok {
		return string(serr.Code)
	}
	return "malformed"
}

// programSize estimates the program of an expression, without making it.
func programSize(re *syntax.Regexp) int64 {
	size := int64(1)
	if re.Op == syntax.OpLiteral {
		size = int64(len(re.Rune))
	}
	for _, sub := range re.Sub {
		size += programSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		times := int64(max(re.Max, re.Min, 1))
		size *= times
	}
	return min(size, 1<<32)
}

// Character classes of ECMA-262 that RE2 has differently.
const (
	spaces    = `\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`
	notSpaces = `\x{00}-\x{08}\x{0e}-\x{1f}!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}`
	anyChar   = `[^\n\r\x{2028}\x{2029}]`
)

// What an expression can have wrong that RE2 does not say itself.
var (
	errLooks    = errors.New("a regular expression looks ahead or behind, which cannot be done in linear time")
	errRefers   = errors.New("a regular expression refers back, which cannot be done in linear time")
	errEscape   = errors.New("a regular expression has a malformed or unknown escape")
	errProperty = errors.New("a regular expression has a malformed property escape")
)

// translate writes an expression of ECMA-262 as one of RE2.
func translate(source string) (string, error) {
	var b []byte
	inClass := false
	for i := 0; i < len(source); {
		c, rest, n := source[i], source[i:], 1
		put := rest[:1]
		switch {
		case c == '\\':
			var err error
			if b, n, err = translateEscape(b, rest, inClass); err != nil {
				return "", err
			}
			put = ""
		case inClass && c == '[':
			put = `\[`
		case inClass:
			inClass = c != ']'
		case strings.HasPrefix(rest, "[^]"):
			put, n = `[\x{00}-\x{10ffff}]`, 3
		case strings.HasPrefix(rest, "[]"):
			put, n = `[^\x{00}-\x{10ffff}]`, 2
		case strings.HasPrefix(rest, "[^"):
			put, n, inClass = "[^", 2, true
		case c == '[':
			inClass = true
		case c == '.':
			put = anyChar
		case strings.HasPrefix(rest, "(?<") && !strings.HasPrefix(rest, "(?<=") && !strings.HasPrefix(rest, "(?<!"), strings.HasPrefix(rest, "(?:"):
		case strings.HasPrefix(rest, "(?"):
			// Flags in the expression are RE2's alone; the others it does not have.
			return "", errLooks
		}
		b = append(b, put...)
		i += n
	}
	return string(b), nil
}

// translateEscape appends the escape that source begins with, and returns its
// length.
func translateEscape(b []byte, source string, inClass bool) ([]byte, int, error) {
	if len(source) < 2 {
		return nil, 0, errEscape
	}
	switch c := source[1]; c {
	case 'd', 'D', 'w', 'W', 'b', 'B', 't', 'n', 'v', 'f', 'r':
		if c == 'b' && inClass {
			return append(b, `\x08`...), 2, nil
		}
	case 's', 'S':
		class := spaces
		if c == 'S' {
			class = notSpaces
		}
		if !inClass {
			class = "[" + class + "]"
		}
		return append(b, class...), 2, nil
	case 'p', 'P':
		end := strings.IndexByte(source, '}')
		if len(source) < 3 || source[2] != '{' || end < 0 {
			return nil, 0, errProperty
		}
		name := source[3:end]
		if _, value, found := strings.Cut(name, "="); found {
			name = value // General_Category= or Script=, whose names differ
		}
		return append(append(append(b, source[:3]...), name...), '}'), end + 1, nil
	case 'u':
		r, n, ok := unicodeEscape(source)
		if !ok {
			return nil, 0, errEscape
		}
		return appendRune(b, uint64(r)), n, nil
	case 'x':
		if len(source) < 4 {
			return nil, 0, errEscape
		}
		r, err := strconv.ParseUint(source[2:4], 16, 8)
		if err != nil {
			return nil, 0, errEscape
		}
		return appendRune(b, r), 4, nil
	case 'c':
		if len(source) < 3 || (source[2]|0x20) < 'a' || (source[2]|0x20) > 'z' {
			return nil, 0, errEscape
		}
		return appendRune(b, uint64(source[2]&0x1f)), 3, nil
	case '0':
		return appendRune(b, 0), 2, nil
	case '1', '2', '3', '4', '5', '6', '7', '8', '9', 'k':
		return nil, 0, errRefers
	default:
		if c >= 0x80 || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return nil, 0, errEscape
		}
	}
	return append(b, source[:2]...), 2, nil
}

// appendRune appends a character by its number.
func appendRune(b []byte, r uint64) []byte {
	return append(strconv.AppendUint(append(b, `\x{`...), r, 16), '}')
}

// unicodeEscape reads \uXXXX, a surrogate pair of two, or \u{X...}.
func unicodeEscape(source string) (r rune, n int, ok bool) {
	if strings.HasPrefix(source, `\u{`) {
		end := strings.IndexByte(source, '}')
		if end < 0 {
			return 0, 0, false
		}
		code, err := strconv.ParseUint(source[3:end], 16, 32)
		return rune(code), end + 1, err == nil && code <= 0x10ffff
	}
	first, ok := codeUnit(source)
	if !ok {
		return 0, 0, false
	}
	if second, ok := codeUnit(source[6:]); ok {
		if pair := utf16.DecodeRune(first, second); pair != '\uFFFD' {
			return pair, 12, true
		}
	}
	return first, 6, true
}

func codeUnit(s string) (rune, bool) {
	if len(s) < 6 || s[:2] != `\u` {
		return 0, false
	}
	code, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(code), err == nil
}
