package schema

import (
	"encoding/json"
	"strconv"
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
		key := string(v.canonical(nil, item))
		if seen[key] {
			return false
		}
		seen[key] = true
	}
	return true
}

// canonical appends a value so that equal values are written the same.
func (v *validation) canonical(b []byte, value any) []byte {
	v.spend(1)
	switch value := value.(type) {
	case nil:
		return append(b, 'z')
	case bool:
		return strconv.AppendBool(b, value)
	case string:
		return strconv.AppendQuote(b, value)
	case json.Number:
		n := parseNumber(value)
		if n.sign() < 0 {
			b = append(b, '-')
		}
		return strconv.AppendInt(append(append(b, n.digits...), 'e'), n.exp, 10)
	case []any:
		b = append(b, '[')
		for _, item := range value {
			b = append(v.canonical(b, item), ',')
		}
		return append(b, ']')
	case map[string]any:
		b = append(b, '{')
		for _, name := range names(value) {
			b = append(v.canonical(append(strconv.AppendQuote(b, name), ':'), value[name]), ',')
		}
		return append(b, '}')
	}
	return b
}
