package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/remora-mcp/remora/host"
	"github.com/remora-mcp/remora/test/internal/canary"
)

// given is what the suite gives with a scenario of authorization.
type given struct {
	ClientID         string `json:"client_id"`
	ClientSecret     string `json:"client_secret"`
	Issuer           string `json:"issuer"`
	PrivateKeyPEM    string `json:"private_key_pem"`
	SigningAlgorithm string `json:"signing_algorithm"`
	IDPClientID      string `json:"idp_client_id"`
	IDPIDToken       string `json:"idp_id_token"`
	IDPIssuer        string `json:"idp_issuer"`
	IDPTokenEndpoint string `json:"idp_token_endpoint"`
	ValidJWT         string `json:"valid_jwt"`
}

// authFor returns ConnectOptions.Auth for a scenario; nil for one without
// authorization.
func authFor(scenario string) (*host.AuthOptions, error) {
	if !strings.HasPrefix(scenario, "auth/") {
		return nil, nil
	}
	var g given
	if text := os.Getenv("MCP_CONFORMANCE_CONTEXT"); text != "" {
		if err := json.Unmarshal([]byte(text), &g); err != nil {
			return nil, fmt.Errorf("MCP_CONFORMANCE_CONTEXT: %w", err)
		}
	}
	g.noteSecrets(scenario)
	auth := &host.AuthOptions{ClientID: g.ClientID, ClientSecret: g.ClientSecret}
	switch scenario {
	case "auth/client-credentials-basic":
		auth.Grant = host.GrantClientCredentials
	case "auth/client-credentials-jwt":
		key, err := host.ParsePrivateKey([]byte(g.PrivateKeyPEM))
		if err != nil {
			return nil, err
		}
		auth.Grant, auth.ClientAuth = host.GrantClientCredentials, host.ClientAuthKey
		auth.Key, auth.KeyAlgorithm = key, g.SigningAlgorithm
	case "auth/enterprise-managed-authorization":
		auth.Grant = host.GrantEnterprise
		auth.Identity = &host.IdentityProvider{Issuer: g.IDPIssuer, TokenURL: g.IDPTokenEndpoint, ClientID: g.IDPClientID}
		auth.Assert = says(g.IDPIDToken)
	case "auth/wif-jwt-bearer":
		auth.Grant, auth.Assert = host.GrantWorkload, says(g.ValidJWT)
	default:
		auth.RedirectURL, auth.Authorize = "http://localhost:3000/callback", authorize
		auth.ClientMetadataURL = "https://conformance-test.local/client-metadata.json"
		auth.Issuer = g.Issuer
		auth.DPoP = strings.HasPrefix(scenario, "auth/dpop")
	}
	return auth, nil
}

func says(token string) func(context.Context, host.AssertRequest) (string, error) {
	return func(context.Context, host.AssertRequest) (string, error) { return token, nil }
}

// noteSecrets notes the secrets that the suite gives with a scenario.
func (g *given) noteSecrets(scenario string) {
	for slot, value := range map[string]string{"client secret": g.ClientSecret, "private key": g.PrivateKeyPEM, "token": g.IDPIDToken + g.ValidJWT} {
		for line := range strings.Lines(value) {
			// A key's lines may be apart, or without their ends.
			if line = strings.TrimSpace(line); len(line) >= 12 && !strings.HasPrefix(line, "-----") {
				canary.Note(slot, line)
			}
		}
	}
	if scenario == "auth/dpop-nonce" {
		canary.Note("nonce", "conformance-rs-dpop-nonce")
		canary.Note("nonce", "conformance-as-dpop-nonce")
	}
}

// show writes what the options and the session print as, and the session's
// snapshot, to standard error, which the suite keeps.
func show(ctx context.Context, session *host.Session, options *host.ConnectOptions) error {
	snapshot, err := session.Snapshot(ctx, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s\n%v %+v %#v\n%v %+v %#v %+v\n", snapshot, session, session, session, options, options, options, options.Auth)
	return nil
}

// showTrace writes an event to standard error.
func showTrace(e host.TraceEvent) {
	text, err := json.Marshal(e)
	if err != nil {
		text = []byte(err.Error())
	}
	fmt.Fprintf(os.Stderr, "%s\n", text)
}

// authorize visits the page of the suite's authorization server, which asks
// nobody: it redirects at once.
func authorize(ctx context.Context, request host.AuthorizeRequest) (string, error) {
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	open, err := http.NewRequestWithContext(ctx, http.MethodGet, request.URL, nil)
	if err != nil {
		return "", err
	}
	answer, err := browser.Do(open)
	if err != nil {
		return "", err
	}
	if err := answer.Body.Close(); err != nil {
		return "", err
	}
	var back *url.URL
	if back, err = answer.Location(); err != nil {
		return "", fmt.Errorf("the authorization server answered %s: %w", answer.Status, err)
	}
	return back.String(), nil
}

// useTool is every scenario of authorization: it is about the way there.
var useTool = then(listTools, calling("test-tool", nil))
