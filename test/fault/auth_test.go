package fault_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
	"github.com/remora-mcp/remora/test/fault"
)

func startAuth(t *testing.T, name string) *fault.Auth {
	t.Helper()
	a, err := fault.StartAuth(name, fault.Line2026)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// TestSoundAuth holds that without a fault a login succeeds, with a client of
// others, so that what fails with one fails because of it.
func TestSoundAuth(t *testing.T) {
	a := startAuth(t, "sound")
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			RedirectURIs: []string{"http://127.0.0.1:1/callback"}}},
		AuthorizationCodeFetcher: func(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			back, err := authserver.Visit(ctx, args.URL, "allow")
			if err != nil {
				return nil, err
			}
			u, err := url.Parse(back)
			if err != nil {
				return nil, err
			}
			return &auth.AuthorizationResult{Code: u.Query().Get("code"), State: u.Query().Get("state"), Iss: u.Query().Get("iss")}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "t", Version: "0"}, nil).
		Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: a.URL(), OAuthHandler: handler}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"message": "x"}}); err != nil {
		t.Error(err)
	}
	if n := a.Counts(); n.Logins != 1 || len(a.Reached()) != 0 {
		t.Errorf("counted %+v, reached %v", n, a.Reached())
	}
}

// TestReached holds that a secret which a hostile place gets is noticed there.
func TestReached(t *testing.T) {
	for name, place := range map[string]string{"mix_up": "the attacker", "iss_wrong": "the authorization server", "resource_of_another": "the MCP server"} {
		a := startAuth(t, name)
		for _, test := range []struct{ header, body, want string }{
			{"", "code=demo_code_1", "a code"}, {"", "code_verifier=x", "a verifier"}, {"", "refresh_token=demo_rt_1", "a refresh token"},
			{"Bearer demo_at_1", "", "an access token"}, {"Basic eDp5", "", "an Authorization header"}, {"", "client_secret=demo_secret_1", "a client's secret"},
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.Origin(place)+"/anything", strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if test.header != "" {
				r.Header.Set("Authorization", test.header)
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if got := strings.Join(a.Reached(), "; "); !strings.Contains(got, test.want+" reached "+place) {
				t.Errorf("%s: %q, want %s in it", name, got, test.want)
			}
		}
	}
}
