package exchange

import (
	"context"
	"net/http"
	"time"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// NotSent notes why a call was not made: there is no connection.
func (c *Call) NotSent(failure *wire.Error) {
	why := *failure
	why.Sent = wire.SentNo
	c.fail(&why)
	c.setSent(wire.SentNo)
}

// GiveUp ends the link over which the Transport works, because of what is known
// of its far side. It does not block, and does nothing over HTTP.
func (t *Transport) GiveUp(failure *wire.Error) {
	if t.duplex != nil {
		t.duplex.end(failure)
		t.duplex.Finish()
	}
}

// Stands reports whether something is open that a server may have given up
// unnoticed: the link, or a standing stream.
func (t *Transport) Stands() bool {
	if t.duplex != nil {
		return !t.Ended()
	}
	s := &t.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current != nil && !s.current.over
}

// Reached notes that the server answers again: a standing stream that waits to be
// opened again is opened now.
func (t *Transport) Reached() {
	select {
	case t.standing.again <- struct{}{}:
	default:
	}
}

// pause waits for d, or until Reached.
func (s *standing) pause(ctx context.Context, d time.Duration) error {
	over, stop := port.After(s.t.cfg.Clock, d)
	defer stop()
	select {
	case <-over:
	case <-s.again:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// lost tells that the standing stream could not be opened, unless that is no
// longer wanted.
func (t *Transport) lost(ctx context.Context, failure *wire.Error) {
	if t.cfg.Lost != nil && ctx.Err() == nil {
		t.cfg.Lost(failure)
	}
}

// forgotten notes that the server no longer knows the session, on whose standing
// stream it has spoken before.
func (t *Transport) forgotten() {
	t.markGone()
	t.lost(context.Background(), &wire.Error{
		Code:    wire.CodeHTTPSessionGone,
		Message: "the server no longer knows the session",
		Status:  http.StatusNotFound,
		Sent:    wire.SentNo,
	})
}
