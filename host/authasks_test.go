package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// brokenStore fails, or keeps something that is too large.
type brokenStore struct {
	Store
	err error
}

func (s brokenStore) Get(context.Context, string) (string, bool, error) {
	return strings.Repeat("x", MaxStoreValueBytes+1), true, s.err
}

func TestAuthReplies(t *testing.T) {
	type ctxKey struct{}
	const redirect = "http://127.0.0.1:7777/callback"
	back := func(url string, err error) AuthOptions {
		return AuthOptions{RedirectURL: redirect, Authorize: func(ctx context.Context, r AuthorizeRequest) (string, error) {
			if r != (AuthorizeRequest{URL: "https://as.example/authorize?state=s", RedirectURL: redirect, Issuer: "https://as.example"}) {
				return "", fmt.Errorf("got %+v", r)
			}
			if ask, _ := AskFromContext(ctx); ask != (Ask{Kind: "authorize", Origin: "https://mcp.example"}) {
				return "", fmt.Errorf("got %+v", ask)
			}
			if ctx.Value(ctxKey{}) != "of the call" {
				return "", errors.New("the call's values are not there")
			}
			return url, err
		}}
	}
	page := func(url string) string {
		return string(mustJSON(wire.Authorize{URL: url, RedirectURL: redirect, Issuer: "https://as.example"}))
	}
	good := page("https://as.example/authorize?state=s")
	assert := func(token string, err error) AuthOptions {
		return AuthOptions{Assert: func(_ context.Context, r AssertRequest) (string, error) {
			if r != (AssertRequest{Use: AssertWorkload, Audience: "https://as.example"}) {
				return "", fmt.Errorf("got %+v", r)
			}
			return token, err
		}}
	}
	const who = `{"use":"workload","audience":"https://as.example"}`
	kept := NewMemoryStore()
	_ = kept.Set(t.Context(), "there", "<1>")
	store := func(s Store) AuthOptions { return AuthOptions{Store: s} }
	for _, tt := range []struct {
		name, kind, params string
		options            AuthOptions
		answer             string
		code               Code
	}{
		{"authorize", "authorize", good, back(redirect+"?code=c&state=s", nil), `{"url":"` + redirect + `?code=c&state=s"}`, ""},
		{"authorize: refused", "authorize", good, back(redirect+"?error=access_denied&state=s", nil), `{"url":"` + redirect + `?error=access_denied&state=s"}`, ""},
		{"authorize: another origin", "authorize", good, back("http://127.0.0.1:7778/callback?code=c", nil), "", CodeLocalBadArgument},
		{"authorize: another path", "authorize", good, back("http://127.0.0.1:7777/callback/x?code=c", nil), "", CodeLocalBadArgument},
		{"authorize: a user", "authorize", good, back("http://1234@127.0.0.1:7777/callback?code=c", nil), "", CodeLocalBadArgument},
		{"authorize: nothing", "authorize", good, back("", nil), "", CodeLocalBadArgument},
		{"authorize: too long", "authorize", good, back(redirect+"?code="+strings.Repeat("c", maxAnswerBytes), nil), "", CodeLocalBadArgument},
		{"authorize: an error", "authorize", good, back("", errors.New("1234")), "", CodeLocalBadArgument},
		{"authorize: the person does not want to", "authorize", good, back("", &Error{Code: CodeAuthDenied, Message: "no"}), "", CodeAuthDenied},
		{"authorize: nobody to ask", "authorize", good, AuthOptions{}, "", CodePolicyHandlerMissing},
		{"authorize: a page of http", "authorize", page("http://as.example/?x=1234"), back("", nil), "", CodePolicyOrigin},
		{"authorize: no page", "authorize", page("file:///etc/passwd"), back("", nil), "", CodePolicyOrigin},
		{"authorize: a page that looks like another", "authorize", page("https://as.example\u202e/"), back("", nil), "", CodePolicyOrigin},
		{"authorize: with a password", "authorize", page("https://a:1234@as.example/"), back("", nil), "", CodePolicyOrigin},
		{"authorize: unreadable", "authorize", `{"url":1234}`, back("", nil), "", CodeLocalBadFrame},
		{"assert", "assert", who, assert("a.b.c", nil), `{"token":"a.b.c"}`, ""},
		{"assert: no token", "assert", who, assert("", nil), "", CodeLocalBadArgument},
		{"assert: two tokens", "assert", who, assert("a 1234", nil), "", CodeLocalBadArgument},
		{"assert: an error", "assert", who, assert("", errors.New("1234")), "", CodeLocalBadArgument},
		{"assert: nobody to ask", "assert", who, AuthOptions{}, "", CodePolicyHandlerMissing},
		{"sign: no key", "sign", `{"use":"client","claims":{}}`, AuthOptions{}, "", CodePolicyHandlerMissing},
		{"sign: another key", "sign", `{"use":"client","claims":{}}`, AuthOptions{DPoP: true}, "", CodePolicyHandlerMissing},
		{"sign: an unknown use", "sign", `{"use":"1234","claims":{}}`, AuthOptions{DPoP: true}, "", CodePolicyHandlerMissing},
		{"store: get", "store", `{"op":"get","key":"there"}`, store(kept), `{"value":"<1>"}`, ""},
		{"store: get nothing", "store", `{"op":"get","key":"not"}`, store(kept), `{}`, ""},
		{"store: by default", "store", `{"op":"get","key":"not"}`, AuthOptions{}, `{}`, ""},
		{"store: set", "store", `{"op":"set","key":"a","value":""}`, store(kept), `{}`, ""},
		{"store: set was", "store", `{"op":"get","key":"a"}`, store(kept), `{"value":""}`, ""},
		{"store: set nothing", "store", `{"op":"set","key":"a"}`, store(kept), "", CodeLocalBadFrame},
		{"store: swap", "store", `{"op":"swap","key":"a","was":"","value":"2"}`, store(kept), `{"swapped":true}`, ""},
		{"store: swap no longer", "store", `{"op":"swap","key":"a","was":"","value":"3"}`, store(kept), `{}`, ""},
		{"store: delete", "store", `{"op":"delete","key":"a"}`, store(kept), `{}`, ""},
		{"store: unknown", "store", `{"op":"list","key":"a"}`, store(kept), "", CodeLocalBadFrame},
		{"store: no key", "store", `{"op":"get","key":""}`, store(kept), "", CodeLocalBadFrame},
		{"store: not a key", "store", `{"op":"get","key":"a\n1234"}`, store(kept), "", CodeLocalBadFrame},
		{"store: a long key", "store", `{"op":"get","key":"` + strings.Repeat("k", MaxStoreKeyBytes+1) + `"}`, store(kept), "", CodeLocalBadFrame},
		{"store: too large", "store", `{"op":"get","key":"a"}`, store(brokenStore{}), "", CodeLocalBadArgument},
		{"store: broken", "store", `{"op":"get","key":"a"}`, store(brokenStore{err: errors.New("1234")}), "", CodeLocalBadArgument},
		{"store: panics", "store", `{"op":"set","key":"a","value":"1234"}`, store(brokenStore{}), "", CodeLocalBadArgument},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := asking(t, &ConnectOptions{Auth: &tt.options}, func(h *wire.Ask) string {
				h.Kind = tt.kind
				return tt.params
			})
			r := callForReply(t, context.WithValue(t.Context(), ctxKey{}, "of the call"), s)
			if tt.code == "" {
				if r.Header != nil || string(r.Answer) != tt.answer {
					t.Errorf("got %+v %s, want %s", r.Header, r.Answer, tt.answer)
				}
				return
			}
			if r.Header == nil || r.Header.Error == nil || r.Header.Error.Code != tt.code || string(r.Answer) != "null" {
				t.Fatalf("got %+v %s, want %s", r.Header, r.Answer, tt.code)
			}
			if tt.name != "sign: an unknown use" && strings.Contains(r.Header.Error.Message, "1234") {
				t.Errorf("a secret crossed: %s", r.Header.Error.Message)
			}
		})
	}
}

