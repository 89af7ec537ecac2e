package oauth

import (
	"context"
	"net/http"

	"github.com/remora-mcp/remora/internal/wire"
)

// Again makes the next requests go without the token that is there, so that they
// are challenged.
func (c *Client) Again() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skip = true
}

// Login sees to it that there is a token that can be used, whether the server has
// asked for one or not. It blocks until there is one.
func (c *Client) Login(ctx context.Context) (wire.LoginStatus, error) {
	have, err := c.ready(ctx)
	if err != nil {
		return wire.LoginStatus{}, err
	}
	if have.token == nil {
		if !c.possible() {
			return wire.LoginStatus{}, failure(wire.CodeAuthRequired, "a person has to log in, and the application has no handler for authorize")
		}
		if err := c.acquire(ctx, &need{gen: have.gen, again: true}); err != nil {
			return wire.LoginStatus{}, err
		}
	}
	return c.status(), nil
}

// Whoami says what is known of the token. It asks nobody but the store.
func (c *Client) Whoami(ctx context.Context) (wire.LoginStatus, error) {
	if _, _, err := c.read(ctx); err != nil {
		return wire.LoginStatus{}, err
	}
	return c.status(), nil
}

// status says what is known of the token.
func (c *Client) status() wire.LoginStatus {
	c.mu.Lock()
	rec := c.record
	c.mu.Unlock()
	if rec.Token == nil {
		return wire.LoginStatus{}
	}
	out := wire.LoginStatus{
		Authorized: !rec.Token.expired(c.now()) || rec.Token.renewable(),
		Issuer:     rec.Issuer,
		Subject:    rec.Token.Subject,
		Scopes:     rec.Token.Scopes,
		ExpiresMs:  rec.Token.ExpiresMs,
		Renewable:  rec.Token.renewable(),
	}
	if rec.Client != nil && rec.Client.ID != nobody {
		out.ClientID = rec.Client.ID
	}
	return out
}

// Logout forgets the token, and has the authorization server revoke it where that
// can be done (RFC 7009). Only a store that fails is an error.
func (c *Client) Logout(ctx context.Context) (wire.LoginStatus, error) {
	_, rec, err := c.load(ctx)
	if err != nil {
		return wire.LoginStatus{}, err
	}
	for _, key := range []string{c.key, c.pendingKey()} {
		if _, err := c.store(ctx, &wire.Store{Op: wire.StoreDelete, Key: key}); err != nil {
			return wire.LoginStatus{}, err
		}
	}
	c.keep(new(record))
	out := wire.LoginStatus{Issuer: rec.Issuer}
	if rec.Token != nil && rec.Client != nil {
		out.Revoked = c.revoke(ctx, rec)
	}
	return out, nil
}

// revoke has the authorization server revoke a token; it reports whether that has
// taken note.
func (c *Client) revoke(ctx context.Context, rec *record) bool {
	p, err := c.discover(ctx, rec.Metadata, rec.Issuer)
	if err != nil || !sameIssuer(p.Issuer, rec.Issuer) || p.RevocationEndpoint == "" {
		return false
	}
	value, hint := rec.Token.Access, "access_token"
	if rec.Token.Refresh != "" {
		value, hint = rec.Token.Refresh, "refresh_token"
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	req := &tokenRequest{client: c.secretly(rec.Client), audience: p.Issuer, form: form{"token", value, "token_type_hint", hint}}
	if req.client.ID == nobody {
		req.client = nil
	}
	form, err := c.showClient(ctx, req, header)
	if err != nil {
		return false
	}
	got, err := c.fetch(ctx, "the revocation endpoint", http.MethodPost, p.RevocationEndpoint, header, form.encode())
	return err == nil && got.status == http.StatusOK
}
