package core

import (
	"bytes"
	"container/list"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// The methods whose answers may be kept.
const (
	methodListTools     = "tools/list"
	methodListResources = "resources/list"
	methodListTemplates = "resources/templates/list"
	methodReadResource  = "resources/read"
	methodListPrompts   = "prompts/list"
)

// Bounds of what a session keeps; the oldest goes first.
const (
	maxCacheBytes      = 8 << 20
	maxCacheEntryBytes = 1 << 20
	maxCacheEntries    = 1024
)

// A cache keeps answers byte for byte for as long as their server says (ttlMs;
// 2026-07-28, server/utilities/caching), within bounds.
type cache struct {
	clock port.Clock

	mu      sync.Mutex
	entries map[cacheKey]*list.Element // of cacheEntry
	order   list.List                  // the oldest first
	bytes   int
	changes uint64 // grows with everything that may make an answer under way stale
}

// A cacheKey is a method and its cursor or URI.
type cacheKey struct{ method, param string }

type cacheEntry struct {
	key     cacheKey
	raw     []byte
	expires time.Time
}

// get returns what is kept and fresh, or nil, and the state to give to put.
func (c *cache) get(key cacheKey) (raw []byte, changes uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[key]; e != nil {
		entry := e.Value.(cacheEntry)
		if c.clock.Now().Before(entry.expires) {
			return entry.raw, c.changes
		}
		c.remove(e)
	}
	return nil, c.changes
}

// put keeps an answer, unless something has changed since get.
func (c *cache) put(key cacheKey, raw []byte, ttl time.Duration, changes uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[key]; e != nil {
		c.remove(e)
	}
	if ttl <= 0 || changes != c.changes || len(raw) > maxCacheEntryBytes {
		return
	}
	if c.entries == nil {
		c.entries = make(map[cacheKey]*list.Element)
	}
	// What raw came in may be larger than raw.
	c.entries[key] = c.order.PushBack(cacheEntry{key, bytes.Clone(raw), c.clock.Now().Add(ttl)})
	c.bytes += len(raw) + len(key.param)
	for c.bytes > maxCacheBytes || len(c.entries) > maxCacheEntries {
		c.remove(c.order.Front())
	}
}

// remove is called with mu held.
func (c *cache) remove(e *list.Element) {
	entry := c.order.Remove(e).(cacheEntry)
	delete(c.entries, entry.key)
	c.bytes -= len(entry.raw) + len(entry.key.param)
}

// drop forgets all answers to a method.
func (c *cache) drop(method string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	for key, e := range c.entries {
		if key.method == method {
			c.remove(e)
		}
	}
}

// dropOne forgets one answer.
func (c *cache) dropOne(method, param string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	if e := c.entries[cacheKey{method, param}]; e != nil {
		c.remove(e)
	}
}

// clear forgets everything.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	clear(c.entries)
	c.order.Init()
	c.bytes = 0
}

// cached answers a call from the cache, or fetches the answer and keeps it, as
// the call's cache mode has it. A request with a _meta of the application's own,
// and one that asked the application something, has an answer of its own.
func (s *session) cached(cl *call, method, param string, meta json.RawMessage, fetch func() ([]byte, error)) ([]byte, error) {
	mode := cl.header.CacheMode
	if mode == "" {
		mode = s.params.CacheMode
	}
	if err := checkCacheMode(mode); err != nil {
		return nil, err
	}
	if mode == wire.CacheBypass || len(meta) > 0 {
		return fetch()
	}
	key := cacheKey{method, param}
	raw, changes := s.cache.get(key)
	if raw != nil && mode != wire.CacheRefresh {
		return raw, nil
	}
	raw, err := fetch()
	if err == nil && s.current().modern() && !cl.answered.Load() {
		s.cache.put(key, raw, cl.exchange.TTL(), changes)
	}
	return raw, err
}

func checkCacheMode(mode string) error {
	if mode != "" && !slices.Contains(wire.CacheModes, mode) {
		return badArgument("no cache mode %q; there are %v", wire.Excerpt([]byte(mode)), wire.CacheModes)
	}
	return nil
}
