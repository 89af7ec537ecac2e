package host

import (
	"context"
	"sync"
)

// Bounds of what waits for a slow callback. Beyond them the oldest events are
// dropped: of progress, the newest says most.
const (
	maxQueuedEvents     = 10_000
	maxQueuedEventBytes = 8 << 20
)

// An event is a tell frame on its way to the application.
type event struct {
	name string
	data []byte // JSON
	// before is the number of the first callbacks that were registered too late
	// for it. Not used for events of a call.
	before int
}

// eventList is a bounded queue of events. The zero value is empty.
type eventList struct {
	events  []event
	bytes   int
	dropped int
}

func (l *eventList) push(e event) {
	l.events = append(l.events, e)
	l.bytes += len(e.data)
	for len(l.events) > maxQueuedEvents || l.bytes > maxQueuedEventBytes && len(l.events) > 1 {
		l.bytes -= len(l.events[0].data)
		l.events[0] = event{}
		l.events = l.events[1:]
		l.dropped++
	}
}

// take returns all events, and how many were dropped before them.
func (l *eventList) take() (events []event, dropped int) {
	events, dropped = l.events, l.dropped
	*l = eventList{}
	return events, dropped
}

// A call is one call frame and what comes of it.
type call struct {
	ctx      context.Context
	connects *Session // the session that a connect call opens, otherwise nil
	again    bool     // it was open before
	once     bool     // the call of connects ends its session as well
	progress bool     // progress events are wanted by the caller
	token    any      // the caller's own progress token, if it gave one
	closes   bool     // it ends the session of link

	// Set when the call is handed over, guarded by the driver's mu.
	driver  *driver
	id      uint32
	link    *link
	segment int64 // the step that hands it over

	signal chan struct{} // holds one token when something changed

	mu        sync.Mutex
	events    eventList
	finished  bool
	abandoned bool // nobody waits any more
	payload   []byte
	err       *Error
}

func newCall(ctx context.Context) *call {
	return &call{ctx: ctx, signal: make(chan struct{}, 1)}
}

// push queues an event for whoever waits.
func (c *call) push(e event) {
	c.mu.Lock()
	if !c.abandoned {
		c.events.push(e)
	}
	c.mu.Unlock()
	c.notify()
}

// finish ends the call. It reports false if nobody waits for it any more. The
// first word is the last.
func (c *call) finish(payload []byte, e *Error) bool {
	c.mu.Lock()
	if !c.finished {
		c.finished, c.payload, c.err = true, payload, e
	}
	wanted := !c.abandoned
	c.mu.Unlock()
	c.notify()
	return wanted
}

func (c *call) notify() {
	select {
	case c.signal <- struct{}{}:
	default:
	}
}

// wait returns the result of the call after all its events were handed to
// onEvent, in order, on this goroutine. It returns at once when the context of
// the call ends, and tells the instance.
func (c *call) wait(onEvent func(e event, dropped int)) ([]byte, *Error) {
	for {
		c.mu.Lock()
		events, dropped := c.events.take()
		finished := c.finished
		if !finished && c.ctx.Err() != nil {
			c.abandoned = true
		}
		abandoned := c.abandoned
		c.mu.Unlock()

		for _, e := range events {
			if c.ctx.Err() != nil {
				// The caller gave up in the middle of the events.
				c.mu.Lock()
				c.abandoned = true
				c.mu.Unlock()
				abandoned = true
				break
			}
			if onEvent != nil {
				onEvent(e, dropped)
				dropped = 0
			}
		}
		if abandoned {
			sent := c.driver.cancelCall(c, "the caller no longer waits")
			return nil, contextError(c.ctx, sent)
		}
		if finished {
			return c.payload, c.err
		}
		select {
		case <-c.signal:
		case <-c.ctx.Done():
		}
	}
}
