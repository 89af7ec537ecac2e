package host

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// TestTokenURLs: what requests for a token may reach, by what was learned.
func TestTokenURLs(t *testing.T) {
	const metadata = "https://meta.example/.well-known/oauth-protected-resource"
	for _, tt := range []struct {
		server  string
		learned []string
		target  string
		ok      bool
	}{
		{"https://a.example/mcp", nil, "https://a.example/.well-known/oauth-protected-resource", true},
		{"https://a.example/mcp", nil, "https://allowed.example/token", true},
		{"https://a.example/mcp", nil, metadata, false},
		{"https://a.example/mcp", []string{metadata}, "https://meta.example/other", true},
		{"https://a.example/mcp", []string{metadata}, "https://meta.example:8443/", false},
		{"https://a.example/mcp", []string{metadata}, "http://meta.example/", false},
		{"https://a.example/mcp", []string{metadata}, "https://user@meta.example/", false},
		{"https://a.example/mcp", []string{"http://meta.example/"}, "http://meta.example/", false},
		{"https://a.example/mcp", []string{"http://127.0.0.1:1/"}, "http://127.0.0.1:1/", false},
		{"https://a.example/mcp", []string{"https://user:pw@meta.example/"}, "https://meta.example/", false},
		{"https://a.example/mcp", []string{"nonsense", "https://", "://", "file:///etc/passwd"}, "https://meta.example/", false},
		{"https://a.example/mcp", []string{"ftp://meta.example/"}, "ftp://meta.example/", false},
		{"http://127.0.0.1:1/mcp", []string{"http://127.0.0.1:2/"}, "http://127.0.0.1:2/token", true},
		{"http://127.0.0.1:1/mcp", []string{"http://localhost:2/"}, "http://localhost:2/token", true},
		{"http://localhost:1/mcp", []string{"http://[::1]:2/"}, "http://[::1]:2/token", true},
		{"http://localhost:1/mcp", nil, "http://[::1]:2/token", false},
		{"http://127.0.0.1:1/mcp", []string{"http://10.0.0.1/"}, "http://10.0.0.1/", false},
		{"http://127.0.0.1:1/mcp", []string{"http://meta.example/"}, "http://meta.example/", false},
		{"http://127.0.0.1:1/mcp", []string{"http://localhost.evil.example/"}, "http://localhost.evil.example/", false},
		{"http://a.example/mcp", []string{"http://127.0.0.1:2/"}, "http://127.0.0.1:2/", false},
	} {
		server, _ := url.Parse(tt.server)
		policy := Policy{}
		if server.Scheme == "https" {
			policy.Origins = []string{"https://allowed.example"}
		}
		p, err := newPolicy(server, policy)
		if err != nil {
			t.Fatal(err)
		}
		p.learn(tt.learned...)
		target, _ := url.Parse(tt.target)
		if e := p.checkTokenURL(target); (e == nil) != tt.ok || e != nil && e.Code != CodePolicyOrigin {
			t.Errorf("from %s, which names %q, to %s: %v", tt.server, tt.learned, tt.target, e)
		}
		// What is learned is for requests for a token only.
		if e := p.checkURL(target); e == nil && origin(target) != origin(server) && len(tt.learned) > 0 {
			t.Errorf("from %s to %s: every request may go there", tt.server, tt.target)
		}
	}
}

