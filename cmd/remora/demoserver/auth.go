package demoserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
)

// The scopes of a protected demo server.
const (
	// ScopeRead opens the server and every tool but create_row.
	ScopeRead = "rows:read"
	// ScopeWrite opens create_row.
	ScopeWrite = "rows:write"
)

// Clients of a protected demo server that are registered from the start.
const (
	// MachineClient asks for tokens of its own, with MachineSecret (client
	// credentials).
	MachineClient = "demo-machine"
	MachineSecret = authserver.SecretPrefix + "machine"
	// AppClient has no secret; people are sent back to /callback on a loopback
	// address, at any port.
	AppClient = "demo-app"
)

// resourceMetadataPath is where a protected resource at Path has its metadata
// (RFC 9728, section 3.1).
const resourceMetadataPath = "/.well-known/oauth-protected-resource" + Path

// maxAuthBody bounds the body of a request to a protected server, in bytes.
const maxAuthBody = 4 << 20

// AuthOptions say how a demo server is protected. The zero value is for use.
type AuthOptions struct {
	// TokenLifetime is how long an access token is good for; 0 for
	// [authserver.DefaultTokenLifetime].
	TokenLifetime time.Duration
	// Workspaces are those that there are; nil for [Workspaces].
	Workspaces []Workspace
	// MachineSecret is that of MachineClient; empty for [MachineSecret].
	MachineSecret string
	// OnSecret is that of the authorization server ([authserver.Options]).
	OnSecret func(what, secret string)
}

// An Auth is a protected demo server together with its authorization server, as
// an http.Handler.
type Auth struct {
	// Authority is the authorization server.
	Authority *authserver.Server

	origin     string
	workspaces []Workspace
	handler    http.Handler
}

// ServeHTTP implements http.Handler.
func (a *Auth) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// NewAuth returns a protected demo server that is reached at origin. Tools that
// wait stop waiting when ctx ends.
func NewAuth(ctx context.Context, version, origin string, options AuthOptions) *Auth {
	resource := origin + Path
	if options.Workspaces == nil {
		options.Workspaces = Workspaces
	}
	if options.MachineSecret == "" {
		options.MachineSecret = MachineSecret
	}
	a := &Auth{origin: origin, workspaces: options.Workspaces, Authority: authserver.New(authserver.Options{
		OnSecret: options.OnSecret, Issuer: origin, Resource: resource, Scopes: []string{ScopeRead, ScopeWrite}, TokenLifetime: options.TokenLifetime,
		Clients: []authserver.Client{
			{ID: MachineClient, Secret: options.MachineSecret, Name: "the demo's machine", AuthMethod: authserver.AuthBasic,
				GrantTypes: []string{authserver.GrantCredentials}},
			{ID: AppClient, Name: "the demo's app", AuthMethod: authserver.AuthNone,
				GrantTypes:   []string{authserver.GrantCode, authserver.GrantRefresh},
				RedirectURIs: []string{"http://127.0.0.1/callback", "http://localhost/callback"}},
		},
	})}
	server := newServer(ctx, version)
	addRows(server, options.Workspaces)
	open := http.NewServeMux()
	open.Handle(Path, a.guard(endpoint(server)))
	open.Handle(resourceMetadataPath, auth.ProtectedResourceMetadataHandler(&oauthex.ProtectedResourceMetadata{
		Resource:               resource,
		AuthorizationServers:   []string{origin},
		ScopesSupported:        []string{ScopeRead, ScopeWrite},
		BearerMethodsSupported: []string{"header"},
		ResourceName:           "remora's demo server",
	}))
	for _, path := range []string{authserver.MetadataPath, authserver.TokenPath, authserver.RegisterPath, authserver.RevokePath} {
		open.Handle(path, a.Authority)
	}
	open.HandleFunc("/", notFound)
	mux := http.NewServeMux()
	mux.Handle("/", allowOrigins(open))
	// The person's pages are for no other page to read.
	mux.Handle(authserver.AuthorizePath, a.Authority)
	mux.Handle(authserver.DecidePath, a.Authority)
	a.handler = mux
	return a
}

// A challenge is why a request is refused (RFC 6750, section 3).
type challenge struct {
	status      int
	code        string
	description string
	scope       string
}

type bearerKey struct{}

