package core

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// A call is one command under way.
type call struct {
	id       uint32
	header   wire.Call
	params   []byte
	exchange *exchange.Call

	ctx    context.Context // ends with the call; its cause says why
	cancel context.CancelCauseFunc

	answered atomic.Bool // the application has answered a question

	mu     sync.Mutex
	idle   port.Timer // nil once the call is over
	total  port.Timer
	asking int // questions that wait for the application; silence is then ours
}

// startCall takes a call frame.
func (c *Core) startCall(f wire.Frame) {
	refuse := func(err *wire.Error) { c.emit(wire.KindDone, f.ID, wire.Done{Error: err}, nil) }
	var h wire.Call
	if err := readHeader(f, &h); err != nil {
		refuse(asError(err))
		return
	}
	handler := commands[h.Command]
	if handler == nil {
		refuse(newError(wire.CodeLocalUnsupported, "no command %q", wire.Excerpt([]byte(h.Command))))
		return
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cl := &call{id: f.ID, header: h, params: f.Payload, ctx: ctx, cancel: cancel, exchange: &exchange.Call{ID: f.ID}}
	c.mu.Lock()
	switch {
	case f.ID == 0 || c.calls[f.ID] != nil:
		c.mu.Unlock()
		cancel(nil)
		c.fault(f.ID, badFrame("a call with the id %d, which is zero or in use", f.ID))
		return
	case len(c.calls) >= c.limits.MaxCalls:
		limit := c.limits.MaxCalls
		c.mu.Unlock()
		cancel(nil)
		refuse(newError(wire.CodeLocalTooLarge, "more than %d calls in flight", limit))
		return
	}
	c.calls[f.ID] = cl
	c.mu.Unlock()
	cl.startTimers(c.clock)
	c.workers.do(func() {
		result, err := handler(c, cl)
		c.finish(cl, result, err)
	})
}

// finish answers a call. Nothing is told of it afterwards.
func (c *Core) finish(cl *call, result []byte, err error) {
	header, payload := wire.Done{}, result
	if err != nil {
		header, payload = doneHeader(cl.failure(err))
	}
	cl.stopTimers()
	c.mu.Lock()
	delete(c.calls, cl.id)
	c.mu.Unlock()
	cl.cancel(nil)
	c.emit(wire.KindDone, cl.id, header, payload)
}

// cancelCall takes a cancel frame.
func (c *Core) cancelCall(f wire.Frame) {
	var h wire.Cancel
	if err := readHeader(f, &h); err != nil {
		c.fault(f.ID, err)
		return
	}
	c.mu.Lock()
	cl := c.calls[f.ID]
	c.mu.Unlock()
	if cl == nil {
		c.drop("a cancel of a call that is over")
		return
	}
	cl.exchange.SetReason(h.Reason)
	cl.cancel(newError(wire.CodeLocalCancelled, "the call was cancelled"))
}

// findCall returns the call of that id, or nil.
func (c *Core) findCall(id uint32) *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[id]
}

func (cl *call) timeout() time.Duration {
	if cl.header.TimeoutMs > 0 {
		return time.Duration(cl.header.TimeoutMs) * time.Millisecond
	}
	return wire.DefaultTimeoutMs * time.Millisecond
}

func (cl *call) startTimers(clock port.Clock) {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	d := cl.timeout()
	cl.idle = clock.AfterFunc(d, func() {
		cl.cancel(newError(wire.CodeLocalTimeout, "nothing was heard for %v", d))
	})
	if cl.header.MaxTotalTimeoutMs > 0 {
		d := time.Duration(cl.header.MaxTotalTimeoutMs) * time.Millisecond
		cl.total = clock.AfterFunc(d, func() {
			cl.cancel(newError(wire.CodeLocalTimeout, "the call took longer than %v", d))
		})
	}
}

func (cl *call) stopTimers() {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	cl.idle.Stop()
	cl.idle = nil
	if cl.total != nil {
		cl.total.Stop()
	}
}

// heard notes that the server gave a sign of life.
func (cl *call) heard() {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if cl.idle != nil && cl.asking == 0 && !cl.header.KeepTimeoutOnProgress {
		cl.idle.Reset(cl.timeout())
	}
}

// beginAsk stops the clock of silence while the application is asked.
func (cl *call) beginAsk() {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	cl.asking++
	if cl.idle != nil {
		cl.idle.Stop()
	}
}

// endAsk starts it anew.
func (cl *call) endAsk() {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	cl.asking--
	if cl.idle != nil && cl.asking == 0 {
		cl.idle.Reset(cl.timeout())
	}
}
