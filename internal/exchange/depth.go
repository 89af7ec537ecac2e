package exchange

import "errors"

var errTooDeep = errors.New("JSON is nested too deeply")

// Shallow reports whether objects and arrays in data are nested no deeper than
// limit; it does not judge whether data is JSON.
func Shallow(data []byte, limit int) bool { return checkDepth(data, limit) == nil }

// checkDepth returns errTooDeep if objects and arrays are nested deeper than
// limit. It runs before any decoder, because decoders recurse. It does not
// judge whether data is JSON.
func checkDepth(data []byte, limit int) error {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			for i++; i < len(data) && data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			if depth > limit {
				return errTooDeep
			}
		case '}', ']':
			depth--
		}
	}
	return nil
}
