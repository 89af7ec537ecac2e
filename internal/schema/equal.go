package schema

import (
	"encoding/json"
	"strconv"
	"strings"
)

// equal compares JSON values as JSON Schema does: numbers by their value.
func (v *validation) equal(a, b any) bool {
	v.spend(1)
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		return ok && (a == b || parseNumber(a).compare(parseNumber(b)) == 0)
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !v.equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, value := range a {
			other, has := b[name]
			if !has || !v.equal(value, other) {
				return false
			}
		}
		return true
	default:
		return a == b // a string, a boolean or null
	}
}

// unique reports whether no two items are equal.
func (v *validation) unique(items []any) bool {
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		var b strings.Builder
		v.canonical(&b, item)
		key := b.String()
		if seen[key] {
			return false
		}
		seen[key] = true
	}
	return true
}

// canonical writes a value so that equal values are written the same.
func (v *validation) canonical(b *strings.Builder, value any) {
	v.spend(1)
	switch value := value.(type) {
	case nil:
		b.WriteByte('z')
	case bool:
		b.WriteString(strconv.FormatBool(value))
	case string:
		b.WriteString(strconv.Quote(value))
	case json.Number:
		n := parseNumber(value)
		if n.sign() < 0 {
			b.WriteByte('-')
		}
		b.WriteString(n.digits)
		b.WriteByte('e')
		b.WriteString(strconv.FormatInt(n.exp, 10))
	case []any:
		b.WriteByte('[')
		for _, item := range value {
			v.canonical(b, item)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for _, name := range names(value) {
			b.WriteString(strconv.Quote(name))
			b.WriteByte(':')
			v.canonical(b, value[name])
			b.WriteByte(',')
		}
		b.WriteByte('}')
	}
}
