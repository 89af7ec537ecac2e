package schema

import (
	"net/url"
	"strings"
	"time"
	"unicode"
)

// formats are those that an elicitation can ask for (specification 2025-11-25
// and 2026-07-28, client/elicitation), with what is wrong with what is not one.
var formats = map[string]struct {
	is   func(string) bool
	what string
}{
	"email":     {isEmail, "must be an e-mail address"},
	"uri":       {isURI, "must be a URI"},
	"date":      {isDate, "must be a date such as 2026-07-28"},
	"date-time": {isDateTime, "must be a date and time such as 2026-07-28T12:00:00Z"},
}

// isEmail takes what mail systems in use take: no quoted local parts, no
// addresses in brackets.
func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 {
		return false
	}
	local, domain := s[:at], s[at+1:]
	for _, atom := range strings.Split(local, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool {
			return r <= ' ' || r == 0x7f || r < 0x80 && strings.ContainsRune(`"(),:;<>@[\]`, r) || r >= 0x80 && !unicode.IsPrint(r)
		}) {
			return false
		}
	}
	for _, label := range strings.Split(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.ContainsFunc(label, func(r rune) bool { return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			return false
		}
	}
	return true
}

func isURI(s string) bool {
	u, err := url.Parse(s)
	if err != nil || !u.IsAbs() {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r)
	})
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// isDateTime takes what RFC 3339 does, leap seconds excepted.
func isDateTime(s string) bool {
	upper := strings.ToUpper(s)
	if len(upper) < len("2026-07-28T12:00:00Z") || upper[10] != 'T' || strings.Contains(upper, ",") {
		return false
	}
	_, err := time.Parse(time.RFC3339, upper)
	return err == nil
}
