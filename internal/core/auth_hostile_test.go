package core

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
)

// TestHostileAuthorizationServers holds each way to be hostile against the error
// that it has to be. No code and no token gets anywhere.
func TestHostileAuthorizationServers(t *testing.T) {
	says := func(name string, value any) func(*authServer) {
		return func(as *authServer) { as.meta = func(said map[string]any) { said[name] = value } }
	}
	server := func(name string, value any) func(*authServer) {
		return func(as *authServer) { as.resource = func(said map[string]any) { said[name] = value } }
	}
	token := func(name string, value any) func(*authServer) {
		return func(as *authServer) { as.tokens = func(_ url.Values, said map[string]any) { said[name] = value } }
	}
	back := func(change func(u *url.URL, query url.Values)) func(*authServer) {
		return func(as *authServer) {
			as.back = func(raw string) string {
				u, _ := url.Parse(raw)
				query := u.Query()
				change(u, query)
				u.RawQuery = query.Encode()
				return u.String()
			}
		}
	}
	iss := func(value string) func(*authServer) { return func(as *authServer) { as.iss = &value } }
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	for name, c := range map[string]struct {
		hostile func(*authServer)
		code    wire.Code
		says    string
		tokens  int // requests to the token endpoint
	}{
		"metadata of another issuer":   {says("issuer", "https://other.example"), wire.CodeAuthIssuerMismatch, "other.example", 0},
		"metadata without an issuer":   {says("issuer", nil), wire.CodeAuthIssuerMismatch, "is that of", 0},
		"metadata of another resource": {server("resource", "https://other.example/mcp"), wire.CodeAuthRequired, "another resource", 0},
		"metadata of a neighbour": {func(as *authServer) {
			as.resource = func(said map[string]any) { said["resource"] = as.mcp.URL + "/mc" }
		}, wire.CodeAuthRequired, "another resource", 0},
		"no authorization server":               {server("authorization_servers", []string{}), wire.CodeAuthRequired, "no authorization server", 0},
		"an authorization server that is none":  {server("authorization_servers", []string{"javascript:alert(1)"}), wire.CodeAuthRequired, "not a URL", 0},
		"an authorization server without TLS":   {server("authorization_servers", []string{"http://as.example"}), wire.CodeAuthRequired, "not a URL of https", 0},
		"a token endpoint without TLS":          {says("token_endpoint", "http://as.example/token"), wire.CodeAuthRequired, "the token endpoint is not a URL of https", 0},
		"a page of a script":                    {says("authorization_endpoint", "javascript:alert(1)"), wire.CodeAuthRequired, "authorization endpoint", 0},
		"a registration endpoint of a file":     {says("registration_endpoint", "file:///etc/passwd"), wire.CodeAuthRequired, "registration endpoint", 0},
		"credentials in an endpoint":            {says("token_endpoint", "https://user:pass@as.example/token"), wire.CodeAuthRequired, "token endpoint", 0},
		"no PKCE":                               {says("code_challenge_methods_supported", nil), wire.CodeAuthRequired, "PKCE", 0},
		"plain PKCE":                            {says("code_challenge_methods_supported", []string{"plain"}), wire.CodeAuthRequired, "PKCE", 0},
		"endless metadata":                      {says("x", strings.Repeat("x", 300<<10)), wire.CodeAuthRequired, "larger than", 0},
		"deep metadata":                         {says("x", json.RawMessage(deep)), wire.CodeAuthRequired, "too deeply", 0},
		"metadata of the wrong type":            {says("issuer", []int{1}), wire.CodeAuthRequired, "not of its form", 0},
		"iss of another":                        {iss("https://other.example"), wire.CodeAuthIssuerMismatch, "other.example", 0},
		"no iss":                                {iss(""), wire.CodeAuthIssuerMismatch, "iss", 0},
		"another state":                         {back(func(_ *url.URL, q url.Values) { q.Set("state", "x") }), wire.CodeAuthDenied, "state", 0},
		"no state":                              {back(func(_ *url.URL, q url.Values) { q.Del("state") }), wire.CodeAuthDenied, "state", 0},
		"two codes":                             {back(func(_ *url.URL, q url.Values) { q.Add("code", "x") }), wire.CodeAuthDenied, "twice", 0},
		"no code":                               {back(func(_ *url.URL, q url.Values) { q.Del("code") }), wire.CodeAuthDenied, "no code", 0},
		"an answer at another origin":           {back(func(u *url.URL, _ url.Values) { u.Host = "other.example" }), wire.CodeAuthDenied, "redirect URL", 0},
		"an answer at another path":             {back(func(u *url.URL, _ url.Values) { u.Path = "/other" }), wire.CodeAuthDenied, "redirect URL", 0},
		"a refusal":                             {back(func(_ *url.URL, q url.Values) { q.Del("code"); q.Set("error", "access_denied") }), wire.CodeAuthDenied, "access_denied", 0},
		"a refusal of another":                  {back(func(_ *url.URL, q url.Values) { q.Set("error", "access_denied"); q.Set("state", "x") }), wire.CodeAuthDenied, "state", 0},
		"a token that breaks out of its header": {token("access_token", "x\r\nX-Evil: 1"), wire.CodeAuthDenied, "not of its form", 1},
		"a token of another type":               {token("token_type", "mac"), wire.CodeAuthDenied, "mac", 1},
		"a bound token":                         {token("token_type", "DPoP"), wire.CodeAuthDenied, "DPoP", 1},
		"an endless token":                      {token("x", strings.Repeat("x", 300<<10)), wire.CodeAuthRequired, "larger than", 1},
		"an error that repeats the code": {func(as *authServer) {
			as.fail = func(form url.Values) (int, string, string) {
				return 400, "invalid_grant", "no such " + form.Get("code")
			}
		}, wire.CodeAuthDenied, "invalid_grant", 1},
		"a redirect of the token endpoint": {func(as *authServer) {
			as.fail = func(url.Values) (int, string, string) { return http.StatusTemporaryRedirect, "", "" }
		}, wire.CodeAuthDenied, "307", 1},
	} {
		t.Run(name, func(t *testing.T) {
			as := newAuthServer(t, modern())
			c.hostile(as)
			e, p := applicant(t, as)
			_, failure := e.run(wire.Call{Command: "connect"}, authorized(as))
			if failure == nil || failure.Code != c.code || !strings.Contains(failure.Message, c.says) {
				t.Fatalf("%v", failure)
			}
			if len(as.forms) != c.tokens || p.times("authorize") > 1 {
				t.Errorf("%d requests for a token, %d questions", len(as.forms), p.times("authorize"))
			}
			text, _ := json.Marshal(failure)
			if strings.Contains(string(text), "code-") || strings.Contains(string(text), "access-") || len(failure.Message) > 1<<10 {
				t.Errorf("the error shows too much: %s", text)
			}
			if strings.Contains(strings.Join(p.writes, " "), "access-") {
				t.Error("a token was kept")
			}
		})
	}
}

