// Package port names what the client core needs of its surroundings, as small
// interfaces. The core never opens a socket, reads a clock of its own or knows
// a platform: it is given these.
//
// Package porttest holds the contract that every HTTP port passes.
package port

import (
	"context"
	"io"
	"net/http"
	"time"
)

// HTTP makes HTTP exchanges: one request, one streaming answer.
type HTTP interface {
	// Do sends req and blocks until the answer's head is there. It does not
	// follow redirects on its own account and treats no status as an error.
	//
	// The context governs the whole exchange, the body included: when it ends,
	// Do and a blocked Read of the body return its error, and the connection is
	// given up. Any other failure is a *wire.Error, whose Sent is "no" only if
	// nothing of the request can have reached the server.
	//
	// The caller must read the body to its end or close it. Do is safe for
	// concurrent use.
	Do(ctx context.Context, req *Request) (*Response, error)
}

// A Request is one HTTP request.
type Request struct {
	// Session is the session on whose behalf it is made (its policy and its
	// credentials apply).
	Session uint32
	// Purpose is PurposeMCP or PurposeOAuth.
	Purpose string
	Method  string
	// URL is absolute, with no fragment.
	URL    string
	Header http.Header
	// Body is sent whole; it must not be changed until Do has returned.
	Body []byte
}

// The purposes of requests.
const (
	// PurposeMCP is the purpose of requests to the MCP server itself.
	PurposeMCP = "mcp"
	// PurposeOAuth is the purpose of requests that lead to a token.
	PurposeOAuth = "oauth"
)

// A Response is the answer to a Request.
type Response struct {
	// Exchange is the number by which a trace names the exchange; 0 if it has
	// none.
	Exchange uint32
	Status   int
	Header   http.Header
	// Body streams the answer's body and is never nil. Read returns io.EOF at
	// its end, a *wire.Error if the connection failed before it. Close gives up
	// what has not been read, and with it the connection.
	Body io.ReadCloser
}

// Arrived reports whether body is known to be there to its end, so that reading
// it does not block. The body of a [Response] can tell if it has a method Arrived
// of its own.
func Arrived(body io.Reader) bool {
	b, ok := body.(interface{ Arrived() bool })
	return ok && b.Arrived()
}

// An Outbox takes what the core has to say to its embedder.
type Outbox interface {
	// Send takes one batch of frames (package wire), and takes over the slice. It
	// must not block or call back into the core. Calls are serialized by the core.
	Send(batch []byte)
}

// A Clock tells the time and wakes.
type Clock interface {
	// Now returns the current time.
	Now() time.Time
	// AfterFunc runs f in a goroutine of its own after d, unless the timer is
	// stopped before.
	AfterFunc(d time.Duration, f func()) Timer
}

// A Timer is a pending AfterFunc.
type Timer interface {
	// Stop prevents the function from running; it reports whether it did.
	Stop() bool
	// Reset makes the function run d from now, whether it ran before or not.
	Reset(d time.Duration) bool
}

// SystemClock is the Clock of the time package.
type SystemClock struct{}

// Now returns time.Now().
func (SystemClock) Now() time.Time { return time.Now() }

// AfterFunc calls time.AfterFunc.
func (SystemClock) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }

// After returns a channel that is closed after d by the given clock, and what
// stops the timer, which whoever no longer waits has to call.
func After(clock Clock, d time.Duration) (over <-chan struct{}, stop func() bool) {
	done := make(chan struct{})
	timer := clock.AfterFunc(d, func() { close(done) })
	return done, timer.Stop
}

// Sleep blocks for d by the given clock. It returns the context's error if that
// ends first.
func Sleep(ctx context.Context, clock Clock, d time.Duration) error {
	over, stop := After(clock, d)
	defer stop()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
