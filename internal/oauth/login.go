package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

// offlineAccess is the scope that asks for a refresh token (OpenID Connect Core
// 1.0, section 11).
const offlineAccess = "offline_access"

// pendingTime is how long a login may be gone on with after the application has
// ended.
const pendingTime = 10 * time.Minute

// A pending login is what is needed to go on when the person is back.
type pending struct {
	Version  int           `json:"v"`
	URL      string        `json:"url"`
	State    string        `json:"state"`
	Verifier string        `json:"verifier"`
	Issuer   string        `json:"issuer"`
	Redirect string        `json:"redirectUrl"`
	Resource string        `json:"resource"`
	Client   *registration `json:"client"`
	Scopes   []string      `json:"scopes,omitempty"`
	EndsMs   int64         `json:"endsMs"`
}

// pendingKey is the key of the pending login.
func (c *Client) pendingKey() string { return c.key + "/login" }

// login has a person authorize the client (RFC 6749, section 4.1, with PKCE).
func (c *Client) login(ctx context.Context, raw *string, rec *record, p *place, want *need) error {
	if !c.cfg.Answers("authorize") {
		code := wire.CodeAuthRequired
		if want.stepUp {
			code = wire.CodeAuthInsufficientScope
		}
		return withChallenge(failure(code, "a person has to log in, and the application has no handler for authorize"), want.challenge)
	}
	if p.AuthorizationEndpoint == "" {
		return failure(wire.CodeAuthRequired, "the authorization server's metadata names no authorization endpoint")
	}
	if !p.assumed && !slices.Contains(p.ChallengeMethods, "S256") {
		return failure(wire.CodeAuthRequired, "the authorization server %s does not support PKCE with S256", p.Issuer)
	}
	if c.cfg.Auth.Resumable {
		return c.resumable(ctx, rec, p, want)
	}
	h, err := c.take(ctx, raw, rec, rec.Token)
	if h == nil {
		return err
	}
	rec = h.record
	client, tok, err := c.person(ctx, h, rec, p, want)
	after := context.WithoutCancel(ctx)
	if err != nil {
		_, gone := refused(err, "invalid_client", "unauthorized_client")
		switch {
		case gone: // register anew the next time
			rec = &record{Token: rec.Token, Issuer: rec.Issuer, Resource: rec.Resource, Metadata: rec.Metadata}
		case rec.Token == nil && client != nil && client.Dynamic: // and not if there is no need
			rec = &record{Issuer: p.Issuer, Client: client}
		}
		_ = h.end(after, rec)
		return denied(err)
	}
	return h.end(after, c.fresh(p, client, tok))
}

// person asks the person, while the lease is held.
func (c *Client) person(ctx context.Context, h *held, rec *record, p *place, want *need) (*registration, *token, error) {
	beating, stop := context.WithCancel(ctx)
	defer stop()
	go h.beat(beating)
	client, err := c.client(ctx, p, rec)
	if err != nil {
		return nil, nil, err
	}
	next := c.begin(p, client, c.scopes(p, rec, want))
	code, err := c.authorize(ctx, p, next)
	if err != nil {
		return client, nil, err
	}
	h.spend()
	tok, err := c.redeem(context.WithoutCancel(ctx), p, next, code)
	return client, tok, err
}

// resumable asks the person, or goes on where the application before had to stop.
// No lease is held: the application may end at any time.
func (c *Client) resumable(ctx context.Context, rec *record, p *place, want *need) error {
	kept, next, err := c.resume(ctx, p)
	if err != nil {
		return err
	}
	if next == nil {
		client, err := c.client(ctx, p, rec)
		if err != nil {
			return denied(err)
		}
		next = c.begin(p, client, c.scopes(p, rec, want))
		next.EndsMs = c.now() + pendingTime.Milliseconds()
		if kept, err = c.suspend(ctx, next, kept); err != nil {
			return err
		}
	}
	code, err := c.authorize(ctx, p, next)
	after := context.WithoutCancel(ctx)
	defer c.spend()()
	// The state is used once, whatever came of it. A context that ended is not an
	// answer: the person may still come back.
	if err == nil || ctx.Err() == nil {
		used, failed := c.remove(after, c.pendingKey(), kept)
		if err == nil && failed == nil && !used {
			err = failure(wire.CodeAuthDenied, "the answer of this login has been used before")
		} else if err == nil {
			err = failed
		}
	}
	if err != nil {
		return denied(err)
	}
	tok, err := c.redeem(after, p, next, code)
	if err != nil {
		return denied(err)
	}
	raw, rec, err := c.load(after)
	if err != nil {
		return err
	}
	h, err := c.take(after, raw, rec, rec.Token)
	if h == nil {
		return err
	}
	return h.end(after, c.fresh(p, next.Client, tok))
}

// resume returns the login that is pending at this place, if there is one; kept
// is the entry, whatever it is.
func (c *Client) resume(ctx context.Context, p *place) (kept *string, next *pending, err error) {
	stored, err := c.store(ctx, &wire.Store{Op: wire.StoreGet, Key: c.pendingKey()})
	if err != nil || stored.Value == nil {
		return nil, nil, err
	}
	next = new(pending)
	if json.Unmarshal([]byte(*stored.Value), next) != nil || next.Version != recordVersion ||
		next.EndsMs <= c.now() || next.EndsMs > c.now()+pendingTime.Milliseconds() ||
		next.Issuer != p.Issuer || next.Resource != p.resource || next.Redirect != c.cfg.Auth.RedirectURL ||
		next.State == "" || next.Verifier == "" || next.Client == nil || next.Client.ID == "" {
		return stored.Value, nil, nil
	}
	if u, err := c.endpoint(next.URL, "the page"); err != nil || !samePage(u, p.AuthorizationEndpoint) {
		return stored.Value, nil, nil
	}
	next.Client = c.secretly(next.Client)
	return stored.Value, next, nil
}

