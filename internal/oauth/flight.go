package oauth

import (
	"context"
	"errors"
	"sync"

	"github.com/remora-mcp/remora/internal/wire"
)

// A need says what a token is wanted for.
type need struct {
	// gen is the number of the token that is of no use.
	gen int
	// early says that nothing has been sent: the store is read, and a token that
	// is about to expire is renewed, and that is all.
	early bool
	// stepUp says that the token is good, but lacks scopes.
	stepUp bool
	// again wants a new token though there is one that is good.
	again bool
	// challenge is what the server said.
	challenge *wire.Challenge
}

// A flight brings a token, for all that wait for it.
type flight struct {
	ctx     context.Context // ends with the session, or when nobody waits any more
	cancel  context.CancelFunc
	waiting int           // guarded by the Client's mu
	done    chan struct{} // closed at the end
	early   bool
	err     error // why there is no token; set before done is closed
}

// acquire blocks until a flight has brought what is needed. Only the wait ends
// with ctx; the flight ends when nobody waits for it.
func (c *Client) acquire(ctx context.Context, want *need) error {
	if c.cfg.Waits != nil {
		defer c.cfg.Waits(ctx)()
	}
	for {
		c.mu.Lock()
		if c.gen != want.gen && !want.early && !want.again {
			c.mu.Unlock()
			return nil // another one has come meanwhile
		}
		f := c.flight
		joined := f != nil
		if !joined {
			f = &flight{done: make(chan struct{}), early: want.early}
			f.ctx, f.cancel = context.WithCancel(c.cfg.Context)
			c.flight = f
		}
		f.waiting++
		c.mu.Unlock()
		if !joined {
			go c.fly(f, want)
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			c.leave(f)
			return ctx.Err()
		}
		if joined && f.early && !want.early {
			continue // it may have done less than is needed
		}
		if f.err != nil && errors.Is(f.err, context.Canceled) {
			if joined && c.cfg.Context.Err() == nil {
				continue // nobody waited for it, for a moment
			}
			return failure(wire.CodeLocalClosed, "the session was closed")
		}
		return f.err
	}
}

// leave ends the wait of one. A flight that nobody waits for ends, as far as
// that can be done without losing anything.
func (c *Client) leave(f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		f.cancel()
	}
}

// fly brings a token.
func (c *Client) fly(f *flight, want *need) {
	f.err = c.bring(f.ctx, want)
	c.mu.Lock()
	c.flight = nil
	c.mu.Unlock()
	f.cancel()
	close(f.done)
}

// bring does what is needed: it reads the store, renews, or logs in.
func (c *Client) bring(ctx context.Context, want *need) error {
	raw, rec, err := c.read(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	if c.gen != want.gen && !want.early && !want.again && !c.record.Token.due(c.now()) {
		c.mu.Unlock()
		return nil // the store had another
	}
	c.mu.Unlock()
	switch {
	case want.early && (rec.Token == nil || !rec.Token.due(c.now())):
		return nil
	case rec.Token.renewable() && !want.stepUp && !want.again:
		err := c.renew(ctx, raw, rec, want)
		r, lost := refused(err)
		switch {
		case err == nil:
			return nil
		case lost && !c.canAgain():
			return r.as(wire.CodeAuthRefreshFailed)
		case want.early && (lost || errors.Is(err, errElsewhere) || isCode(err, wire.CodePolicyOrigin)):
			return nil // the server's challenge will say where to go, and the embedder hears it
		case want.early && !rec.Token.expired(c.now()) && !ended(err):
			return nil // it is good for a little longer
		case !lost && !errors.Is(err, errElsewhere):
			return err
		}
	case want.early:
		return nil
	}
	return c.grant(ctx, want)
}

// canAgain reports whether a token can be got without one to renew.
func (c *Client) canAgain() bool {
	switch c.cfg.Auth.Grant {
	case wire.GrantClientCredentials:
		return true
	case wire.GrantWorkload, wire.GrantEnterprise:
		return c.cfg.Answers("assert")
	}
	return c.cfg.Answers("authorize")
}

// read reads the store and makes what is there the record in hand. What was
// restored stays, if the store has nothing.
func (c *Client) read(ctx context.Context) (*string, *record, error) {
	raw, rec, err := c.load(ctx)
	if err != nil {
		return nil, rec, err
	}
	c.mu.Lock()
	restored, skip := c.restored, c.skip
	c.restored = nil
	c.mu.Unlock()
	if restored != nil && rec.Token == nil {
		now, done, err := c.swap(ctx, raw, restored)
		if err != nil {
			return nil, nil, err
		}
		if rec = restored; done {
			raw = now
		}
	}
	if rec.Token != nil && !c.fits(rec) {
		rec = &record{Issuer: rec.Issuer, Client: rec.Client, Lease: rec.Lease}
	}
	c.keep(rec)
	c.mu.Lock()
	c.skip = skip
	c.mu.Unlock()
	return raw, rec, nil
}

// fits reports whether a record is of the kind that the application asks for.
func (c *Client) fits(rec *record) bool {
	auth := &c.cfg.Auth
	other := rec.Client != nil && !rec.Client.Dynamic && auth.ClientID != "" && rec.Client.ID != auth.ClientID && rec.Client.ID != auth.ClientMetadataURL
	return rec.Token.bound() == auth.DPoP && !other && (auth.Issuer == "" || sameIssuer(auth.Issuer, rec.Issuer))
}

// Peers are the flights of one process. Those who share a store wait for each
// other here; only others are waited for by the clock.
type Peers struct {
	mu      sync.Mutex
	holders map[string]chan struct{} // by lease
}

// begin notes that a lease is held; end that it no longer is.
func (p *Peers) begin(holder string) (end func()) {
	over := make(chan struct{})
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.holders == nil {
		p.holders = make(map[string]chan struct{})
	}
	p.holders[holder] = over
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.holders, holder)
		close(over)
	}
}

// held returns what is closed when a lease of this process is no longer held; nil
// for one of others.
func (p *Peers) held(holder string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.holders[holder]
}