// TestAuthAsksOutliveTheirCall: the call in which a question came up can end, since
// others wait for the answer too; ask.cancel ends it.
func TestAuthAsksOutliveTheirCall(t *testing.T) {
	asked, ended := make(chan context.Context, 1), make(chan struct{})
	ask := uint32(7)
	var session uint32
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if h, ok := onCommand(g.t, f, "callTool"); ok {
				session = h.Session
				return []wire.Frame{frameOf(wire.KindAsk, ask, wire.Ask{Kind: "authorize", Session: session, Call: f.ID},
					`{"url":"https://as.example/","redirectUrl":"https://app.example/"}`)}, true
			}
			if _, ok := onCommand(g.t, f, "ping"); ok {
				return []wire.Frame{frameOf(wire.KindAskCancel, ask, wire.AskCancel{}, ""), frameOf(wire.KindDone, f.ID, nil, "{}")}, true
			}
			return nil, false
		})
	})
	s := connect(t, rt, serverURL, &ConnectOptions{Auth: &AuthOptions{
		RedirectURL: "https://app.example/",
		Authorize: func(ctx context.Context, _ AuthorizeRequest) (string, error) {
			asked <- ctx
			<-ctx.Done()
			close(ended)
			return "", ctx.Err()
		},
	}})
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := s.CallToolRaw(ctx, &mcp.CallToolParams{Name: "x"})
		gone <- err
	}()
	asking := <-asked
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if asking.Err() != nil {
		t.Error("the question ended with its call")
	}
	if err := s.Ping(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(testTimeout):
		t.Error("ask.cancel did not end the question")
	}
}

