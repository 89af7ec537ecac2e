package host

import (
	"log/slog"
	"runtime/debug"
	"sync"
)

// callbacks calls functions of the application one at a time, in order, on a
// goroutine that lives while there are any.
type callbacks struct {
	logger *slog.Logger

	mu      sync.Mutex
	queue   []func()
	running bool
}

// push queues a call. It does not block.
func (c *callbacks) push(call func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, call)
	if !c.running {
		c.running = true
		go c.run()
	}
}

func (c *callbacks) run() {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 {
			c.running = false
			c.mu.Unlock()
			return
		}
		call := c.queue[0]
		c.queue = c.queue[1:]
		c.mu.Unlock()
		c.call(call)
	}
}

func (c *callbacks) call(call func()) {
	defer func() {
		if p := recover(); p != nil {
			c.logger.Error("a callback panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	call()
}
