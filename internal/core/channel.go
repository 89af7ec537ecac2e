package core

import (
	"context"
	"sync"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// chanPort is the port.Channels that the embedder serves, by frames.
type chanPort struct{ core *Core }

// channel is one channel. It implements port.Channel.
type channel struct {
	core *Core
	id   uint32
	max  int64

	opened chan struct{} // closed when it is open, or never will be
	gone   chan struct{} // closed when the embedder has ended it

	mu       sync.Mutex
	wake     *sync.Cond // something to receive, or over
	messages []port.Message
	unspent  int64 // credit that is left
	unpaid   int64 // received and not yet given back
	isOpen   bool
	asked    bool  // to close
	over     bool  // no more messages come, or are wanted
	err      error // how it ended
}

// Open implements port.Channels.
func (p chanPort) Open(ctx context.Context, session uint32, reference string) (port.Channel, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := p.core
	x := &channel{core: c, opened: make(chan struct{}), gone: make(chan struct{}), unspent: initialCredit}
	x.wake = sync.NewCond(&x.mu)
	c.mu.Lock()
	x.id, x.max = c.nextID(), c.limits.MaxBodyBytes
	c.channels[x.id] = x
	c.mu.Unlock()
	c.emit(wire.KindChanOpen, x.id, wire.ChanOpen{Session: session, Channel: reference, MaxBytes: x.max, Credit: initialCredit}, nil)
	select {
	case <-x.opened:
	case <-ctx.Done():
		x.askToClose()
		return nil, ctx.Err()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.isOpen {
		return nil, x.err
	}
	return x, nil
}

// Send implements port.Channel.
func (x *channel) Send(message []byte) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over {
		return x.err
	}
	// Under the lock, so that nothing is sent after chan.close.
	x.core.send(wire.Frame{Kind: wire.KindChanSend, ID: x.id, Payload: message})
	return nil
}

// Receive implements port.Channel.
func (x *channel) Receive() (port.Message, error) {
	x.mu.Lock()
	for len(x.messages) == 0 {
		if x.over {
			defer x.mu.Unlock()
			return port.Message{}, x.err
		}
		x.wake.Wait()
	}
	message := x.messages[0]
	x.messages[0] = port.Message{}
	x.messages = x.messages[1:]
	more := x.repay(cost(message.Data))
	x.mu.Unlock()
	if more > 0 {
		x.core.emit(wire.KindChanMore, x.id, wire.ChanMore{Credit: more}, nil)
	}
	return message, nil
}

// cost is what a message takes of the credit.
func cost(data []byte) int64 { return int64(max(len(data), 1)) }

// repay notes that n bytes were received, and returns the credit to give back
// now. It is called with mu held.
func (x *channel) repay(n int64) int64 {
	x.unpaid += n
	if x.over || x.unpaid < initialCredit/2 {
		return 0
	}
	more := x.unpaid
	x.unpaid = 0
	x.unspent += more
	return more
}

// Close implements port.Channel.
func (x *channel) Close(ctx context.Context) error {
	x.askToClose()
	select {
	case <-x.gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// askToClose ends the channel from this side, unless it is over.
func (x *channel) askToClose() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closeLocked(newError(wire.CodeChannelClosed, "this side closed the channel"))
}

// closeLocked is askToClose with what the receiver is to be told. It is called
// with mu held.
func (x *channel) closeLocked(why *wire.Error) {
	if x.asked || x.isGone() {
		return
	}
	x.asked = true
	x.messages = nil
	x.endLocked(why)
	x.core.send(wire.Frame{Kind: wire.KindChanClose, ID: x.id})
}

func (x *channel) isGone() bool {
	select {
	case <-x.gone:
		return true
	default:
		return false
	}
}

// endLocked ends the channel for its users; the first reason holds.
func (x *channel) endLocked(why error) {
	if !x.over {
		x.over, x.err = true, why
		x.wake.Broadcast()
	}
}

// takeChannel takes a frame of a channel.
func (c *Core) takeChannel(f wire.Frame) {
	c.mu.Lock()
	x := c.channels[f.ID]
	if x == nil {
		c.dropLocked("a frame of a channel that is not open")
	}
	c.mu.Unlock()
	if x == nil {
		return
	}
	switch f.Kind {
	case wire.KindChanOpened:
		x.mu.Lock()
		if !x.isOpen && !x.isGone() {
			x.isOpen = true
			close(x.opened)
		}
		x.mu.Unlock()
	case wire.KindChanMessage:
		x.takeMessage(f)
	case wire.KindChanClosed:
		x.takeClosed(f)
	}
}

func (x *channel) takeMessage(f wire.Frame) {
	var h wire.ChanMessage
	if err := readHeader(f, &h); err != nil {
		x.broken(asError(err))
		return
	}
	x.mu.Lock()
	begun := x.isOpen && x.unspent > 0
	x.unspent -= cost(f.Payload)
	switch {
	case x.over: // on its way when this side closed it
	case !begun:
		x.mu.Unlock()
		x.broken(badFrame("chan.message before chan.opened, or beyond the credit given"))
		return
	case h.Bytes < 0 || h.Bytes > 0 && len(f.Payload) > 2*wire.MaxChanEndBytes:
		x.mu.Unlock()
		x.broken(badFrame("chan.message with more than the ends of a long message"))
		return
	default:
		x.messages = append(x.messages, port.Message{Data: f.Payload, Bytes: h.Bytes})
		x.wake.Broadcast()
	}
	x.mu.Unlock()
}

func (x *channel) takeClosed(f wire.Frame) {
	var h wire.ChanClosed
	if err := readHeader(f, &h); err != nil {
		x.core.fault(x.id, err)
	}
	if h.Error == nil {
		h.Error = &wire.Error{Code: wire.CodeChannelClosed, Message: "the channel was closed", Sent: wire.SentUnknown}
	}
	x.core.mu.Lock()
	delete(x.core.channels, x.id)
	x.core.mu.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.endLocked(h.Error)
	if !x.isOpen {
		close(x.opened)
	}
	close(x.gone)
}

// broken ends a channel whose frames cannot be right.
func (x *channel) broken(err *wire.Error) {
	x.core.fault(x.id, err)
	failure := *err
	failure.Sent = wire.SentUnknown
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closeLocked(&failure)
}

// refuseMessage ends the channel of a message that is too large to be joined,
// which the embedder should not have sent; it reports whether f is one.
func (c *Core) refuseMessage(f wire.Frame, err error) bool {
	c.mu.Lock()
	x := c.channels[f.ID]
	c.mu.Unlock()
	if x == nil || f.Kind != wire.KindChanMessage {
		return false
	}
	x.broken(asError(err))
	return true
}
