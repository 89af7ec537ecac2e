package fault

import (
	"fmt"
	"net/http"
)

// lyingTools answer with status 200 and something that is not their answer.
var lyingTools = []Tool{
	{Name: "html", Doc: "Answers with an HTML page.", call: func(c *call) {
		c.body("text/html", "<html><body>maintenance</body></html>")
	}},
	{Name: "not_jsonrpc", Doc: "Answers with JSON that is no JSON-RPC message.", Properties: asProperty, call: func(c *call) {
		c.answer(`{"ok":true}`)
	}},
	{Name: "undecodable", Doc: "Answers with a body that is cut JSON.", Properties: asProperty, call: func(c *call) {
		c.answer(`{"jsonrpc":"2.0","id":` + string(c.msg.ID) + `,"result":{"content":[`)
	}},
	{Name: "wrong_id", Doc: "Answers a call that was never made, and no other.", Properties: asProperty, call: func(c *call) {
		c.answer(`{"jsonrpc":"2.0","id":987654321,"result":` + textResult(c.line, "not yours") + `}`)
	}},
	{Name: "string_id", Doc: "Answers with the call's number as a string.", Properties: asProperty, call: func(c *call) {
		c.answer(`{"jsonrpc":"2.0","id":` + quoted(string(c.msg.ID)) + `,"result":` + textResult(c.line, "not quite yours") + `}`)
	}},
	{Name: "null_id", Doc: "Answers with the id null.", Properties: asProperty, call: func(c *call) {
		c.answer(`{"jsonrpc":"2.0","id":null,"result":` + textResult(c.line, "nobody's") + `}`)
	}},
	{Name: "stray", Doc: "Sends an answer to a call never made, then the answer, then a second answer.", call: func(c *call) {
		s := c.stream()
		s.event("", `{"jsonrpc":"2.0","id":987654321,"result":`+textResult(c.line, "not yours")+`}`)
		s.event("", `{"jsonrpc":"2.0","id":`+quoted(string(c.msg.ID))+`,"result":`+textResult(c.line, "not quite yours")+`}`)
		s.event("", c.result(textResult(c.line, "the answer")))
		s.event("", c.result(textResult(c.line, "a second answer")))
	}},
	{Name: "no_answer", Doc: "Ends its event stream without an answer.", call: func(c *call) {
		c.room.count("executed." + c.tool)
		c.stream().comment("nothing follows")
	}},
	{Name: "empty_body", Doc: "Answers with status 200 and an empty JSON body.", call: func(c *call) {
		c.room.count("executed." + c.tool)
		c.body("application/json", "")
	}},
	{Name: "accepted", Doc: "Answers with status 202, as if the call were a notification.", call: func(c *call) {
		c.room.count("executed." + c.tool)
		c.w.WriteHeader(http.StatusAccepted)
	}},
	{Name: "bad_event", Doc: "Sends events that are no JSON, then the answer.", call: func(c *call) {
		s := c.stream()
		s.event("", "hello")
		s.raw("data\n\n:\n\nnonsense: 1\n\n")
		s.event("", c.result(textResult(c.line, "the answer after noise")))
	}},
}

// statusTools answer with an HTTP status and no JSON-RPC message.
var statusTools = []Tool{
	{Name: "forbidden", Doc: "Answers with status 403 and a line of text.", call: func(c *call) {
		http.Error(c.w, "you may not", http.StatusForbidden)
	}},
	{Name: "status_500", Doc: "Answers with status 500 and a line of text.", call: func(c *call) {
		http.Error(c.w, "the database is on fire", http.StatusInternalServerError)
	}},
	{Name: "status_503", Doc: "Answers with status 503 and Retry-After.", call: func(c *call) {
		c.w.Header().Set("Retry-After", "1")
		http.Error(c.w, "come back later", http.StatusServiceUnavailable)
	}},
	{Name: "status_long", Doc: "Answers with status 400 and 100,000 bytes of text with control characters.", call: func(c *call) {
		c.w.Header().Set("Content-Type", "text/plain")
		c.w.WriteHeader(http.StatusBadRequest)
		for i := range 1000 {
			fmt.Fprintf(c.w, "line %d\x1b[31m\x00%0*d\n", i, 80, 0)
		}
	}},
	{Name: "redirect_302", Doc: "Answers with status 302 to the same origin.", call: func(c *call) {
		c.redirect(http.StatusFound, c.r.Host)
	}},
	{Name: "redirect_origin", Doc: "Answers with status 307 to another origin.", call: func(c *call) {
		c.redirect(http.StatusTemporaryRedirect, otherName(c.r.Host))
	}},
	{Name: "session_gone", Doc: "The first call of a run ends the session: status 404, and it is not executed. Later calls answer.",
		Lines: []Line{Line2025}, call: func(c *call) {
			if c.room.count("asked.session_gone") == 1 {
				c.room.end(c.session)
				http.Error(c.w, "session not found", http.StatusNotFound)
				return
			}
			c.room.count("executed." + c.tool)
			c.text("executed in " + c.session)
		}},
	{Name: "session_gone_always", Doc: "Every call ends its session: status 404, never executed.",
		Lines: []Line{Line2025}, call: func(c *call) {
			c.room.end(c.session)
			http.Error(c.w, "session not found", http.StatusNotFound)
		}},
}
