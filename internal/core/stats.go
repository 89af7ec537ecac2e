package core

import (
	"encoding/json"
	"runtime"

	"github.com/remora-mcp/remora/internal/wire"
)

// stats says how the core is doing.
func (c *Core) stats(*call) ([]byte, error) {
	runtime.GC()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	c.mu.Lock()
	s := wire.StatsResult{
		Open:        c.openLocked() - 1,
		Sessions:    len(c.sessions),
		Goroutines:  runtime.NumGoroutine() - c.workers.waiting(),
		HeapBytes:   int64(mem.HeapAlloc),
		MemoryBytes: int64(mem.Sys),
		Dropped:     int64(c.dropped),
		LastDropped: c.lastDropped,
	}
	c.mu.Unlock()
	return json.Marshal(s)
}
