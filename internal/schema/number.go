package schema

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// A number is a JSON number exactly as written: 0.DIGITS times ten to the power
// of exp. Zero has no digits.
type number struct {
	negative bool
	digits   string // no zero at either end
	exp      int64
}

// maxExp bounds exponents, far beyond what any value means.
const maxExp = 1 << 40

func parseNumber(n json.Number) number {
	s := string(n)
	var out number
	if s, out.negative = strings.CutPrefix(s, "-"); len(s) == 0 {
		return out
	}
	mantissa, exponent := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], s[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	exp := int64(len(whole))
	if exponent != "" {
		e, err := strconv.ParseInt(exponent, 10, 64)
		switch {
		case err != nil && strings.HasPrefix(exponent, "-"), e < -maxExp:
			e = -maxExp
		case err != nil, e > maxExp:
			e = maxExp
		}
		exp += e
	}
	digits := whole + fraction
	trimmed := strings.TrimLeft(digits, "0")
	exp -= int64(len(digits) - len(trimmed))
	trimmed = strings.TrimRight(trimmed, "0")
	if trimmed == "" {
		return number{}
	}
	out.digits, out.exp = trimmed, exp
	return out
}

// integer reports whether n is a whole number, however it is written.
func (n number) integer() bool { return int64(len(n.digits)) <= n.exp || n.digits == "" }

func (n number) sign() int {
	switch {
	case n.digits == "":
		return 0
	case n.negative:
		return -1
	}
	return 1
}

// compare returns -1, 0 or 1.
func (n number) compare(m number) int {
	if a, b := n.sign(), m.sign(); a != b || a == 0 {
		return min(1, max(-1, a-b))
	}
	order := 0
	switch {
	case n.exp != m.exp:
		order = 1
		if n.exp < m.exp {
			order = -1
		}
	default:
		order = strings.Compare(n.digits, m.digits)
	}
	return order * n.sign()
}

// maxMultiple bounds the digits that multipleOf calculates with.
const maxMultiple = 2_000

// multipleOf reports whether n is a multiple of m, which is positive. Where the
// two are too far apart to calculate with, it says yes.
func (n number) multipleOf(m number) bool {
	if n.digits == "" {
		return true
	}
	// n = N * 10^a, m = M * 10^b with whole N and M.
	a, b := n.exp-int64(len(n.digits)), m.exp-int64(len(m.digits))
	low := min(a, b)
	if a-low > maxMultiple || b-low > maxMultiple || len(n.digits) > maxMultiple || len(m.digits) > maxMultiple {
		return true
	}
	x, _ := new(big.Int).SetString(padded(n.digits, a-low), 10)
	y, _ := new(big.Int).SetString(padded(m.digits, b-low), 10)
	return new(big.Int).Rem(x, y).Sign() == 0
}

// padded adds zeros.
func padded(digits string, zeros int64) string {
	out := append(make([]byte, 0, int64(len(digits))+zeros), digits...)
	for range zeros {
		out = append(out, '0')
	}
	return string(out)
}

// natural returns n as a count, and whether it is one. One that is too large for
// an int is the largest.
func natural(n json.Number) (int, bool) {
	parsed := parseNumber(n)
	if parsed.negative || !parsed.integer() {
		return 0, false
	}
	if parsed.digits == "" {
		return 0, true
	}
	if parsed.exp > 9 {
		return 1<<31 - 1, true
	}
	count, err := strconv.Atoi(padded(parsed.digits, parsed.exp-int64(len(parsed.digits))))
	return count, err == nil
}
