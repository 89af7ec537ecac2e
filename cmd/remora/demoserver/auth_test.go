package demoserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
)

func startAuth(t *testing.T) *demoserver.Server {
	t.Helper()
	s, err := demoserver.StartAuth("127.0.0.1:0", "1.2.3", demoserver.AuthOptions{TokenLifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// connectAuth connects a client of the SDK's whose person allows everything.
func connectAuth(t *testing.T, url, revision string) *mcp.ClientSession {
	t.Helper()
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "test", RedirectURIs: []string{"http://127.0.0.1:1/callback"}, GrantTypes: []string{"authorization_code", "refresh_token"},
		}},
		RequestRefreshToken:      true,
		AuthorizationCodeFetcher: fetchCode,
	})
	if err != nil {
		t.Fatal(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "0"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: url, OAuthHandler: handler},
		&mcp.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

func fetchCode(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
	back, err := authserver.Visit(ctx, args.URL, "allow")
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(back)
	if err != nil {
		return nil, err
	}
	if e := u.Query().Get("error"); e != "" {
		return nil, errors.New(e)
	}
	return &auth.AuthorizationResult{Code: u.Query().Get("code"), State: u.Query().Get("state"), Iss: u.Query().Get("iss")}, nil
}

// TestAuthWithTheSDK goes through login and step-up with the official client.
func TestAuthWithTheSDK(t *testing.T) {
	for _, revision := range revisions {
		t.Run(revision, func(t *testing.T) {
			s := startAuth(t)
			session := connectAuth(t, s.URL(), revision)
			got, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "echo", Arguments: args{"message": "hello"}})
			if err != nil || textOf(t, got) != "hello" {
				t.Fatalf("echo: %v, %v", got, err)
			}
			if n := s.Authority().Counts(); n.Logins != 1 || n.Registrations != 1 {
				t.Errorf("after echo: %+v", n)
			}
			for i, want := range []string{"row 1 of reef", "row 2 of reef"} {
				got, err = session.CallTool(t.Context(), &mcp.CallToolParams{Name: "create_row", Arguments: args{"workspace": "reef", "text": "x"}})
				if err != nil || textOf(t, got) != want {
					t.Fatalf("row %d: %v, %v", i+1, got, err)
				}
			}
			if n := s.Authority().Counts(); n.Logins != 2 {
				t.Errorf("after create_row: %+v", n)
			}
		})
	}
}

// withToken sends every request with a token.
type withToken string

func (token withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(token))
	return http.DefaultTransport.RoundTrip(r)
}

func TestAPIKeys(t *testing.T) {
	s := startAuth(t)
	for _, revision := range revisions {
		t.Run(revision, func(t *testing.T) {
			for i, own := range demoserver.Workspaces {
				other := demoserver.Workspaces[1-i].Name
				client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "0"}, nil)
				session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
					Endpoint: s.URL(), HTTPClient: &http.Client{Transport: withToken(own.Key)},
				}, &mcp.ClientSessionOptions{ProtocolVersion: revision})
				if err != nil {
					t.Fatal(err)
				}
				if got, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "create_row", Arguments: args{"workspace": own.Name, "text": "x"}}); err != nil || got.IsError {
					t.Errorf("the own workspace: %v, %v", got, err)
				}
				for _, tool := range []string{"create_row", "list_rows"} {
					if got, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args{"workspace": other, "text": "x"}}); err == nil {
						t.Errorf("%s of another workspace: %v", tool, textOf(t, got))
					}
				}
			}
		})
	}
}

// TestChallenges holds what is said to whom.
func TestChallenges(t *testing.T) {
	s := startAuth(t)
	metadata := `resource_metadata="` + strings.TrimSuffix(s.URL(), demoserver.Path) + `/.well-known/oauth-protected-resource/mcp"`
	read := machineToken(t, s, demoserver.ScopeRead)
	write := machineToken(t, s, demoserver.ScopeWrite)
	row := func(workspace string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_row","arguments":{"workspace":"` + workspace + `","text":"x"}}}`
	}
	for _, test := range []struct {
		name, authorization, body string
		status                    int
		want                      string
	}{
		{"nothing", "", row("reef"), 401, `Bearer ` + metadata + `, scope="rows:read"`},
		{"another scheme", "Basic eDp5", row("reef"), 401, `Bearer ` + metadata + `, scope="rows:read"`},
		{"unknown token", "Bearer x", row("reef"), 401, `error="invalid_token"`},
		{"unknown key", "Bearer dk_reef_", row("reef"), 401, `error="invalid_token"`},
		{"step-up", "bearer " + read, row("reef"), 403, `Bearer ` + metadata + `, scope="rows:write", error="insufficient_scope"`},
		{"step-up in a batch", "Bearer " + read, `[{"jsonrpc":"2.0","method":"x"},` + row("reef") + `]`, 403, `error="insufficient_scope"`},
		{"without read", "Bearer " + write, row("reef"), 403, `scope="rows:read", error="insufficient_scope"`},
		{"another workspace", "Bearer " + demoserver.Workspaces[0].Key, row(demoserver.Workspaces[1].Name), 403, `error="access_denied"`},
		{"too long", "Bearer " + read, strings.Repeat(" ", 5<<20), 413, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL(), strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		r.Header.Set("Origin", "https://app.example")
		r.Header.Set("Authorization", test.authorization)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if got := answer.Header.Get("WWW-Authenticate"); answer.StatusCode != test.status || !strings.Contains(got, test.want) {
			t.Errorf("%s: %s, %s\nwant %d, %s", test.name, answer.Status, got, test.status, test.want)
		}
		if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "*" {
			t.Errorf("%s: a page may not read it: %q", test.name, got)
		}
	}
}

// machineToken gets a token for the machine client, as a web page could.
func machineToken(t *testing.T, s *demoserver.Server, scope string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {s.URL()}, "scope": {scope}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		strings.TrimSuffix(s.URL(), demoserver.Path)+authserver.TokenPath, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://app.example")
	r.SetBasicAuth(demoserver.MachineClient, demoserver.MachineSecret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", answer.Status, err)
	}
	if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("a page may not read the token: %q", got)
	}
	return token.AccessToken
}

// TestPagesOfThePerson holds that no other page can read the consent page, which
// has what it takes to press its button.
func TestPagesOfThePerson(t *testing.T) {
	s := startAuth(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(s.URL(), demoserver.Path)+authserver.AuthorizePath, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://app.example")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("allow-origin = %q, want none", got)
	}
}
