package fault

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// A Tool is a way for one call to fail. Every tool is called as often as a
// client likes, and leaves the session sound.
type Tool struct {
	// Name is the tool's name.
	Name string
	// Doc says what the tool does; it is the description in tools/list.
	Doc string
	// Properties are the properties of its input schema, as JSON.
	Properties string
	// Output is its output schema, as JSON; empty for none.
	Output string
	// Lines are the protocol lines on which it means something; empty for both.
	Lines []Line

	call func(*call)
}

// Tools lists every tool of the endpoint "mcp". It is filled in init because
// the list is itself an answer of the server.
var Tools []Tool

func init() {
	for _, group := range [][]Tool{soundTools, lyingTools, statusTools, sizeTools, cutTools, timeTools, askTools, clientTools} {
		Tools = append(Tools, group...)
	}
}

// A call is one tools/call request that is being answered.
type call struct {
	*request
	tool string
	args arguments
	// progress is the progress token, or nil.
	progress json.RawMessage
	// ctx ends when the client cancels the call or closes its connection.
	ctx context.Context
}

// arguments are the arguments of every tool.
type arguments struct {
	Message string `json:"message"`
	As      string `json:"as"`
	Bytes   int    `json:"bytes"`
	Depth   int    `json:"depth"`
	Events  int    `json:"events"`
	Size    int    `json:"size"`
	Region  string `json:"region"`

	Questions []question      `json:"questions"`
	Value     json.RawMessage `json:"value"`
	Failed    bool            `json:"failed"`
}

// Bounds of the arguments.
const (
	maxBytes  = 256 << 20
	maxDepth  = 1_000_000
	maxEvents = 100_000
	maxSize   = 1000
)

// Arguments that several tools have.
const (
	asProperty    = `"as":{"type":"string","enum":["json","sse"],"description":"The type of the answer; sse unless told."}`
	bytesProperty = `"bytes":{"type":"integer","description":"How many bytes."}`
)

// callTool answers tools/call.
func (q *request) callTool() {
	c := &call{request: q, tool: q.msg.Params.Name, progress: q.msg.Params.Meta["progressToken"]}
	for _, tool := range append(Tools[:len(Tools):len(Tools)], headerTools...) {
		if tool.Name != c.tool || !tool.on(q.line) {
			continue
		}
		// Before anybody can know of the call, so that no cancellation is lost.
		ctx, done := q.room.begin(q.r.Context(), q.session, q.msg.ID)
		defer done()
		c.ctx = ctx
		q.room.count("seen." + c.tool)
		if fault := c.parse(); fault != "" {
			q.answerError(codeInvalidParams, fault)
			return
		}
		tool.call(c)
		return
	}
	q.answerError(codeInvalidParams, "no such tool: "+c.tool)
}

// parse reads the arguments and returns what is wrong with them, or "".
func (c *call) parse() string {
	if raw := c.msg.Params.Arguments; len(raw) > 0 {
		if err := json.Unmarshal(raw, &c.args); err != nil {
			return "arguments: " + err.Error()
		}
	}
	for _, bound := range []struct {
		name     string
		got, max int
	}{{"bytes", c.args.Bytes, maxBytes}, {"depth", c.args.Depth, maxDepth}, {"events", c.args.Events, maxEvents}, {"size", c.args.Size, maxSize}} {
		if bound.got < 0 || bound.got > bound.max {
			return fmt.Sprintf("%s is not between 0 and %d", bound.name, bound.max)
		}
	}
	return ""
}

func (t Tool) on(line Line) bool {
	if len(t.Lines) == 0 {
		return true
	}
	for _, l := range t.Lines {
		if l == line {
			return true
		}
	}
	return false
}

// listed returns the tools as the elements of the array in a tools/list result.
func listed(tools []Tool) string {
	var out []string
	for _, t := range tools {
		output := ""
		if t.Output != "" {
			output = `,"outputSchema":` + t.Output
		}
		out = append(out, fmt.Sprintf(`{"name":%s,"description":%s,"inputSchema":{"type":"object","properties":{%s}}%s}`,
			quoted(t.Name), quoted(t.Doc), t.Properties, output))
	}
	return strings.Join(out, ",")
}

// pages is a list of 250 tools on 5 pages.
func pages(cursor string) string {
	page := 0
	if cursor != "" {
		if _, err := fmt.Sscanf(cursor, "page-%d", &page); err != nil || page < 1 || page > 4 {
			return `{"tools":[]}`
		}
	}
	var tools []Tool
	for i := range 50 {
		tools = append(tools, Tool{Name: fmt.Sprintf("tool_%03d", page*50+i), Doc: "One of many."})
	}
	next := ""
	if page < 4 {
		next = fmt.Sprintf(`,"nextCursor":"page-%d"`, page+1)
	}
	return `{"tools":[` + listed(tools) + `]` + next + `}`
}

// answer sends a message, already encoded, as the arguments ask: one JSON body,
// or one event.
func (c *call) answer(encoded string) {
	if c.args.As == "json" {
		c.body("application/json", encoded)
		return
	}
	c.stream().event("", encoded)
}

// text answers with a result of one text block.
func (c *call) text(s string) { c.answer(c.result(textResult(c.line, s))) }

