package core

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

func modern() http.Handler { return sdkServer(&mcp.StreamableHTTPOptions{Stateless: true}) }

// applicant starts a core with a person in front of it.
func applicant(t testing.TB, as *authServer) (*embedder, *person) {
	p := newPerson(as)
	e := newEmbedder(t)
	e.answer = p.answer
	return e, p
}

// callsNeedWrite is an authServer.stepUp.
func callsNeedWrite(message string) string {
	if strings.Contains(message, `"tools/call"`) {
		return "write"
	}
	return ""
}

func TestTokensAreRenewedBeforeTheyEnd(t *testing.T) {
	as := newAuthServer(t, modern())
	as.life = 2 * time.Second // renewed half a second before
	e, p := applicant(t, as)
	s := e.connect(authorized(as))
	call, params := echoCall(s.Session)
	eventually(t, "a token is renewed", func() bool {
		if _, failure := e.run(call, params); failure != nil {
			t.Fatal(failure)
		}
		return as.grants("refresh_token") >= 2
	})
	if refusals := as.refused(); refusals != 1 || p.times("authorize") != 1 {
		t.Errorf("%d requests were refused, %d logins", refusals, p.times("authorize"))
	}
}

func TestSessionsThatShareAStoreRenewOnce(t *testing.T) {
	for _, cores := range []int{1, 2} { // two cores are as two processes
		as := newAuthServer(t, modern())
		e, p := applicant(t, as)
		embedders := []*embedder{e}
		for len(embedders) < cores {
			other := newEmbedder(t)
			other.answer = p.answer
			embedders = append(embedders, other)
		}
		var sessions []wire.Connected
		for _, e := range slices.Concat(embedders, embedders) {
			sessions = append(sessions, e.connect(authorized(as)))
		}
		as.expire()
		var wg sync.WaitGroup
		for i, s := range sessions {
			call, params := echoCall(s.Session)
			for range 10 {
				wg.Go(func() {
					if _, failure := embedders[i%cores].run(call, params); failure != nil {
						t.Error(failure)
					}
				})
			}
		}
		wg.Wait()
		if n := as.grants("refresh_token"); n != 1 || as.reused != 0 || p.times("authorize") != 1 {
			t.Errorf("%d cores: %d refreshes, %d used twice, %d logins", cores, n, as.reused, p.times("authorize"))
		}
	}
}

func TestSessionsThatShareAStoreLogInOnce(t *testing.T) {
	as := newAuthServer(t, modern())
	e, p := applicant(t, as)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { e.connect(authorized(as)) })
	}
	wg.Wait()
	if p.times("authorize") != 1 {
		t.Errorf("%d logins", p.times("authorize"))
	}
}

