package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// errElsewhere says that what is held is of another issuer than the server's.
var errElsewhere = errors.New("the token is of another issuer")

// Times of leases. Clocks of those who share a store are taken to agree within
// leaseTime.
const (
	// leaseTime is how long a lease lasts that is not renewed: longer than a
	// request to a token endpoint may take.
	leaseTime = 30 * time.Second
	// leaseBeat is how often a lease is renewed while a person is asked.
	leaseBeat = 10 * time.Second
	// leaseWait is how often a lease of another process is looked at.
	leaseWait = 250 * time.Millisecond
)

// A held is a lease that is held, and the record as it is meanwhile. Its methods
// are called by whoever took it.
type held struct {
	c      *Client
	by     string
	over   func()
	mu     sync.Mutex // over raw, which a heartbeat replaces
	raw    *string
	record *record
}

// take takes the lease of the record, so that nobody else uses it. It waits for
// others who have it. If the token that was to be replaced has been replaced
// meanwhile, that one is kept, and there is no lease to hold (nil).
func (c *Client) take(ctx context.Context, raw *string, rec *record, old *token) (*held, error) {
	h := &held{c: c, by: rand.Text()}
	for tries := 0; tries < maxTries; {
		if l := rec.Lease; l != nil {
			left := time.Duration(l.UntilMs-c.now()) * time.Millisecond
			if left > 0 && left <= 2*leaseTime {
				if err := c.wait(ctx, l, min(left, leaseWait)); err != nil {
					return nil, err
				}
				var err error
				if raw, rec, err = c.load(ctx); err != nil {
					return nil, err
				}
				continue
			}
		}
		if !sameToken(rec.Token, old) && rec.Token != nil && !rec.Token.due(c.now()) && c.fits(rec) {
			c.keep(rec)
			return nil, nil
		}
		h.record = rec.leased(h.by, c.now())
		h.over = c.cfg.Peers.begin(h.by)
		now, done, err := c.swap(ctx, raw, h.record)
		if err == nil && done {
			h.raw = now
			return h, nil
		}
		h.over()
		if err != nil {
			return nil, err
		}
		tries++ // somebody was faster
		if raw, rec, err = c.load(ctx); err != nil {
			return nil, err
		}
	}
	return nil, failure(wire.CodeAuthDenied, storeForgets)
}

// maxTries bounds how often something is written to a store that is changed by
// others each time.
const maxTries = 64

const storeForgets = "the application's store does not keep what is written to it"

// leased is the record with a lease that begins now, without one if by is empty.
func (r *record) leased(by string, now int64) *record {
	out := *r
	out.Lease = nil
	if by != "" {
		out.Lease = &lease{By: by, UntilMs: now + leaseTime.Milliseconds()}
	}
	return &out
}

// wait waits for a lease of others: in this process for its end, otherwise for a
// while.
func (c *Client) wait(ctx context.Context, l *lease, while time.Duration) error {
	if over := c.cfg.Peers.held(l.By); over != nil {
		select {
		case <-over:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return port.Sleep(ctx, c.cfg.Clock, while)
}

// spend notes that something is under way, until the lease is given back, which
// cannot be done again.
func (h *held) spend() {
	over, spent := h.over, h.c.spend()
	h.over = func() {
		over()
		spent()
	}
}

// beat renews the lease until ctx ends.
func (h *held) beat(ctx context.Context) {
	for port.Sleep(ctx, h.c.cfg.Clock, leaseBeat) == nil {
		h.mu.Lock()
		if now, done, err := h.c.swap(context.WithoutCancel(ctx), h.raw, h.record.leased(h.by, h.c.now())); err == nil && done {
			h.raw = now
		}
		h.mu.Unlock()
	}
}

// end gives the lease back, with what has become of the record. An entry that is
// gone stays gone: somebody has logged out.
func (h *held) end(ctx context.Context, rec *record) error {
	defer h.over()
	h.mu.Lock()
	defer h.mu.Unlock()
	rec = rec.leased("", 0)
	was := h.raw
	isNew := rec.Token != nil && !sameToken(rec.Token, h.record.Token)
	for range maxTries {
		_, done, err := h.c.swap(ctx, was, rec)
		if err != nil {
			return err
		}
		if done {
			h.c.keep(rec)
			return nil
		}
		now, other, err := h.c.load(ctx)
		switch {
		case err != nil:
			return err
		case now == nil:
			h.c.keep(new(record))
			return nil
		case !isNew && other.Token != nil && !sameToken(other.Token, h.record.Token):
			h.c.keep(other)
			return nil
		}
		was = now
	}
	return failure(wire.CodeAuthDenied, storeForgets)
}

// renew replaces a token with its refresh token (RFC 6749, section 6). A refusal
// of the refresh token is a *refusal; it is gone then.
func (c *Client) renew(ctx context.Context, raw *string, rec *record, want *need) error {
	p, err := c.find(ctx, want)
	if err != nil {
		return err
	}
	if !sameIssuer(p.Issuer, rec.Issuer) {
		return errElsewhere
	}
	h, err := c.take(ctx, raw, rec, rec.Token)
	if h == nil {
		return err
	}
	// From here on the refresh token may be spent: whoever waits no longer.
	ctx = context.WithoutCancel(ctx)
	h.spend()
	rec = h.record.leased("", 0)
	if !rec.Token.renewable() || rec.Client == nil {
		_ = h.end(ctx, rec)
		return &refusal{name: "invalid_grant"}
	}
	old := rec.Token
	said, err := c.tokenRequest(ctx, &tokenRequest{
		url: p.TokenEndpoint, client: c.secretly(rec.Client), audience: p.Issuer,
		form: form{"grant_type", "refresh_token", "refresh_token", old.Refresh, "resource", rec.Resource},
	})
	var tok *token
	if err == nil {
		tok, err = c.taken(said, old.Asked)
	}
	if err != nil {
		r, refusedIt := refused(err)
		if refusedIt && r.lasting() {
			rec.Token = nil
			if r.name == "invalid_client" {
				rec.Client = nil
			}
		}
		if ended := h.end(ctx, rec); ended != nil {
			return ended
		}
		if refusedIt && !r.lasting() {
			return r.as(wire.CodeAuthRefreshFailed)
		}
		return err
	}
	if said.Scope == nil {
		tok.Scopes = old.Scopes
	}
	if tok.Refresh == "" {
		tok.Refresh = old.Refresh
	}
	if tok.Subject == "" {
		tok.Subject = old.Subject
	}
	rec.Token, rec.Metadata = tok, p.metadata
	return h.end(ctx, rec)
}

// lasting reports whether a refusal is not worth another try.
func (r *refusal) lasting() bool {
	switch r.name {
	case "temporarily_unavailable", "server_error", "slow_down":
		return false
	}
	return r.status < 500 && r.status != 429 && r.status != 408
}

// secretly adds to a registration the secret that only the application keeps.
func (c *Client) secretly(reg *registration) *registration {
	if reg.Dynamic || reg.ID != c.cfg.Auth.ClientID {
		return reg
	}
	return &registration{ID: reg.ID, Secret: c.cfg.Auth.ClientSecret, Method: reg.Method, RedirectURL: reg.RedirectURL}
}
