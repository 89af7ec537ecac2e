//go:build wasip1

package main

import (
	"sync"
	"time"

	"github.com/remora-mcp/remora/internal/port"
)

// clock is the system's clock, which also knows when it will wake next: timers
// fire only during a step, so the driver has to be told when to make one.
type clock struct {
	mu     sync.Mutex
	timers map[*timer]struct{}
}

type timer struct {
	clock *clock
	inner *time.Timer
	when  time.Time
}

func newClock() *clock { return &clock{timers: make(map[*timer]struct{})} }

func (c *clock) Now() time.Time { return time.Now() }

func (c *clock) AfterFunc(d time.Duration, f func()) port.Timer {
	t := &timer{clock: c, when: time.Now().Add(d)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timers[t] = struct{}{}
	t.inner = time.AfterFunc(d, func() {
		c.mu.Lock()
		delete(c.timers, t)
		c.mu.Unlock()
		f()
	})
	return t
}

func (t *timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	delete(t.clock.timers, t)
	return t.inner.Stop()
}

func (t *timer) Reset(d time.Duration) bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	t.when = time.Now().Add(d)
	t.clock.timers[t] = struct{}{}
	return t.inner.Reset(d)
}

// maxWake bounds the wait while something is open, for the sake of timers
// inside of dependencies, which this clock does not know.
const maxWake = time.Second

// wakeMs is how long the driver may wait, or nil for as long as it likes.
func (c *clock) wakeMs(open bool) *int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.timers) == 0 && !open {
		return nil
	}
	wait := maxWake
	if !open {
		wait = time.Hour
	}
	now := time.Now()
	for t := range c.timers {
		wait = min(wait, t.when.Sub(now))
	}
	// Round up: a step before the time would find nothing to do.
	ms := max(int64((wait+time.Millisecond-1)/time.Millisecond), 0)
	return &ms
}
