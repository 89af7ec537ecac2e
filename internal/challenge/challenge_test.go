package challenge_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/challenge"
	"github.com/remora-mcp/remora/internal/wire"
)

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		headers []string
		want    wire.Challenge
		ok      bool
	}{
		"none":      {nil, wire.Challenge{}, false},
		"malformed": {[]string{`"x`, `Bearer scope="`}, wire.Challenge{}, false},
		"bearer": {[]string{`Bearer realm="x", error="invalid_token", error_description="it \"ended\"", scope="a b a", resource_metadata="https://x/y"`},
			wire.Challenge{Scheme: "bearer", Error: "invalid_token", Description: `it "ended"`, Scopes: []string{"a", "b"}, ResourceMetadata: "https://x/y"}, true},
		"one of two":         {[]string{`Basic realm="x", Bearer scope="a"`}, wire.Challenge{Scheme: "bearer", Scopes: []string{"a"}}, true},
		"two headers":        {[]string{`Basic realm="x"`, `Bearer scope="a"`}, wire.Challenge{Scheme: "bearer", Scopes: []string{"a"}}, true},
		"the error counts":   {[]string{`Bearer`, `DPoP error="use_dpop_nonce", algs="ES256"`}, wire.Challenge{Scheme: "dpop", Error: "use_dpop_nonce"}, true},
		"a good one remains": {[]string{`Bearer scope="`, `Bearer scope="a"`}, wire.Challenge{Scheme: "bearer", Scopes: []string{"a"}}, true},
		"another scheme":     {[]string{`Basic realm="x"`}, wire.Challenge{Scheme: "basic"}, true},
		"metadata of another": {[]string{`Bearer error="invalid_token"`, `Basic resource_metadata="https://x"`},
			wire.Challenge{Scheme: "bearer", Error: "invalid_token", ResourceMetadata: "https://x"}, true},
		"what no scope can be": {[]string{"Bearer scope=\"a\tb é \\\"\""}, wire.Challenge{Scheme: "bearer", Scopes: []string{"a", "b"}}, true},
		"too long":             {[]string{`Bearer scope="` + strings.Repeat("a ", 8<<10) + `"`}, wire.Challenge{}, false},
	} {
		got, ok := challenge.Read(http.Header{"Www-Authenticate": c.headers})
		if ok != c.ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}

// FuzzRead: whatever a server sends, what comes out is bounded and printable.
func FuzzRead(f *testing.F) {
	f.Add(`Bearer realm="x", error="invalid_token", scope="a b"`, `Basic realm="x"`)
	f.Add(`DPoP algs="ES256", Bearer`, `,,=",=`)
	f.Add("Bearer scope=\"\\\x00\"", `Negotiate YII=`)
	f.Fuzz(func(t *testing.T, one, two string) {
		got, _ := challenge.Read(http.Header{"Www-Authenticate": {one, two}})
		if len(got.Scheme) > wire.MaxExcerptBytes || len(got.Error) > wire.MaxExcerptBytes || len(got.Description) > wire.MaxExcerptBytes || len(got.Scopes) > 64 {
			t.Errorf("%q, %q: %+v", one, two, got)
		}
		for _, s := range got.Scopes {
			if !challenge.IsScope(s) {
				t.Errorf("%q is no scope", s)
			}
		}
	})
}
