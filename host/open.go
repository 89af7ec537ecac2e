package host

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/remora-mcp/remora/internal/wire"
)

// opening is an attempt to open a session again, which several calls may await.
type opening struct {
	done chan struct{}
	err  error // set before done is closed
}

// connect opens the session for the first time.
func (s *Session) connect(ctx context.Context) (*Session, error) {
	if err := s.rt.adopt(s); err != nil {
		return nil, err
	}
	var err error
	// Closing the runtime ends the attempt.
	opening, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	for {
		err = s.open(opening, false)
		if !errors.Is(err, errRetired) {
			break
		}
	}
	if err == nil {
		return s, nil
	}
	if ctx.Err() == nil && s.ctx.Err() != nil {
		err = failure(CodeLocalClosed, "the runtime is closed")
	}
	s.abandon()
	return nil, err
}

// open connects the session in an instance of the plugin. It returns errRetired
// if that instance took no more calls.
func (s *Session) open(ctx context.Context, again bool) error {
	if err := ctx.Err(); err != nil {
		return contextError(ctx, SentNo)
	}
	o, err := callOptions(ctx)
	if err != nil {
		return err
	}
	d, err := s.rt.driver(ctx)
	if err != nil {
		return err
	}
	params := wire.Connect{
		URL:             s.url,
		ProtocolVersion: s.opts.ProtocolVersion,
		Handlers:        append(s.opts.Handlers.names(), s.auth.names()...),
		Auth:            s.auth.wire(),
		Events:          s.listeners.fromTheStart(),
		Capabilities:    s.opts.capabilities(),
		Roots:           s.rootsNow(),
		ValidateOutput:  string(s.opts.ValidateOutput),
		CacheMode:       string(s.opts.CacheMode),
		Reconnect:       s.opts.Reconnect.toWire(),
		KeepAliveMs:     milliseconds(s.opts.KeepAlive),
	}
	if s.dialer != nil {
		params.Channel = channelRef
	}
	params.ClientInfo = s.opts.clientInfo()
	s.mu.Lock()
	params.LogLevel, params.Restore = s.logLevel, s.restores
	params.Subscriptions = slices.Sorted(maps.Keys(s.subscriptions))
	s.mu.Unlock()
	c := newCall(ctx)
	c.connects, c.again = s, again
	err = d.begin(c, o.call("connect"), mustJSON(params))
	if err != nil {
		return err
	}
	payload, e := c.wait(nil)
	if e != nil {
		return e
	}
	var connected wire.Connected
	if err := json.Unmarshal(payload, &connected); err != nil {
		return trapError(err) // the driver has decoded it before
	}
	d.mu.Lock()
	l := c.link
	d.mu.Unlock()
	l.listened = params.Events // nobody else knows the link yet
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.link, s.init = l, initializeResult(connected)
		s.restoredLocked()
	}
	s.mu.Unlock()
	if closed {
		d.mu.Lock()
		d.closeLinkLocked(l)
		d.mu.Unlock()
		return failure(CodeLocalClosed, "the session is closed")
	}
	s.listen()
	return nil
}

// bind returns the session's place in a living instance and opens it again if
// it has none.
func (s *Session) bind(ctx context.Context) (*link, error) {
	for {
		s.mu.Lock()
		switch {
		case s.closed:
			s.mu.Unlock()
			return nil, failure(CodeLocalClosed, "the session is closed")
		case s.link != nil && s.link.active.Load():
			l := s.link
			s.mu.Unlock()
			return l, nil
		}
		o := s.opening
		if o == nil {
			o = &opening{done: make(chan struct{})}
			s.opening = o
			go s.reopen(o)
		}
		s.mu.Unlock()
		select {
		case <-o.done:
			if o.err != nil {
				return nil, o.err
			}
		case <-ctx.Done():
			return nil, contextError(ctx, SentNo)
		}
	}
}

// reopen opens the session again for all calls that wait for it.
func (s *Session) reopen(o *opening) {
	s.publishState(StateReconnecting, "")
	for {
		o.err = s.open(s.ctx, true)
		if !errors.Is(o.err, errRetired) {
			break
		}
	}
	if s.ctx.Err() != nil {
		o.err = failure(CodeLocalClosed, "the session is closed")
	} else if o.err != nil {
		s.publishState(StateLost, asError(o.err, CodeHTTPNetwork).Message)
	}
	s.mu.Lock()
	s.opening = nil
	s.mu.Unlock()
	close(o.done)
}

// lost learns that the instance in which the session lived is gone.
func (s *Session) lost(l *link, failed error) {
	if !l.active.Swap(false) || failed == nil {
		return
	}
	s.publishState(StateLost, "the plugin failed")
}
