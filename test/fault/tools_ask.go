package fault

import (
	"encoding/json"
)

// askTools ask the client something in mid-call: on 2025-11-25 with a request
// on the call's event stream, on 2026-07-28 with an input_required result. They
// return the client's answer as they got it, as text.
var askTools = []Tool{
	{Name: "elicit", Doc: "Asks with a form for a name.", call: func(c *call) {
		c.ask("elicitation/create", ElicitParams)
	}},
	{Name: "sample", Doc: "Asks for a completion.", call: func(c *call) {
		c.ask("sampling/createMessage", SampleParams)
	}},
	{Name: "elicit_standing", Doc: "Asks with a form for a name, on the session's standing stream, as soon as there is one.",
		Lines: []Line{Line2025}, call: func(c *call) {
			c.askOn("elicitation/create", ElicitParams, func(question string) {
				c.room.sendStanding(c.r.Context(), c.session, question)
			})
		}},
	{Name: "ask_unknown", Doc: "Asks with a method that no revision knows.", Lines: []Line{Line2025}, call: func(c *call) {
		c.ask("horoscope/create", `{"sign":"remora"}`)
	}},
	{Name: "ask_forever", Doc: "Asks anew with every answer (2026-07-28).", Lines: []Line{Line2026}, call: func(c *call) {
		c.inputRequired("elicitation/create", ElicitParams)
	}},
}

// What the tools elicit and sample ask.
const (
	ElicitParams = `{"mode":"form","message":"What is your name?","requestedSchema":{"type":"object",` +
		`"properties":{"name":{"type":"string","title":"Name","minLength":1}},"required":["name"]}}`
	SampleParams = `{"messages":[{"role":"user","content":{"type":"text","text":"Say hello."}}],"maxTokens":64,"systemPrompt":"Be brief."}`
)

const (
	askKey   = "question"
	askState = "opaque \u2713 state"
)

func (c *call) ask(method, params string) {
	if c.line == Line2026 {
		answer, answered := c.msg.Params.InputResponses[askKey]
		switch {
		case !answered:
			c.inputRequired(method, params)
		case c.msg.Params.RequestState != askState:
			c.answerError(codeInvalidParams, "requestState came back changed")
		default:
			c.text(string(answer))
		}
		return
	}
	c.askOn(method, params, nil)
}

// askOn asks with a request that send sends, or, without one, with a request on
// the call's own event stream (2025-11-25).
func (c *call) askOn(method, params string, send func(question string)) {
	id, answered := c.room.expect()
	s := c.stream()
	if send == nil {
		send = func(question string) { s.event("", question) }
	}
	send(`{"jsonrpc":"2.0","id":` + quoted(id) + `,"method":` + quoted(method) + `,"params":` + params + `}`)
	select {
	case m := <-answered:
		reply := m.Result
		if len(reply) == 0 {
			reply = json.RawMessage(`{"error":` + string(m.Error) + `}`)
		}
		s.event("", c.result(textResult(c.line, string(reply))))
	case <-c.r.Context().Done():
		c.room.count("left." + c.tool)
	}
}

// inputRequired answers with one input request.
func (c *call) inputRequired(method, params string) {
	c.answer(c.result(`{"resultType":"input_required","inputRequests":{` + quoted(askKey) + `:{"method":` + quoted(method) +
		`,"params":` + params + `}},"requestState":` + quoted(askState) + `}`))
}