// TestAuthOnTheWire: what the core is told of the options.
func TestAuthOnTheWire(t *testing.T) {
	key, _ := testKeys(t)
	full := AuthOptions{
		Grant: GrantEnterprise, ClientID: "id", ClientSecret: "canary-secret", Issuer: "https://as.example", Scopes: []string{"a"},
		OnlineOnly: true, Registration: json.RawMessage(`{"x":1}`), Key: key, DPoP: true, ClientMetadataURL: "https://app.example/client",
		Assert:   func(context.Context, AssertRequest) (string, error) { return "t", nil },
		Identity: &IdentityProvider{Issuer: "https://idp.example", ClientID: "i", ClientSecret: "canary-identity"},
	}
	for _, tt := range []struct {
		name     string
		options  *AuthOptions
		handlers string
		auth     string
	}{
		{"none", nil, "", "null"},
		{"nobody to ask", &AuthOptions{}, "store", "{}"},
		{"a person", &AuthOptions{Authorize: NewPasteAuthorizer(nil, nil).Authorize, RedirectURL: PasteRedirectURL, Resumable: true}, "authorize store",
			`{"redirectUrl":"http://127.0.0.1/callback","resumable":true}`},
		{"everything", &full, "assert sign store", `{"grant":"enterprise","clientId":"id","clientSecret":"canary-secret","clientAuth":"private_key_jwt",` +
			`"clientMetadataUrl":"https://app.example/client","issuer":"https://as.example","scopes":["a"],"onlineOnly":true,"registration":{"x":1},"dpop":true,` +
			`"identity":{"issuer":"https://idp.example","clientId":"i","clientSecret":"canary-identity"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got, login []byte
			rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
				g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
					if _, ok := onCommand(g.t, f, "connect"); ok {
						got = slices.Clone(f.Payload)
					} else if _, ok := onCommand(g.t, f, "login"); ok {
						login = slices.Clone(f.Payload)
						return []wire.Frame{frameOf(wire.KindDone, f.ID, nil, `{"authorized":true,"expiresMs":1,"scopes":["a"]}`)}, true
					}
					return nil, false
				})
			})
			connect(t, rt, serverURL, &ConnectOptions{Auth: tt.options})
			var params wire.Connect
			if err := json.Unmarshal(got, &params); err != nil {
				t.Fatal(err)
			}
			if handlers := strings.Join(params.Handlers, " "); handlers != tt.handlers {
				t.Errorf("handlers: got %q, want %q", handlers, tt.handlers)
			}
			if auth := string(mustJSON(params.Auth)); auth != tt.auth {
				t.Errorf("auth: got %s, want %s", auth, tt.auth)
			}
			status, err := rt.Login(t.Context(), serverURL, &LoginOptions{ConnectOptions: ConnectOptions{Auth: tt.options}, Again: true})
			if tt.options == nil {
				if !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
					t.Errorf("Login: got %v", err)
				}
				return
			}
			if err != nil || !status.Authorized || status.Expires.UnixMilli() != 1 {
				t.Errorf("Login: got %+v, %v", status, err)
			}
			var command wire.Login
			if err := json.Unmarshal(login, &command); err != nil || !command.Again || strings.Join(command.Handlers, " ") != tt.handlers || string(mustJSON(command.Auth)) != tt.auth {
				t.Errorf("login: got %s, %v", login, err)
			}
		})
	}
}

func TestAuthOptionsAreChecked(t *testing.T) {
	key, weak := testKeys(t)
	authorize := NewPasteAuthorizer(nil, nil).Authorize
	for name, o := range map[string]AuthOptions{
		"grant":                      {Grant: "password"},
		"client authentication":      {ClientAuth: "canary"},
		"no redirect URL":            {Authorize: authorize},
		"redirect URL":               {Authorize: authorize, RedirectURL: "/callback"},
		"redirect URL with fragment": {Authorize: authorize, RedirectURL: "https://a.example/#x"},
		"workload without a token":   {Grant: GrantWorkload},
		"enterprise without a token": {Grant: GrantEnterprise, Identity: &IdentityProvider{}},
		"enterprise without a provider": {Grant: GrantEnterprise,
			Assert: func(context.Context, AssertRequest) (string, error) { return "", nil }},
		"no key":              {ClientAuth: ClientAuthKey},
		"registration":        {Registration: json.RawMessage("{")},
		"algorithm":           {Key: key, KeyAlgorithm: "RS256"},
		"algorithm none":      {Key: key, KeyAlgorithm: "none"},
		"weak key":            {Key: weak},
		"weak key for tokens": {DPoPKey: weak},
	} {
		o.ClientSecret = "canary"
		_, err := fakeRuntime(t, Options{}, nil).Connect(t.Context(), serverURL, &ConnectOptions{Auth: &o})
		if !errors.Is(err, &Error{Code: CodeLocalBadArgument}) || !strings.Contains(err.Error(), "ConnectOptions.Auth: ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err := fakeRuntime(t, Options{}, nil).ConnectChannel(t.Context(), Transport("x", nil), &ConnectOptions{Auth: &AuthOptions{}})
	if !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
		t.Errorf("over a channel: got %v", err)
	}
}

// TestAuthIsNotShown: no form of the options has what is secret in them, and a
// trace has not what this side alone knows.
func TestAuthIsNotShown(t *testing.T) {
	o := &ConnectOptions{Auth: &AuthOptions{
		ClientID: "id", ClientSecret: "canary-secret", Store: NewMemoryStore(),
		Assert:   func(context.Context, AssertRequest) (string, error) { return "canary-assertion", nil },
		Identity: &IdentityProvider{ClientSecret: "canary-identity"},
	}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, v := range []any{o, *o, o.Auth, *o.Auth, o.Auth.Identity, *o.Auth.Identity, []any{o.Auth}} {
			if shown := fmt.Sprintf(verb, v); strings.Contains(shown, "canary") || strings.Contains(shown, "63616e617279") {
				t.Errorf("%s of %T: %s", verb, v, shown)
			}
		}
	}
	s := asking(t, o, func(h *wire.Ask) string {
		h.Kind = "assert"
		return "{}"
	})
	callForReply(t, t.Context(), s)
	e, err := s.net.traceEvent(mustJSON(wire.Trace{
		Type: wire.TraceReceived, Error: "canary-secret", Message: json.RawMessage(`{"a":"canary-assertion","b":"canary-identity"}`),
	}))
	if err != nil || strings.Contains(string(mustJSON(e)), "canary") {
		t.Errorf("the trace has %s, %v", mustJSON(e), err)
	}
}

// TestTraceOfTokenRequests: they get none of the application's headers, and the
// trace does not say so.
func TestTraceOfTokenRequests(t *testing.T) {
	s := connect(t, fakeRuntime(t, Options{}, nil), serverURL, &ConnectOptions{Headers: http.Header{"X-Key": {"canary"}}})
	for purpose, want := range map[string]int{"": 1, "oauth": 0} {
		e, err := s.net.traceEvent(mustJSON(wire.Trace{Type: wire.TraceRequest, Purpose: purpose, URL: serverURL}))
		if err != nil || len(e.Headers) != want || e.Purpose != purpose {
			t.Errorf("purpose %q: got %+v, %v", purpose, e, err)
		}
	}
}

func TestAsChallenge(t *testing.T) {
	err := fmt.Errorf("wrapped: %w", &Error{Code: CodeAuthInsufficientScope, Data: json.RawMessage(
		`{"scheme":"bearer","error":"insufficient_scope","description":"d","scopes":["a","b"],"resourceMetadata":"https://a.example/r"}`)})
	c, ok := AsChallenge(err)
	if !ok || c.Scheme != "bearer" || c.Error != "insufficient_scope" || c.Description != "d" || len(c.Scopes) != 2 || c.ResourceMetadata != "https://a.example/r" {
		t.Errorf("got %+v, %v", c, ok)
	}
	for _, err := range []error{
		nil, errors.New("x"), &Error{Code: CodeAuthRequired}, &Error{Code: CodeRPCError, Data: json.RawMessage(`{"scheme":"x"}`)},
		&Error{Code: CodeAuthDenied, Data: json.RawMessage(`[]`)},
	} {
		if c, ok := AsChallenge(err); ok {
			t.Errorf("%v: got %+v", err, c)
		}
	}
}
