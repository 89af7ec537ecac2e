package schema

import (
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

// translate writes an expression of ECMA-262 as one of RE2.
func translate(source string) (string, error) {
	var b strings.Builder
	inClass := false
	for i := 0; i < len(source); {
		switch c := source[i]; {
		case c == '\\':
			n, err := translateEscape(&b, source[i:], inClass)
			if err != nil {
				return "", err
			}
			i += n
			continue
		case inClass && c == ']':
			inClass = false
			b.WriteByte(c)
		case inClass && c == '[':
			b.WriteString(`\[`)
		case inClass:
			b.WriteByte(c)
		case strings.HasPrefix(source[i:], "[^]"):
			b.WriteString(`[\x{00}-\x{10ffff}]`)
			i += 3
			continue
		case strings.HasPrefix(source[i:], "[]"):
			b.WriteString(`[^\x{00}-\x{10ffff}]`)
			i += 2
			continue
		case c == '[':
			inClass = true
			b.WriteByte(c)
			if strings.HasPrefix(source[i+1:], "^") {
				b.WriteByte('^')
				i++
			}
		case c == '.':
			b.WriteString(anyChar)
		case c == '(' && strings.HasPrefix(source[i:], "(?") &&
			!strings.HasPrefix(source[i:], "(?:") && (!strings.HasPrefix(source[i:], "(?<") || strings.HasPrefix(source[i:], "(?<=") || strings.HasPrefix(source[i:], "(?<!")):
			// Flags in the expression are RE2's alone; the others it does not have.
			return "", fmt.Errorf("a regular expression looks ahead or behind, which cannot be done in linear time")
		default:
			b.WriteByte(c)
		}
		i++
	}
	return b.String(), nil
}

// translateEscape writes the escape that source begins with, and returns its
// length.
func translateEscape(b *strings.Builder, source string, inClass bool) (int, error) {
	if len(source) < 2 {
		return 0, fmt.Errorf("a regular expression ends in a backslash")
	}
	switch c := source[1]; c {
	case 'd', 'D', 'w', 'W', 'b', 'B', 't', 'n', 'v', 'f', 'r':
		if c == 'b' && inClass {
			b.WriteString(`\x08`)
			return 2, nil
		}
		b.WriteString(source[:2])
	case 's', 'S':
		class := spaces
		if c == 'S' {
			class = notSpaces
		}
		if inClass {
			b.WriteString(class)
		} else {
			b.WriteString("[" + class + "]")
		}
	case 'p', 'P':
		end := strings.IndexByte(source, '}')
		if len(source) < 3 || source[2] != '{' || end < 0 {
			return 0, fmt.Errorf("a regular expression has a malformed property escape")
		}
		name := source[3:end]
		for _, prefix := range []string{"General_Category=", "gc=", "Script=", "sc="} {
			name = strings.TrimPrefix(name, prefix)
		}
		if short, known := categories[name]; known {
			name = short
		}
		fmt.Fprintf(b, `\%c{%s}`, c, name)
		return end + 1, nil
	case 'u':
		r, n, err := unicodeEscape(source)
		if err != nil {
			return 0, err
		}
		fmt.Fprintf(b, `\x{%x}`, r)
		return n, nil
	case 'x':
		if len(source) < 4 {
			return 0, fmt.Errorf("a regular expression has a malformed escape")
		}
		r, err := strconv.ParseUint(source[2:4], 16, 8)
		if err != nil {
			return 0, fmt.Errorf("a regular expression has a malformed escape")
		}
		fmt.Fprintf(b, `\x{%x}`, r)
		return 4, nil
	case 'c':
		if len(source) < 3 || (source[2]|0x20) < 'a' || (source[2]|0x20) > 'z' {
			return 0, fmt.Errorf("a regular expression has a malformed escape")
		}
		fmt.Fprintf(b, `\x{%x}`, source[2]&0x1f)
		return 3, nil
	case '0':
		b.WriteString(`\x{0}`)
	case '1', '2', '3', '4', '5', '6', '7', '8', '9', 'k':
		return 0, fmt.Errorf("a regular expression refers back, which cannot be done in linear time")
	default:
		if c >= 0x80 || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return 0, fmt.Errorf("a regular expression has an unknown escape")
		}
		b.WriteString(source[:2])
	}
	return 2, nil
}

// unicodeEscape reads \uXXXX, a surrogate pair of two, or \u{X...}.
func unicodeEscape(source string) (r rune, n int, err error) {
	malformed := fmt.Errorf("a regular expression has a malformed escape")
	if strings.HasPrefix(source, `\u{`) {
		end := strings.IndexByte(source, '}')
		if end < 0 {
			return 0, 0, malformed
		}
		code, err := strconv.ParseUint(source[3:end], 16, 32)
		if err != nil || code > 0x10ffff {
			return 0, 0, malformed
		}
		return rune(code), end + 1, nil
	}
	unit := func(s string) (rune, bool) {
		if len(s) < 6 || s[:2] != `\u` {
			return 0, false
		}
		code, err := strconv.ParseUint(s[2:6], 16, 16)
		return rune(code), err == nil
	}
	first, ok := unit(source)
	if !ok {
		return 0, 0, malformed
	}
	if second, ok := unit(source[6:]); ok {
		if pair := utf16.DecodeRune(first, second); pair != '\uFFFD' {
			return pair, 12, nil
		}
	}
	return first, 6, nil
}

// categories are the long names of Unicode's general categories, of which RE2
// knows the short ones.
var categories = map[string]string{
	"Letter": "L", "Lowercase_Letter": "Ll", "Uppercase_Letter": "Lu", "Titlecase_Letter": "Lt", "Modifier_Letter": "Lm", "Other_Letter": "Lo",
	"Mark": "M", "Number": "N", "Decimal_Number": "Nd", "Letter_Number": "Nl", "Other_Number": "No", "digit": "Nd",
	"Punctuation": "P", "punct": "P", "Symbol": "S", "Currency_Symbol": "Sc", "Math_Symbol": "Sm",
	"Separator": "Z", "Space_Separator": "Zs", "Other": "C", "Control": "Cc", "cntrl": "Cc",
}
