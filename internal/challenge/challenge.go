// Package challenge reads what a server says of the credentials that it wants
// (WWW-Authenticate; RFC 9110, section 11.6.1). It is a leaf: those who put an
// error together and those who get a token read the same.
package challenge

import (
	"net/http"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/remora-mcp/remora/internal/wire"
)

// Bounds of what is read. What is beyond is left out.
const (
	maxHeaders     = 8
	maxHeaderBytes = 8 << 10
	maxScopes      = 64
	maxTextBytes   = 2 << 10
)

// schemes are those that a token is for, the best first.
var schemes = []string{"dpop", "bearer"}

// Read returns the challenge in the headers of an answer. Of several the one that
// says most counts: one with an error, then one for a token, then the first. ok
// is false if there is none that can be read.
func Read(header http.Header) (out wire.Challenge, ok bool) {
	var all []oauthex.Challenge
	for i, value := range header.Values("WWW-Authenticate") {
		if i == maxHeaders {
			break
		}
		if len(value) > maxHeaderBytes {
			continue
		}
		// One that is malformed takes no others with it.
		if parsed, err := oauthex.ParseWWWAuthenticate([]string{value}); err == nil {
			all = append(all, parsed...)
		}
	}
	if len(all) == 0 {
		return out, false
	}
	best := slices.MaxFunc(all, func(a, b oauthex.Challenge) int { return weight(a) - weight(b) })
	out = wire.Challenge{
		Scheme:           wire.Excerpt([]byte(best.Scheme)),
		Error:            wire.Excerpt([]byte(best.Params["error"])),
		Description:      wire.Excerpt([]byte(best.Params["error_description"])),
		Scopes:           Scopes(best.Params["scope"]),
		ResourceMetadata: best.Params["resource_metadata"],
	}
	// Where the metadata is does not depend on the scheme.
	for _, one := range all {
		if out.ResourceMetadata == "" {
			out.ResourceMetadata = one.Params["resource_metadata"]
		}
	}
	if len(out.ResourceMetadata) > maxTextBytes {
		out.ResourceMetadata = ""
	}
	return out, true
}

// weight orders challenges by how much they say.
func weight(c oauthex.Challenge) int {
	w := 1 + slices.Index(schemes, c.Scheme)
	if w > 0 && c.Params["error"] != "" {
		w += len(schemes)
	}
	return w
}

// Scopes splits a list of scopes (RFC 6749, section 3.3), without what no scope
// can be.
func Scopes(list string) []string {
	if len(list) > maxHeaderBytes {
		return nil
	}
	var out []string
	for scope := range strings.FieldsSeq(list) {
		if len(out) < maxScopes && IsScope(scope) && !slices.Contains(out, scope) {
			out = append(out, scope)
		}
	}
	return out
}

// IsScope reports whether s is one scope: printable ASCII without quotes and
// backslashes.
func IsScope(s string) bool {
	return s != "" && len(s) <= maxTextBytes && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || r == '"' || r == '\\'
	})
}
