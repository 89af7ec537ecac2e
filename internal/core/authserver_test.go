package core

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

// An authServer is an authorization server with a protected MCP server at /mcp of
// the same or another origin. It is strict: what a client may not do fails, and
// a refresh token that is used twice ends all that came of it.
type authServer struct {
	t   testing.TB
	url string
	mcp *httptest.Server

	// What the tests change before the first request.
	scopes     []string // that the MCP server asks for
	offline    bool     // offline_access is supported
	noMetadata bool     // neither server has any (2025-03-26)
	life       time.Duration
	documents  bool
	noRegister bool
	methods    []string // token_endpoint_auth_methods_supported
	iss        *string  // of the answer to authorize; nil for the right one
	meta       func(map[string]any)
	resource   func(map[string]any)
	tokens     func(form url.Values, said map[string]any) // changes a token answer
	fail       func(form url.Values) (status int, name, description string)
	dpop       bool                       // tokens are bound to a key
	nonce      string                     // that proofs must have
	back       func(answer string) string // changes what a person comes back with
	stepUp     func(message string) string

	mu         sync.Mutex
	issued     map[string]issuedToken
	codes      map[string]url.Values
	refresh    map[string]*family
	clients    map[string]string // id: secret
	requests   []string
	forms      []url.Values
	headers    []http.Header
	reused     int
	challenges int
}

type issuedToken struct {
	scopes []string
	ends   time.Time
	family *family
}

// A family is what came of one login.
type family struct {
	dead    bool
	current string
	scopes  []string
}

// newAuthServer starts both servers.
func newAuthServer(t testing.TB, inner http.Handler) *authServer {
	as := &authServer{
		t: t, scopes: []string{"mcp"}, life: time.Hour, methods: []string{"none"},
		issued: map[string]issuedToken{}, codes: map[string]url.Values{}, refresh: map[string]*family{}, clients: map[string]string{},
	}
	as.url = serve(t, http.HandlerFunc(as.serve)).URL
	as.mcp = serve(t, as.protect(inner))
	return as
}

func (as *authServer) endpoint() string { return as.mcp.URL + "/mcp" }

