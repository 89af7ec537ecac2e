package core

import (
	"fmt"
	"testing"
	"time"

	"github.com/remora-mcp/remora/internal/port"
)

// stopped is a clock that goes when it is told to.
type stopped struct {
	port.SystemClock
	now time.Time
}

func (c *stopped) Now() time.Time { return c.now }

func TestCache(t *testing.T) {
	clock := &stopped{now: time.Unix(1000, 0)}
	c := &cache{clock: clock}
	key := func(param string) cacheKey { return cacheKey{methodReadResource, param} }
	has := func(param string) bool { raw, _ := c.get(key(param)); return raw != nil }
	_, state := c.get(key("a"))

	c.put(key("a"), []byte("1"), time.Second, state)
	c.put(key("b"), []byte("2"), 0, state)
	if !has("a") || has("b") {
		t.Error("kept is what may be kept")
	}
	clock.now = clock.now.Add(time.Second)
	if has("a") || c.bytes != 0 || c.order.Len() != 0 {
		t.Error("what is no longer fresh was kept")
	}

	c.put(key("a"), []byte("1"), time.Hour, state)
	c.put(cacheKey{methodListTools, ""}, []byte("1"), time.Hour, state)
	c.drop(methodListTools)
	if raw, _ := c.get(cacheKey{methodListTools, ""}); raw != nil || !has("a") {
		t.Error("a change drops its own list and no other")
	}
	c.put(key("b"), []byte("1"), time.Hour, state)
	if has("b") {
		t.Error("an answer was kept that a change overtook")
	}
	c.dropOne(methodReadResource, "a")
	if has("a") {
		t.Error("a resource that changed was kept")
	}

	_, state = c.get(key("a"))
	c.put(key("big"), make([]byte, maxCacheEntryBytes+1), time.Hour, state)
	if has("big") {
		t.Error("an answer beyond the bound was kept")
	}
	for i := range 2 * maxCacheEntries {
		c.put(key(fmt.Sprint(i)), make([]byte, 64<<10), time.Hour, state)
		if c.bytes > maxCacheBytes || len(c.entries) > maxCacheEntries || len(c.entries) != c.order.Len() {
			t.Fatalf("%d bytes in %d entries", c.bytes, len(c.entries))
		}
	}
	if has("0") || !has(fmt.Sprint(2*maxCacheEntries-1)) {
		t.Error("the oldest goes first")
	}
	c.clear()
	if len(c.entries) != 0 || c.bytes != 0 || c.order.Len() != 0 {
		t.Error("something is left")
	}
}
