package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/remora-mcp/remora/internal/challenge"
	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// Config says what a Client works with.
type Config struct {
	// Server is the URL of the server's MCP endpoint.
	Server string
	// Auth says how a token is got; it has passed Check.
	Auth wire.Auth
	// ClientName is what a client that registers itself is called.
	ClientName string
	// Context ends with the session.
	Context context.Context
	// HTTP is the way to the network.
	HTTP port.HTTP
	// Clock times out and tells what has expired.
	Clock port.Clock
	// Session is the number that every request carries to the embedder.
	Session uint32
	// Answers reports whether the application answers asks of that name.
	Answers func(kind string) bool
	// Ask asks the application, and decodes its answer. It blocks until there is
	// one or the context ends.
	Ask func(ctx context.Context, kind string, params, answer any) error
	// Waits, if not nil, is called when a request begins to wait for a token, with
	// the request's context; what it returns is called when the wait is over.
	Waits func(ctx context.Context) (over func())
	// Shallow reports whether JSON is nested no deeper than limit.
	Shallow func(data []byte, limit int) bool
	// Peers are the flights of all Clients that may share a store in this process.
	Peers *Peers
}

// A Client gets the tokens of one session. It is a port.HTTP, and safe for
// concurrent use.
type Client struct {
	cfg    Config
	server *url.URL
	key    string // of the record in the store

	mu       sync.Mutex
	loaded   bool    // the store has been read
	record   *record // what was last read from it or written to it
	restored *record // what Restore took, until the store is read
	gen      int     // counts the tokens that were there
	skip     bool    // the next request goes without a token, to be challenged
	flight   *flight
	place    *place
	nonces   map[string]string // for proofs, by origin
	memory   map[string]string // the store, if the application has none
	spending int               // flights that have something under way which cannot be done again
	idle     chan struct{}     // closed when there are none any more
}

// New returns a Client. The server's URL has been checked.
func New(cfg Config) *Client {
	server, err := url.Parse(cfg.Server)
	if err != nil {
		server = new(url.URL) // no request goes there
	}
	c := &Client{cfg: cfg, record: new(record), server: server, nonces: make(map[string]string), memory: make(map[string]string)}
	c.key = storeKey(server)
	return c
}

// maxSteps bounds how often one request asks for more scopes.
const maxSteps = 2

// Do implements port.HTTP. A request that is challenged waits for a token and is
// sent once more. If there is no way to get one, the challenge is the answer.
func (c *Client) Do(ctx context.Context, req *port.Request) (*port.Response, error) {
	if req.Purpose != port.PurposeMCP || !c.own(req.URL) {
		return c.cfg.HTTP.Do(ctx, req)
	}
	if isFarewell(req) {
		_, resp, err := c.send(ctx, req, c.inHand())
		return resp, err
	}
	logins, steps := 0, 0
	for {
		have, err := c.ready(ctx)
		if err != nil {
			return nil, err
		}
		said, resp, err := c.send(ctx, req, have)
		if err != nil || said == nil {
			return resp, err
		}
		want := &need{gen: have.gen, again: have.skipped, challenge: &said.Challenge}
		if said.stepUp {
			if steps++; steps > maxSteps || have.token.covers(said.Scopes) {
				return resp, nil
			}
			want.stepUp = true
		} else if logins++; logins > maxLogins {
			return resp, nil
		}
		if !c.possible() {
			return resp, nil
		}
		drain(resp.Body)
		if err := c.acquire(ctx, want); err != nil {
			return nil, afterChallenge(err)
		}
	}
}

// isFarewell reports whether a request is the end of something, of a session or of
// a call: nobody is asked to log in for that.
func isFarewell(req *port.Request) bool {
	if req.Method == http.MethodDelete {
		return true
	}
	const cancelled = "notifications/cancelled"
	var message struct {
		Method string `json:"method"`
	}
	return bytes.Contains(req.Body, []byte(cancelled)) && json.Unmarshal(req.Body, &message) == nil && message.Method == cancelled
}

// maxLogins bounds how many tokens one request may find to be of no use: one that
// was stored, the one that it was renewed to, and the one of a login.
const maxLogins = 3

// A said is what an answer says of the credentials.
type said struct {
	wire.Challenge
	stepUp bool
}

// read returns what an answer says of the credentials, nil for nothing.
func read(resp *port.Response) *said {
	switch resp.Status {
	case http.StatusUnauthorized:
		ch, _ := challenge.Read(resp.Header)
		return &said{Challenge: ch}
	case http.StatusForbidden:
		if ch, ok := challenge.Read(resp.Header); ok && ch.Error == insufficientScope {
			return &said{Challenge: ch, stepUp: true}
		}
	}
	return nil
}