func TestABrokenStoreIsAnError(t *testing.T) {
	as := newAuthServer(t, modern())
	e, p := applicant(t, as)
	for name, answer := range map[string]any{
		"never swaps":     wire.Stored{},
		"not of its form": []int{1},
	} {
		e.answer = func(h wire.Ask, params []byte) (any, *wire.Error) {
			if h.Kind == "store" {
				return answer, nil
			}
			return p.answer(h, params)
		}
		call := wire.Call{Command: "connect", MaxTotalTimeoutMs: 2000}
		if _, failure := e.run(call, authorized(as)); failure == nil || failure.Retryable {
			t.Errorf("%s: %v", name, failure)
		}
	}
	eventually(t, "nothing is open", func() bool { return e.core.Open() == 0 })
}

func TestWhatIsInTheStoreIsForeign(t *testing.T) {
	as := newAuthServer(t, modern())
	for _, value := range []string{"", "x", "{}", `{"v":2}`, `{"v":1,"token":{"access":"a\r\nb","type":"bearer"}}`, `{"v":1,"issuer":"x","token":{"access":"a","type":"bearer"}}`,
		`{"v":1,"issuer":"https://x","token":{"access":"a","type":"x"}}`, `{"v":1,"lease":{"by":"x","untilMs":9000000000000000}}`, strings.Repeat("[", 1<<16)} {
		e, p := applicant(t, as)
		e.connect(authorized(as))
		p.mu.Lock()
		for key := range p.store {
			p.store[key] = value
		}
		p.mu.Unlock()
		e.connect(authorized(as))
		if p.times("authorize") != 2 {
			t.Errorf("%.40q: %d logins", value, p.times("authorize"))
		}
	}
}

