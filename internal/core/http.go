package core

import (
	"context"
	"io"
	"math"
	"net/http"
	"sync"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// initialCredit is how many bytes of a body may be on their way or wait to be
// read. Linear memory never shrinks, so what the core has not asked for stays
// with the embedder.
const initialCredit = 256 << 10

// httpPort is the port.HTTP that the embedder serves, by frames.
type httpPort struct{ core *Core }

// httpExchange is one exchange. Its reader is one goroutine at a time.
type httpExchange struct {
	core *Core
	id   uint32

	wake chan struct{} // holds one token when something has changed

	mu     sync.Mutex
	stop   func() bool // ends the context's rule over it
	head   *wire.HTTPHead
	chunks [][]byte
	held   int64 // delivered and not given back as credit
	unpaid int64 // read and not yet given back
	over   bool  // no more frames come, or are wanted
	err    error // how it ended, if not well
}

// Do implements port.HTTP.
func (p httpPort) Do(ctx context.Context, req *port.Request) (*port.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := p.core
	header, err := encodeHeader(wire.HTTPStart{
		Session: req.Session,
		Purpose: req.Purpose,
		Method:  req.Method,
		URL:     req.URL,
		Headers: headerPairs(req.Header),
		Credit:  initialCredit,
	})
	if err != nil {
		return nil, badArgument("%v", err)
	}
	if len(header) > wire.MaxHeaderBytes {
		return nil, newError(wire.CodeLocalTooLarge, "the request's headers take more than %d bytes", wire.MaxHeaderBytes)
	}
	x := &httpExchange{core: c, wake: make(chan struct{}, 1)}
	c.mu.Lock()
	x.id = c.nextID()
	c.exchanges[x.id] = x
	c.mu.Unlock()
	c.send(wire.Frame{Kind: wire.KindHTTPStart, ID: x.id, Header: header, Payload: req.Body})
	x.rule(ctx)
	for {
		x.mu.Lock()
		head, over, err := x.head, x.over, x.err
		x.mu.Unlock()
		switch {
		case head != nil:
			h := make(http.Header, len(head.Headers))
			for _, pair := range head.Headers {
				h.Add(pair[0], pair[1])
			}
			return &port.Response{Status: head.Status, Header: h, Body: x}, nil
		case over:
			return nil, err
		}
		<-x.wake
	}
}

// rule makes the end of ctx the end of the exchange.
func (x *httpExchange) rule(ctx context.Context) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.over {
		x.stop = context.AfterFunc(ctx, func() { x.abort(ctx.Err()) })
	}
}

// headerPairs flattens a header, repeated names included.
func headerPairs(h http.Header) [][2]string {
	pairs := make([][2]string, 0, len(h))
	for name, values := range h {
		for _, value := range values {
			pairs = append(pairs, [2]string{name, value})
		}
	}
	return pairs
}

// Read implements io.Reader for the answer's body.
func (x *httpExchange) Read(p []byte) (int, error) {
	piece, err := x.take(len(p))
	return copy(p, piece), err
}

// Piece returns what comes next of the answer's body; it is then the caller's.
func (x *httpExchange) Piece() ([]byte, error) { return x.take(math.MaxInt) }

// take waits for what comes next and returns at most so much of it.
func (x *httpExchange) take(most int) ([]byte, error) {
	for {
		x.mu.Lock()
		if len(x.chunks) > 0 {
			n := min(most, len(x.chunks[0]))
			piece := x.chunks[0][:n:n]
			if x.chunks[0] = x.chunks[0][n:]; len(x.chunks[0]) == 0 {
				x.chunks = x.chunks[1:]
			}
			more := x.repay(int64(n))
			x.mu.Unlock()
			if more > 0 {
				x.core.emit(wire.KindHTTPMore, x.id, wire.HTTPMore{Credit: more}, nil)
			}
			return piece, nil
		}
		over, err := x.over, x.err
		x.mu.Unlock()
		if over {
			if err == nil {
				err = io.EOF
			}
			return nil, err
		}
		<-x.wake
	}
}

// Arrived reports whether the body has come to its end, read or not.
func (x *httpExchange) Arrived() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.over && x.err == nil
}

// repay notes that n bytes were read, and returns the credit to give back now.
// It is called with mu held.
func (x *httpExchange) repay(n int64) int64 {
	x.unpaid += n
	if x.over || x.unpaid < initialCredit/2 {
		return 0
	}
	more := x.unpaid
	x.unpaid = 0
	x.held -= more
	return more
}

// Close implements io.Closer: what has not been read is not wanted.
func (x *httpExchange) Close() error {
	x.abort(io.ErrClosedPipe)
	return nil
}

// abort ends the exchange from this side, unless it is over.
func (x *httpExchange) abort(err error) {
	if x.finish(err) {
		x.core.emit(wire.KindHTTPAbort, x.id, wire.HTTPAbort{}, nil)
	}
}

// finish ends the exchange; it reports whether it was not over before.
func (x *httpExchange) finish(err error) bool {
	x.core.mu.Lock()
	delete(x.core.exchanges, x.id)
	x.core.mu.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over {
		return false
	}
	x.over, x.err = true, err
	if x.stop != nil {
		x.stop()
	}
	x.signal()
	return true
}

// signal wakes the reader. It is called with mu held.
func (x *httpExchange) signal() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// takeHTTP takes a frame of an exchange.
func (c *Core) takeHTTP(f wire.Frame) {
	c.mu.Lock()
	x := c.exchanges[f.ID]
	if x == nil {
		c.dropLocked("a frame of an exchange that is over")
	}
	c.mu.Unlock()
	if x == nil {
		return
	}
	switch f.Kind {
	case wire.KindHTTPHead:
		var h wire.HTTPHead
		if err := readHeader(f, &h); err != nil {
			x.broken(asError(err))
			return
		}
		x.mu.Lock()
		x.head = &h
		x.signal()
		x.mu.Unlock()
	case wire.KindHTTPData:
		x.mu.Lock()
		x.held += int64(len(f.Payload))
		overdrawn := x.head == nil || x.held > initialCredit
		if !overdrawn && len(f.Payload) > 0 {
			x.chunks = append(x.chunks, f.Payload)
			x.signal()
		}
		x.mu.Unlock()
		if overdrawn {
			x.broken(badFrame("http.data before http.head, or beyond the credit given"))
		}
	case wire.KindHTTPEnd:
		x.mu.Lock()
		headless := x.head == nil
		x.mu.Unlock()
		if headless {
			x.broken(badFrame("http.end before http.head"))
			return
		}
		x.finish(nil)
	case wire.KindHTTPError:
		var h wire.HTTPError
		if err := readHeader(f, &h); err != nil {
			x.broken(asError(err))
			return
		}
		if h.Error == nil {
			h.Error = &wire.Error{Code: wire.CodeHTTPNetwork, Message: "the exchange failed", Sent: wire.SentUnknown}
		}
		x.finish(h.Error)
	}
}

// broken ends an exchange whose frames cannot be right.
func (x *httpExchange) broken(err *wire.Error) {
	x.core.fault(x.id, err)
	failure := *err
	failure.Sent = wire.SentUnknown
	x.abort(&failure)
}
