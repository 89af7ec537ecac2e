package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/remora-mcp/remora/internal/wire"
)

// dispatch acts on one frame of the instance. It does not block. An error means
// that the instance does not keep to the protocol and cannot be used further.
func (d *driver) dispatch(f wire.Frame) error {
	whole, ok, tooLarge := d.join(f)
	if !ok {
		return nil
	}
	f = whole
	switch f.Kind {
	case wire.KindDone:
		return d.onDone(f, tooLarge)
	case wire.KindTell:
		return d.onTell(f, tooLarge)
	case wire.KindAsk:
		return d.onAsk(f, tooLarge)
	case wire.KindAskCancel:
		d.onAskCancel(f)
	case wire.KindHTTPStart:
		return d.onHTTPStart(f, tooLarge)
	case wire.KindHTTPMore:
		var h wire.HTTPMore
		if err := header(f, &h); err != nil {
			return err
		}
		d.mu.Lock()
		x := d.exchanges[f.ID]
		d.mu.Unlock()
		if x != nil {
			x.addCredit(h.Credit)
		}
	case wire.KindHTTPAbort:
		d.mu.Lock()
		x := d.exchanges[f.ID]
		if x != nil {
			x.over = true
			delete(d.exchanges, f.ID)
		}
		d.mu.Unlock()
		if x != nil {
			x.cancel()
		}
	case wire.KindChanOpen:
		return d.onChanOpen(f)
	case wire.KindChanMore, wire.KindChanSend, wire.KindChanClose:
		return d.onChannel(f, tooLarge)
	case wire.KindFault:
		return d.onFault(f)
	default:
		// A newer minor of the boundary may add kinds.
		d.logger.Warn("the plugin sent a frame that this package does not know", "kind", f.Kind.String())
	}
	return nil
}

// join puts the pieces of a payload together. It reports whether f is whole; a
// payload beyond the limit is reported once, with the error, and the rest of it
// skipped.
func (d *driver) join(f wire.Frame) (wire.Frame, bool, *Error) {
	key := skipped{f.Kind, f.ID}
	if d.skipping[key] {
		if f.Flags&wire.More == 0 {
			delete(d.skipping, key)
		}
		return f, false, nil
	}
	whole, ok, err := d.assembler.Add(f)
	if err == nil {
		return whole, ok, nil
	}
	if f.Flags&wire.More != 0 {
		d.skipping[key] = true
	}
	f.Header, f.Payload = nil, nil
	return f, true, asError(err, CodeLocalTooLarge)
}

func header(f wire.Frame, into any) error {
	if len(f.Header) == 0 {
		return nil
	}
	if err := json.Unmarshal(f.Header, into); err != nil {
		return fmt.Errorf("the header of the plugin's %v frame: %w", f.Kind, err)
	}
	return nil
}

// onDone ends a call.
func (d *driver) onDone(f wire.Frame, tooLarge *Error) error {
	var h wire.Done
	if err := header(f, &h); err != nil {
		return err
	}
	var e *Error
	switch {
	case tooLarge != nil:
		e = tooLarge
		e.Sent = SentYes
	case h.Error != nil:
		e = fromWire(h.Error)
		if h.DataInPayload {
			e.Data = bytes.Clone(f.Payload)
		}
	}
	d.mu.Lock()
	c := d.calls[f.ID]
	delete(d.calls, f.ID)
	d.served = d.served || e == nil
	if c != nil && c.closes {
		delete(d.links, c.link.number)
	}
	d.mu.Unlock()
	if c == nil {
		d.logger.Warn("the plugin ended a call that is not open", "call", f.ID)
		return nil
	}
	payload := f.Payload
	if len(payload) <= wire.MaxChunkBytes {
		payload = bytes.Clone(payload) // else the assembler has copied it
	}
	if c.once {
		d.mu.Lock()
		l := c.link
		d.mu.Unlock()
		if l != nil {
			l.active.Store(false)
			d.unlink(l)
		}
		c.finish(payload, e)
		return nil
	}
	if c.connects != nil {
		return d.onConnected(c, payload, e)
	}
	c.finish(payload, e)
	return nil
}

// onConnected ends a connect call.
func (d *driver) onConnected(c *call, payload []byte, e *Error) error {
	d.mu.Lock()
	l := c.link
	d.mu.Unlock()
	if e != nil {
		if l != nil {
			l.active.Store(false)
			d.unlink(l)
		}
		c.finish(nil, e)
		return nil
	}
	var connected wire.Connected
	if err := json.Unmarshal(payload, &connected); err != nil {
		err = fmt.Errorf("the plugin's result of connect: %w", err)
		trap := trapError(err)
		trap.Sent, trap.Retryable = SentUnknown, false
		c.finish(nil, trap)
		return err
	}
	d.mu.Lock()
	if l == nil {
		l = d.linkLocked(c, connected.Session)
	}
	d.mu.Unlock()
	wanted := c.finish(payload, nil)
	d.mu.Lock()
	defer d.mu.Unlock()
	if !wanted || d.retiring {
		d.closeLinkLocked(l)
	}
	return nil
}