func TestAuthArgumentsAreChecked(t *testing.T) {
	as := newAuthServer(t, modern())
	e, _ := applicant(t, as)
	for want, auth := range map[string]wire.Auth{
		"auth.grant":             {Grant: "password"},
		"auth.clientAuth":        {ClientAuth: "tls", RedirectURL: redirectURL},
		"auth.redirectUrl":       {},
		"javascript":             {RedirectURL: "javascript:alert(1)"},
		"auth.clientMetadataUrl": {RedirectURL: redirectURL, ClientMetadataURL: "https://x"},
		"auth.clientId":          {Grant: wire.GrantClientCredentials},
		"auth.identity":          {Grant: wire.GrantEnterprise},
		"auth.scopes":            {RedirectURL: redirectURL, Scopes: []string{"a b"}},
		"auth.registration":      {RedirectURL: redirectURL, Registration: []byte(`[]`)},
		"auth.issuer":            {RedirectURL: redirectURL, Issuer: "x"},
		"without auth.clientId":  {RedirectURL: redirectURL, ClientSecret: "x"},
	} {
		_, failure := e.run(wire.Call{Command: "connect"}, wire.Connect{URL: as.endpoint(), Handlers: authHandlers, Auth: &auth})
		if failure == nil || failure.Code != wire.CodeLocalBadArgument && want != "javascript" || !strings.Contains(failure.Message, strings.Replace(want, "javascript", "auth.redirectUrl", 1)) {
			t.Errorf("%s: %v", want, failure)
		}
	}
	_, failure := e.run(wire.Call{Command: "connect"}, wire.Connect{Channel: "x", Handlers: authHandlers, Auth: &wire.Auth{RedirectURL: redirectURL}})
	if failure == nil || failure.Code != wire.CodeLocalBadArgument {
		t.Errorf("%v", failure)
	}
	if len(as.requests) != 0 {
		t.Errorf("requests %v", as.requests)
	}
}

// TestWithoutAuth holds what a server says of the credentials against the error's
// data.
func TestWithoutAuth(t *testing.T) {
	as := newAuthServer(t, modern())
	e, _ := applicant(t, as)
	_, failure := e.run(wire.Call{Command: "connect"}, wire.Connect{URL: as.endpoint()})
	want := wire.Challenge{Scheme: "bearer", Scopes: []string{"mcp"}, ResourceMetadata: as.mcp.URL + "/.well-known/oauth-protected-resource/mcp"}
	got, _ := json.Marshal(challengeOf(failure))
	wanted, _ := json.Marshal(want)
	if failure.Code != wire.CodeAuthRequired || string(got) != string(wanted) {
		t.Errorf("%v with %s", failure, got)
	}
}

// TestNothingOfALoginIsTold goes through a login, a refresh, a logout, with
// somebody listening to everything, and looks for each secret in it.
func TestNothingOfALoginIsTold(t *testing.T) {
	as := newAuthServer(t, modern())
	as.dpop, as.nonce, as.methods = true, "nonce-canary", []string{"client_secret_post"}
	e, p := applicant(t, as)
	params := authorized(as)
	params.Events, params.Auth.DPoP = []string{"trace", "state", "log"}, true
	s := e.connect(params)
	as.expire()
	call, echo := echoCall(s.Session)
	if _, failure := e.run(call, echo); failure != nil {
		t.Fatal(failure)
	}
	as.fail = func(form url.Values) (int, string, string) {
		return http.StatusBadRequest, "invalid_grant", form.Encode() + " " + form.Get("refresh_token") + form.Get("client_secret")
	}
	as.expire()
	params.Handlers = []string{"store", "sign"}
	_, failure := e.run(wire.Call{Command: "connect"}, params)
	if failure == nil || failure.Code != wire.CodeAuthRefreshFailed {
		t.Errorf("%v", failure)
	}
	told, _ := json.Marshal(failure)
	n := 0
	e.mu.Lock()
	for _, tell := range e.tells {
		told = append(told, tell.data...)
		if tell.Event == "trace" {
			n++
		}
	}
	e.mu.Unlock()
	if n < 10 {
		t.Errorf("%d trace events", n)
	}
	secrets := []string{"nonce-canary"}
	for _, form := range as.forms {
		for _, name := range []string{"code", "code_verifier", "refresh_token", "client_secret"} {
			if form.Get(name) != "" {
				secrets = append(secrets, form.Get(name))
			}
		}
	}
	for access := range as.issued {
		secrets = append(secrets, access)
	}
	for _, header := range as.headers {
		secrets = append(secrets, header.Get("DPoP"))
	}
	page, _ := url.Parse(p.pages[0])
	secrets = append(secrets, page.Query().Get("state"))
	if len(secrets) < 8 {
		t.Errorf("%d secrets", len(secrets))
	}
	for _, secret := range secrets {
		if strings.Contains(string(told), secret) {
			t.Errorf("%q is told", secret)
		}
	}
}

func TestAPersonWhoRefuses(t *testing.T) {
	as := newAuthServer(t, modern())
	e, p := applicant(t, as)
	p.visit = func(string) (string, *wire.Error) {
		return "", &wire.Error{Code: wire.CodeLocalCancelled, Message: "the window was closed", Sent: wire.SentNo}
	}
	for n := range 2 {
		_, failure := e.run(wire.Call{Command: "connect"}, authorized(as))
		if failure == nil || !strings.Contains(failure.Message, "the window was closed") || p.times("authorize") != n+1 {
			t.Errorf("%v after %d questions", failure, p.times("authorize"))
		}
	}
	if as.count("as POST /register") != 1 {
		t.Errorf("requests %v", as.requests)
	}
}
