package host

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// SetLoggingLevel says from which level on the server is to log (Events.Log). On
// 2026-07-28 a server logs only while it serves a request that says so, which
// every request does from here on; on a server that says it does not log it is
// CodeLocalUnsupported. Nothing of the params but the level is sent.
//
//lint:ignore SA1019 logging is deprecated as of 2026-07-28 and part of the older revisions
func (s *Session) SetLoggingLevel(ctx context.Context, params *mcp.SetLoggingLevelParams) error {
	level := ""
	if params != nil {
		level = string(params.Level)
	}
	if _, err := s.request(ctx, "setLoggingLevel", wire.SetLoggingLevel{Level: level}, nil); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logLevel = level
	return nil
}
