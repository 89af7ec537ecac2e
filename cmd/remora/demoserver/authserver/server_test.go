package authserver_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
)

const (
	resource = "https://mcp.example/mcp"
	callback = "http://127.0.0.1:5000/callback"
	verifier = "a-verifier-that-is-long-enough-for-anybody-0123456789"
	// proof is S256 of verifier.
	proof = "GnjK8hqUC4WwbjpXkCAXvazcO6UcvuLVo5oX15JnqJI"
)

// a server with a public client "app", and a confidential "machine".
type fixture struct {
	*authserver.Server
	*testing.T
	origin string
}

func start(t *testing.T) fixture {
	t.Helper()
	var s *authserver.Server
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
	t.Cleanup(h.Close)
	s = authserver.New(authserver.Options{
		Issuer: h.URL, Resource: resource, Scopes: []string{"read", "write"},
		Clients: []authserver.Client{
			{ID: "app", AuthMethod: authserver.AuthNone, RedirectURIs: []string{"http://127.0.0.1/callback"},
				GrantTypes: []string{authserver.GrantCode, authserver.GrantRefresh}},
			{ID: "machine", Secret: "s3cret/+", AuthMethod: authserver.AuthBasic, GrantTypes: []string{authserver.GrantCredentials}},
		},
	})
	return fixture{s, t, h.URL}
}

// authorizeURL is a sound authorization URL, changed by the pairs; an empty
// value leaves the parameter out.
func (f fixture) authorizeURL(pairs ...string) string {
	query := url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {callback}, "scope": {"read offline_access"}, "state": {"st&ate"},
		"code_challenge": {proof}, "code_challenge_method": {"S256"}, "resource": {resource},
	}
	change(query, pairs)
	return f.origin + authserver.AuthorizePath + "?" + query.Encode()
}

func change(values url.Values, pairs []string) {
	for i := 0; i < len(pairs); i += 2 {
		if values.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			values.Del(pairs[i])
		}
	}
}

// decide visits an authorization URL and returns the query it is answered with.
func (f fixture) decide(page, decision string) url.Values {
	f.Helper()
	back, err := authserver.Visit(f.Context(), page, decision)
	if err != nil {
		f.Fatal(err)
	}
	if !strings.HasPrefix(back, callback+"?") {
		f.Fatalf("sent back to %s", back)
	}
	u, err := url.Parse(back)
	if err != nil {
		f.Fatal(err)
	}
	if iss := u.Query()["iss"]; len(iss) != 1 || iss[0] != f.origin {
		f.Errorf("iss is %q, want %s once", iss, f.origin)
	}
	return u.Query()
}

type answer struct {
	status        int
	Access        string `json:"access_token"`
	Refresh       string `json:"refresh_token"`
	Type          string `json:"token_type"`
	Expires       int    `json:"expires_in"`
	Scope         string `json:"scope"`
	Error         string `json:"error"`
	ID            string `json:"client_id"`
	Secret        string `json:"client_secret"`
	SecretExpires *int   `json:"client_secret_expires_at"`
}

func (f fixture) post(path, kind, body string, edit ...func(*http.Request)) answer {
	f.Helper()
	r, err := http.NewRequestWithContext(f.Context(), http.MethodPost, f.origin+path, strings.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	for _, e := range edit {
		e(r)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		f.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		f.Fatal(err)
	}
	a := answer{status: response.StatusCode}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &a); err != nil {
			f.Fatalf("%s: %v in %q", path, err, text)
		}
	}
	if got := response.Header.Get("Cache-Control"); got != "no-store" {
		f.Errorf("%s: Cache-Control is %q", path, got)
	}
	return a
}

// token asks the token endpoint, as client app.
func (f fixture) token(pairs ...string) answer {
	f.Helper()
	form := url.Values{"client_id": {"app"}, "resource": {resource}}
	change(form, pairs)
	return f.post(authserver.TokenPath, "application/x-www-form-urlencoded", form.Encode())
}

func (f fixture) exchange(code string, pairs ...string) answer {
	f.Helper()
	return f.token(append([]string{"grant_type", "authorization_code", "code", code, "code_verifier", verifier, "redirect_uri", callback}, pairs...)...)
}

func (f fixture) login() answer {
	f.Helper()
	a := f.exchange(f.decide(f.authorizeURL(), "allow").Get("code"))
	if a.status != http.StatusOK {
		f.Fatalf("login: %+v", a)
	}
	return a
}

func (f fixture) good(token string) bool {
	_, good := f.Verify(token)
	return good
}