// textResult returns a result of one text block.
func textResult(line Line, s string) string {
	tail := ""
	if line == Line2026 {
		tail = `,"resultType":"complete"`
	}
	return `{"content":[{"type":"text","text":` + quoted(s) + `}]` + tail + `}`
}

// progressEvent returns a progress notification for the call, or "" if the
// client wants none.
func (c *call) progressEvent(done, total int) string {
	if c.progress == nil {
		return ""
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":%d,"total":%d}}`,
		c.progress, done, total)
}

// soundTools behave.
var soundTools = []Tool{
	{Name: "echo", Doc: "Returns the message.", Properties: `"message":{"type":"string"},` + asProperty,
		call: func(c *call) { c.text(c.args.Message) }},
	{Name: "raw", Doc: "Returns RawResult: unknown fields, an unknown content type, a number that no float holds.", Properties: asProperty,
		call: func(c *call) { c.answer(c.result(RawResult)) }},
	{Name: "tool_error", Doc: "Returns a result with isError.", Properties: asProperty,
		call: func(c *call) {
			c.answer(c.result(strings.TrimSuffix(textResult(c.line, "this tool failed"), "}") + `,"isError":true}`))
		}},
	{Name: "rpc_error", Doc: "Answers with the JSON-RPC error RPCErrorCode, RPCErrorMessage and RPCErrorData.", Properties: asProperty,
		call: func(c *call) {
			c.answer(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%q,"data":%s}}`,
				c.msg.ID, RPCErrorCode, RPCErrorMessage, RPCErrorData))
		}},
	{Name: "barrier", Doc: "Answers when as many calls as size (default 8) have arrived.",
		Properties: `"size":{"type":"integer","description":"How many calls."}`,
		call: func(c *call) {
			if c.args.Size == 0 {
				c.args.Size = 8
			}
			select {
			case <-c.room.arrive(c.args.Size):
				c.text("the barrier is open")
			case <-c.r.Context().Done():
				c.room.count("left." + c.tool)
			}
		}},
	{Name: "flood", Doc: "Sends events (default 1,000) progress events and the result in one write.",
		Properties: `"events":{"type":"integer","description":"How many progress events."}`,
		call:       flood},
}

// RawResult is the result of the tool "raw", byte for byte. It has fields, and
// a type of content, that no revision knows, numbers beyond a float's
// precision, escapes, and white space where an encoder would put none.
const RawResult = `{ "content" : [ {"type":"hologram","voxels":[1, 2,3],"depth":12345678901234567890},` +
	`{"text":"caf\u00e9 \ud83d\ude80 \/ <&>","type":"text"}],"structuredContent":{"exact":12345678901234567890,"one":1.0,"small":1e-7},` +
	`"unknownField":{"z":null,"a":[true,{"n":12345678901234567890}]},"resultType":"complete" }`

// The JSON-RPC error of the tool "rpc_error".
const (
	RPCErrorCode    = -32042
	RPCErrorMessage = "the moon is in the wrong phase"
	RPCErrorData    = `{"phase":"waning","exact":12345678901234567890}`
)

// flood writes everything in one piece, head included where the client's
// transport allows it, so that the client reads all events at once.
func flood(c *call) {
	if c.args.Events == 0 {
		c.args.Events = 1000
	}
	var b strings.Builder
	for i := range c.args.Events {
		if event := c.progressEvent(i+1, c.args.Events); event != "" {
			b.WriteString(eventBytes("", event))
		}
	}
	b.WriteString(eventBytes("", c.result(textResult(c.line, fmt.Sprintf("%d events sent", c.args.Events)))))
	c.w.Header().Set("Content-Length", fmt.Sprint(b.Len()))
	c.body("text/event-stream", b.String())
}

// headerTools are the tools of the endpoint "header_tools". Tools whose
// annotation is invalid (2026-07-28, x-mcp-header) are to be left out by a
// client.
var headerTools = []Tool{
	{Name: "region", Doc: "Returns the region as its header had it; the header Mcp-Param-Region has to be the argument.",
		Properties: `"region":{"type":"string","x-mcp-header":"Region"}`,
		call: func(c *call) {
			header := c.r.Header.Get("Mcp-Param-Region")
			if c.line == Line2026 && header != c.args.Region {
				c.malformed(codeHeaderMismatch, "Mcp-Param-Region is not the argument")
				return
			}
			c.text("region " + c.args.Region)
		}},
	{Name: "bad_header_space", Doc: "Its header name has a space.", Lines: []Line{Line2026},
		Properties: `"x":{"type":"string","x-mcp-header":"My Region"}`, call: func(c *call) { c.text("called") }},
	{Name: "bad_header_empty", Doc: "Its header name is empty.", Lines: []Line{Line2026},
		Properties: `"x":{"type":"string","x-mcp-header":""}`, call: func(c *call) { c.text("called") }},
	{Name: "bad_header_type", Doc: "Its annotated property is an object.", Lines: []Line{Line2026},
		Properties: `"x":{"type":"object","x-mcp-header":"Region"}`, call: func(c *call) { c.text("called") }},
	{Name: "bad_header_twice", Doc: "Two properties have the same header name.", Lines: []Line{Line2026},
		Properties: `"x":{"type":"string","x-mcp-header":"Region"},"y":{"type":"string","x-mcp-header":"region"}`, call: func(c *call) { c.text("called") }},
}
