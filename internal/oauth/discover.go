package oauth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/remora-mcp/remora/internal/challenge"
	"github.com/remora-mcp/remora/internal/wire"
)

// A place is where tokens for the server come from.
type place struct {
	// resource is what tokens are asked for (RFC 8707).
	resource string
	// metadata is where the server's metadata was found.
	metadata string
	// scopes are those that the server knows.
	scopes []string
	// assumed says that there is no metadata: the endpoints are where 2025-03-26
	// has them.
	assumed bool
	serverMeta
}

// serverMeta is what is read of an authorization server's metadata (RFC 8414,
// section 2).
type serverMeta struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	RegistrationEndpoint  string   `json:"registration_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	ScopesSupported       []string `json:"scopes_supported"`
	AuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	ClientDocuments       bool     `json:"client_id_metadata_document_supported"`
	IssParameter          bool     `json:"authorization_response_iss_parameter_supported"`
}

// resourceMeta is what is read of a protected resource's metadata (RFC 9728,
// section 2).
type resourceMeta struct {
	Resource        string   `json:"resource"`
	Servers         []string `json:"authorization_servers"`
	ScopesSupported []string `json:"scopes_supported"`
}

// find returns where tokens come from. It looks anew if there is a challenge: the
// server may have moved to another authorization server.
func (c *Client) find(ctx context.Context, want *need) (*place, error) {
	c.mu.Lock()
	known, metadata, held := c.place, c.record.Metadata, c.record.Issuer
	c.mu.Unlock()
	if known != nil && want.early {
		return known, nil
	}
	if said := want.challenge; said != nil && said.ResourceMetadata != "" {
		metadata = said.ResourceMetadata
	}
	p, err := c.discover(ctx, metadata, held)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.place = p
	c.mu.Unlock()
	return p, nil
}

// discover reads the metadata of the server and of its authorization server
// (2025-11-25, basic/authorization, authorization server discovery). metadata is
// where the server's is, if it has said so; held the issuer that is preferred.
func (c *Client) discover(ctx context.Context, metadata, held string) (*place, error) {
	said, from, err := c.resourceMeta(ctx, metadata)
	if err != nil {
		return nil, err
	}
	if said == nil { // 2025-03-26: the server's origin is its authorization server
		p, err := c.serverMeta(ctx, origin(c.server))
		if err != nil {
			return nil, err
		}
		if p == nil {
			p = &place{assumed: true, serverMeta: serverMeta{
				Issuer:                origin(c.server),
				AuthorizationEndpoint: origin(c.server) + "/authorize",
				TokenEndpoint:         origin(c.server) + "/token",
				RegistrationEndpoint:  origin(c.server) + "/register",
			}}
		}
		p.resource = canonical(c.server)
		return p, c.settled(p)
	}
	resource, err := url.Parse(said.Resource)
	if err != nil || len(said.Resource) > maxURLBytes || !contains(resource, c.server) {
		return nil, failure(wire.CodeAuthRequired, "the server's metadata is that of another resource, %s", said.Resource)
	}
	issuer, err := c.choose(said.Servers, held)
	if err != nil {
		return nil, err
	}
	if _, err := c.endpoint(issuer, "the authorization server"); err != nil {
		return nil, err
	}
	p, err := c.serverMeta(ctx, issuer)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return nil, failure(wire.CodeAuthRequired, "the authorization server %s has no metadata", issuer)
	}
	p.resource, p.scopes = said.Resource, challenge.Scopes(strings.Join(said.ScopesSupported, " "))
	p.metadata = from
	return p, c.settled(p)
}

// choose returns the authorization server to use: the one that the application
// names, the one that was used, or the first.
func (c *Client) choose(servers []string, held string) (string, error) {
	if len(servers) == 0 {
		return "", failure(wire.CodeAuthRequired, "the server's metadata names no authorization server")
	}
	want := c.cfg.Auth.Issuer
	if want != "" {
		i := slices.IndexFunc(servers, func(s string) bool { return sameIssuer(s, want) })
		if i < 0 {
			return "", otherIssuer(want, servers[0])
		}
		return servers[i], nil
	}
	if i := slices.IndexFunc(servers, func(s string) bool { return held != "" && sameIssuer(s, held) }); i >= 0 {
		return servers[i], nil
	}
	return servers[0], nil
}

// otherIssuer is the error for a client that would be shown to a stranger.
func otherIssuer(registered, found string) error {
	return failure(wire.CodeAuthIssuerMismatch, "the client is registered with %s, but the server's authorization server is %s", registered, found)
}

// settled checks what will be used of a place.
func (c *Client) settled(p *place) error {
	if want := c.cfg.Auth.Issuer; want != "" && !sameIssuer(p.Issuer, want) {
		return otherIssuer(want, p.Issuer)
	}
	for _, e := range []struct{ url, what string }{
		{p.AuthorizationEndpoint, "the authorization endpoint"},
		{p.TokenEndpoint, "the token endpoint"},
		{p.RegistrationEndpoint, "the registration endpoint"},
		{p.RevocationEndpoint, "the revocation endpoint"},
	} {
		if e.url == "" {
			continue
		}
		if _, err := c.endpoint(e.url, e.what); err != nil {
			return err
		}
	}
	if p.TokenEndpoint == "" {
		return failure(wire.CodeAuthRequired, "the authorization server's metadata names no token endpoint")
	}
	return nil
}

// resourceMeta reads the server's metadata (RFC 9728, section 3), and returns
// where it was; nil if there is none.
func (c *Client) resourceMeta(ctx context.Context, named string) (*resourceMeta, string, error) {
	var at []string
	if named != "" {
		u, err := c.endpoint(named, "the place of the server's metadata")
		if err != nil {
			return nil, "", err
		}
		at = append(at, u.String())
	}
	const wellKnown = "/.well-known/oauth-protected-resource"
	query := ""
	if c.server.RawQuery != "" {
		query = "?" + c.server.RawQuery
	}
	if path := strings.TrimSuffix(c.server.EscapedPath(), "/"); path != "" {
		at = append(at, origin(c.server)+wellKnown+path+query)
	}
	at = append(at, origin(c.server)+wellKnown+query)
	var meta resourceMeta
	from, err := c.firstOf(ctx, "the server's metadata", at, &meta)
	if err != nil || from == "" {
		return nil, "", err
	}
	return &meta, from, nil
}

// serverMeta reads the metadata of an authorization server (RFC 8414, section 3,
// and OpenID Connect Discovery 1.0, section 4); nil if there is none.
func (c *Client) serverMeta(ctx context.Context, issuer string) (*place, error) {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil, failure(wire.CodeAuthRequired, "the authorization server is not a URL")
	}
	base, path := origin(u), strings.Trim(u.EscapedPath(), "/")
	const oauth, openID = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
	at := []string{base + oauth, base + openID}
	if path != "" {
		at = []string{base + oauth + "/" + path, base + openID + "/" + path, base + "/" + path + openID}
	}
	p := new(place)
	from, err := c.firstOf(ctx, "the authorization server's metadata", at, &p.serverMeta)
	if err != nil || from == "" {
		return nil, err
	}
	if !sameIssuer(p.Issuer, issuer) { // RFC 8414, section 3.3
		return nil, failure(wire.CodeAuthIssuerMismatch, "the metadata of %s is that of %s", issuer, p.Issuer)
	}
	return p, nil
}

// firstOf reads the first JSON document that is there, and returns where it was;
// nowhere if none is. A server that cannot be asked has no say in that: then it
// is an error.
func (c *Client) firstOf(ctx context.Context, what string, at []string, into any) (from string, err error) {
	var unheard error
	for _, u := range at {
		got, err := c.fetch(ctx, what, http.MethodGet, u, nil, nil)
		switch {
		case isCode(err, wire.CodeHTTPNetwork) || isCode(err, wire.CodeHTTPCORS):
			// A browser does not tell what is not there from what may not be read.
			if unheard == nil {
				unheard = err
			}
			continue
		case err != nil:
			return "", err
		case got.status >= 500:
			if unheard == nil {
				unheard = failure(wire.CodeAuthRequired, "%s cannot be read (status %s)", what, strconv.Itoa(got.status))
			}
			continue
		case got.status != http.StatusOK || !got.isJSON():
			continue
		}
		if json.Unmarshal(got.body, into) != nil {
			return "", failure(wire.CodeAuthRequired, "%s is not of its form", what)
		}
		return u, nil
	}
	return "", unheard
}
