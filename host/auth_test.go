package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
)

// protect starts a protected demo server.
func protect(t testing.TB) *demoserver.Server {
	t.Helper()
	server, err := demoserver.StartAuth("127.0.0.1:0", "0.0.0-test", demoserver.AuthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// browse is a browser whose person presses a button, and what it is led back to.
func browse(decision string) func(page string) error {
	return func(page string) error {
		back, err := authserver.Visit(context.Background(), page, decision)
		if err != nil {
			return err
		}
		resp, err := http.Get(back)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
}

// loginWith returns the options of a person at this machine's browser.
func loginWith(t testing.TB, decision string, store Store) *AuthOptions {
	t.Helper()
	a, err := NewLoopbackAuthorizer(&LoopbackOptions{Open: browse(decision), Output: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return &AuthOptions{Authorize: a.Authorize, RedirectURL: a.RedirectURL(), Store: store}
}

func fileStoreAt(t testing.TB, path string) *FileStore {
	t.Helper()
	s, err := NewFileStore(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// atOnce makes n calls at once and reports how many failed.
func atOnce(t *testing.T, n int, sessions ...*Session) {
	t.Helper()
	var calls sync.WaitGroup
	var failed atomic.Int32
	for i := range n {
		calls.Go(func() {
			_, err := sessions[i%len(sessions)].CallTool(t.Context(), &mcp.CallToolParams{Name: "add", Arguments: map[string]any{"a": i, "b": 1}})
			if err != nil && failed.Add(1) == 1 {
				t.Errorf("a call failed: %v", err)
			}
		})
	}
	calls.Wait()
	if n := failed.Load(); n > 0 {
		t.Errorf("%d calls failed", n)
	}
}

func connectWith(t *testing.T, rt *Runtime, url string, auth *AuthOptions) *Session {
	t.Helper()
	s, err := rt.Connect(t.Context(), url, &ConnectOptions{Auth: auth})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestAuthorization: one login and one refresh, however many calls want them, also
// of several sessions and runtimes that share a store.
func TestAuthorization(t *testing.T) {
	server := protect(t)
	store := fileStoreAt(t, filepath.Join(t.TempDir(), "store.json"))
	rt := openRuntime(t)
	first := connectWith(t, rt, server.URL(), loginWith(t, "allow", store))
	// Whoever comes later finds the token in the store.
	nobody := &AuthOptions{Store: store}
	second, third := connectWith(t, rt, server.URL(), nobody), connectWith(t, openRuntime(t), server.URL(), &AuthOptions{Store: fileStoreAt(t, store.Path())})
	atOnce(t, 50, first, second, third)
	if n := server.Authority().Counts(); n.Logins != 1 || n.Refreshes != 0 {
		t.Errorf("got %+v", n)
	}
	server.Authority().ExpireTokens()
	atOnce(t, 50, first, second, third)
	if n := server.Authority().Counts(); n.Logins != 1 || n.Refreshes != 1 || n.Reuses != 0 {
		t.Errorf("after the tokens had expired: got %+v", n)
	}

	// A scope more is asked for by who can ask a person, and works for all.
	row := &mcp.CallToolParams{Name: "create_row", Arguments: map[string]any{"workspace": "reef", "text": "hi"}}
	if _, err := first.CallTool(t.Context(), row); err != nil {
		t.Error(err)
	}
	if _, err := third.CallTool(t.Context(), row); err != nil {
		t.Errorf("with the store's new token: %v", err)
	}

	options := &ConnectOptions{Auth: nobody}
	if found, err := rt.Discover(t.Context(), server.URL(), options); err != nil || len(found.Tools) == 0 {
		t.Errorf("Discover: %v", err)
	}
	if _, err := rt.Run(t.Context(), server.URL(), row, options); err != nil {
		t.Errorf("Run: %v", err)
	}
	status, err := rt.Whoami(t.Context(), server.URL(), options)
	if err != nil || !status.Authorized || !status.Renewable || status.Expires.IsZero() || !strings.Contains(fmt.Sprint(status.Scopes), demoserver.ScopeWrite) {
		t.Errorf("Whoami: got %+v, %v", status, err)
	}
	status, err = rt.Logout(t.Context(), server.URL(), options)
	if err != nil || status.Authorized || !status.Revoked {
		t.Errorf("Logout: got %+v, %v", status, err)
	}
	if status, err = rt.Whoami(t.Context(), server.URL(), options); err != nil || status.Authorized {
		t.Errorf("Whoami: got %+v, %v", status, err)
	}
	if status, err = rt.Login(t.Context(), server.URL(), &LoginOptions{ConnectOptions: ConnectOptions{Auth: loginWith(t, "allow", store)}}); err != nil || !status.Authorized {
		t.Errorf("Login: got %+v, %v", status, err)
	}
	connectWith(t, rt, server.URL(), nobody)
}

// TestAuthorizationOfAGroup: each server has its own, and a store of its own in
// which a session that takes the place of one before finds the token.
func TestAuthorizationOfAGroup(t *testing.T) {
	one, two := protect(t), protect(t)
	g := openRuntime(t).NewGroup(nil)
	t.Cleanup(func() { _ = g.Close() })
	mine := NewMemoryStore()
	auth := &AuthOptions{}
	if a, b := g.connectOptions("a", &ConnectOptions{Auth: auth}), g.connectOptions("b", &ConnectOptions{Auth: auth}); a.Auth.Store == nil || a.Auth.Store == b.Auth.Store || auth.Store != nil {
		t.Error("two servers have one store, or a server has none")
	}
	if a := g.connectOptions("a", &ConnectOptions{Auth: &AuthOptions{Store: mine}}); a.Auth.Store != mine {
		t.Error("the application's store is not used")
	}
	for name, server := range map[string]*demoserver.Server{"one": one, "two": two} {
		if _, err := g.Add(t.Context(), name, server.URL(), &AddOptions{ConnectOptions: ConnectOptions{Auth: loginWith(t, "allow", nil)}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tool := range []string{"one__add", "two__add"} {
		if _, err := g.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: map[string]any{"a": 1, "b": 2}}); err != nil {
			t.Errorf("%s: %v", tool, err)
		}
	}
	if a, b := one.Authority().Counts(), two.Authority().Counts(); a.Logins != 1 || b.Logins != 1 {
		t.Errorf("got %+v and %+v", a, b)
	}
}

func TestAuthorizationFails(t *testing.T) {
	server := protect(t)
	rt := openRuntime(t)
	for _, tt := range []struct {
		name string
		auth *AuthOptions
		code Code
		want string // the challenge's error
	}{
		{"no auth", nil, CodeAuthRequired, ""},
		{"nobody to ask", &AuthOptions{}, CodeAuthRequired, ""},
		{"the person refuses", loginWith(t, "deny", nil), CodeAuthDenied, "access_denied"},
		{"another issuer", &AuthOptions{Issuer: "https://other.example", ClientID: "x", Authorize: NewPasteAuthorizer(strings.NewReader(""), io.Discard).Authorize, RedirectURL: PasteRedirectURL}, CodeAuthIssuerMismatch, ""},
		{"a wrong secret", &AuthOptions{Grant: GrantClientCredentials, ClientID: demoserver.MachineClient, ClientSecret: "canary"}, CodeAuthDenied, "invalid_client"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := rt.Connect(t.Context(), server.URL(), &ConnectOptions{Auth: tt.auth})
			if !errors.Is(err, &Error{Code: tt.code}) || strings.Contains(err.Error(), "canary") {
				t.Fatalf("got %v, want %s", err, tt.code)
			}
			if c, _ := AsChallenge(err); tt.want != "" && (c == nil || c.Error != tt.want) {
				t.Errorf("got %+v, want %s", c, tt.want)
			}
		})
	}
	// The application's own key goes before Auth.
	s, err := rt.Connect(t.Context(), server.URL(), &ConnectOptions{
		Auth: loginWith(t, "allow", nil), Headers: http.Header{"Authorization": {"Bearer " + demoserver.Workspaces[0].Key}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n := server.Authority().Counts(); n.Logins != 0 {
		t.Errorf("got %+v", n)
	}
}

// TestAuthorizationIsSnapshot: who has the snapshot's credentials goes on without
// the store.
func TestAuthorizationIsSnapshot(t *testing.T) {
	server := protect(t)
	rt := openRuntime(t)
	s := connectWith(t, rt, server.URL(), loginWith(t, "allow", nil))
	for _, credentials := range []bool{false, true} {
		snapshot, err := s.Snapshot(t.Context(), &SnapshotOptions{Credentials: credentials})
		if err != nil {
			t.Fatal(err)
		}
		if has := strings.Contains(string(snapshot), authserver.AccessTokenPrefix); has != credentials {
			t.Errorf("credentials %v: the token is there: %v", credentials, has)
		}
		restored, err := rt.Restore(t.Context(), server.URL(), snapshot, &ConnectOptions{Auth: &AuthOptions{}})
		if err != nil {
			t.Fatal(err)
		}
		defer restored.Close()
		_, err = restored.CallTool(t.Context(), &mcp.CallToolParams{Name: "add", Arguments: map[string]any{"a": 1, "b": 2}})
		if (err == nil) != credentials || err != nil && !errors.Is(err, &Error{Code: CodeAuthRequired}) {
			t.Errorf("credentials %v: got %v", credentials, err)
		}
	}
}

// TestMetadataElsewhere: a server whose metadata is at another origin, which a
// process that begins with a token of before has not been told of.
func TestMetadataElsewhere(t *testing.T) {
	var protected *demoserver.Auth
	elsewhere := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { protected.ServeHTTP(w, r) }))
	var own string
	own = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/.well-known/oauth-protected-resource") {
			http.NotFound(w, r)
			return
		}
		protected.ServeHTTP(movedChallenge{w, own, elsewhere}, r)
	}))
	protected = demoserver.NewAuth(t.Context(), "0.0.0-test", own, demoserver.AuthOptions{})
	store := fileStoreAt(t, filepath.Join(t.TempDir(), "store.json"))
	url := own + demoserver.Path
	connectWith(t, openRuntime(t), url, loginWith(t, "allow", store))
	protected.Authority.ExpireTokens()
	later := connectWith(t, openRuntime(t), url, &AuthOptions{Store: store})
	atOnce(t, 1, later)
	// And when the token is known to have expired.
	expired := func(value string) string { return expiry.ReplaceAllString(value, `\"${1}Ms\":1,`) }
	text, err := os.ReadFile(store.Path())
	if err != nil {
		t.Fatal(err)
	}
	if changed := expired(string(text)); changed == string(text) {
		t.Fatalf("no time in %d bytes", len(text))
	} else if err := os.WriteFile(store.Path(), []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	atOnce(t, 1, connectWith(t, openRuntime(t), url, &AuthOptions{Store: store}))
	if n := protected.Authority.Counts(); n.Logins != 1 || n.Refreshes != 2 {
		t.Errorf("got %+v", n)
	}
}

var expiry = regexp.MustCompile(`\\"(expires|renew)Ms\\":[0-9]+,`)

// movedChallenge names another origin in challenges.
type movedChallenge struct {
	http.ResponseWriter
	from, to string
}

func (w movedChallenge) WriteHeader(status int) {
	if said := w.Header().Get("WWW-Authenticate"); said != "" {
		w.Header().Set("WWW-Authenticate", strings.ReplaceAll(said, w.from, w.to))
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w movedChallenge) Unwrap() http.ResponseWriter { return w.ResponseWriter }
