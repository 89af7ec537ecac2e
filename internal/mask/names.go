package mask

import (
	"slices"
	"strings"
)

// isCredential reports whether a value of that name is a secret: a member of an
// object, a parameter of a URL, a header. Case and separators do not matter.
func isCredential(name string) bool {
	n := plain(name)
	switch n {
	case "pwd", "passwd", "authorization", "proxyauthorization", "xauth", "bearer", "cookie", "setcookie", "cookies",
		"codeverifier", "assertion", "clientassertion", "authorizationcode", "authcode", "devicecode", "usercode",
		"dpop", "dpopnonce", "otp", "totp", "onetimecode", "jwt", "samlresponse", "mcpsessionid", "sessionid", "requeststate",
		"accesstokens", "refreshtokens", "accesskey", "accesskeyid", "secretkey", "signingkey", "encryptionkey":
		return true
	}
	for _, part := range []string{"password", "passphrase", "secret", "apikey", "privatekey", "credential"} {
		if strings.Contains(n, part) {
			return true
		}
	}
	if !strings.HasSuffix(n, "token") {
		return false
	}
	// These say where in a list or a call something is.
	for _, part := range []string{"progress", "page", "next", "continuation", "sync"} {
		if strings.Contains(n, part) {
			return false
		}
	}
	return true
}

// maxNameBytes bounds a name that means something.
const maxNameBytes = 200

// plain is a name in lower case without its separators.
func plain(name string) string {
	if len(name) > maxNameBytes {
		name = name[len(name)-maxNameBytes:]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		case r == '-' || r == '_' || r == '.' || r == ' ':
			return -1
		}
		return r
	}, name)
}

// harmless are the headers whose values are shown, in lower case.
var harmless = []string{
	"accept", "accept-encoding", "accept-language",
	"access-control-allow-credentials", "access-control-allow-headers", "access-control-allow-methods",
	"access-control-allow-origin", "access-control-expose-headers", "access-control-max-age",
	"age", "allow", "cache-control", "connection",
	"content-encoding", "content-language", "content-length", "content-type",
	"cross-origin-opener-policy", "cross-origin-resource-policy",
	"date", "expires", "keep-alive", "last-modified",
	"mcp-method", "mcp-name", "mcp-protocol-version",
	"pragma", "retry-after", "server", "strict-transport-security", "transfer-encoding",
	"user-agent", "vary", "via", "www-authenticate",
	"x-accel-buffering", "x-content-type-options", "x-frame-options", "x-powered-by",
}

// Headers masks the values of a message's headers, and sorts them by name. sent
// says that this side sends them.
func (m *Masker) Headers(headers [][2]string, sent bool) [][2]string {
	out := make([][2]string, len(headers))
	for i, h := range headers {
		name := strings.ToLower(h[0])
		switch {
		case slices.Contains(harmless, name):
			out[i] = [2]string{h[0], h[1]}
		default:
			if isCredential(name) {
				m.LearnHeader(h[1], sent)
			}
			out[i] = [2]string{h[0], Masked}
		}
	}
	for i := range out {
		if out[i][1] != Masked {
			out[i][1] = m.text(out[i][1], sent)
		}
	}
	slices.SortStableFunc(out, func(a, b [2]string) int { return strings.Compare(strings.ToLower(a[0]), strings.ToLower(b[0])) })
	return out
}

// LearnHeader remembers a credential header's value, whether ours or a server's, and the parts of it that
// are of use alone: the key after a scheme, the values of cookies.
func (m *Masker) LearnHeader(value string, ours bool) {
	m.learn(value, ours)
	for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ' ' || r == ';' || r == ',' }) {
		m.learn(part, ours)
		if _, after, ok := strings.Cut(part, "="); ok && !isAttribute(part) {
			m.learn(after, ours)
		}
	}
}

// isAttribute reports whether a part of a Set-Cookie says something about the
// cookie (RFC 6265, 4.1.1).
func isAttribute(part string) bool {
	name, _, _ := strings.Cut(strings.ToLower(part), "=")
	return slices.Contains([]string{"expires", "max-age", "domain", "path", "samesite"}, name)
}