// suspend keeps what is needed to go on, in place of was.
func (c *Client) suspend(ctx context.Context, next *pending, was *string) (*string, error) {
	kept := *next
	kept.Client = next.Client.kept()
	raw, err := json.Marshal(kept)
	if err != nil {
		return nil, err
	}
	value := string(raw)
	stored, err := c.store(ctx, &wire.Store{Op: wire.StoreSwap, Key: c.pendingKey(), Value: &value, Was: was})
	if err != nil {
		return nil, err
	}
	if !stored.Swapped {
		return nil, failure(wire.CodeAuthDenied, "another login with this server has been begun at the same time")
	}
	return &value, nil
}

// begin makes a login: the page, and what its answer is checked against.
func (c *Client) begin(p *place, client *registration, scopes []string) *pending {
	if !c.cfg.Auth.OnlineOnly && slices.Contains(p.ScopesSupported, offlineAccess) && !slices.Contains(scopes, offlineAccess) {
		scopes = append(scopes, offlineAccess)
	}
	next := &pending{
		Version: recordVersion, State: rand.Text(), Verifier: rand.Text() + rand.Text(), Issuer: p.Issuer,
		Redirect: c.cfg.Auth.RedirectURL, Resource: p.resource, Client: client, Scopes: scopes,
	}
	sum := sha256.Sum256([]byte(next.Verifier))
	u, _ := url.Parse(p.AuthorizationEndpoint) // settled has parsed it
	query := withScope(form{
		"response_type", "code",
		"client_id", client.ID,
		"redirect_uri", next.Redirect,
		"state", next.State,
		"code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]),
		"code_challenge_method", "S256",
		"resource", p.resource,
	}, scopes)
	if slices.Contains(scopes, offlineAccess) { // without which it may be ignored
		query = append(query, "prompt", "consent")
	}
	if u.RawQuery != "" { // RFC 6749, section 3.1: it is kept
		u.RawQuery += "&"
	}
	u.RawQuery += string(query.encode())
	next.URL = u.String()
	return next
}

// authorize sends the person to the page and returns the code that they come
// back with.
func (c *Client) authorize(ctx context.Context, p *place, next *pending) (string, error) {
	raw, err := json.Marshal(wire.Authorize{URL: next.URL, RedirectURL: next.Redirect, Issuer: next.Issuer})
	if err != nil {
		return "", err
	}
	var back wire.Authorized
	if err := c.cfg.Ask(ctx, "authorize", json.RawMessage(raw), &back); err != nil {
		return "", err
	}
	return readAnswer(back.URL, next, p.IssParameter)
}

// maxBackBytes bounds the URL that the person comes back to.
const maxBackBytes = 16 << 10

// readAnswer reads the code out of the URL that the person came back to, if it is
// the answer to this login (RFC 6749, section 4.1.2; RFC 9207, section 2.4). No
// error says what is in it, but for the error of the authorization server.
func readAnswer(back string, next *pending, wantsIssuer bool) (string, error) {
	notOurs := func(why string) error {
		return failure(wire.CodeAuthDenied, "the answer to the login cannot be used: %s", why)
	}
	if len(back) > maxBackBytes {
		return "", notOurs("it is too long")
	}
	got, err := url.Parse(back)
	if err != nil || !samePage(got, next.Redirect) {
		return "", notOurs("it is not at the redirect URL")
	}
	query, err := url.ParseQuery(got.RawQuery)
	if err != nil {
		return "", notOurs("its query is malformed")
	}
	for _, name := range []string{"state", "iss", "code", "error"} {
		if len(query[name]) > 1 {
			return "", notOurs(name + " is there twice")
		}
	}
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(next.State)) != 1 {
		return "", notOurs("its state is not that of this login")
	}
	switch iss := query.Get("iss"); {
	case iss == "" && wantsIssuer:
		return "", failure(wire.CodeAuthIssuerMismatch, "the answer to the login does not say who it is from (iss), which %s always does", next.Issuer)
	case iss != "" && iss != next.Issuer:
		return "", failure(wire.CodeAuthIssuerMismatch, "the answer to the login is from %s, and the login was at %s", iss, next.Issuer)
	}
	if name := query.Get("error"); name != "" {
		return "", newRefusal(0, name, query.Get("error_description"), next.Verifier)
	}
	code := query.Get("code")
	if code == "" || len(code) > maxValueBytes {
		return "", notOurs("there is no code in it")
	}
	return code, nil
}

// samePage reports whether a URL is another one but for query and fragment, and
// whether it has the other's parameters.
func samePage(got *url.URL, want string) bool {
	u, err := url.Parse(want)
	if err != nil || got.Scheme != u.Scheme || !strings.EqualFold(got.Host, u.Host) || got.User != nil || got.Opaque != u.Opaque {
		return false
	}
	path := func(u *url.URL) string {
		if p := u.EscapedPath(); p != "" {
			return p
		}
		return "/"
	}
	return path(got) == path(u)
}

// redeem exchanges the code for a token (RFC 6749, section 4.1.3).
func (c *Client) redeem(ctx context.Context, p *place, next *pending, code string) (*token, error) {
	said, err := c.tokenRequest(ctx, &tokenRequest{url: p.TokenEndpoint, client: next.Client, audience: p.Issuer, form: form{
		"grant_type", "authorization_code",
		"code", code,
		"redirect_uri", next.Redirect,
		"code_verifier", next.Verifier,
		"resource", next.Resource,
	}})
	if err != nil {
		return nil, err
	}
	return c.taken(said, next.Scopes)
}
