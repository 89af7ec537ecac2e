package exchange

import (
	"bytes"
	"encoding/json"
)

// answerID returns the id of an answer that cannot be decoded as a whole,
// because it is too long or too deep: from its head, where it is among the first
// members, or else from its end, where it is one of the last. It returns nil if
// it cannot be told, or the message is no answer. It does not judge whether the
// message is JSON.
func answerID(head, tail []byte) json.RawMessage {
	id, isAnswer := headID(head)
	if id == nil && isAnswer {
		id = tailID(tail)
	}
	return id
}

// headID goes over the members of an object until it meets id, or the end of
// data. It reports false if the message is no answer.
func headID(data []byte) (id json.RawMessage, isAnswer bool) {
	s := scanner{data: data}
	if !s.byte('{') {
		return nil, false
	}
	for {
		key := s.value()
		if len(key) == 0 || key[0] != '"' || !s.byte(':') {
			return nil, true
		}
		value := s.value()
		switch {
		case string(key) == `"method"`:
			return nil, false
		case value == nil:
			return nil, true
		case string(key) == `"id"`:
			return value, true
		case !s.byte(','):
			return nil, true
		}
	}
}

// tailID returns the id of an object that ends with it, perhaps followed by the
// jsonrpc member.
func tailID(data []byte) json.RawMessage {
	rest := trim(data)
	var ok bool
	if rest, ok = bytes.CutSuffix(rest, []byte("}")); !ok {
		return nil
	}
	rest = trim(rest)
	// A string that ends so would have its quotes escaped.
	if before, ok := bytes.CutSuffix(rest, []byte(`"2.0"`)); ok {
		if before, ok = cutKey(before, `"jsonrpc"`); !ok || len(before) == 0 || before[len(before)-1] != ',' {
			return nil
		}
		rest = trim(before[:len(before)-1])
	}
	at := bytes.LastIndexByte(rest, ':')
	if at < 0 {
		return nil
	}
	before, ok := cutKey(rest[:at+1], `"id"`)
	if !ok || len(before) == 0 || (before[len(before)-1] != ',' && before[len(before)-1] != '{') {
		return nil
	}
	s := scanner{data: append(bytes.Clone(rest[at+1:]), ' ')}
	id := s.value()
	if s.space(); s.at != len(s.data) || len(id) == 0 || id[0] == '{' || id[0] == '[' {
		return nil
	}
	return id
}

// cutKey cuts a key and its colon, and the space around them, off the end.
func cutKey(data []byte, key string) ([]byte, bool) {
	rest, ok := bytes.CutSuffix(trim(data), []byte(":"))
	if !ok {
		return nil, false
	}
	rest, ok = bytes.CutSuffix(trim(rest), []byte(key))
	return trim(rest), ok
}

const space = " \t\r\n"

func trim(data []byte) []byte { return bytes.TrimRight(data, space) }

// scanner goes over JSON without recursion.
type scanner struct {
	data []byte
	at   int
}

func (s *scanner) space() {
	for s.at < len(s.data) && bytes.IndexByte([]byte(space), s.data[s.at]) >= 0 {
		s.at++
	}
}

// byte skips space and the byte c, and reports whether that was there.
func (s *scanner) byte(c byte) bool {
	s.space()
	if s.at >= len(s.data) || s.data[s.at] != c {
		return false
	}
	s.at++
	return true
}

// value skips space and returns the value that follows, however deep; nil if
// data ends in it.
func (s *scanner) value() []byte {
	s.space()
	start, depth := s.at, 0
	for s.at < len(s.data) {
		switch c := s.data[s.at]; c {
		case '"':
			if !s.string() {
				return nil
			}
			if depth == 0 {
				return s.data[start:s.at]
			}
			continue
		case '{', '[':
			depth++
		case '}', ']', ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 { // the end of a number or a word
				return s.data[start:s.at]
			}
			if c == '}' || c == ']' {
				if depth--; depth == 0 {
					s.at++
					return s.data[start:s.at]
				}
			}
		}
		s.at++
	}
	return nil
}

// string skips a string, and reports whether it ended.
func (s *scanner) string() bool {
	for s.at++; s.at < len(s.data); s.at++ {
		switch s.data[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return true
		}
	}
	return false
}