func TestLearning(t *testing.T) {
	server, _ := url.Parse("https://a.example/mcp")
	fresh := func() *policy {
		p, err := newPolicy(server, Policy{})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, tt := range []struct {
		name, document string
		want           string // the hosts that are let in, sorted
	}{
		{"protected resource", `{"resource":"https://no.example","authorization_servers":["https://b.example/x","https://c.example"]}`, "b c"},
		{"authorization server", `{"issuer":"https://b.example","token_endpoint":"https://c.example/t","registration_endpoint":"https://d.example","jwks_uri":"https://no.example","service_documentation":"https://no.example"}`, "b c d"},
		{"other types", `{"issuer":["https://b.example"],"authorization_servers":"https://b.example","token_endpoint":{"x":"https://b.example"}}`, ""},
		{"an array", `["https://b.example"]`, ""},
		{"no JSON", `https://b.example`, ""},
		{"empty", ``, ""},
	} {
		p := fresh()
		p.learnMetadata([]byte(tt.document))
		var got []string
		for _, name := range []string{"b", "c", "d", "no"} {
			if p.learned["https://"+name+".example"] {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	for _, tt := range []struct {
		status int
		header string
		ok     bool
	}{
		{401, `Bearer error="x", resource_metadata="https://b.example/r"`, true},
		{403, `Basic realm="a, b", Bearer resource_metadata="https://b.example/r"`, true},
		{200, `Bearer resource_metadata="https://b.example/r"`, false},
		{401, `Bearer realm="resource_metadata=https://b.example/r"`, false},
		{401, `"`, false},
	} {
		p := fresh()
		p.learnChallenge(&http.Response{StatusCode: tt.status, Header: http.Header{"Www-Authenticate": {tt.header}}})
		if p.learned["https://b.example"] != tt.ok {
			t.Errorf("%d %s: got %v", tt.status, tt.header, p.learned)
		}
	}
	p := fresh()
	for i := range 2 * maxTokenOrigins {
		p.learn(fmt.Sprintf("https://n%d.example", i))
	}
	if len(p.learned) != maxTokenOrigins {
		t.Errorf("%d origins were learned", len(p.learned))
	}
}

// An authority answers for a server and for what that names, and notes what it
// was asked with.
type authority struct {
	url string

	mu   sync.Mutex
	seen []string // method, path and credentials
}

func newAuthority(t *testing.T, answer func(a *authority, w http.ResponseWriter, r *http.Request)) *authority {
	a := new(authority)
	a.url = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.seen = append(a.seen, strings.TrimSpace(fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.Header.Get("Authorization"), r.Header.Get("X-Key"), r.Header.Get("Dpop"), r.Header.Get("Cookie"))))
		a.mu.Unlock()
		answer(a, w, r)
	}))
	return a
}

func (a *authority) requests() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.seen, "; ")
}

