package host

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// CallOptions are the options of one call, given in its context by
// WithCallOptions. The zero value selects the defaults.
type CallOptions struct {
	// OnProgress is called for each progress notification of the call, in
	// order, on the goroutine that makes the call, and always before the call
	// returns: it needs no lock, and delays nothing but its own call. If it
	// falls behind by more than 10,000 notifications, or 8 MiB, the oldest are
	// left out.
	OnProgress func(*mcp.ProgressNotificationParams)

	// Timeout ends the call with CodeLocalTimeout when nothing has been heard
	// for so long. Zero selects one minute.
	Timeout time.Duration

	// MaxTotalTimeout ends the call with CodeLocalTimeout after so long however
	// lively it is. Zero means no such limit. The context's own deadline always
	// holds.
	MaxTotalTimeout time.Duration

	// KeepTimeoutOnProgress stops progress from starting Timeout anew.
	KeepTimeoutOnProgress bool

	// CacheMode says what an answer that is kept from before is worth to the
	// call, if it lists something or reads a resource. Empty selects the
	// session's.
	CacheMode CacheMode
}

type callOptionsKey struct{}

// WithCallOptions returns a context whose calls have the given options. They
// replace any that ctx has.
func WithCallOptions(ctx context.Context, o CallOptions) context.Context {
	return context.WithValue(ctx, callOptionsKey{}, o)
}

// callOptions returns the options in ctx, checked.
func callOptions(ctx context.Context) (CallOptions, error) {
	o, _ := ctx.Value(callOptionsKey{}).(CallOptions)
	if o.Timeout < 0 || o.MaxTotalTimeout < 0 {
		return o, failure(CodeLocalBadArgument, "CallOptions: a time-out is negative")
	}
	return o, nil
}

// call is the header of a call with the time-outs of o.
func (o CallOptions) call(command string) wire.Call {
	return wire.Call{
		Command:               command,
		TimeoutMs:             milliseconds(o.Timeout),
		MaxTotalTimeoutMs:     milliseconds(o.MaxTotalTimeout),
		KeepTimeoutOnProgress: o.KeepTimeoutOnProgress,
	}
}

// milliseconds rounds up, so that no time becomes none.
func milliseconds(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}