func TestLogin(t *testing.T) {
	f := start(t)
	back := f.decide(f.authorizeURL(), "allow")
	if back.Get("state") != "st&ate" || back.Has("error") {
		t.Errorf("sent back with %v", back)
	}
	a := f.exchange(back.Get("code"))
	if a.status != 200 || a.Type != "Bearer" || a.Expires != 300 || a.Scope != "read offline_access" || a.Refresh == "" {
		t.Fatalf("got %+v", a)
	}
	if token, good := f.Verify(a.Access); !good || token.Person != "demo" || token.Client != "app" || strings.Join(token.Scopes, " ") != "read offline_access" {
		t.Errorf("the token says %+v, %v", token, good)
	}
	if n := f.Counts(); n != (authserver.Counts{Consents: 1, Logins: 1, Tokens: 1}) {
		t.Errorf("counted %+v", n)
	}
	f.ExpireTokens()
	if f.good(a.Access) {
		t.Error("the token is good after its time")
	}
}

func TestRefusals(t *testing.T) {
	f := start(t)
	for _, test := range []struct {
		name  string
		pairs []string
		want  string
	}{
		{"no PKCE", []string{"code_challenge", ""}, "invalid_request"},
		{"plain PKCE", []string{"code_challenge_method", "plain"}, "invalid_request"},
		{"no resource", []string{"resource", ""}, "invalid_target"},
		{"another resource", []string{"resource", "https://other.example/mcp"}, "invalid_target"},
		{"unknown scope", []string{"scope", "read admin"}, "invalid_scope"},
		{"implicit", []string{"response_type", "token"}, "unsupported_response_type"},
	} {
		if got := f.decide(f.authorizeURL(test.pairs...), "allow"); got.Get("error") != test.want || got.Get("state") != "st&ate" || got.Has("code") {
			t.Errorf("%s: %v, want %s", test.name, got, test.want)
		}
	}
	if got := f.decide(f.authorizeURL(), "deny"); got.Get("error") != "access_denied" || got.Has("code") {
		t.Errorf("refused: %v", got)
	}
	// Nobody is sent anywhere for an unknown client, or to an unknown place.
	for _, pairs := range [][]string{
		{"client_id", "stranger"}, {"client_id", ""}, {"redirect_uri", "https://evil.example/callback"}, {"redirect_uri", ""},
		{"redirect_uri", "http://127.0.0.1:5000/other"}, {"client_id", "http://169.254.169.254/client"}, {"client_id", "https://10.0.0.1/client"},
	} {
		if back, err := authserver.Visit(t.Context(), f.authorizeURL(pairs...), "allow"); err == nil {
			t.Errorf("%v: sent back to %s", pairs, back)
		}
	}
	code := f.decide(f.authorizeURL(), "allow").Get("code")
	for _, test := range []struct {
		name  string
		pairs []string
		want  string
	}{
		{"no resource", []string{"resource", ""}, "invalid_target"},
		{"another redirect", []string{"redirect_uri", "http://127.0.0.1:5001/callback"}, "invalid_grant"},
		{"unknown code", []string{"code", "x"}, "invalid_grant"},
		{"unknown grant", []string{"grant_type", "password"}, "unsupported_grant_type"},
		{"a grant that is not the client's", []string{"grant_type", "client_credentials"}, "unauthorized_client"},
		{"unknown client", []string{"client_id", "stranger"}, "invalid_client"},
		{"a client with a secret", []string{"client_id", "machine"}, "invalid_client"},
		{"another verifier", []string{"code_verifier", strings.ToUpper(verifier)}, "invalid_grant"},
		{"again after that", nil, "invalid_grant"},
	} {
		if got := f.exchange(code, test.pairs...); got.Error != test.want || got.Access != "" {
			t.Errorf("%s: %+v, want %s", test.name, got, test.want)
		}
	}
	if n := f.Counts(); n.Tokens != 0 || n.Refusals != 9 || n.Denials != 1 {
		t.Errorf("counted %+v", n)
	}
}

// TestDecisionIsThePersons holds that another web page cannot press the button.
func TestDecisionIsThePersons(t *testing.T) {
	f := start(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.origin+authserver.DecidePath, strings.NewReader("decision=allow"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("got %s, want 403", answer.Status)
	}
	page, err := http.Get(f.authorizeURL())
	if err != nil {
		t.Fatal(err)
	}
	page.Body.Close()
	for name, want := range map[string]string{"Content-Security-Policy": "form-action 'self' http://127.0.0.1:5000", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"} {
		if got := page.Header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s is %q, want %q in it", name, got, want)
		}
	}
}

