package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
)

// stub makes what the SDK gets in place of a raw result: what it needs to drive
// the protocol, and nothing that it could fail on, round or cache. count is the
// number of tools in an answer to tools/list.
func (t *Transport) stub(call *Call, method string, raw json.RawMessage) (stub json.RawMessage, count int, err error) {
	switch method {
	case methodInitialize, methodDiscover:
		return raw, 0, nil
	}
	if firstByte(raw) != '{' {
		return nil, 0, errors.New("the result is not an object")
	}
	switch method {
	case methodCallTool:
		stub, err = t.stubToolResult(call, raw)
	case methodListTools:
		stub, count, err = stubToolList(raw)
	default:
		stub = json.RawMessage(`{}`)
	}
	return stub, count, err
}

// toolResult is what the SDK needs of a CallToolResult (2026-07-28, server/tools
// and basic/patterns/mrtr).
type toolResult struct {
	ResultType    json.RawMessage `json:"resultType,omitempty"`
	InputRequests json.RawMessage `json:"inputRequests,omitempty"`
	RequestState  json.RawMessage `json:"requestState,omitempty"`
	Content       json.RawMessage `json:"content"`
}

func (t *Transport) stubToolResult(call *Call, raw json.RawMessage) (json.RawMessage, error) {
	var r toolResult
	if err := decode(raw, &r); err != nil {
		return nil, err
	}
	if t.cfg.InputAsData {
		r = toolResult{}
	}
	r.Content = json.RawMessage(`[]`)
	if r.InputRequests != nil && !isNull(r.InputRequests) {
		tagged, err := t.tagInputRequests(call, r.InputRequests)
		if err != nil {
			return nil, err
		}
		r.InputRequests = tagged
	}
	return json.Marshal(r)
}

// listedTool is what the SDK needs of a Tool: its name, and its input schema if
// arguments are to be repeated in headers (2026-07-28, basic/transports,
// Mcp-Param headers).
type listedTool struct {
	Name        json.RawMessage `json:"name"`
	InputSchema json.RawMessage `json:"inputSchema"`
}

var paramHeaderMark = []byte("x-mcp-header")

func stubToolList(raw json.RawMessage) (json.RawMessage, int, error) {
	var list struct {
		Tools      []listedTool    `json:"tools"`
		NextCursor json.RawMessage `json:"nextCursor,omitempty"`
	}
	if err := decode(raw, &list); err != nil {
		return nil, 0, err
	}
	for i, tool := range list.Tools {
		if firstByte(tool.Name) != '"' {
			return nil, 0, errors.New("a tool has no name")
		}
		if !bytes.Contains(tool.InputSchema, paramHeaderMark) {
			list.Tools[i].InputSchema = json.RawMessage(`{"type":"object"}`)
		}
	}
	stub, err := json.Marshal(list)
	return stub, len(list.Tools), err
}
