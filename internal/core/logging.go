package core

import (
	"context"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// metaLogLevel is where a request of 2026-07-28 says from which level on the
// server is to log while it serves it (basic, _meta).
const metaLogLevel = "io.modelcontextprotocol/logLevel"

// setLoggingLevel says from which level on the server is to log: to the server
// before 2026-07-28, and in every further request since.
func (s *session) setLoggingLevel(cl *call) ([]byte, error) {
	var params wire.SetLoggingLevel
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	if err := checkLogLevel(params.Level); err != nil {
		return nil, err
	}
	cn := s.current()
	if cn.modern() {
		if cn.capabilities().Logging == nil {
			return nil, newError(wire.CodeLocalUnsupported, "the server does not log")
		}
	} else {
		_, err := s.do(cl, func(ctx context.Context, cn *conn) error {
			//lint:ignore SA1019 deprecated by 2026-07-28, and what every older revision has
			return cn.sdk.SetLoggingLevel(ctx, &mcp.SetLoggingLevelParams{Level: mcp.LoggingLevel(params.Level)})
		})
		if err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	s.logLevel = params.Level
	s.mu.Unlock()
	return emptyResult, nil
}

func checkLogLevel(level string) error {
	if !slices.Contains(wire.LogLevels, level) {
		return badArgument("no level %q of logging; there are %v", wire.Excerpt([]byte(level)), wire.LogLevels)
	}
	return nil
}

// logLevelPerRequest is the level that each request has to say, if any.
func (s *session) logLevelPerRequest() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil || !s.conn.modern() || s.conn.capabilities().Logging == nil {
		return ""
	}
	return s.logLevel
}