// guard lets requests through that show a token or an API key, with what that
// opens in their context, and answers the others with a challenge.
func (a *Auth) guard(next http.Handler) http.Handler {
	// The SDK's middleware hands the token's owner to the session, which no other
	// may then use. Its challenges say no error, so they are written here.
	known := auth.RequireBearerToken(func(ctx context.Context, _ string, _ *http.Request) (*auth.TokenInfo, error) {
		who, ok := ctx.Value(bearerKey{}).(*auth.TokenInfo)
		if !ok {
			return nil, auth.ErrInvalidToken
		}
		return who, nil
	}, &auth.RequireBearerTokenOptions{AllowMissingExpiration: true})(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, refusal := a.identify(r)
		if refusal == nil && r.Method == http.MethodPost {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAuthBody))
			if err != nil {
				http.Error(w, "the body is too long, or broke off", http.StatusRequestEntityTooLarge)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			refusal = mayCall(who, body)
		}
		if refusal != nil {
			a.challenge(w, refusal)
			return
		}
		known.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), bearerKey{}, who)))
	})
}

// identify returns who makes a request, by its Authorization header.
func (a *Auth) identify(r *http.Request) (*auth.TokenInfo, *challenge) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") || token == "" {
		return nil, &challenge{status: http.StatusUnauthorized, scope: ScopeRead}
	}
	for _, own := range a.workspaces {
		if token == own.Key {
			return &auth.TokenInfo{UserID: "key of " + own.Name, Scopes: []string{ScopeRead, ScopeWrite},
				Extra: map[string]any{"workspace": own.Name}}, nil
		}
	}
	t, ok := a.Authority.Verify(token)
	if !ok {
		return nil, &challenge{status: http.StatusUnauthorized, code: "invalid_token", scope: ScopeRead,
			description: "the token is not known, has expired, or was revoked"}
	}
	if !slices.Contains(t.Scopes, ScopeRead) {
		return nil, &challenge{status: http.StatusForbidden, code: "insufficient_scope", scope: ScopeRead, description: "the token opens nothing here"}
	}
	return &auth.TokenInfo{UserID: t.Person, Scopes: t.Scopes, Expiration: t.Expires}, nil
}

// mayCall says why the calls of a request's body may not be made. What is no
// call passes: the SDK answers it.
func mayCall(who *auth.TokenInfo, body []byte) *challenge {
	messages := []json.RawMessage{body}
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && trimmed[0] == '[' {
		if json.Unmarshal(body, &messages) != nil {
			return nil
		}
	}
	for _, message := range messages {
		var call struct {
			Method string
			Params struct {
				Name      string
				Arguments struct{ Workspace string }
			}
		}
		if json.Unmarshal(message, &call) != nil || call.Method != "tools/call" {
			continue
		}
		if refusal := mayUse(who, call.Params.Name, call.Params.Arguments.Workspace); refusal != nil {
			return refusal
		}
	}
	return nil
}

// mayUse says why a tool cannot be called for a workspace, which may be empty.
func mayUse(who *auth.TokenInfo, tool, workspace string) *challenge {
	own, _ := who.Extra["workspace"].(string)
	if own != "" && workspace != "" && workspace != own {
		return &challenge{status: http.StatusForbidden, code: "access_denied", description: "this key opens the workspace " + own + " only"}
	}
	if tool == createRowTool && !slices.Contains(who.Scopes, ScopeWrite) {
		return &challenge{status: http.StatusForbidden, code: "insufficient_scope", scope: ScopeWrite, description: "create_row needs the scope " + ScopeWrite}
	}
	return nil
}

// errorOf returns a challenge as the error of a tool.
func (c *challenge) errorOf() error {
	if c == nil {
		return nil
	}
	return errors.New(c.description)
}

// challenge answers 401 or 403.
func (a *Auth) challenge(w http.ResponseWriter, c *challenge) {
	header := fmt.Sprintf("Bearer resource_metadata=%q", a.origin+resourceMetadataPath)
	for _, parameter := range []struct{ name, value string }{{"scope", c.scope}, {"error", c.code}, {"error_description", c.description}} {
		if parameter.value != "" {
			header += fmt.Sprintf(", %s=%q", parameter.name, parameter.value)
		}
	}
	w.Header().Set("WWW-Authenticate", header)
	text := c.description
	if text == "" {
		text = "a token or an API key is needed"
	}
	http.Error(w, text, c.status)
}
