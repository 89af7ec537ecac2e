package fault

import (
	"fmt"
	"time"
)

// cutTools have a side effect, counted as executed.NAME, and lose the
// connection while they answer.
var cutTools = []Tool{
	{Name: "cut", Doc: "The event stream breaks after one progress event; there is nothing to resume.", call: func(c *call) {
		c.room.count("executed." + c.tool)
		c.cutStream(nil)
	}},
	{Name: "cut_head", Doc: "The connection is closed before the answer's head.", call: func(c *call) {
		c.room.count("executed." + c.tool)
		cutHere()
	}},
	{Name: "cut_body", Doc: "The JSON body breaks off in the middle of the answer.", call: func(c *call) {
		c.room.count("executed." + c.tool)
		whole := c.result(textResult(c.line, "executed"))
		c.w.Header().Set("Content-Type", "application/json")
		c.w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
		_, _ = c.w.Write([]byte(whole[:len(whole)/2]))
		(&eventStream{c.w}).flush()
		c.letArrive()
		cutHere()
	}},
	{Name: "cut_event", Doc: "The event stream breaks in the middle of the answer's event; there is nothing to resume.", call: func(c *call) {
		c.room.count("executed." + c.tool)
		whole := c.result(textResult(c.line, "executed"))
		c.stream().raw("event: message\ndata: " + whole[:len(whole)/2])
		c.letArrive()
		cutHere()
	}},
	{Name: "cut_resume", Doc: "The event stream breaks after an event with an id; the answer comes on the resumed stream.",
		Lines: []Line{Line2025}, call: func(c *call) {
			c.room.count("executed." + c.tool)
			c.cutStream(&cutStream{tool: c.tool, answer: c.result(textResult(c.line, "executed, and resumed"))})
		}},
	{Name: "cut_resume_refused", Doc: "The event stream breaks after an event with an id, and cannot be resumed: status 400.",
		Lines: []Line{Line2025}, call: func(c *call) {
			c.room.count("executed." + c.tool)
			c.cutStream(&cutStream{tool: c.tool, refuse: true})
		}},
}

// cutStream sends one progress event, if the client wants any, and closes the
// connection. With a rest the event has an id, and the stream can be asked for
// again.
func (c *call) cutStream(rest *cutStream) {
	s := c.stream()
	id := ""
	if rest != nil {
		name := c.room.keepCut(rest)
		s.raw("retry: 10\nid: " + name + ":0\ndata:\n\n")
		id = name + ":1"
	}
	if event := c.progressEvent(1, 2); event != "" {
		s.event(id, event)
	}
	c.letArrive()
	cutHere()
}

// arrival is how long a stream is left open before it is cut.
const arrival = 150 * time.Millisecond

// letArrive gives the client time to take what was sent. A browser throws away
// what its page has not read yet when a connection breaks, so without this it
// would be left to chance what a page sees of a stream that is cut.
func (c *call) letArrive() {
	timer := time.NewTimer(arrival)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.r.Context().Done():
	}
}
