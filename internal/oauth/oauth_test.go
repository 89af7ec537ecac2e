package oauth

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

func parsed(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestCanonical(t *testing.T) {
	for raw, want := range map[string]string{
		"https://Example.com":             "https://example.com",
		"https://example.com/":            "https://example.com",
		"https://example.com:443/mcp":     "https://example.com/mcp",
		"http://example.com:443/mcp/":     "http://example.com:443/mcp/",
		"https://[::1]:8443/a%2Fb?x=y#z":  "https://[::1]:8443/a%2Fb?x=y",
		"https://user:pass@example.com/a": "https://example.com/a",
	} {
		if got := canonical(parsed(t, raw)); got != want {
			t.Errorf("%s: %s", raw, got)
		}
	}
	if storeKey(parsed(t, "https://a.example")) != storeKey(parsed(t, "HTTPS://A.EXAMPLE:443/")) {
		t.Error("one server has two keys")
	}
	if key := storeKey(parsed(t, "https://a.example/mcp")); strings.Contains(key, "example") || len(key) > wire.MaxStoreKeyBytes {
		t.Errorf("key %q", key)
	}
}

func TestContains(t *testing.T) {
	const server = "https://example.com/a/mcp"
	for resource, want := range map[string]bool{
		server:                           true,
		"https://example.com/a/mcp/":     true,
		"https://EXAMPLE.com:443/a":      true,
		"https://example.com":            true,
		"https://example.com/":           true,
		"https://example.com/a/mc":       false,
		"https://example.com/a/mcp/x":    false,
		"https://example.com/b":          false,
		"http://example.com/a/mcp":       false,
		"https://example.com:8443/a/mcp": false,
		"https://other.example/a/mcp":    false,
		"https://example.com/a/mcp?x=y":  false,
		"https://u@example.com/a/mcp":    false,
		"/a/mcp":                         false,
	} {
		if got := contains(parsed(t, resource), parsed(t, server)); got != want {
			t.Errorf("%s: %v", resource, got)
		}
	}
}

func TestEndpoints(t *testing.T) {
	for _, c := range []struct {
		server, endpoint string
		ok               bool
	}{
		{"https://example.com", "https://as.example/token", true},
		{"https://example.com", "http://as.example/token", false},
		{"https://example.com", "http://127.0.0.1/token", false},
		{"http://127.0.0.1:8080", "http://127.0.0.1:9/token", true},
		{"http://localhost:8080", "http://[::1]:9/token", true},
		{"http://localhost:8080", "http://as.example/token", false},
		{"http://192.168.0.1", "http://192.168.0.1/token", false},
		{"https://example.com", "https://user@as.example/token", false},
		{"https://example.com", "javascript:alert(1)", false},
		{"https://example.com", "//as.example/token", false},
		{"https://example.com", "https:///token", false},
		{"https://example.com", "https://as.example/" + strings.Repeat("x", maxURLBytes), false},
	} {
		client := New(Config{Server: c.server})
		if _, err := client.endpoint(c.endpoint, "it"); (err == nil) != c.ok {
			t.Errorf("%.80s at %s: %v", c.endpoint, c.server, err)
		}
	}
}

func TestTokensGoToTheServersOwnOriginOnly(t *testing.T) {
	client := New(Config{Server: "https://example.com/mcp"})
	for raw, want := range map[string]bool{
		"https://example.com/other": true, "https://EXAMPLE.com:443/mcp": true,
		"https://sub.example.com/mcp": false, "http://example.com/mcp": false, "https://example.com:444/mcp": false, "://": false,
	} {
		if got := client.own(raw); got != want {
			t.Errorf("%s: %v", raw, got)
		}
	}
}

func TestSeconds(t *testing.T) {
	for raw, want := range map[string]int64{
		"3600": 3600, `"3600"`: 3600, "0.5": 0, "1.9": 1, "0": 0, "-1": 0, "": 0, "null": 0, `"x"`: 0, "1e300": maxSeconds, `"NaN"`: 0, `"Inf"`: maxSeconds, "{}": 0,
	} {
		if got, _ := seconds(json.RawMessage(raw)); got != want {
			t.Errorf("%s: %d", raw, got)
		}
	}
}

func TestErrorsHaveNoSecrets(t *testing.T) {
	r := newRefusal(400, "invalid_grant", "the code s3cret-code and %s are "+strings.Repeat("x", 500), "s3cret-code", "")
	err := r.as(wire.CodeAuthDenied)
	if text, _ := json.Marshal(err); strings.Contains(string(text), "s3cret") || len(err.Message) > 400 {
		t.Errorf("%s", text)
	}
	if got := failure(wire.CodeAuthDenied, "%s and %s", "%s", "b").Message; got != "% and b" {
		t.Errorf("%q", got)
	}
}

// FuzzReadAnswer: a URL is the answer to a login only with its state, at its
// redirect URL, and from its issuer.
func FuzzReadAnswer(f *testing.F) {
	next := &pending{State: "the-state", Redirect: "http://127.0.0.1:1/callback", Issuer: "https://as.example", Verifier: "the-verifier"}
	for _, seed := range []string{
		next.Redirect + "?code=c&state=the-state&iss=https%3A%2F%2Fas.example",
		next.Redirect + "?error=access_denied&state=the-state", next.Redirect + "?code=c&code=d&state=the-state",
		"https://other.example/callback?code=c&state=the-state", next.Redirect + "?%zz", next.Redirect + "#code=c&state=the-state",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, back string, wantsIssuer bool) {
		code, err := readAnswer(back, next, wantsIssuer)
		if err != nil {
			if strings.Contains(err.Error(), next.Verifier) || strings.Contains(err.Error(), next.State) {
				t.Errorf("%q: %v", back, err)
			}
			return
		}
		u, err := url.Parse(back)
		if err != nil || u.Host != "127.0.0.1:1" || u.Query().Get("state") != next.State || u.Query().Get("code") != code || code == "" ||
			(wantsIssuer || u.Query().Has("iss") && u.Query().Get("iss") != "") && u.Query().Get("iss") != next.Issuer {
			t.Errorf("%q was taken: %q", back, code)
		}
	})
}

