package wire

// Reconnect says how a session's connection is brought back when the server
// cannot be reached, no longer knows the session, or has ended the channel. Calls
// that may have been executed are never made again.
type Reconnect struct {
	// Off tries once, at once, and only for a call that needs it.
	Off bool `json:"off,omitempty"`
	// Attempts is how often in a row it is tried before the session is lost; the
	// next call tries again. Default DefaultAttempts, at most MaxAttempts.
	Attempts int `json:"attempts,omitempty"`
	// FirstDelayMs is the wait before the second attempt, and before the first if
	// the server cannot be reached. Each further one is twice as long. From half of
	// a wait up is left to chance. Default DefaultFirstDelayMs.
	FirstDelayMs int64 `json:"firstDelayMs,omitempty"`
	// MaxDelayMs is the longest wait. Default DefaultMaxDelayMs.
	MaxDelayMs int64 `json:"maxDelayMs,omitempty"`
	// FailUnsent ends a call that did not reach the server at once. Otherwise it
	// waits for the connection, as long as its time-out allows, and is sent then.
	FailUnsent bool `json:"failUnsent,omitempty"`
}

// What holds where Reconnect does not say. The waits come to 15 s at most.
const (
	DefaultAttempts     = 5
	DefaultFirstDelayMs = 500
	DefaultMaxDelayMs   = 30_000
	// MaxAttempts bounds Reconnect.Attempts, MaxReconnectDelayMs its delays: a day.
	MaxAttempts         = 10_000
	MaxReconnectDelayMs = 24 * 60 * 60 * 1000
)
