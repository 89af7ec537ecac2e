package host

import (
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

// Reconnect says how a session comes back when its server cannot be reached, no
// longer knows it, or has ended the channel. The zero value tries up to 5 times
// in a row, which takes 15 s at most. Calls that may have been executed are never
// made again.
type Reconnect struct {
	// Off tries once, at once, and only for a call that needs it.
	Off bool
	// Attempts is how often in a row it is tried before the session is StateLost;
	// the next call tries again. 0 selects 5.
	Attempts int
	// FirstDelay is the wait before the second attempt, and before the first if
	// the server cannot be reached. Each further one is twice as long, up to
	// MaxDelay; from half of a wait up is left to chance. They are rounded up to
	// milliseconds. 0 selects 500 ms and 30 s.
	FirstDelay, MaxDelay time.Duration
	// FailUnsent ends a call that did not reach the server at once, with SentNo.
	// Otherwise it waits for the connection, as long as its time-outs allow, and is
	// sent then.
	FailUnsent bool
}

func (r Reconnect) toWire() wire.Reconnect {
	return wire.Reconnect{
		Off: r.Off, Attempts: r.Attempts, FailUnsent: r.FailUnsent,
		FirstDelayMs: milliseconds(r.FirstDelay), MaxDelayMs: milliseconds(r.MaxDelay),
	}
}

// stateChange is the application's form of a change of state.
func stateChange(data wire.State) StateChange {
	return StateChange{
		State: SessionState(data.State), Reason: data.Reason,
		Attempt: data.Attempt, NextDelay: time.Duration(data.NextDelayMs) * time.Millisecond,
	}
}
