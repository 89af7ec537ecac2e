package mask

import (
	"net/url"
	"strings"
)

// Text masks what looks like a credential in a text (a name with a value behind
// it, what follows "Bearer", a URL's user name and password), and the secrets
// that are known.
func (m *Masker) Text(s string) string { return m.text(s, false) }

func (m *Masker) text(s string, ours bool) string { return m.known(m.scan(s, ours)) }

// scan masks what looks like a credential in a text, and remembers it.
func (m *Masker) scan(s string, ours bool) string {
	if !strings.ContainsAny(s, ":= ") {
		return s
	}
	var out strings.Builder
	done := 0 // what is written of s
	hide := func(from, to int) {
		if to <= from || strings.HasPrefix(s[from:], Masked) {
			return
		}
		m.learn(s[from:to], ours)
		out.WriteString(s[done:from])
		out.WriteString(Masked)
		done = to
	}
	for i := 0; i < len(s); {
		if strings.HasPrefix(s[i:], "://") {
			i += 3
			end := i + spanUntil(s[i:], "/?# \t\r\n\"'<>\\")
			if at := strings.LastIndexByte(s[i:end], '@'); at >= 0 {
				hide(i, i+at)
				i += at
			}
			continue
		}
		if !isWord(s[i]) {
			i++
			continue
		}
		start := i
		for i < len(s) && isWord(s[i]) {
			i++
		}
		word := s[start:i]
		if from, to, ok := scheme(s, word, i); ok {
			hide(from, to)
			i = to
			continue
		}
		inQuery := start > 0 && (s[start-1] == '?' || s[start-1] == '&')
		if !isCredential(word) && !(inQuery && word == "code") {
			continue
		}
		from, to := pairValue(s, i, plain(word))
		if to > from {
			hide(from, to)
			i = to
		}
	}
	if done == 0 {
		return s
	}
	out.WriteString(s[done:])
	return out.String()
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.'
}

// spanUntil is the length of s before the first of the bytes in stop.
func spanUntil(s, stop string) int {
	if i := strings.IndexAny(s, stop); i >= 0 {
		return i
	}
	return len(s)
}

// scheme finds the credentials behind "Bearer" or "Basic" (RFC 9110, 11.4:
// token68), of which word is the name and i the end.
func scheme(s, word string, i int) (from, to int, ok bool) {
	if !strings.EqualFold(word, "bearer") && !strings.EqualFold(word, "basic") || i >= len(s) || s[i] != ' ' {
		return 0, 0, false
	}
	from = i + 1
	to = from
	for to < len(s) && (isWord(s[to]) || strings.IndexByte("~+/", s[to]) >= 0) {
		to++
	}
	if to < len(s) && s[to] == '=' {
		rest := strings.TrimLeft(s[to:], "=")
		if rest != "" && (rest[0] == '"' || isWord(rest[0])) {
			return 0, 0, false // a parameter of a challenge
		}
		to = len(s) - len(rest)
	}
	return from, to, to-from >= 8
}

// pairValue finds the value behind a name that ends at i: name=value,
// name: value, "name": "value", the last also with its quotes escaped.
func pairValue(s string, i int, name string) (from, to int) {
	i = skipQuote(s, i)
	for i < len(s) && s[i] == ' ' {
		i++
	}
	if i >= len(s) || s[i] != ':' && s[i] != '=' {
		return 0, 0
	}
	for i++; i < len(s) && s[i] == ' '; {
		i++
	}
	from = skipQuote(s, i)
	switch {
	case from > i:
		// To the quote that ends it, past those that are part of it.
		quote := s[from-1]
		for to = from; to < len(s) && s[to] != quote; to++ {
			if s[to] == '\\' && s[i] != '\\' {
				to++
			}
		}
		to = min(to, len(s))
		if s[i] == '\\' && to > from && s[to-1] == '\\' {
			to--
		}
	case name == "authorization" || name == "cookie" || name == "setcookie":
		to = from + spanUntil(s[from:], "\r\n\"")
	default:
		to = from + spanUntil(s[from:], " \t\r\n,;&\"'<>)}]\\")
	}
	return from, to
}

// skipQuote returns i, or the place behind the quote, perhaps escaped, at i.
func skipQuote(s string, i int) int {
	j := i
	if j < len(s) && s[j] == '\\' {
		j++
	}
	if j < len(s) && (s[j] == '"' || s[j] == '\'') {
		return j + 1
	}
	return i
}

// URL masks a URL: the values in its query, user name and password, and the
// parts of its path that look like keys. The fragment is left out. What is not
// an absolute URL is masked whole.
func (m *Masker) URL(raw string, ours bool) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return Masked
	}
	var b strings.Builder
	b.WriteString(u.Scheme + "://")
	if u.User != nil {
		if password, ok := u.User.Password(); ok {
			m.learn(password, ours)
		}
		b.WriteString(Masked + "@")
	}
	b.WriteString(u.Host)
	for i, segment := range strings.Split(u.EscapedPath(), "/") {
		if i > 0 {
			b.WriteByte('/')
		}
		if looksLikeKey(segment) {
			m.learn(segment, ours)
			segment = Masked
		}
		b.WriteString(segment)
	}
	if u.RawQuery != "" {
		b.WriteByte('?')
		b.WriteString(m.query(u.RawQuery, ours))
	}
	return m.known(b.String())
}

// query masks every value of a query.
func (m *Masker) query(raw string, ours bool) string {
	parts := strings.Split(raw, "&")
	for i, part := range parts {
		name, value, found := strings.Cut(part, "=")
		if !found {
			name, value = "", part
		}
		decoded, err := url.QueryUnescape(value)
		if err != nil {
			decoded = value
		}
		if isCredential(name) || name == "code" || !plainWord(decoded) {
			m.learn(decoded, ours)
			m.learn(value, ours)
		}
		switch {
		case value == "":
		case !found:
			parts[i] = Masked
		default:
			parts[i] = name + "=" + Masked
		}
	}
	return strings.Join(parts, "&")
}

// plainWord reports whether s is a short word in lower case, as the value of a
// setting is. Other occurrences of it are left alone.
func plainWord(s string) bool {
	return len(s) < 12 && strings.IndexFunc(s, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
}

// looksLikeKey reports whether a part of a path is long and mixes letters and
// digits, as the keys do that some servers have in their addresses.
func looksLikeKey(segment string) bool {
	if len(segment) < 20 {
		return false
	}
	letters, digits := false, false
	for i := range len(segment) {
		c := segment[i]
		digits = digits || '0' <= c && c <= '9'
		letters = letters || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	return letters && digits
}
