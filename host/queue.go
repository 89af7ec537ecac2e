package host

import (
	"context"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

// What others hand to a driver. None of these functions blocks; a name that
// ends in Locked is called with the driver's mu held.

// signalLocked wakes the goroutine and makes it hand over the queue.
func (d *driver) signalLocked() {
	d.due = true
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// enqueueLocked queues a frame. It is copied. An urgent one is handed over as
// soon as possible, the others together with what comes within linger.
func (d *driver) enqueueLocked(urgent bool, f wire.Frame) {
	for {
		piece := f
		if len(f.Payload) > wire.MaxChunkBytes {
			piece.Flags |= wire.More
			piece.Payload = f.Payload[:wire.MaxChunkBytes]
		}
		n := len(d.queue)
		if n == 0 || len(d.queue[n-1])+len(piece.Payload) > segmentBytes {
			d.queue = append(d.queue, d.spare)
			d.spare = nil
			n++
		}
		d.queue[n-1] = wire.AppendFrame(d.queue[n-1], piece)
		if len(f.Payload) <= wire.MaxChunkBytes {
			break
		}
		f.Header, f.Payload = nil, f.Payload[wire.MaxChunkBytes:]
	}
	if urgent || len(d.queue) > 1 {
		d.signalLocked()
		return
	}
	if !d.lingering && !d.due {
		d.lingering = true
		time.AfterFunc(linger, func() {
			d.mu.Lock()
			d.lingering = false
			if len(d.queue) > 0 {
				d.signalLocked()
			}
			d.mu.Unlock()
		})
	}
}

// begin hands a call to the instance. It returns errRetired if that takes no
// more of them.
func (d *driver) begin(c *call, h wire.Call, params []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended || d.retiring || d.quit {
		return errRetired
	}
	if len(d.calls) >= d.limits.MaxCalls && h.Command != "close" {
		return failure(CodeLocalTooLarge, "%d calls are in flight, which is the limit", len(d.calls))
	}
	if d.nextID >= lastID {
		d.retireLocked()
		return errRetired
	}
	d.callLocked(c, h, params)
	return nil
}

func (d *driver) callLocked(c *call, h wire.Call, params []byte) {
	d.nextID++
	c.id = d.nextID
	c.driver = d
	c.segment = d.taken + int64(max(len(d.queue)-1, 0))
	d.calls[c.id] = c
	d.enqueueLocked(true, wire.Frame{Kind: wire.KindCall, ID: c.id, Header: mustJSON(h), Payload: params})
}

// closeLinkLocked ends a session at its server; nobody waits for that.
func (d *driver) closeLinkLocked(l *link) {
	if !l.active.Swap(false) || d.ended {
		return // somebody else does, or nobody can
	}
	c := newCall(context.Background())
	c.link, c.closes = l, true
	d.callLocked(c, wire.Call{Command: "close", Session: l.number}, []byte("{}"))
}

// cancelCall tells the instance that nobody waits for a call any more. It
// reports whether the call's request may have left.
func (d *driver) cancelCall(c *call, reason string) Sent {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.ended && d.calls[c.id] == c {
		d.enqueueLocked(true, wire.Frame{Kind: wire.KindCancel, ID: c.id, Header: mustJSON(wire.Cancel{Reason: reason})})
	}
	if c.link != nil && c.link.lastStart >= c.segment {
		return SentUnknown
	}
	return SentNo
}

// pushExchange queues a frame of an exchange unless that was given up; last
// ends it.
func (d *driver) pushExchange(x *exchange, urgent, last bool, f wire.Frame) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if x.over {
		return
	}
	if last {
		x.over = true
		delete(d.exchanges, x.id)
	}
	d.enqueueLocked(urgent, f)
}

// reply answers a question of the instance, unless it is no longer wanted.
func (d *driver) reply(id uint32, answer []byte, e *Error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.asks[id]; !ok {
		return
	}
	delete(d.asks, id)
	f := wire.Frame{Kind: wire.KindReply, ID: id, Payload: answer}
	if e != nil {
		f.Header, f.Payload = mustJSON(wire.Reply{Error: e.toWire()}), nil
	}
	d.enqueueLocked(true, f)
}
