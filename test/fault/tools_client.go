package fault

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// clientTools try what a client brings along: roots, answers of every form, and
// the check of results.
var clientTools = []Tool{
	{Name: "ask", Doc: "Asks what the arguments say and returns the answers, a list as text. With size, it then waits at that barrier.",
		Properties: `"questions":{"type":"array","items":{"type":"object"},"description":"What to ask: each has a method and params."},` +
			`"size":{"type":"integer","description":"How many calls wait at the barrier."}`,
		call: func(c *call) { c.askAll() }},
	{Name: "structured", Doc: "Returns the value as structured content, or none. A message is the value's sum, as it is written.", Output: StructuredSchema,
		Properties: `"value":{"description":"The structured content; absent for none."},"message":{"type":"string"},"failed":{"type":"boolean","description":"Sets isError."}`,
		call: func(c *call) {
			result := strings.TrimSuffix(textResult(c.line, "here it is"), "}")
			if c.args.Message != "" {
				c.args.Value = json.RawMessage(`{"sum":` + c.args.Message + `,"unit":"m"}`)
			}
			if c.args.Value != nil {
				result += `,"structuredContent":` + string(c.args.Value)
			}
			if c.args.Failed {
				result += `,"isError":true`
			}
			c.answer(c.result(result + "}"))
		}},
	{Name: "unusable_promise", Doc: "Its output schema lies elsewhere.", Output: `{"$ref":"https://schemas.invalid/elsewhere.json"}`,
		call: func(c *call) {
			c.answer(c.result(strings.TrimSuffix(textResult(c.line, "here it is"), "}") + `,"structuredContent":7}`))
		}},
	{Name: "url_required", Doc: "Refuses with URLElicitationRequired until the page was visited.", Lines: []Line{Line2025},
		call: func(c *call) {
			if c.room.visited(c.tool) {
				c.text("the page was visited")
				return
			}
			page := c.page(c.tool)
			c.answer(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32042,"message":"visit the page first","data":{"elicitations":[%s]}}}`,
				c.msg.ID, page))
		}},
	{Name: "url", Doc: "Asks for a page to be visited, and answers when it was.",
		call: func(c *call) {
			c.ask("elicitation/create", c.page(c.tool))
		}},
}

// StructuredSchema is the output schema of the tool "structured".
const StructuredSchema = `{"type":"object","properties":{"sum":{"type":"integer"},"unit":{"enum":["m","kg"]}},"required":["sum"],"additionalProperties":false}`

// A question is what the tool "ask" asks.
type question struct {
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

func (c *call) askAll() {
	if c.line == Line2026 {
		if len(c.msg.Params.InputResponses) == 0 {
			var requests []string
			for i, q := range c.args.Questions {
				params := ""
				if q.Params != nil {
					params = `,"params":` + string(q.Params)
				}
				requests = append(requests, fmt.Sprintf(`"q%d":{"method":%q%s}`, i, q.Method, params))
			}
			c.answer(c.result(`{"resultType":"input_required","inputRequests":{` + strings.Join(requests, ",") + `}}`))
			return
		}
		var answers []string
		for i := range c.args.Questions {
			answers = append(answers, string(c.msg.Params.InputResponses[fmt.Sprintf("q%d", i)]))
		}
		c.answerTogether(nil, "["+strings.Join(answers, ",")+"]")
		return
	}
	s := c.stream()
	var answers []string
	for _, q := range c.args.Questions {
		id, answered := c.room.expect()
		params := ""
		if q.Params != nil {
			params = `,"params":` + string(q.Params)
		}
		s.event("", fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,"method":%q%s}`, id, q.Method, params))
		select {
		case m := <-answered:
			reply := m.Result
			if len(reply) == 0 {
				reply = json.RawMessage(`{"error":` + string(m.Error) + `}`)
				c.room.count("unanswered")
			}
			answers = append(answers, string(reply))
		case <-c.ctx.Done():
			c.room.count("left." + c.tool)
			return
		}
	}
	c.answerTogether(s, "["+strings.Join(answers, ",")+"]")
}

// answerTogether answers once as many calls as the arguments say are there.
func (c *call) answerTogether(s *eventStream, text string) {
	if c.args.Size > 0 {
		select {
		case <-c.room.arrive(c.args.Size):
		case <-c.ctx.Done():
			c.room.count("left." + c.tool)
			return
		}
	}
	if s == nil {
		c.text(text)
		return
	}
	s.event("", c.result(textResult(c.line, text)))
}

// page returns the parameters of an elicitation by URL. Whoever visits that URL
// completes it.
func (c *call) page(id string) string {
	c.room.await(id, c.session)
	return fmt.Sprintf(`{"mode":"url","message":"Visit the page.","elicitationId":%q,"url":"http://%s%s/page?id=%s"}`, id, c.r.Host, c.r.URL.Path, id)
}

// await notes who is to be told when a page was visited.
func (m *room) await(id, session string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pages[id] = session
}

func (m *room) visited(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counters["visited."+id] > 0
}

// servePage is a visit to a page. The session that sent the person there is told
// on its standing stream, if its line has one.
func (m *room) servePage(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	m.count("visited." + id)
	m.mu.Lock()
	session := m.pages[id]
	m.mu.Unlock()
	if session != "" {
		m.sendStanding(r.Context(), session, fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":%q}}`, id))
	}
	w.WriteHeader(http.StatusNoContent)
}
