package exchange

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

// A Call follows one call of the application through the SDK and out to the
// server, and keeps what the SDK would lose: the raw result, the failure as it
// was, and whether the server can have seen the request. It travels in the
// context that the call is made with.
type Call struct {
	// ID is the application's number for the call, which is also its progress
	// token. Questions that arrive on the call's stream carry it.
	ID uint32
	// Params are added to the parameters of tools/call, as they are. They are
	// set before the call is made.
	Params map[string]json.RawMessage

	mu     sync.Mutex
	raw    json.RawMessage
	tools  int
	ttl    time.Duration
	err    *wire.Error
	sent   wire.Sent
	reason string
}

type callKey struct{}

// WithCall returns a context that carries c to the Transport.
func WithCall(ctx context.Context, c *Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

func callFrom(ctx context.Context) *Call {
	if c, ok := ctx.Value(callKey{}).(*Call); ok {
		return c
	}
	return new(Call)
}

// CallID returns the ID of the context's Call, or 0.
func CallID(ctx context.Context) uint32 { return callFrom(ctx).ID }

// Result returns the raw result of the last answer, byte for byte, and nil if
// there was none.
func (c *Call) Result() json.RawMessage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.raw
}

// ToolCount returns how many tools the last answer to tools/list held, before
// the SDK left any out.
func (c *Call) ToolCount() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tools
}

// TTL returns how long the last answer may be kept (ttlMs; 2026-07-28,
// server/utilities/caching); 0 if it may not.
func (c *Call) TTL() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ttl
}

// MaxTTL is the longest that an answer is kept, whatever the server says.
const MaxTTL = 24 * time.Hour

// setTTL takes the member ttlMs of an answer; what is no positive number is none.
func (c *Call) setTTL(raw json.RawMessage) {
	var ms float64
	if len(raw) == 0 || decode(raw, &ms) != nil || !(ms > 0) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ttl = time.Duration(min(ms, float64(MaxTTL.Milliseconds()))) * time.Millisecond
}

// Err returns how the last exchange failed, or nil.
func (c *Call) Err() *wire.Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Sent says whether the server can have seen anything of the call.
func (c *Call) Sent() wire.Sent {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sent == "" {
		return wire.SentNo
	}
	return c.sent
}

// SetReason sets what the server is told when the call is cancelled.
func (c *Call) SetReason(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reason = reason
}

func (c *Call) cancelReason() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reason
}

// begin forgets the exchange before, and returns how that one failed.
func (c *Call) begin() (before *wire.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before = c.err
	c.raw, c.tools, c.ttl, c.err = nil, 0, 0, nil
	return before
}

func (c *Call) setSent(s wire.Sent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = s
}

func (c *Call) succeed(raw json.RawMessage, tools int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw, c.tools = raw, tools
}

func (c *Call) fail(err *wire.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}