const insufficientScope = "insufficient_scope"

// send makes a request with a token, which may be none. What the answer says of
// the credentials is nil if it is of no interest.
func (c *Client) send(ctx context.Context, req *port.Request, have inHand) (*said, *port.Response, error) {
	for again := false; ; again = true {
		out := req
		if have.token != nil {
			with := *req
			with.Header = req.Header.Clone()
			if with.Header == nil {
				with.Header = make(http.Header)
			}
			with.Header.Set("Authorization", have.token.scheme()+" "+have.token.Access)
			if have.token.bound() {
				if err := c.prove(ctx, with.Header, req.Method, req.URL, have.token.Access); err != nil {
					return nil, nil, err
				}
			}
			out = &with
		}
		resp, err := c.cfg.HTTP.Do(ctx, out)
		if err != nil {
			return nil, nil, err
		}
		fresh := c.takeNonce(req.URL, resp.Header)
		said := read(resp)
		if said != nil && said.Error == useNonce && fresh && !again && have.token != nil && have.token.bound() {
			drain(resp.Body)
			continue
		}
		return said, resp, nil
	}
}

// drain reads the rest of a small answer for the sake of the connection.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 16<<10)
	body.Close()
}

// own reports whether a URL is of the server's own origin: no token goes
// elsewhere.
func (c *Client) own(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && origin(u) == origin(c.server)
}

// An inHand is the token for a request, if there is one, and its number.
type inHand struct {
	token   *token
	gen     int
	skipped bool // there is one, which is not to be used (Again)
}

func (c *Client) inHand() inHand {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inHandLocked()
}

func (c *Client) inHandLocked() inHand {
	have := inHand{gen: c.gen, skipped: c.skip}
	if !c.skip {
		have.token = c.record.Token // which nobody changes
	}
	return have
}

// ready returns the token for a request, renewed if it is about to expire, or
// none.
func (c *Client) ready(ctx context.Context) (inHand, error) {
	c.mu.Lock()
	have := c.inHandLocked()
	rest := c.loaded && (have.token == nil || !have.token.due(c.now()))
	c.mu.Unlock()
	if rest {
		return have, nil
	}
	if err := c.acquire(ctx, &need{gen: have.gen, early: true}); err != nil {
		return have, err
	}
	have = c.inHand()
	if have.token != nil && have.token.expired(c.now()) {
		have.token = nil
	}
	return have, nil
}

// possible reports whether a token can be got.
func (c *Client) possible() bool {
	switch c.cfg.Auth.Grant {
	case wire.GrantClientCredentials:
		return true
	case wire.GrantWorkload, wire.GrantEnterprise:
		return c.cfg.Answers("assert")
	}
	return c.cfg.Answers("authorize") || c.inHand().token.renewable()
}

// keep makes a record the one in hand.
func (c *Client) keep(rec *record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !sameToken(c.record.Token, rec.Token) {
		c.gen++
	}
	c.record, c.loaded, c.skip = rec, true, false
}

func sameToken(a, b *token) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Access == b.Access
}

func (c *Client) now() int64 { return c.cfg.Clock.Now().UnixMilli() }

// Snapshot returns what is known, secrets included; nil if there is no token.
func (c *Client) Snapshot() (json.RawMessage, error) {
	c.mu.Lock()
	rec := c.record
	if c.restored != nil {
		rec = c.restored
	}
	c.mu.Unlock()
	if rec.Token == nil {
		return nil, nil
	}
	return json.Marshal(rec.leased("", 0))
}

// Restore takes what Snapshot returned, which may have been kept anywhere. What
// the store has goes before it.
func (c *Client) Restore(raw json.RawMessage) error {
	rec := parseRecord(raw)
	if rec == nil || rec.Token == nil {
		return failure(wire.CodeLocalBadArgument, "the snapshot's authorization is damaged")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.restored = rec.leased("", 0)
	return nil
}

// spend notes that something is under way that cannot be done again, until the
// returned function is called: a code or a refresh token may be spent, and what
// came of it is not yet in the store.
func (c *Client) spend() (over func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.spending++; c.spending == 1 {
		c.idle = make(chan struct{})
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.spending--; c.spending == 0 {
			close(c.idle)
		}
	}
}

// Settle blocks until nothing is under way that would be lost if the session
// ended now, or ctx ends.
func (c *Client) Settle(ctx context.Context) {
	c.mu.Lock()
	idle, busy := c.idle, c.spending > 0
	c.mu.Unlock()
	if !busy {
		return
	}
	select {
	case <-idle:
	case <-ctx.Done():
	}
}