// onTell passes an event on to the call or the session that it belongs to.
func (d *driver) onTell(f wire.Frame, tooLarge *Error) error {
	if tooLarge != nil {
		d.logger.Warn("an event was dropped", "reason", tooLarge)
		return nil
	}
	var h wire.Tell
	if err := header(f, &h); err != nil {
		return err
	}
	d.mu.Lock()
	l := d.links[h.Session]
	c := d.calls[f.ID]
	if l == nil && c != nil && c.connects != nil {
		// The first that is heard of a session that is being opened: from here
		// on its requests are known to be its.
		l = d.linkLocked(c, h.Session)
	}
	d.mu.Unlock()
	if l == nil {
		return nil // of a session that was closed meanwhile
	}
	l.session.told(l, c, event{name: h.Event, data: bytes.Clone(f.Payload)})
	return nil
}

// linkLocked makes the session of a connect call known by its number.
func (d *driver) linkLocked(c *call, number uint32) *link {
	l := &link{d: d, session: c.connects, number: number, lastStart: -1}
	l.active.Store(true)
	d.links[number] = l
	c.link = l
	return l
}

// unlink forgets a session.
func (d *driver) unlink(l *link) {
	d.mu.Lock()
	if d.links[l.number] == l {
		delete(d.links, l.number)
	}
	d.mu.Unlock()
}

// onAsk has a question of a server answered.
func (d *driver) onAsk(f wire.Frame, tooLarge *Error) error {
	var h wire.Ask
	if err := header(f, &h); err != nil {
		return err
	}
	d.mu.Lock()
	l := d.links[h.Session]
	parent := context.Background()
	if c := d.calls[h.Call]; h.Call != 0 && c != nil {
		parent = c.ctx // the handler sees the values of the call's context
		if isAuthAsk(h.Kind) {
			parent = context.WithoutCancel(parent) // others may wait for the same token
		}
	}
	ctx, cancel := context.WithCancel(parent)
	d.asks[f.ID] = cancel
	d.mu.Unlock()
	if tooLarge == nil && l == nil {
		tooLarge = failure(CodeLocalClosed, "the session is closed")
	}
	if tooLarge != nil {
		cancel()
		d.reply(f.ID, nil, tooLarge)
		return nil
	}
	params := bytes.Clone(f.Payload)
	go func() {
		defer cancel()
		answer, e := l.session.answer(ctx, h, params)
		d.reply(f.ID, answer, e)
	}()
	return nil
}

// onAskCancel tells a handler that its answer is no longer wanted.
func (d *driver) onAskCancel(f wire.Frame) {
	d.mu.Lock()
	cancel := d.asks[f.ID]
	delete(d.asks, f.ID)
	d.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// onHTTPStart begins an exchange.
func (d *driver) onHTTPStart(f wire.Frame, tooLarge *Error) error {
	x := &exchange{d: d, id: f.ID, more: make(chan struct{}, 1)}
	if err := header(f, &x.start); err != nil {
		return err
	}
	x.credit = max(x.start.Credit, 0)
	x.ctx, x.cancel = context.WithCancel(context.Background())
	d.mu.Lock()
	l := d.links[x.start.Session]
	d.exchanges[x.id] = x
	if l != nil && tooLarge == nil {
		l.lastStart = d.step
	}
	d.mu.Unlock()
	switch {
	case tooLarge != nil:
		x.cancel()
		x.fail(tooLarge)
	case l == nil:
		x.cancel()
		x.fail(failure(CodeLocalClosed, "the session is closed"))
	case l.session.net == nil:
		x.cancel()
		x.fail(failure(CodePolicyOrigin, "a session over a channel makes no HTTP requests"))
	default:
		x.net = l.session.net
		x.body = bytes.Clone(f.Payload)
		go x.run()
	}
	return nil
}

// onFault learns that the instance could not take a frame. Both sides are
// remora's, so this is a mistake in one of them.
func (d *driver) onFault(f wire.Frame) error {
	var h wire.Fault
	if err := header(f, &h); err != nil {
		return err
	}
	e := failure(CodeLocalBadFrame, "the plugin could not take a frame")
	if h.Error != nil {
		e = fromWire(h.Error)
	}
	d.logger.Error("the plugin could not take a frame", "id", f.ID, "error", e)
	if f.ID == 0 {
		return errors.Join(errors.New("a batch was refused"), e)
	}
	d.mu.Lock()
	c := d.calls[f.ID]
	delete(d.calls, f.ID)
	d.mu.Unlock()
	if c != nil {
		c.finish(nil, e)
	}
	return nil
}
