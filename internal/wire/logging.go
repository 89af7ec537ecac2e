package wire

// SetLoggingLevel holds the parameters of the setLoggingLevel command
// (logging/setLevel in 2025-11-25, server/utilities/logging; a field in the _meta
// of each further request in 2026-07-28).
type SetLoggingLevel struct {
	// Level is one of the LogLevels: the server logs from there upward.
	Level string `json:"level"`
}

// LogLevels lists the levels of log messages, the least severe first.
var LogLevels = []string{"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}
