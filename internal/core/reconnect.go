package core

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// A recovery brings a session's connection back: one at a time, for all calls
// that need it, in a goroutine of its own. Its fields are guarded by the
// session's mu.
type recovery struct {
	now   *comeback // the one under way; nil if there is none
	since time.Time // when the connection was made
	short int       // connections in a row that did not last, without a call
}

// A comeback is one recovery, from the loss to its end.
type comeback struct {
	heard chan struct{} // holds a token when a call got through
	done  chan struct{}
	err   *wire.Error // why there is no connection; set before done is closed
}

// forgotten is why a session is lost on a server that is there.
const forgotten = "the server no longer knows the session"

// attemptTime bounds one attempt.
const attemptTime = wire.DefaultTimeoutMs * time.Millisecond

// backoff is wire.Reconnect with its defaults.
type backoff struct {
	off, failUnsent bool
	attempts        int
	first, most     time.Duration
}

func (s *session) backoff() backoff {
	r := s.params.Reconnect
	b := backoff{
		off: r.Off || s.once, failUnsent: r.FailUnsent,
		attempts: wire.DefaultAttempts,
		first:    wire.DefaultFirstDelayMs * time.Millisecond,
		most:     wire.DefaultMaxDelayMs * time.Millisecond,
	}
	if r.Attempts > 0 {
		b.attempts = r.Attempts
	}
	if r.FirstDelayMs > 0 {
		b.first = time.Duration(r.FirstDelayMs) * time.Millisecond
	}
	if r.MaxDelayMs > 0 {
		b.most = time.Duration(r.MaxDelayMs) * time.Millisecond
	}
	if b.off {
		b.attempts = 1
	}
	return b
}

// delay is the nth wait, from 1: twice as long each time, up to the longest, and
// from half of that up left to chance, so that clients do not come back together.
func (b backoff) delay(n int) time.Duration {
	d := min(b.first, b.most)
	for range n - 1 {
		if d = min(2*d, b.most); d == b.most {
			break
		}
	}
	return d/2 + rand.N(d/2+1)
}

// checkReconnect refuses what cannot be right.
func checkReconnect(params *wire.Connect) error {
	r := params.Reconnect
	switch {
	case r.Attempts < 0 || r.Attempts > wire.MaxAttempts:
		return badArgument("reconnect.attempts is %d; 0 to %d are possible", r.Attempts, wire.MaxAttempts)
	case r.FirstDelayMs < 0 || r.FirstDelayMs > wire.MaxReconnectDelayMs,
		r.MaxDelayMs < 0 || r.MaxDelayMs > wire.MaxReconnectDelayMs:
		return badArgument("a delay of reconnect is negative, or longer than a day")
	case params.KeepAliveMs < 0 || params.KeepAliveMs > wire.MaxReconnectDelayMs:
		return badArgument("keepAliveMs is negative, or longer than a day")
	}
	return nil
}

// passing reports whether a failure may be over soon: no way to the server, or
// one behind which it is not up yet, whose answer a page may not even see.
func passing(failure *wire.Error) bool {
	if failure == nil {
		return false
	}
	switch failure.Code {
	case wire.CodeHTTPNetwork, wire.CodeHTTPCORS, wire.CodeLocalTimeout, wire.CodeHTTPSessionGone:
		return true
	case wire.CodeChannelClosed: // some channels can be opened once
		return failure.Sent != wire.SentNo || failure.Retryable
	}
	return failure.Status >= http.StatusInternalServerError || failure.Status == http.StatusTooManyRequests
}

// repeatsUnsent reports whether a call that failed so is sent again: it has not
// reached the server.
func (s *session) repeatsUnsent(failure *wire.Error) bool {
	b := s.backoff()
	return failure.Sent == wire.SentNo && !b.off && !b.failUnsent &&
		(failure.Code == wire.CodeHTTPNetwork || failure.Code == wire.CodeChannelClosed)
}