func TestCodeTwice(t *testing.T) {
	f := start(t)
	code := f.decide(f.authorizeURL(), "allow").Get("code")
	first := f.exchange(code)
	if again := f.exchange(code); again.Error != "invalid_grant" {
		t.Errorf("the second time: %+v", again)
	}
	if f.good(first.Access) || f.token("grant_type", "refresh_token", "refresh_token", first.Refresh).Error != "invalid_grant" {
		t.Error("what the code was exchanged for is still good")
	}
	if n := f.Counts(); n.CodeReplays != 1 {
		t.Errorf("counted %+v", n)
	}
}

func TestRefresh(t *testing.T) {
	f := start(t)
	first := f.login()
	second := f.token("grant_type", "refresh_token", "refresh_token", first.Refresh)
	if second.status != 200 || second.Refresh == first.Refresh || !f.good(second.Access) || !f.good(first.Access) {
		t.Fatalf("the first refresh: %+v", second)
	}
	narrow := f.token("grant_type", "refresh_token", "refresh_token", second.Refresh, "scope", "read")
	if narrow.Scope != "read" || narrow.Refresh == "" {
		t.Errorf("narrowed: %+v", narrow)
	}
	if wide := f.token("grant_type", "refresh_token", "refresh_token", narrow.Refresh, "scope", "read write"); wide.Error != "invalid_scope" {
		t.Errorf("widened: %+v", wide)
	}
	// A spent one revokes everything of its login, and of no other.
	other := f.login()
	if got := f.token("grant_type", "refresh_token", "refresh_token", first.Refresh); got.Error != "invalid_grant" {
		t.Errorf("spent: %+v", got)
	}
	if f.good(narrow.Access) || f.token("grant_type", "refresh_token", "refresh_token", narrow.Refresh).Error != "invalid_grant" {
		t.Error("the family is still good")
	}
	if !f.good(other.Access) {
		t.Error("another login was revoked too")
	}
	if n := f.Counts(); n.Refreshes != 2 || n.Reuses != 1 {
		t.Errorf("counted %+v", n)
	}
}

func TestNoRefreshTokenUnasked(t *testing.T) {
	f := start(t)
	a := f.exchange(f.decide(f.authorizeURL("scope", ""), "allow").Get("code"))
	if a.Scope != "read" || a.Refresh != "" {
		t.Errorf("got %+v", a)
	}
}

func TestCredentials(t *testing.T) {
	f := start(t)
	ask := func(user, password string, pairs ...string) answer {
		form := url.Values{"grant_type": {"client_credentials"}, "resource": {resource}}
		change(form, pairs)
		return f.post(authserver.TokenPath, "application/x-www-form-urlencoded", form.Encode(), func(r *http.Request) {
			r.SetBasicAuth(url.QueryEscape(user), url.QueryEscape(password))
		})
	}
	if a := ask("machine", "s3cret/+", "scope", "write"); a.Scope != "write" || a.Refresh != "" || !f.good(a.Access) {
		t.Errorf("got %+v", a)
	}
	if a := ask("machine", "wrong"); a.status != http.StatusUnauthorized || a.Error != "invalid_client" {
		t.Errorf("with a wrong secret: %+v", a)
	}
	if a := ask("machine", "s3cret/+", "client_secret", "s3cret/+"); a.Error != "invalid_request" {
		t.Errorf("in two ways: %+v", a)
	}
	if a := ask("machine", "s3cret/+", "scope", "offline_access"); a.Error != "invalid_scope" {
		t.Errorf("offline: %+v", a)
	}
}