// FuzzParseRecord: what a store has is either a record that can be used, which is
// the same when it is read again, or none.
func FuzzParseRecord(f *testing.F) {
	for _, seed := range []string{
		`{"v":1,"issuer":"https://as.example","resource":"https://x","client":{"id":"a","method":"none","dynamic":true},"token":{"access":"a","type":"bearer","refresh":"r","expiresMs":1,"scopes":["a"]},"lease":{"by":"x","untilMs":1}}`,
		`{"v":1}`, `{"v":1,"token":{}}`, `[]`, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		rec := parseRecord(raw)
		if rec == nil {
			return
		}
		if tok := rec.Token; tok != nil && tok.Access != "" && !isToken(tok.Access) {
			t.Errorf("%q has a token that breaks out of its header", raw)
		}
		again, err := json.Marshal(rec)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) <= wire.MaxStoreValueBytes && parseRecord(again) == nil {
			t.Errorf("%q became %q, which is none", raw, again)
		}
	})
}

// FuzzMetadata: whatever metadata says, what is taken of it is checked.
func FuzzMetadata(f *testing.F) {
	f.Add([]byte(`{"issuer":"https://as.example","authorization_endpoint":"https://as.example/a","token_endpoint":"https://as.example/t","scopes_supported":["a"]}`))
	f.Add([]byte(`{"token_endpoint":"javascript:x"}`))
	client := New(Config{Server: "https://example.com/mcp", Clock: port.SystemClock{}})
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := new(place)
		if json.Unmarshal(raw, &p.serverMeta) != nil || client.settled(p) != nil {
			return
		}
		if u, err := url.Parse(p.TokenEndpoint); err != nil || u.Scheme != "https" {
			t.Errorf("%q was taken", raw)
		}
		next := client.begin(p, &registration{ID: "id"}, nil)
		if u, err := url.Parse(next.URL); p.AuthorizationEndpoint != "" && (err != nil || u.Scheme != "https" || !u.Query().Has("code_challenge")) {
			t.Errorf("%q makes %q", raw, next.URL)
		}
	})
}