// protect lets only requests with a token through.
func (as *authServer) protect(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		as.mu.Lock()
		as.requests = append(as.requests, "mcp "+r.Method+" "+r.URL.Path)
		noMetadata := as.noMetadata
		as.mu.Unlock()
		if strings.HasPrefix(r.URL.Path, "/.well-known/oauth-protected-resource") {
			if noMetadata {
				http.NotFound(w, r)
				return
			}
			said := map[string]any{"resource": as.endpoint(), "authorization_servers": []string{as.url}, "scopes_supported": as.scopes}
			if as.resource != nil {
				as.resource(said)
			}
			answerJSON(w, http.StatusOK, said)
			return
		}
		if noMetadata && r.URL.Path != "/mcp" { // its own authorization server
			as.serve(w, r)
			return
		}
		metadata := `resource_metadata="` + as.mcp.URL + `/.well-known/oauth-protected-resource/mcp"`
		scheme, access, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		as.mu.Lock()
		tok, known := as.issued[access]
		good := known && time.Now().Before(tok.ends) && (tok.family == nil || !tok.family.dead)
		as.mu.Unlock()
		if as.dpop && good {
			good = scheme == "DPoP"
			if why := as.checkProof(r, as.mcp.URL+r.URL.Path, access); good && why != "" {
				w.Header().Set("DPoP-Nonce", as.nonce)
				w.Header().Set("WWW-Authenticate", `DPoP error="`+why+`", `+metadata)
				as.challenge(w, http.StatusUnauthorized)
				return
			}
		}
		if !good {
			w.Header().Set("WWW-Authenticate", `Bearer `+metadata+`, scope="`+strings.Join(as.scopes, " ")+`"`)
			as.challenge(w, http.StatusUnauthorized)
			return
		}
		if as.stepUp != nil {
			body := readBody(r)
			if scope := as.stepUp(string(body)); scope != "" && !slices.Contains(tok.scopes, scope) {
				w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="`+scope+`", `+metadata)
				as.challenge(w, http.StatusForbidden)
				return
			}
		}
		inner.ServeHTTP(w, r)
	})
}

// challenge answers a request that is not taken.
func (as *authServer) challenge(w http.ResponseWriter, status int) {
	as.mu.Lock()
	defer as.mu.Unlock()
	as.challenges++
	w.WriteHeader(status)
}

// checkProof returns why a proof of possession is none.
func (as *authServer) checkProof(r *http.Request, at, access string) string {
	parts := strings.Split(r.Header.Get("DPoP"), ".")
	var claims struct {
		Method, URL, ID, Hash, Nonce string
	}
	var raw map[string]any
	if len(parts) != 3 {
		return "invalid_dpop_proof"
	}
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	_ = json.Unmarshal(payload, &raw)
	claims.Method, _ = raw["htm"].(string)
	claims.URL, _ = raw["htu"].(string)
	claims.ID, _ = raw["jti"].(string)
	claims.Hash, _ = raw["ath"].(string)
	claims.Nonce, _ = raw["nonce"].(string)
	want := ""
	if access != "" {
		sum := sha256.Sum256([]byte(access))
		want = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	switch {
	case claims.Nonce != as.nonce:
		return "use_dpop_nonce"
	case claims.Method != r.Method || claims.URL != at || claims.ID == "" || claims.Hash != want:
		return "invalid_dpop_proof"
	}
	return ""
}

func readBody(r *http.Request) []byte {
	data, _ := readAllOf(r)
	return data
}

func answerJSON(w http.ResponseWriter, status int, said any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(said)
}

// serve is the authorization server.
func (as *authServer) serve(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	as.mu.Lock()
	defer as.mu.Unlock()
	as.requests = append(as.requests, "as "+r.Method+" "+r.URL.Path)
	base := "http://" + r.Host
	switch r.URL.Path {
	case "/.well-known/oauth-authorization-server":
		if as.noMetadata {
			http.NotFound(w, r)
			return
		}
		said := map[string]any{
			"issuer": base, "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token",
			"revocation_endpoint": base + "/revoke", "code_challenge_methods_supported": []string{"S256"},
			"token_endpoint_auth_methods_supported": as.methods, "authorization_response_iss_parameter_supported": true,
			"client_id_metadata_document_supported": as.documents,
		}
		if !as.noRegister {
			said["registration_endpoint"] = base + "/register"
		}
		if as.offline {
			said["scopes_supported"] = append(slices.Clone(as.scopes), "offline_access")
		}
		if as.meta != nil {
			as.meta(said)
		}
		answerJSON(w, http.StatusOK, said)
	case "/register":
		var said map[string]any
		_ = json.NewDecoder(r.Body).Decode(&said)
		id, secret := "client-"+rand.Text(), ""
		method, _ := said["token_endpoint_auth_method"].(string)
		if method != "none" {
			secret = "secret-" + rand.Text()
			said["client_secret"] = secret
		}
		as.clients[id] = secret
		said["client_id"] = id
		answerJSON(w, http.StatusCreated, said)
	case "/token":
		as.token(w, r)
	case "/revoke":
		as.forms = append(as.forms, r.PostForm)
		if f := as.refresh[r.PostForm.Get("token")]; f != nil {
			f.dead = true
		}
		w.WriteHeader(http.StatusOK)
	default:
		http.NotFound(w, r)
	}
}

// token answers a request to the token endpoint. It is called with mu held.
func (as *authServer) token(w http.ResponseWriter, r *http.Request) {
	form := r.PostForm
	as.forms = append(as.forms, form)
	as.headers = append(as.headers, r.Header.Clone())
	refuse := func(status int, name, description string) {
		answerJSON(w, status, map[string]any{"error": name, "error_description": description})
	}
	if as.dpop {
		if why := as.checkProof(r, "http://"+r.Host+"/token", ""); why != "" {
			w.Header().Set("DPoP-Nonce", as.nonce)
			refuse(http.StatusBadRequest, why, "")
			return
		}
	}
	if as.fail != nil {
		if status, name, description := as.fail(form); status != 0 {
			refuse(status, name, description)
			return
		}
	}
	var f *family
	scopes := strings.Fields(form.Get("scope"))
	switch form.Get("grant_type") {
	case "authorization_code":
		asked, ok := as.codes[form.Get("code")]
		delete(as.codes, form.Get("code"))
		sum := sha256.Sum256([]byte(form.Get("code_verifier")))
		if !ok || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) ||
			asked.Get("redirect_uri") != form.Get("redirect_uri") || asked.Get("resource") != form.Get("resource") {
			refuse(http.StatusBadRequest, "invalid_grant", "")
			return
		}
		scopes = strings.Fields(asked.Get("scope"))
		f = &family{scopes: scopes}
	case "refresh_token":
		f = as.refresh[form.Get("refresh_token")]
		if f == nil || f.dead || f.current != form.Get("refresh_token") {
			if f != nil {
				f.dead = true
				as.reused++
			}
			refuse(http.StatusBadRequest, "invalid_grant", "")
			return
		}
		scopes = f.scopes
	}
	access := "access-" + rand.Text()
	as.issued[access] = issuedToken{scopes, time.Now().Add(as.life), f}
	said := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": as.life.Seconds(), "scope": strings.Join(scopes, " ")}
	if as.dpop {
		said["token_type"] = "DPoP"
	}
	if form.Get("grant_type") == "urn:ietf:params:oauth:grant-type:token-exchange" {
		said["token_type"], said["issued_token_type"] = "N_A", "urn:ietf:params:oauth:token-type:id-jag"
	}
	if f != nil {
		f.current = "refresh-" + rand.Text()
		as.refresh[f.current] = f
		said["refresh_token"] = f.current
	}
	if as.tokens != nil {
		as.tokens(form, said)
	}
	answerJSON(w, http.StatusOK, said)
}

// visit is what a person does who agrees: it returns the URL that they come back
// to.
func (as *authServer) visit(page string) (string, error) {
	u, err := url.Parse(page)
	if err != nil {
		return "", err
	}
	asked := u.Query()
	if asked.Get("code_challenge_method") != "S256" || asked.Get("response_type") != "code" || asked.Get("state") == "" {
		return "", fmt.Errorf("not an authorization request: %v", asked)
	}
	as.mu.Lock()
	defer as.mu.Unlock()
	as.requests = append(as.requests, "as visit "+asked.Get("scope"))
	code := "code-" + rand.Text()
	as.codes[code] = asked
	back, _ := url.Parse(asked.Get("redirect_uri"))
	answer := url.Values{"code": {code}, "state": {asked.Get("state")}}
	switch {
	case as.iss != nil && *as.iss != "":
		answer.Set("iss", *as.iss)
	case as.iss == nil:
		answer.Set("iss", u.Scheme+"://"+u.Host)
	}
	back.RawQuery = answer.Encode()
	if as.back != nil {
		return as.back(back.String()), nil
	}
	return back.String(), nil
}

// expire ends all access tokens.
func (as *authServer) expire() {
	as.mu.Lock()
	defer as.mu.Unlock()
	clear(as.issued)
}

// revoke ends all tokens.
func (as *authServer) revoke() {
	as.expire()
	as.mu.Lock()
	defer as.mu.Unlock()
	clear(as.refresh)
}

// count counts the requests that begin so.
func (as *authServer) count(prefix string) int {
	as.mu.Lock()
	defer as.mu.Unlock()
	n := 0
	for _, r := range as.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

// grants counts the requests for a token of that grant.
func (as *authServer) grants(grant string) int {
	as.mu.Lock()
	defer as.mu.Unlock()
	n := 0
	for _, form := range as.forms {
		if form.Get("grant_type") == grant {
			n++
		}
	}
	return n
}

// A person is the application in front of a core: it agrees to what it is asked,
// and keeps what it is given.
type person struct {
	as    *authServer
	visit func(page string) (string, *wire.Error) // nil: as.visit

	mu     sync.Mutex
	store  map[string]string
	writes []string
	asked  map[string]int
	pages  []string
	signed []string
}

func newPerson(as *authServer) *person {
	return &person{as: as, store: map[string]string{}, asked: map[string]int{}}
}

var authHandlers = []string{"authorize", "store", "sign", "assert"}

// answer is an embedder's answer.
func (p *person) answer(h wire.Ask, params []byte) (any, *wire.Error) {
	p.mu.Lock()
	p.asked[h.Kind]++
	p.mu.Unlock()
	switch h.Kind {
	case "authorize":
		var q wire.Authorize
		_ = json.Unmarshal(params, &q)
		p.mu.Lock()
		p.pages = append(p.pages, q.URL)
		p.mu.Unlock()
		if p.visit != nil {
			back, failure := p.visit(q.URL)
			return wire.Authorized{URL: back}, failure
		}
		back, err := p.as.visit(q.URL)
		if err != nil {
			return nil, &wire.Error{Code: wire.CodeAuthDenied, Message: err.Error(), Sent: wire.SentNo}
		}
		return wire.Authorized{URL: back}, nil
	case "store":
		return p.stored(params), nil
	case "sign":
		var q wire.Sign
		_ = json.Unmarshal(params, &q)
		p.mu.Lock()
		p.signed = append(p.signed, q.Use+" "+q.Typ+" "+string(q.Claims))
		p.mu.Unlock()
		return wire.Signed{JWT: "eyJhbGciOiJFUzI1NiJ9." + base64.RawURLEncoding.EncodeToString(q.Claims) + ".c2ln"}, nil
	case "assert":
		var q wire.Assert
		_ = json.Unmarshal(params, &q)
		return wire.Asserted{Token: "assertion-" + q.Use}, nil
	}
	return nil, &wire.Error{Code: wire.CodePolicyHandlerMissing, Message: "no handler", Sent: wire.SentNo}
}

func (p *person) stored(params []byte) wire.Stored {
	var q wire.Store
	_ = json.Unmarshal(params, &q)
	p.mu.Lock()
	defer p.mu.Unlock()
	was, there := p.store[q.Key]
	var out wire.Stored
	put := func() {
		if q.Value == nil {
			delete(p.store, q.Key)
			return
		}
		p.store[q.Key] = *q.Value
		p.writes = append(p.writes, *q.Value)
	}
	switch q.Op {
	case wire.StoreGet:
		if there {
			out.Value = &was
		}
	case wire.StoreSet:
		put()
	case wire.StoreSwap:
		if out.Swapped = there == (q.Was != nil) && (!there || was == *q.Was); out.Swapped {
			put()
		}
	case wire.StoreDelete:
		delete(p.store, q.Key)
	}
	return out
}

// times returns how often that was asked.
func (p *person) times(kind string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[kind]
}

// forget empties the store.
func (p *person) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.store)
}

// change changes the only record in the store.
func (p *person) change(t *testing.T, f func(rec map[string]any)) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, value := range p.store {
		var rec map[string]any
		if err := json.Unmarshal([]byte(value), &rec); err != nil {
			t.Fatal(err)
		}
		f(rec)
		changed, _ := json.Marshal(rec)
		p.store[key] = string(changed)
	}
}

// refused counts the requests that the MCP server did not take.
func (as *authServer) refused() int {
	as.mu.Lock()
	defer as.mu.Unlock()
	return as.challenges
}

// runMany runs a command n times at once; none may fail.
func (e *embedder) runMany(n int, h wire.Call, params any) {
	e.t.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, failure := e.run(h, params); failure != nil {
				e.t.Error(failure)
			}
		})
	}
	wg.Wait()
}
