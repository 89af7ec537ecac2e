package fault

import (
	"fmt"
	"time"
)

// timeTools take as long as the client lets them. They count left.NAME when the
// client closes the connection, and cancelled.NAME when it sends a
// notification.
var timeTools = []Tool{
	{Name: "stall_head", Doc: "Never begins to answer.", call: func(c *call) { c.hang() }},
	{Name: "stall_body", Doc: "Begins an event stream and stops there.", call: func(c *call) { c.stream(); c.hang() }},
	{Name: "hang", Doc: "Sends one progress event and stops there.", call: func(c *call) {
		s := c.stream()
		if event := c.progressEvent(1, 2); event != "" {
			s.event("", event)
		}
		c.hang()
	}},
	{Name: "ticking", Doc: "Sends progress events, 100 ms apart, so many (default 10) before the answer: a call that is slow and alive.",
		Properties: `"events":{"type":"integer","description":"How many progress events."}`,
		call: func(c *call) {
			if c.args.Events == 0 {
				c.args.Events = 10
			}
			s := c.stream()
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			for i := range c.args.Events {
				select {
				case <-c.ctx.Done():
					c.gone()
					return
				case <-tick.C:
				}
				if event := c.progressEvent(i+1, c.args.Events); event != "" {
					s.event("", event)
				}
			}
			s.event("", c.result(textResult(c.line, fmt.Sprintf("%d ticks", c.args.Events))))
		}},
}

// hang waits until the client cancels the call or closes its connection. In the
// first case the answer ends there, as that of a server does which has stopped
// working on the call.
func (c *call) hang() {
	<-c.ctx.Done()
	c.gone()
}

// gone counts how the client gave the call up.
func (c *call) gone() {
	if c.r.Context().Err() != nil {
		c.room.count("left." + c.tool)
	} else {
		c.room.count("cancelled." + c.tool)
	}
}