func TestACrashedHolderStopsNobodyForLong(t *testing.T) {
	as := newAuthServer(t, modern())
	e, p := applicant(t, as)
	s := e.connect(authorized(as))
	p.change(t, func(rec map[string]any) {
		rec["lease"] = map[string]any{"by": "somebody", "untilMs": time.Now().Add(time.Second).UnixMilli()}
	})
	as.expire()
	call, params := echoCall(s.Session)
	if _, failure := e.run(call, params); failure != nil {
		t.Fatal(failure)
	}
	if n := as.grants("refresh_token"); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

func TestARefusedRefreshIsALogin(t *testing.T) {
	as := newAuthServer(t, modern())
	e, p := applicant(t, as)
	s := e.connect(authorized(as))
	as.revoke()
	call, params := echoCall(s.Session)
	if _, failure := e.run(call, params); failure != nil {
		t.Fatal(failure)
	}
	if p.times("authorize") != 2 {
		t.Errorf("%d logins", p.times("authorize"))
	}
	// With nobody to ask it is an error, which says what the server said.
	as.revoke()
	quiet := authorized(as)
	quiet.Handlers = []string{"store"}
	_, failure := e.run(wire.Call{Command: "connect"}, quiet)
	if failure == nil || failure.Code != wire.CodeAuthRefreshFailed || challengeOf(failure).Error != "invalid_grant" {
		t.Errorf("%v", failure)
	}
}

func TestStepUp(t *testing.T) {
	as := newAuthServer(t, modern())
	as.stepUp = callsNeedWrite
	e, p := applicant(t, as)
	s := e.connect(authorized(as))
	call, params := echoCall(s.Session)
	if _, failure := e.run(call, params); failure != nil {
		t.Fatal(failure)
	}
	if len(p.pages) != 2 || !strings.Contains(p.pages[1], "scope=mcp+write") {
		t.Errorf("pages %v", p.pages)
	}
	// What does not help is not tried for ever.
	n := 0
	as.stepUp = func(message string) string {
		if strings.Contains(message, `"tools/call"`) {
			n++
			return "more" + string(rune('a'+n))
		}
		return ""
	}
	_, failure := e.run(call, params)
	if failure == nil || failure.Code != wire.CodeAuthInsufficientScope || len(p.pages) != 4 {
		t.Errorf("%v after %d logins", failure, len(p.pages))
	}
	as.stepUp = func(string) string { return "write2" }
	as.tokens = func(form url.Values, said map[string]any) { // never granted
		said["scope"] = "mcp"
		tok := as.issued[said["access_token"].(string)]
		tok.scopes = []string{"mcp"}
		as.issued[said["access_token"].(string)] = tok
	}
	_, _ = e.run(call, params)
	logins := len(p.pages)
	if _, failure = e.run(call, params); failure == nil || len(p.pages) != logins {
		t.Errorf("asked again for a scope that is not granted: %v", failure)
	}
}

func TestOfflineAccessIsAskedForWhereItIsKnown(t *testing.T) {
	as := newAuthServer(t, modern())
	as.offline = true
	e, p := applicant(t, as)
	e.connect(authorized(as))
	online := authorized(as)
	online.Auth.OnlineOnly = true
	p.forget()
	e.connect(online)
	if !strings.Contains(p.pages[0], "scope=mcp+offline_access&prompt=consent") || strings.Contains(p.pages[1], "offline") {
		t.Errorf("pages %v", p.pages)
	}
}

func TestAServerWithoutMetadata(t *testing.T) {
	as := newAuthServer(t, modern())
	as.noMetadata = true
	as.iss = new(string)
	e, p := applicant(t, as)
	e.connect(authorized(as))
	if p.times("authorize") != 1 || !strings.HasPrefix(p.pages[0], as.mcp.URL+"/authorize?") {
		t.Errorf("pages %v", p.pages)
	}
}

func TestRegistrations(t *testing.T) {
	for name, c := range map[string]struct {
		auth   wire.Auth
		server func(*authServer)
		id     string // the client's name begins so
		basic  bool
	}{
		"registers itself":          {wire.Auth{}, func(*authServer) {}, "client-", false},
		"registers with a secret":   {wire.Auth{}, func(as *authServer) { as.methods = []string{"client_secret_basic"} }, "client-", true},
		"a document":                {wire.Auth{ClientMetadataURL: "https://app.example/client.json", ClientID: "x"}, func(as *authServer) { as.documents = true }, "https://app.example/client.json", false},
		"a document, not supported": {wire.Auth{ClientMetadataURL: "https://app.example/client.json"}, func(*authServer) {}, "client-", false},
		"known, with a secret":      {wire.Auth{ClientID: "known", ClientSecret: "se cret"}, func(as *authServer) { as.methods = nil }, "known", true},
		"known, in the form":        {wire.Auth{ClientID: "known", ClientSecret: "se cret"}, func(as *authServer) { as.methods = []string{"client_secret_post"} }, "known", false},
	} {
		t.Run(name, func(t *testing.T) {
			as := newAuthServer(t, modern())
			c.server(as)
			e, p := applicant(t, as)
			params := authorized(as)
			c.auth.RedirectURL = redirectURL
			params.Auth = &c.auth
			s := e.connect(params)
			page, _ := url.Parse(p.pages[0])
			if id := page.Query().Get("client_id"); !strings.HasPrefix(id, c.id) {
				t.Errorf("client %q", id)
			}
			id, secret, basic := (&http.Request{Header: as.headers[0]}).BasicAuth()
			if basic != c.basic || basic && (id == "" || secret == "") {
				t.Errorf("basic: %v", basic)
			}
			if !c.basic && c.auth.ClientSecret != "" && as.forms[0].Get("client_secret") != c.auth.ClientSecret {
				t.Error("the secret is not in the form")
			}
			// It is not kept where the application has it.
			if c.auth.ClientSecret != "" && strings.Contains(strings.Join(p.writes, " "), c.auth.ClientSecret) {
				t.Error("the application's secret is in the store")
			}
			as.expire()
			call, echo := echoCall(s.Session)
			if _, failure := e.run(call, echo); failure != nil || as.grants("refresh_token") != 1 {
				t.Errorf("%v", failure)
			}
		})
	}
}

func TestAServerThatMovesToAnotherIssuer(t *testing.T) {
	as := newAuthServer(t, modern())
	e, p := applicant(t, as)
	s := e.connect(authorized(as))
	next := newAuthServer(t, modern())
	as.resource = func(said map[string]any) { said["authorization_servers"] = []string{next.url} }
	as.expire()
	next.mu.Lock()
	next.issued = as.issued // its tokens are good at the server
	next.mu.Unlock()
	p.visit = func(page string) (string, *wire.Error) {
		back, err := next.visit(page)
		if err != nil {
			t.Error(err)
		}
		return back, nil
	}
	call, params := echoCall(s.Session)
	if _, failure := e.run(call, params); failure != nil {
		t.Fatal(failure)
	}
	if as.grants("refresh_token") != 0 || next.count("as POST /register") != 1 || len(next.forms) != 1 {
		t.Errorf("old %v, new %v", as.requests, next.requests)
	}
	// A client that is known at the one is not shown to the other.
	known := authorized(as)
	known.Auth.ClientID, known.Auth.Issuer = "known", as.url
	_, failure := e.run(wire.Call{Command: "connect"}, known)
	if failure == nil || failure.Code != wire.CodeAuthIssuerMismatch {
		t.Errorf("%v", failure)
	}
}

func TestResumableLogin(t *testing.T) {
	as := newAuthServer(t, modern())
	e, p := applicant(t, as)
	params := authorized(as)
	params.Auth.Resumable = true
	left := make(chan string, 1)
	p.visit = func(page string) (string, *wire.Error) {
		left <- page
		<-t.Context().Done() // the page is left
		return "", nil
	}
	_, _ = e.start(wire.Call{Command: "connect"}, params)
	page := <-left
	back, err := as.visit(page)
	if err != nil {
		t.Fatal(err)
	}
	// The next page has the same store, and knows what it came back to.
	next := newEmbedder(t)
	again := newPerson(as)
	again.store = p.store
	again.visit = func(asked string) (string, *wire.Error) {
		if asked != page {
			t.Errorf("asked for %s, not %s", asked, page)
		}
		return back, nil
	}
	next.answer = again.answer
	next.connect(params)
	if as.count("as POST /register") != 1 || as.grants("authorization_code") != 1 {
		t.Errorf("requests %v", as.requests)
	}
	// The answer counts once.
	third := newEmbedder(t)
	replay := newPerson(as)
	replay.visit = again.visit
	third.answer = func(h wire.Ask, q []byte) (any, *wire.Error) {
		if h.Kind == "authorize" {
			return wire.Authorized{URL: back}, nil
		}
		return replay.answer(h, q)
	}
	if _, failure := third.run(wire.Call{Command: "connect"}, params); failure == nil || failure.Code != wire.CodeAuthDenied {
		t.Errorf("%v", failure)
	}
}

func TestACallsCancellationEndsOnlyItsOwnWait(t *testing.T) {
	as := newAuthServer(t, modern())
	as.stepUp = callsNeedWrite
	e, p := applicant(t, as)
	s := e.connect(authorized(as))
	asked, agree := make(chan bool, 1), make(chan bool)
	p.visit = func(page string) (string, *wire.Error) {
		asked <- true
		<-agree
		back, _ := as.visit(page)
		return back, nil
	}
	call, params := echoCall(s.Session)
	call.TimeoutMs = 50 // silence while a person is asked does not count
	one, first := e.start(call, params)
	<-asked
	_, second := e.start(call, params)
	eventually(t, "the second call waits", func() bool { return as.refused() >= 3 })
	time.Sleep(100 * time.Millisecond) // longer than the time-out
	e.frame(wire.KindCancel, one, wire.Cancel{}, nil)
	if _, failure := e.await(first); failure == nil || failure.Code != wire.CodeLocalCancelled {
		t.Errorf("%v", failure)
	}
	close(agree)
	if _, failure := e.await(second); failure != nil {
		t.Error(failure)
	}
	if p.times("authorize") != 2 {
		t.Errorf("%d logins", p.times("authorize"))
	}
	// Nobody waits: the question is taken back.
	as.revoke()
	p.visit = func(string) (string, *wire.Error) {
		asked <- true
		<-t.Context().Done()
		return "", nil
	}
	id, done := e.start(call, params)
	<-asked
	e.frame(wire.KindCancel, id, wire.Cancel{}, nil)
	_, _ = e.await(done)
	eventually(t, "the question is taken back", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, kind := range e.taken {
			if kind == "authorize" {
				return true
			}
		}
		return false
	})
}

