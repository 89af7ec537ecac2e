package exchange

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// errNotJSON is what a checker says of data that it cannot pass. The decoder says
// what is wrong with it, if anything is.
var errNotJSON = errors.New("not JSON")

// A checker goes over JSON once, without recursion, and finds where values end.
// What it passes is JSON (RFC 8259, but that strings may hold bytes that are not
// UTF-8) which the decoder takes too. A message of the server's is mostly text
// that nothing here looks into, so strings are passed eight bytes at a time.
type checker struct {
	data []byte
	at   int
}

// A taker takes a member of an object.
type taker func(key, value []byte)

// members goes over the members of an object within the depth allowed, and calls
// take with each value, which aliases data, and its key as it is written, without
// the quotes. Before a value that is an object, within, if it is not nil, is asked
// for what is to take the members of that, nil for nothing. It returns errTooDeep
// or errNotJSON.
func (c *checker) members(limit int, within func(key []byte) taker, take taker) error {
	if limit < 1 {
		return errTooDeep
	}
	if !c.byte('{') {
		return errNotJSON
	}
	if c.byte('}') {
		return nil
	}
	for {
		c.space()
		from := c.at + 1
		if !c.string() {
			return errNotJSON
		}
		key := c.data[from : c.at-1]
		if !c.byte(':') {
			return errNotJSON
		}
		c.space()
		from = c.at
		var inner taker
		if within != nil && from < len(c.data) && c.data[from] == '{' {
			inner = within(key)
		}
		var err error
		if inner != nil {
			err = c.members(limit-1, nil, inner)
		} else {
			err = c.value(limit - 1)
		}
		if err != nil {
			return err
		}
		take(key, c.data[from:c.at:c.at])
		switch {
		case c.byte(','):
		case c.byte('}'):
			return nil
		default:
			return errNotJSON
		}
	}
}

// ended reports whether nothing but space is left.
func (c *checker) ended() bool {
	c.space()
	return c.at == len(c.data)
}

// value passes a value in which objects and arrays are nested no deeper than
// limit.
func (c *checker) value(limit int) error {
	var room [32]byte
	open := room[:0] // the bytes that close what is open
	for {
		c.space()
		if c.at == len(c.data) {
			return errNotJSON
		}
		begun, ok := false, true
		switch b := c.data[c.at]; b {
		case '"':
			ok = c.string()
		case '{', '[':
			if len(open) >= limit {
				return errTooDeep
			}
			c.at++
			if end := b + 2; !c.byte(end) {
				open, begun = append(open, end), true
				ok = b == '[' || c.key()
			}
		case 't':
			ok = c.word("true")
		case 'f':
			ok = c.word("false")
		case 'n':
			ok = c.word("null")
		default:
			ok = c.number()
		}
		if !ok {
			return errNotJSON
		}
		for !begun {
			if len(open) == 0 {
				return nil
			}
			end := open[len(open)-1]
			switch {
			case c.byte(','):
				if end == '}' && !c.key() {
					return errNotJSON
				}
				begun = true
			case c.byte(end):
				open = open[:len(open)-1]
			default:
				return errNotJSON
			}
		}
	}
}

// space passes white space.
func (c *checker) space() {
	for c.at < len(c.data) {
		switch c.data[c.at] {
		case ' ', '\t', '\r', '\n':
			c.at++
		default:
			return
		}
	}
}

// byte passes white space and b, and reports whether that was there.
func (c *checker) byte(b byte) bool {
	c.space()
	if c.at == len(c.data) || c.data[c.at] != b {
		return false
	}
	c.at++
	return true
}

func (c *checker) word(w string) bool {
	if len(c.data)-c.at < len(w) || string(c.data[c.at:c.at+len(w)]) != w {
		return false
	}
	c.at += len(w)
	return true
}

// key passes a member's key and its colon.
func (c *checker) key() bool {
	c.space()
	return c.string() && c.byte(':')
}

// string passes a string.
func (c *checker) string() bool {
	data, at := c.data, c.at
	if at == len(data) || data[at] != '"' {
		return false
	}
	at++
	for {
		at = special(data, at)
		switch {
		case at == len(data) || data[at] < ' ':
			return false
		case data[at] == '"':
			c.at = at + 1
			return true
		}
		n := escape(data[at:])
		if n == 0 {
			return false
		}
		at += n
	}
}

// Each byte of eight.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special returns where the first byte from at on is that a string cannot hold as
// it is: a quote, a backslash, a control character. It returns len(data) if there is none.
func special(data []byte, at int) int {
	const (
		spaces = ones * ' '
		quotes = ones * '"'
		slants = ones * '\\'
	)
	for ; len(data)-at >= 8; at += 8 {
		w := binary.LittleEndian.Uint64(data[at:])
		q, s := w^quotes, w^slants
		// The lowest bit that is set belongs to the first such byte.
		if found := ((w-spaces)&^w | (q-ones)&^q | (s-ones)&^s) & highs; found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	for ; at < len(data); at++ {
		if b := data[at]; b < ' ' || b == '"' || b == '\\' {
			break
		}
	}
	return at
}

// escape returns how long the escape is that data begins with, and 0 if it is none.
func escape(data []byte) int {
	if len(data) < 2 {
		return 0
	}
	switch data[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(data) < 6 {
			return 0
		}
		for _, b := range data[2:6] {
			if (b < '0' || b > '9') && (b < 'a' || b > 'f') && (b < 'A' || b > 'F') {
				return 0
			}
		}
		return 6
	}
	return 0
}

// number passes a number.
func (c *checker) number() bool {
	if c.data[c.at] == '-' {
		c.at++
	}
	if c.at < len(c.data) && c.data[c.at] == '0' {
		c.at++
	} else if !c.digits() {
		return false
	}
	if c.at < len(c.data) && c.data[c.at] == '.' {
		c.at++
		if !c.digits() {
			return false
		}
	}
	if c.at < len(c.data) && (c.data[c.at] == 'e' || c.data[c.at] == 'E') {
		c.at++
		if c.at < len(c.data) && (c.data[c.at] == '+' || c.data[c.at] == '-') {
			c.at++
		}
		return c.digits()
	}
	return true
}

// digits passes at least one digit.
func (c *checker) digits() bool {
	from := c.at
	for c.at < len(c.data) && '0' <= c.data[c.at] && c.data[c.at] <= '9' {
		c.at++
	}
	return c.at > from
}
