package fault

import (
	"net/http"
	"strings"
)

// sizeTools answer with more than a client should take.
var sizeTools = []Tool{
	{Name: "big_event", Doc: "Answers with one event whose text has so many bytes (default 1 MiB).", Properties: bytesProperty,
		call: func(c *call) { c.args.As = "sse"; c.big() }},
	{Name: "big_body", Doc: "Answers with a JSON body whose text has so many bytes (default 1 MiB).", Properties: bytesProperty,
		call: func(c *call) { c.args.As = "json"; c.big() }},
	{Name: "big_status", Doc: "Answers with status 400 and a text of so many bytes (default 1 MiB).", Properties: bytesProperty,
		call: func(c *call) {
			c.w.WriteHeader(http.StatusBadRequest)
			c.pour("", 'x', c.sizeOr(1<<20))
		}},
	{Name: "endless_event", Doc: "Sends one event that never ends, until the client leaves (256 MiB at most).",
		call: func(c *call) {
			c.stream()
			c.pour("data: ", 'x', maxBytes)
		}},
	{Name: "endless_lines", Doc: "Sends one event of ever more lines, until the client leaves (256 MiB at most).",
		call: func(c *call) {
			c.stream()
			c.pour(strings.Repeat("data: x\n", 8192), 0, maxBytes)
		}},
	{Name: "endless_body", Doc: "Sends a JSON body that never ends, until the client leaves (256 MiB at most).",
		call: func(c *call) {
			c.w.Header().Set("Content-Type", "application/json")
			c.pour(`{"jsonrpc":"2.0","id":`+string(c.msg.ID)+`,"result":{"text":"`, 'x', maxBytes)
		}},
	{Name: "deep", Doc: "Answers with a result of nested arrays, so many levels deep (default 10,000).",
		Properties: `"depth":{"type":"integer","description":"How many levels."},` + asProperty,
		call: func(c *call) {
			depth := c.args.Depth
			if depth == 0 {
				depth = 10_000
			}
			c.answer(c.result(`{"content":[],"structuredContent":{"deep":` +
				strings.Repeat("[", depth) + strings.Repeat("]", depth) + `},"resultType":"complete"}`))
		}},
}

func (c *call) sizeOr(otherwise int) int {
	if c.args.Bytes == 0 {
		return otherwise
	}
	return c.args.Bytes
}

// big answers with a text of the size that the arguments ask for.
func (c *call) big() {
	c.text(strings.Repeat("x", c.sizeOr(1<<20)))
}

// pour writes begin, and then fill until so many bytes are written or the
// client has left; without a fill, begin is written again and again. It counts
// left.TOOL if the client left.
func (c *call) pour(begin string, fill byte, total int) {
	chunk := []byte(begin)
	for written := 0; written < total; {
		n, err := c.w.Write(chunk[:min(len(chunk), total-written)])
		if err != nil || c.r.Context().Err() != nil {
			c.room.count("left." + c.tool)
			return
		}
		_ = http.NewResponseController(c.w).Flush()
		if written += n; fill != 0 && len(chunk) != 1<<16 {
			chunk = []byte(strings.Repeat(string(fill), 1<<16))
		}
	}
}