func TestGrantsWithoutAPerson(t *testing.T) {
	for name, c := range map[string]struct {
		auth    wire.Auth
		methods []string
		grants  []string
		check   func(t *testing.T, as *authServer, p *person)
	}{
		"client credentials, basic": {
			wire.Auth{Grant: wire.GrantClientCredentials, ClientID: "id", ClientSecret: "secret"}, []string{"client_secret_basic"},
			[]string{"client_credentials"}, func(t *testing.T, as *authServer, p *person) {
				if id, secret, _ := (&http.Request{Header: as.headers[0]}).BasicAuth(); id != "id" || secret != "secret" {
					t.Error("no basic authentication")
				}
			},
		},
		"client credentials, post": {
			wire.Auth{Grant: wire.GrantClientCredentials, ClientID: "id", ClientSecret: "secret"}, []string{"client_secret_post"},
			[]string{"client_credentials"}, func(t *testing.T, as *authServer, p *person) {
				if as.forms[0].Get("client_secret") != "secret" {
					t.Errorf("form %v", as.forms[0])
				}
			},
		},
		"client credentials, key": {
			wire.Auth{Grant: wire.GrantClientCredentials, ClientID: "id", ClientAuth: wire.ClientAuthKey}, []string{"private_key_jwt"},
			[]string{"client_credentials"}, func(t *testing.T, as *authServer, p *person) {
				if !strings.Contains(p.signed[0], `"iss":"id","sub":"id","aud":"`+as.url+`"`) || as.forms[0].Get("client_assertion") == "" {
					t.Errorf("signed %v", p.signed)
				}
			},
		},
		"workload": {
			wire.Auth{Grant: wire.GrantWorkload}, nil,
			[]string{"urn:ietf:params:oauth:grant-type:jwt-bearer"}, func(t *testing.T, as *authServer, p *person) {
				if as.forms[0].Get("assertion") != "assertion-workload" || as.forms[0].Has("client_id") {
					t.Errorf("form %v", as.forms[0])
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			as := newAuthServer(t, modern())
			as.methods = c.methods
			as.meta = func(said map[string]any) { // nobody authorizes there
				delete(said, "authorization_endpoint")
				delete(said, "code_challenge_methods_supported")
			}
			e, p := applicant(t, as)
			s := e.connect(wire.Connect{URL: as.endpoint(), Handlers: []string{"store", "sign", "assert"}, Auth: &c.auth})
			as.expire()
			call, params := echoCall(s.Session)
			e.runMany(20, call, params)
			var grants []string
			for _, form := range as.forms {
				grants = append(grants, form.Get("grant_type"))
				if form.Get("resource") != as.endpoint() || form.Get("scope") != "mcp" {
					t.Errorf("form %v", form)
				}
			}
			if !slices.Equal(grants, slices.Concat(c.grants, c.grants)) {
				t.Errorf("grants %v", grants)
			}
			c.check(t, as, p)
		})
	}
}

func TestEnterprise(t *testing.T) {
	as := newAuthServer(t, modern())
	as.methods = []string{"client_secret_basic"}
	provider := newAuthServer(t, modern())
	e, _ := applicant(t, as)
	e.connect(wire.Connect{URL: as.endpoint(), Handlers: authHandlers, Auth: &wire.Auth{
		Grant: wire.GrantEnterprise, ClientID: "id", ClientSecret: "secret",
		Identity: &wire.IdentityProvider{Issuer: provider.url, ClientID: "at-provider"},
	}})
	exchange, bearer := provider.forms[0], as.forms[0]
	if exchange.Get("subject_token") != "assertion-identity" || exchange.Get("audience") != as.url ||
		exchange.Get("resource") != as.endpoint() || exchange.Get("client_id") != "at-provider" {
		t.Errorf("exchange %v", exchange)
	}
	if bearer.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || !strings.HasPrefix(bearer.Get("assertion"), "access-") {
		t.Errorf("bearer %v", bearer)
	}
}

func TestErrorsOfTheTokenEndpointEndTheGrant(t *testing.T) {
	as := newAuthServer(t, modern())
	as.fail = func(url.Values) (int, string, string) {
		return http.StatusBadRequest, "invalid_scope", "not with assertion-workload"
	}
	e, _ := applicant(t, as)
	_, failure := e.run(wire.Call{Command: "connect"}, wire.Connect{URL: as.endpoint(), Handlers: authHandlers, Auth: &wire.Auth{Grant: wire.GrantWorkload}})
	if failure == nil || failure.Code != wire.CodeAuthDenied || challengeOf(failure).Error != "invalid_scope" || len(as.forms) != 1 {
		t.Errorf("%v after %d requests", failure, len(as.forms))
	}
	if text, _ := json.Marshal(failure); strings.Contains(string(text), "assertion-workload") {
		t.Errorf("the assertion is repeated: %s", text)
	}
}

func TestDPoP(t *testing.T) {
	as := newAuthServer(t, modern())
	as.dpop, as.nonce = true, "first"
	e, p := applicant(t, as)
	params := authorized(as)
	params.Auth.DPoP = true
	s := e.connect(params)
	call, echo := echoCall(s.Session)
	as.mu.Lock()
	as.nonce = "second"
	as.mu.Unlock()
	if _, failure := e.run(call, echo); failure != nil {
		t.Fatal(failure)
	}
	if p.times("authorize") != 1 || !strings.HasPrefix(p.signed[0], `dpop dpop+jwt {"jti":`) {
		t.Errorf("%d logins, signed %v", p.times("authorize"), p.signed)
	}
	as.expire()
	if _, failure := e.run(call, echo); failure != nil || as.grants("refresh_token") == 0 {
		t.Errorf("%v", failure)
	}
	// A token that is not bound is not taken.
	p.forget()
	as.tokens = func(form url.Values, said map[string]any) { said["token_type"] = "Bearer" }
	if _, failure := e.run(wire.Call{Command: "connect"}, params); failure == nil || failure.Code != wire.CodeAuthDenied {
		t.Errorf("%v", failure)
	}
}

func TestLoginLogoutWhoami(t *testing.T) {
	as := newAuthServer(t, modern())
	as.tokens = func(form url.Values, said map[string]any) {
		said["id_token"] = "e30.eyJzdWIiOiJhZGEifQ.e30"
	}
	e, p := applicant(t, as)
	server := wire.LoginServer{OnceServer: wire.OnceServer{Server: as.endpoint()}, Handlers: authHandlers, Auth: wire.Auth{RedirectURL: redirectURL}}
	status := func(command string, params any) (out wire.LoginStatus) {
		t.Helper()
		result, failure := e.run(wire.Call{Command: command}, params)
		if failure != nil {
			t.Fatalf("%s: %v", command, failure)
		}
		if err := json.Unmarshal([]byte(result), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := status("whoami", wire.Whoami{LoginServer: server}); got.Authorized || len(as.requests) != 0 {
		t.Errorf("%+v, requests %v", got, as.requests)
	}
	got := status("login", wire.Login{LoginServer: server})
	if !got.Authorized || got.Issuer != as.url || got.Subject != "ada" || !got.Renewable || got.ExpiresMs == 0 || !slices.Equal(got.Scopes, []string{"mcp"}) {
		t.Errorf("%+v", got)
	}
	status("login", wire.Login{LoginServer: server})
	if p.times("authorize") != 1 {
		t.Error("asked, with a token that is good")
	}
	status("login", wire.Login{LoginServer: server, Again: true})
	if p.times("authorize") != 2 {
		t.Error("not asked again")
	}
	requests := len(as.requests)
	if got := status("whoami", wire.Whoami{LoginServer: server}); !got.Authorized || len(as.requests) != requests {
		t.Errorf("%+v", got)
	}
	if got := status("logout", wire.Logout{LoginServer: server}); got.Authorized || !got.Revoked || len(p.store) != 0 {
		t.Errorf("%+v, store %v", got, p.store)
	}
	// Without a network it is forgotten all the same.
	status("login", wire.Login{LoginServer: server})
	as.mcp.Close()
	if got := status("logout", wire.Logout{LoginServer: server}); got.Revoked || len(p.store) != 0 {
		t.Errorf("%+v, store %v", got, p.store)
	}
	eventually(t, "nothing is open", func() bool { return e.core.Open() == 0 })
}

func TestSnapshotsHaveCredentialsIfAsked(t *testing.T) {
	as := newAuthServer(t, modern())
	e, p := applicant(t, as)
	s := e.connect(authorized(as))
	plain, _ := e.run(wire.Call{Command: "snapshot", Session: s.Session}, wire.Snapshot{})
	if strings.Contains(plain, "access-") || strings.Contains(plain, "refresh-") {
		t.Errorf("secrets in %s", plain)
	}
	full, _ := e.run(wire.Call{Command: "snapshot", Session: s.Session}, wire.Snapshot{Credentials: true})
	restored := authorized(as)
	restored.Restore = json.RawMessage(full)
	p.forget()
	s = e.connect(restored)
	call, params := echoCall(s.Session)
	if _, failure := e.run(call, params); failure != nil {
		t.Fatal(failure)
	}
	as.expire()
	if _, failure := e.run(call, params); failure != nil || as.grants("refresh_token") != 1 || p.times("authorize") != 1 {
		t.Errorf("%v, %d logins", failure, p.times("authorize"))
	}
	restored.Restore = json.RawMessage(strings.Replace(full, `"access":"`, `"access":"\n`, 1))
	if _, failure := e.run(wire.Call{Command: "connect"}, restored); failure == nil || failure.Code != wire.CodeLocalBadArgument {
		t.Errorf("%v", failure)
	}
}

func challengeOf(failure *wire.Error) (out wire.Challenge) {
	_ = json.Unmarshal(failure.Data, &out)
	return out
}
