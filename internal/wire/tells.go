package wire

import "encoding/json"

// Progress is the data of the progress event: notifications/progress, as the
// server sent it (specification 2025-11-25 and 2026-07-28, basic/utilities).
type Progress struct {
	// Progress grows with each event.
	Progress float64 `json:"progress"`
	// Total is what Progress grows towards, where it is known.
	Total *float64 `json:"total,omitempty"`
	// Message says what is being done.
	Message string `json:"message,omitempty"`
}

// Log is the data of the log event: notifications/message, as the server sent
// it (specification 2025-11-25, server/utilities/logging).
type Log struct {
	// Level is one of debug, info, notice, warning, error, critical, alert,
	// emergency.
	Level string `json:"level"`
	// Logger names the part of the server that speaks.
	Logger string `json:"logger,omitempty"`
	// Data is what it says: any JSON.
	Data json.RawMessage `json:"data"`
}

// ElicitationComplete is the data of the elicitationComplete event:
// notifications/elicitation/complete, as the server sent it (specification
// 2025-11-25, client/elicitation).
type ElicitationComplete struct {
	// ElicitationID is that of an elicitation of mode "url" that was asked in
	// this session and is now complete.
	ElicitationID string `json:"elicitationId"`
}

// ToolsChanged is the data of the toolsChanged event: none.
type ToolsChanged struct{}

// State is the data of the state event.
type State struct {
	// State is connecting, ready, reconnecting, lost or closed.
	State string `json:"state"`
	// Reason says why, where the change was not asked for.
	Reason string `json:"reason,omitempty"`
	// Attempt counts the attempts of a session that is reconnecting, from 1. Each
	// is told.
	Attempt int `json:"attempt,omitempty"`
	// NextDelayMs is how long the attempt is waited for.
	NextDelayMs int64 `json:"nextDelayMs,omitempty"`
}

// The states of a session.
const (
	StateConnecting   = "connecting"
	StateReady        = "ready"
	StateReconnecting = "reconnecting"
	StateLost         = "lost"
	StateClosed       = "closed"
)
