package drive

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
	"github.com/remora-mcp/remora/host"
)

// An Auth is how a script's client gets tokens: its person visits the pages of
// the demo's authorization server. What the person was asked is in the outcome's
// Asks, of kind authorize.
type Auth struct {
	// Decision is the button that the person presses: allow (if empty) or deny.
	Decision string `json:"decision,omitempty"`
	// Store is where credentials are kept: memory (if empty), file:PATH, or
	// indexeddb:NAME in a page.
	Store string `json:"store,omitempty"`
	// The rest is as in the embedders' options.
	Grant        string   `json:"grant,omitempty"`
	ClientID     string   `json:"clientId,omitempty"`
	ClientSecret string   `json:"clientSecret,omitempty"`
	Scopes       []string `json:"scopes,omitempty"`
	OnlineOnly   bool     `json:"onlineOnly,omitempty"`
	DPoP         bool     `json:"dpop,omitempty"`
}

// RedirectURL is where the person of a script is sent back to. Nothing listens
// there: the person's answer is taken from the redirect.
const RedirectURL = "http://127.0.0.1:1/callback"

// auth returns the options of the Go host.
func (r *hostRun) auth() (*host.AuthOptions, error) {
	a := r.script.Auth
	if a == nil {
		return nil, nil
	}
	store, err := storeOf(a.Store)
	if err != nil {
		return nil, err
	}
	options := &host.AuthOptions{
		Grant: host.AuthGrant(a.Grant), Store: store, ClientID: a.ClientID, ClientSecret: a.ClientSecret,
		Scopes: a.Scopes, OnlineOnly: a.OnlineOnly, DPoP: a.DPoP,
	}
	if a.Grant == "" {
		options.RedirectURL = RedirectURL
		options.Authorize = func(ctx context.Context, request host.AuthorizeRequest) (string, error) {
			params, err := json.Marshal(map[string]string{"issuer": request.Issuer})
			if err != nil {
				return "", err
			}
			r.mu.Lock()
			r.asks = append(r.asks, &Question{Kind: "authorize", Params: params})
			r.mu.Unlock()
			return authserver.Visit(ctx, request.URL, decision(a.Decision))
		}
	}
	return options, nil
}

func decision(given string) string {
	if given == "" {
		return "allow"
	}
	return given
}

// storeOf returns the store that Auth.Store says, or nil for the default.
func storeOf(spec string) (host.Store, error) {
	kind, name, _ := strings.Cut(spec, ":")
	switch kind {
	case "":
		return nil, nil
	case "file":
		return host.NewFileStore(name)
	}
	return nil, fmt.Errorf("the Go host has no store %q", spec)
}
