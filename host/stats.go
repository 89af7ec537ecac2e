package host

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/remora-mcp/remora/internal/wire"
)

// Stats says how the instance of the plugin is doing in which a session lives,
// perhaps with others. HeapBytes is what live objects take, MemoryBytes what
// the instance has taken of its memory, which never shrinks.
type Stats = wire.StatsResult

// Stats returns how the session's instance of the plugin is doing: what is open,
// goroutines, memory. It is for finding leaks; it collects garbage, so it takes
// some milliseconds in which nothing else runs in the instance.
func (s *Session) Stats(ctx context.Context) (*Stats, error) {
	raw, err := s.request(ctx, "stats", struct{}{}, nil)
	if err != nil {
		return nil, err
	}
	var stats Stats
	if err := json.Unmarshal(raw, &stats); err != nil {
		return nil, trapError(fmt.Errorf("the answer to stats: %w", err))
	}
	return &stats, nil
}
