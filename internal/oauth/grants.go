package oauth

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

// assertTime bounds the wait for a token of the workload's or the person's.
const assertTime = 2 * time.Minute

const (
	grantJWT      = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	grantExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	typeIDToken   = "urn:ietf:params:oauth:token-type:id_token"
	typeIDJAG     = "urn:ietf:params:oauth:token-type:id-jag"
)

// grant gets a token that does not come of another one, and keeps it.
func (c *Client) grant(ctx context.Context, want *need) error {
	raw, rec, err := c.load(ctx)
	if err != nil {
		return err
	}
	p, err := c.find(ctx, want)
	if err != nil {
		return err
	}
	if c.cfg.Auth.Grant == "" || c.cfg.Auth.Grant == wire.GrantAuthorizationCode {
		return c.login(ctx, raw, rec, p, want)
	}
	h, err := c.take(ctx, raw, rec, rec.Token)
	if h == nil {
		return err
	}
	rec = h.record
	tok, client, err := c.alone(ctx, p, rec, c.scopes(p, rec, want))
	if err != nil {
		_ = h.end(context.WithoutCancel(ctx), rec)
		return denied(err)
	}
	return h.end(context.WithoutCancel(ctx), c.fresh(p, client, tok))
}

// fresh is the record of a token that has just been issued.
func (c *Client) fresh(p *place, client *registration, tok *token) *record {
	return &record{Version: recordVersion, Issuer: p.Issuer, Metadata: p.metadata, Resource: p.resource, Client: client.kept(), Token: tok}
}

// scopes are those to ask for: the application's, those of the challenge or else
// of the server's metadata (2025-11-25, basic/authorization, scope selection
// strategy), and for a step up those that were asked for before.
func (c *Client) scopes(p *place, rec *record, want *need) []string {
	out := slices.Clone(c.cfg.Auth.Scopes)
	add := func(more []string) {
		for _, s := range more {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	if want.stepUp && rec.Token != nil && sameIssuer(rec.Issuer, p.Issuer) {
		add(rec.Token.Asked)
		add(rec.Token.Scopes)
	}
	switch {
	case want.challenge != nil && len(want.challenge.Scopes) > 0:
		add(want.challenge.Scopes)
	case len(p.scopes) > 0:
		add(p.scopes)
	}
	return out
}

// alone gets a token without a person.
func (c *Client) alone(ctx context.Context, p *place, rec *record, scopes []string) (*token, *registration, error) {
	client, err := c.client(ctx, p, rec)
	if err != nil && !(c.cfg.Auth.Grant == wire.GrantWorkload && isCode(err, wire.CodeLocalBadArgument)) {
		return nil, nil, err
	}
	if client == nil { // a workload is who its token says
		client = &registration{ID: "", Method: wire.ClientAuthNone}
	}
	form := withScope(form{"resource", p.resource}, scopes)
	switch c.cfg.Auth.Grant {
	case wire.GrantClientCredentials:
		form = append(form, "grant_type", "client_credentials")
	case wire.GrantWorkload:
		token, err := c.assert(ctx, wire.AssertWorkload, p.Issuer)
		if err != nil {
			return nil, nil, err
		}
		form = append(form, "grant_type", grantJWT, "assertion", token)
	case wire.GrantEnterprise:
		token, err := c.exchange(ctx, p, scopes)
		if err != nil {
			return nil, nil, err
		}
		form = append(form, "grant_type", grantJWT, "assertion", token)
	}
	req := &tokenRequest{url: p.TokenEndpoint, client: client, audience: p.Issuer, form: form}
	if client.ID == "" {
		req.client = nil
	}
	said, err := c.tokenRequest(ctx, req)
	if err != nil {
		return nil, nil, err
	}
	tok, err := c.taken(said, scopes)
	if client.ID == "" {
		client.ID = nobody
	}
	return tok, client, err
}

// assert asks the application for a token that says who it is.
func (c *Client) assert(ctx context.Context, use, audience string) (string, error) {
	if !c.cfg.Answers("assert") {
		return "", failure(wire.CodePolicyHandlerMissing, "a token of the application's is needed, and it has no handler for assert")
	}
	var asserted wire.Asserted
	if err := c.ask(ctx, "assert", assertTime, wire.Assert{Use: use, Audience: audience}, &asserted); err != nil {
		return "", err
	}
	if !isToken(asserted.Token) {
		return "", failure(wire.CodeLocalBadArgument, "the answer to assert is not a token")
	}
	return asserted.Token, nil
}

// exchange has the identity provider exchange the person's identity token for one
// that the authorization server takes (RFC 8693, section 2.1).
func (c *Client) exchange(ctx context.Context, p *place, scopes []string) (string, error) {
	provider := c.cfg.Auth.Identity // Check has seen it
	to, audience := provider.TokenURL, provider.Issuer
	if to == "" {
		found, err := c.serverMeta(ctx, provider.Issuer)
		switch {
		case err != nil:
			return "", err
		case found == nil || found.TokenEndpoint == "":
			return "", failure(wire.CodeAuthRequired, "the identity provider's metadata names no token endpoint")
		}
		to = found.TokenEndpoint
	}
	if audience == "" {
		audience = to
	}
	if _, err := c.endpoint(to, "the identity provider's token endpoint"); err != nil {
		return "", err
	}
	identity, err := c.assert(ctx, wire.AssertIdentity, audience)
	if err != nil {
		return "", err
	}
	req := &tokenRequest{url: to, plain: true, form: withScope(form{
		"grant_type", grantExchange,
		"requested_token_type", typeIDJAG,
		"audience", p.Issuer,
		"resource", p.resource,
		"subject_token", identity,
		"subject_token_type", typeIDToken,
	}, scopes)}
	if provider.ClientID != "" {
		req.client = &registration{ID: provider.ClientID, Secret: provider.ClientSecret, Method: wire.ClientAuthNone}
		if provider.ClientSecret != "" {
			req.client.Method = wire.ClientAuthPost
		}
	}
	said, err := c.tokenRequest(ctx, req)
	if err != nil {
		return "", err
	}
	if said.Issued != typeIDJAG {
		return "", failure(wire.CodeAuthDenied, "the identity provider issued a token of the type %s", said.Issued)
	}
	return said.Access, nil
}

// nobody is the client in a record of a workload that is none.
const nobody = "-"

// withScope adds scopes to a form, if there are any.
func withScope(f form, scopes []string) form {
	if len(scopes) > 0 {
		f = append(f, "scope", strings.Join(scopes, " "))
	}
	return f
}