// TestTokenRequests: from a challenge to a token, step by step.
func TestTokenRequests(t *testing.T) {
	stranger := newAuthority(t, func(_ *authority, w http.ResponseWriter, _ *http.Request) {})
	as := newAuthority(t, func(a *authority, w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, stranger.url+"/", http.StatusTemporaryRedirect)
		case "/near":
			http.Redirect(w, r, a.url+"/metadata", http.StatusFound)
		case "/large":
			fmt.Fprintf(w, `{"x":"%s","issuer":%q}`, strings.Repeat("x", maxMetadataBytes), stranger.url)
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, `{"issuer":%q}`, stranger.url)
		default:
			fmt.Fprintf(w, `{"issuer":%q}`, a.url)
		}
	})
	server := newAuthority(t, func(a *authority, w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/resource":
			fmt.Fprintf(w, `{"authorization_servers":[%q]}`, as.url)
		case "/wide":
			fmt.Fprintf(w, `{"issuer":%q}`, stranger.url)
		case "/leave":
			http.Redirect(w, r, as.url+"/metadata", http.StatusTemporaryRedirect)
		default:
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer resource_metadata="%s/resource"`, a.url))
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	p := newProbe(t, server.url+"/mcp", &ConnectOptions{Headers: http.Header{"X-Key": {"canary-key"}}})
	get := func(url string, headers ...[2]string) answer {
		t.Helper()
		return p.doFor("oauth", "GET", url, "", headers...)
	}

	wantError(t, get(as.url+"/metadata"), CodePolicyOrigin, SentNo) // nothing has named it
	if a := p.do("POST", server.url+"/mcp", "{}"); a.head.Status != 401 {
		t.Fatalf("got %+v", a)
	}
	if a := p.do("GET", server.url+"/wide", ""); a.head.Status != 200 {
		t.Fatalf("got %+v", a)
	}
	wantError(t, get(stranger.url), CodePolicyOrigin, SentNo) // only answers about tokens name something
	if a := get(server.url + "/resource"); a.head.Status != 200 || !strings.Contains(a.body, as.url) {
		t.Fatalf("got %+v", a)
	}
	if a := get(as.url+"/metadata", [2]string{"Authorization", "Basic own"}); a.err != nil {
		t.Fatal(a.err)
	}
	if a := p.doFor("oauth", "POST", as.url+"/token", "grant_type=x"); a.err != nil {
		t.Fatal(a.err)
	}
	if a := get(as.url + "/near"); a.err != nil {
		t.Error(a.err)
	}
	if a := get(as.url + "/large"); len(a.body) < maxMetadataBytes || a.err != nil {
		t.Errorf("a large answer: %d bytes, %v", len(a.body), a.err)
	}
	if a := get(as.url + "/missing"); a.head.Status != 404 {
		t.Errorf("got %+v", a)
	}
	if a := get(server.url+"/leave", [2]string{"Authorization", "canary-auth"}, [2]string{"DPoP", "canary-proof"}); a.err != nil {
		t.Error(a.err)
	}
	// None of these let the stranger in.
	wantError(t, get(stranger.url), CodePolicyOrigin, SentNo)
	wantError(t, get(as.url+"/away"), CodePolicyOrigin, SentYes)
	wantError(t, p.doFor("oauth", "POST", as.url+"/away", "code=canary"), CodePolicyRedirect, SentYes)
	wantError(t, p.doFor("oauth", "POST", as.url+"/near", "code=canary"), CodePolicyRedirect, SentYes)
	// What is for the server's token stays with the server.
	wantError(t, p.do("POST", as.url+"/", "", [2]string{"Authorization", "Bearer canary"}), CodePolicyOrigin, SentNo)

	if got := stranger.requests(); got != "" {
		t.Errorf("the stranger got %s", got)
	}
	const want = "GET /metadata Basic own; POST /token; GET /near; GET /metadata; GET /large; GET /missing; GET /metadata; " +
		"GET /away; POST /away; POST /near"
	if got := as.requests(); got != want {
		t.Errorf("the authorization server got\n%s, want\n%s", got, want)
	}
	for _, request := range strings.Split(server.requests(), "; ") {
		if own := strings.HasPrefix(request, "POST /mcp") || strings.HasPrefix(request, "GET /wide"); strings.Contains(request, "canary-key") != own {
			t.Errorf("the server got %q", request)
		}
	}
}

// TestTokenStaysWithItsServer: the core's token goes to the server's own origin,
// and the application's Authorization goes before it.
func TestTokenStaysWithItsServer(t *testing.T) {
	ok := func(*authority, http.ResponseWriter, *http.Request) {}
	server, other := newAuthority(t, ok), newAuthority(t, ok)
	core := [][2]string{{"Authorization", "DPoP core"}, {"DPoP", "proof"}}
	p := newProbe(t, server.url, &ConnectOptions{Policy: Policy{Origins: []string{other.url}}})
	p.do("GET", server.url+"/x", "", core...)
	p.do("GET", other.url+"/x", "", core...)
	own := newProbe(t, server.url, &ConnectOptions{Headers: http.Header{"Authorization": {"Bearer app"}}})
	own.do("GET", server.url+"/x", "", core...)
	function := newProbe(t, server.url, &ConnectOptions{Token: func(context.Context) (string, error) { return "fn", nil }})
	function.do("GET", server.url+"/x", "", core...)
	if got := server.requests(); got != "GET /x DPoP coreproof; GET /x Bearer app; GET /x Bearer fn" {
		t.Errorf("the server got %q", got)
	}
	if got := other.requests(); got != "GET /x" {
		t.Errorf("the other origin got %q", got)
	}
}

// TestTokenAddresses: metadata of a server on the internet cannot lead to
// addresses that are not there.
func TestTokenAddresses(t *testing.T) {
	var reached sync.Map
	ts := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { reached.Store(r.Host, true) }))
	t.Cleanup(ts.Close)
	u, _ := url.Parse(ts.URL)
	names := new(nameServer)
	names.set("mcp.example", "127.0.0.1")
	names.set("loopback.example", "127.0.0.1")
	names.set("local.example", "169.254.169.254")
	names.set("private.example", "10.255.255.1")
	options := func(o *Options) {
		o.HTTP.Resolver = names.resolver()
		o.HTTP.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	}
	at := func(host string) string { return "https://" + host + ":" + u.Port() }
	strangers := []string{at("loopback.example"), at("local.example"), at("private.example"), at("127.0.0.1"), at("[::1]"),
		at("169.254.169.254"), at("10.255.255.1"), at("[fd00::1]"), at("[::ffff:127.0.0.1]"), at("0.0.0.0")}

	p := newProbe(t, "https://mcp.example/mcp", nil, options)
	p.s.net.policy.noteServer("mcp.example", netip.MustParseAddr("8.8.8.8"))
	p.s.net.policy.learn(strangers...)
	for _, target := range strangers {
		wantError(t, p.doFor("oauth", "GET", target, ""), CodePolicyPrivateAddress, SentNo)
		wantError(t, p.doFor("oauth", "POST", target, "code=x"), CodePolicyPrivateAddress, SentNo)
	}
	reached.Range(func(host, _ any) bool { t.Errorf("%v was reached", host); return true })

	// Beside a server on loopback there is nothing wrong with loopback, also before
	// the server was asked anything.
	p = newProbe(t, at("mcp.example"), nil, options)
	p.s.net.policy.learn(strangers...)
	if a := p.doFor("oauth", "GET", at("loopback.example"), ""); a.err != nil {
		t.Error(a.err)
	}
	wantError(t, p.doFor("oauth", "GET", at("private.example"), ""), CodePolicyPrivateAddress, SentNo)
	wantError(t, p.doFor("oauth", "GET", at("local.example"), ""), CodePolicyPrivateAddress, SentNo)
}