func TestRegistration(t *testing.T) {
	f := start(t)
	for body, want := range map[string]string{
		`[]`:                                  "invalid_client_metadata",
		`{}`:                                  "invalid_redirect_uri",
		`{"redirect_uris":["http://a.com/"]}`: "invalid_redirect_uri",
		`{"redirect_uris":["javascript:alert(1)"]}`:                                         "invalid_redirect_uri",
		`{"redirect_uris":["https://a.com/#x"]}`:                                            "invalid_redirect_uri",
		`{"redirect_uris":["https://a.com/"],"token_endpoint_auth_method":"tls"}`:           "invalid_client_metadata",
		`{"redirect_uris":["https://a.com/"],"grant_types":["client_credentials"]}`:         "invalid_client_metadata",
		`{"redirect_uris":["https://a.com/"],"grant_types":["authorization_code","magic"]}`: "invalid_client_metadata",
	} {
		if a := f.post(authserver.RegisterPath, "application/json", body); a.status != 400 || a.Error != want {
			t.Errorf("%s: %+v, want %s", body, a, want)
		}
	}
	made := f.post(authserver.RegisterPath, "application/json", `{"client_id":"app","client_secret":"mine","redirect_uris":["`+callback+`"],"grant_types":["authorization_code","refresh_token"]}`)
	if made.status != http.StatusCreated || made.ID == "app" || made.ID == "" || made.Secret == "" || made.Secret == "mine" || made.SecretExpires == nil {
		t.Fatalf("got %+v", made)
	}
	code := f.decide(f.authorizeURL("client_id", made.ID), "allow").Get("code")
	if a := f.exchange(code, "client_id", made.ID, "client_secret", made.Secret); a.Error != "invalid_client" {
		t.Errorf("post for basic: %+v", a)
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier}, "redirect_uri": {callback}, "resource": {resource}}
	a := f.post(authserver.TokenPath, "application/x-www-form-urlencoded", form.Encode(), func(r *http.Request) { r.SetBasicAuth(made.ID, made.Secret) })
	if a.status != 200 || a.Refresh == "" {
		t.Errorf("got %+v", a)
	}
	if public := f.post(authserver.RegisterPath, "application/json", `{"redirect_uris":["`+callback+`"],"token_endpoint_auth_method":"none"}`); public.Secret != "" || public.SecretExpires != nil {
		t.Errorf("a public client has a secret: %+v", public)
	}
}

func TestMetadataDocument(t *testing.T) {
	f := start(t)
	var body string
	documents := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/client.json", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(documents.Close)
	id := documents.URL + "/client.json"
	sound := `{"client_id":"` + id + `","client_name":"a <b>client</b>","redirect_uris":["` + callback + `"],"grant_types":["authorization_code","refresh_token"]}`
	body = sound
	code := f.decide(f.authorizeURL("client_id", id), "allow").Get("code")
	if a := f.exchange(code, "client_id", id); a.status != 200 || a.Refresh == "" {
		t.Errorf("got %+v", a)
	}
	if n := f.Counts(); n.Documents != 2 || n.Registrations != 0 {
		t.Errorf("counted %+v", n)
	}
	page, err := http.Get(f.authorizeURL("client_id", id))
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	if html, err := io.ReadAll(page.Body); err != nil || strings.Contains(string(html), "<b>") || !strings.Contains(string(html), "a &lt;b&gt;client") {
		t.Errorf("the page shows %q, %v", html, err)
	}
	for name, bad := range map[string]string{
		"of another":      strings.Replace(sound, "client.json", "other.json", 1),
		"with a secret":   strings.Replace(sound, "{", `{"client_secret":"x",`, 1),
		"too long":        sound + strings.Repeat(" ", 5<<10),
		"not JSON":        "<html>",
		"other redirects": strings.Replace(sound, callback, "https://other.example/", 1),
	} {
		body = bad
		if back, err := authserver.Visit(t.Context(), f.authorizeURL("client_id", id), "allow"); err == nil {
			t.Errorf("%s: sent back to %s", name, back)
		}
	}
	body = sound
	if back, err := authserver.Visit(t.Context(), f.authorizeURL("client_id", documents.URL+"/moved"), "allow"); err == nil {
		t.Errorf("moved: sent back to %s", back)
	}
}

func TestRevocation(t *testing.T) {
	f := start(t)
	revoke := func(client, token string) answer {
		return f.post(authserver.RevokePath, "application/x-www-form-urlencoded", url.Values{"client_id": {client}, "token": {token}}.Encode())
	}
	a := f.login()
	if got := revoke("app", a.Access); got.status != 200 || f.good(a.Access) {
		t.Errorf("access token: %+v", got)
	}
	b := f.token("grant_type", "refresh_token", "refresh_token", a.Refresh)
	if got := revoke("app", b.Refresh); got.status != 200 || f.good(b.Access) {
		t.Errorf("refresh token: %+v", got)
	}
	if got := f.token("grant_type", "refresh_token", "refresh_token", b.Refresh); got.Error != "invalid_grant" {
		t.Errorf("after that: %+v", got)
	}
	if got := revoke("app", "unknown"); got.status != 200 {
		t.Errorf("unknown token: %+v", got)
	}
	if got := revoke("stranger", a.Access); got.status != http.StatusUnauthorized {
		t.Errorf("unknown client: %+v", got)
	}
	if n := f.Counts().Revocations; n != 2 {
		t.Errorf("counted %d revocations, want 2", n)
	}
}

func TestAwait(t *testing.T) {
	f := start(t)
	done := make(chan error, 1)
	go func() { done <- f.Await(t.Context(), func(n authserver.Counts) bool { return n.Logins == 1 }) }()
	f.login()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the login was not noticed")
	}
}
