package oauth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/remora-mcp/remora/internal/wire"
)

// client returns what the client is at an authorization server: a document that
// describes it, the registration that the application has, the one that was made
// before, or a new one (2025-11-25, basic/authorization, client registration
// approaches).
func (c *Client) client(ctx context.Context, p *place, rec *record) (*registration, error) {
	auth := &c.cfg.Auth
	held := rec.Client
	if held != nil && !sameIssuer(rec.Issuer, p.Issuer) {
		held = nil
	}
	if auth.ClientMetadataURL != "" && p.ClientDocuments {
		method := wire.ClientAuthNone
		if auth.ClientAuth == wire.ClientAuthKey {
			method = auth.ClientAuth
		}
		return &registration{ID: auth.ClientMetadataURL, Method: method, RedirectURL: auth.RedirectURL}, nil
	}
	// What was registered elsewhere is not shown here.
	foreign := auth.Issuer == "" && rec.Client != nil && rec.Client.ID == auth.ClientID && held == nil
	if auth.ClientID != "" && !foreign {
		return &registration{ID: auth.ClientID, Secret: auth.ClientSecret, Method: c.method(p), RedirectURL: auth.RedirectURL}, nil
	}
	person := c.cfg.Auth.Grant == "" || c.cfg.Auth.Grant == wire.GrantAuthorizationCode
	if held != nil && held.Dynamic && held.RedirectURL == auth.RedirectURL && (held.EndsMs == 0 || c.now() < held.EndsMs) {
		return held, nil
	}
	switch {
	case foreign && (p.RegistrationEndpoint == "" || !person):
		return nil, otherIssuer(rec.Issuer, p.Issuer)
	case !person:
		return nil, failure(wire.CodeLocalBadArgument, "auth.clientId is missing, which the grant %s needs", c.cfg.Auth.Grant)
	case p.RegistrationEndpoint == "":
		return nil, failure(wire.CodeAuthRequired, "the authorization server %s registers no clients by itself: auth.clientId is needed", p.Issuer)
	}
	return c.register(ctx, p)
}

// method returns how a client that the application names shows itself.
func (c *Client) method(p *place) string {
	auth := &c.cfg.Auth
	known := func(m string) bool { return slices.Contains(p.AuthMethods, m) }
	switch {
	case auth.ClientAuth != "":
		return auth.ClientAuth
	case auth.ClientSecret != "" && (len(p.AuthMethods) == 0 || known(wire.ClientAuthBasic)): // RFC 8414, section 2
		return wire.ClientAuthBasic
	case auth.ClientSecret != "" && known(wire.ClientAuthPost):
		return wire.ClientAuthPost
	case auth.ClientSecret != "":
		return wire.ClientAuthBasic
	case c.cfg.Answers("sign") && !auth.DPoP && known(wire.ClientAuthKey) && !known(wire.ClientAuthNone):
		return wire.ClientAuthKey
	}
	return wire.ClientAuthNone
}

// register registers the client (RFC 7591, section 3).
func (c *Client) register(ctx context.Context, p *place) (*registration, error) {
	body, err := c.registrationRequest(p)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	got, err := c.fetch(ctx, "the registration of the client", http.MethodPost, p.RegistrationEndpoint, header, body)
	if err != nil {
		return nil, err
	}
	var said struct {
		ID          string          `json:"client_id"`
		Secret      string          `json:"client_secret"`
		Method      string          `json:"token_endpoint_auth_method"`
		Ends        json.RawMessage `json:"client_secret_expires_at"`
		Error       string          `json:"error"`
		Description string          `json:"error_description"`
	}
	bad := json.Unmarshal(got.body, &said) != nil
	if got.status != http.StatusCreated && got.status != http.StatusOK {
		refused := newRefusal(got.status, said.Error, said.Description).as(wire.CodeAuthDenied)
		refused.Message = "the client could not register itself: " + refused.Message
		return nil, refused
	}
	reg := &registration{ID: said.ID, Secret: said.Secret, Method: said.Method, RedirectURL: c.cfg.Auth.RedirectURL, Dynamic: true}
	switch {
	case bad || said.ID == "" || len(said.ID) > maxValueBytes || len(said.Secret) > maxValueBytes:
		return nil, failure(wire.CodeAuthRequired, "the answer to the registration of the client is not of its form")
	case reg.Method == "" && reg.Secret == "":
		reg.Method = wire.ClientAuthNone
	case reg.Method == "":
		reg.Method = wire.ClientAuthBasic // RFC 7591, section 2
	case !slices.Contains(wire.ClientAuths, reg.Method):
		return nil, failure(wire.CodeAuthRequired, "the authorization server wants %s of the client, which is not known", reg.Method)
	}
	if ends, ok := seconds(said.Ends); ok {
		reg.EndsMs = ends * 1000
	}
	return reg, nil
}

// registrationRequest is what is said of the client: what follows from the flow,
// and the application's own.
func (c *Client) registrationRequest(p *place) ([]byte, error) {
	auth := &c.cfg.Auth
	grants := []string{"authorization_code"}
	if !auth.OnlineOnly {
		grants = append(grants, "refresh_token")
	}
	said := map[string]any{
		"client_name":                c.cfg.ClientName,
		"redirect_uris":              []string{auth.RedirectURL},
		"grant_types":                grants,
		"response_types":             []string{"code"},
		"token_endpoint_auth_method": c.registeredMethod(p),
		"application_type":           applicationType(auth.RedirectURL),
	}
	if auth.DPoP {
		said["dpop_bound_access_tokens"] = true
	}
	if len(auth.Registration) > 0 {
		var own map[string]json.RawMessage
		if json.Unmarshal(auth.Registration, &own) != nil {
			return nil, failure(wire.CodeLocalBadArgument, "auth.registration is not an object")
		}
		for name, value := range own {
			said[name] = value
		}
	}
	return json.Marshal(said)
}

// registeredMethod is how a client that registers itself wants to show itself:
// not at all, if the authorization server lets it.
func (c *Client) registeredMethod(p *place) string {
	if c.cfg.Auth.ClientAuth != "" {
		return c.cfg.Auth.ClientAuth
	}
	if len(p.AuthMethods) == 0 {
		return wire.ClientAuthNone
	}
	for _, method := range []string{wire.ClientAuthNone, wire.ClientAuthPost, wire.ClientAuthBasic} {
		if slices.Contains(p.AuthMethods, method) {
			return method
		}
	}
	return wire.ClientAuthNone
}

// applicationType is native for a program that is reached on its own machine or
// by a scheme of its own, and web for a page (OpenID Connect Dynamic Client
// Registration 1.0, section 2).
func applicationType(redirect string) string {
	u, err := url.Parse(redirect)
	if err == nil && u.Scheme == "https" && !isLoopback(u) {
		return "web"
	}
	return "native"
}