// awaitConnection blocks until cn is of use again, or another has taken its
// place. On failure the call has not been sent.
func (s *session) awaitConnection(ctx context.Context, cl *call, cn *conn) error {
	back := s.comeBack(cn, false)
	if back == nil {
		return nil
	}
	select {
	case <-back.done:
		if back.err == nil {
			return nil
		}
		cl.exchange.NotSent(back.err)
		return back.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// noticeLost takes note, outside of any call, that a connection is lost.
func (s *session) noticeLost(cn *conn, failure *wire.Error) {
	if passing(failure) && !s.backoff().off {
		s.comeBack(cn, true)
	}
}

// heard tells a recovery that waits for its next attempt that the server answers.
func (s *session) heard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recovery.short = 0
	if back := s.recovery.now; back != nil {
		select {
		case back.heard <- struct{}{}:
		default:
		}
	}
}

// comeBack returns the recovery that is under way, and begins one if there is
// none; nil if cn is no longer the session's connection. Unasked, no call waits
// for it: connections that do not last are then given up after as many as there
// are attempts, until a call gets through.
func (s *session) comeBack(cn *conn, unasked bool) *comeback {
	b := s.backoff()
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.recovery
	switch {
	case s.conn != cn || s.ctx.Err() != nil && unasked:
		return nil
	case r.now != nil:
		return r.now
	}
	from := 0
	if unasked {
		if s.core.clock.Now().Sub(r.since) >= b.most {
			r.short = 0
		}
		if r.short++; r.short > b.attempts {
			return nil
		}
		from = r.short
	}
	back := &comeback{heard: make(chan struct{}, 1), done: make(chan struct{})}
	r.now = back
	go func() {
		back.err = s.recover(back, cn, b, from)
		s.mu.Lock()
		r.now = nil
		s.mu.Unlock()
		close(back.done)
	}()
	return back
}

// recover tries until the session has a connection that is of use. The waits
// begin with that of number from; 0 begins at once, if the server is not known
// to be out of reach.
func (s *session) recover(back *comeback, cn *conn, b backoff, from int) *wire.Error {
	gone := cn.transport.Gone()
	if gone {
		s.tellState(0, wire.StateLost, forgotten)
	}
	if from == 0 && !cn.useless() && !b.off {
		from = 1
	}
	reason := ""
	for n := 1; ; n++ {
		var delay time.Duration
		if wait := from + n - 1; wait > 0 {
			delay = b.delay(wait)
		}
		s.tellChange(0, wire.State{State: wire.StateReconnecting, Reason: reason, Attempt: n, NextDelayMs: delay.Milliseconds()})
		s.pause(back, delay)
		failure := s.attempt(cn)
		if s.ctx.Err() != nil {
			return newError(wire.CodeLocalClosed, "the session was closed")
		}
		if failure == nil {
			s.tellState(0, wire.StateReady, "")
			return nil
		}
		if cn.transport.Gone() && !gone { // the server is there: open another at once
			gone, from = true, -n
			s.tellState(0, wire.StateLost, forgotten)
			continue
		}
		if n >= b.attempts || !passing(failure) {
			s.tellState(0, wire.StateLost, failure.Message)
			return failure
		}
		reason = failure.Message
		cn = s.current()
	}
}

// useless reports whether a connection has to be replaced.
func (cn *conn) useless() bool { return cn.transport.Ended() || cn.transport.Gone() }

// pause waits before an attempt: until the time is over, the server has been
// heard, or the session is closed.
func (s *session) pause(back *comeback, d time.Duration) {
	if d == 0 {
		return
	}
	over, stop := port.After(s.core.clock, d)
	defer stop()
	select {
	case <-over:
	case <-back.heard:
	case <-s.ctx.Done():
	}
}

// attempt reaches the server over cn, or opens a connection in its place.
func (s *session) attempt(cn *conn) *wire.Error {
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	timer := s.core.clock.AfterFunc(attemptTime, func() {
		cancel(newError(wire.CodeLocalTimeout, "the server left an attempt to reconnect unanswered for %v", attemptTime))
	})
	defer timer.Stop()
	try := &call{ctx: ctx, exchange: new(exchange.Call)}
	ctx = exchange.WithCall(ctx, try.exchange)
	if !cn.useless() {
		failure := s.reach(ctx, try, cn)
		if failure != nil {
			return failure
		}
		if err := s.restore(ctx, cn); err != nil {
			return try.failure(err)
		}
		return nil
	}
	fresh, err := s.open(ctx)
	if err == nil && s.ctx.Err() == nil {
		s.cache.clear()
		err = s.use(ctx, fresh)
		cn.end()
	}
	if fresh != nil && s.ctx.Err() != nil { // closed meanwhile
		fresh.end()
	}
	if err == nil {
		return nil
	}
	failure := try.failure(err)
	if said := new(wire.Error); errors.As(err, &said) && said.Code == wire.CodeChannelClosed {
		failure.Retryable = said.Retryable // the embedder's word
	}
	return failure
}

// reach makes the server answer over cn. Whatever it answers, it is there.
func (s *session) reach(ctx context.Context, try *call, cn *conn) *wire.Error {
	var err error
	if cn.modern() {
		err = cn.transport.Probe(ctx, s.params.URL)
	} else {
		err = cn.transport.Explain(ctx, cn.sdk.Ping(ctx, nil))
	}
	if seen := try.exchange.Err(); err == nil {
		err = asCause(seen)
	}
	if err == nil {
		cn.transport.Reached()
		return nil
	}
	failure := try.failure(err)
	if failure.Sent == wire.SentYes && !passing(failure) {
		cn.transport.Reached()
		return nil
	}
	return failure
}

// asCause is a failure as an error, nil for none.
func asCause(failure *wire.Error) error {
	if failure == nil {
		return nil
	}
	return failure
}

// holdsLink reports whether somebody hears what the server says unasked, so that
// a link is opened again without a call.
func (s *session) holdsLink() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.subscriptions) > 0 {
		return true
	}
	for _, event := range wire.Listened() {
		if event != "trace" && slices.Contains(s.listening, event) {
			return true
		}
	}
	return false
}

// keepAlive sends the server pings while something is open that it may have
// given up unnoticed, in the background until cn ends.
func (s *session) keepAlive(cn *conn) {
	every := time.Duration(s.params.KeepAliveMs) * time.Millisecond
	if every == 0 || s.once || cn.modern() {
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	cn.unkept = cancel
	go func() {
		for ctx.Err() == nil {
			over, stop := port.After(s.core.clock, every)
			select {
			case <-over:
			case <-cn.transport.End():
				stop()
				return
			case <-ctx.Done():
				stop()
				return
			}
			if s.current() != cn {
				return
			}
			if cn.transport.Stands() {
				s.keep(ctx, cn, every)
			}
		}
	}()
}

// keep sends one ping and draws the conclusions.
func (s *session) keep(ctx context.Context, cn *conn, patience time.Duration) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := s.core.clock.AfterFunc(patience, func() {
		cancel(newError(wire.CodeLocalTimeout, "the server left a ping unanswered for %v", patience))
	})
	defer timer.Stop()
	try := &call{ctx: ctx, exchange: new(exchange.Call)}
	failure := s.reach(exchange.WithCall(ctx, try.exchange), try, cn)
	if failure == nil || s.ctx.Err() != nil {
		return
	}
	if failure.Code == wire.CodeLocalTimeout {
		cn.transport.GiveUp(&wire.Error{Code: wire.CodeChannelClosed, Message: failure.Message, Sent: wire.SentUnknown})
	}
	s.noticeLost(cn, failure)
}
