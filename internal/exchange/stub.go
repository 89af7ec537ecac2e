package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
)

// stub makes what the SDK gets in place of a raw result: what it needs to drive
// the protocol, and nothing that it could fail on, round or cache. count is the
// number of tools in an answer to tools/list.
func (t *Transport) stub(call *Call, method string, m *incoming) (stub json.RawMessage, count int, err error) {
	raw := m.Result
	switch method {
	case methodInitialize, methodDiscover:
		return raw, 0, nil
	}
	if firstByte(raw) != '{' {
		return nil, 0, errors.New("the result is not an object")
	}
	switch method {
	case methodCallTool:
		stub, err = t.stubInputResult(call, m, "")
	case methodReadResource:
		stub, err = t.stubInputResult(call, m, "contents")
	case methodGetPrompt:
		stub, err = t.stubInputResult(call, m, "messages")
	case methodListTools:
		stub, count, err = stubToolList(call, raw)
	case methodListResources:
		stub, err = stubList(call, raw, "resources")
	case methodListTemplates:
		stub, err = stubList(call, raw, "resourceTemplates")
	case methodListPrompts:
		stub, err = stubList(call, raw, "prompts")
	case methodComplete:
		var r struct {
			Completion json.RawMessage `json:"completion"`
		}
		if err = decode(raw, &r); err == nil && firstByte(r.Completion) != '{' {
			err = errors.New("the result has no completion")
		}
		if err == nil {
			stub = json.RawMessage(`{}`)
		}
	default:
		stub = json.RawMessage(`{}`)
	}
	return stub, count, err
}

// stubList is a page without its entries, whose list must be one.
func stubList(call *Call, raw json.RawMessage, member string) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := decode(raw, &fields); err != nil {
		return nil, err
	}
	if firstByte(fields[member]) != '[' {
		return nil, errors.New("the result has no list of " + member)
	}
	if cursor := fields["nextCursor"]; cursor != nil && firstByte(cursor) != '"' && !isNull(cursor) {
		return nil, errors.New("nextCursor is not a string")
	}
	call.setTTL(fields["ttlMs"])
	return json.RawMessage(`{}`), nil
}

// inputResult is what the SDK needs of a result that may ask for input
// (2026-07-28, basic/patterns/mrtr): a CallToolResult, which has content, a
// ReadResourceResult or a GetPromptResult.
type inputResult struct {
	ResultType    json.RawMessage `json:"resultType"`
	InputRequests json.RawMessage `json:"inputRequests"`
	RequestState  json.RawMessage `json:"requestState"`
	Content       json.RawMessage `json:"content"`
}

// stubInputResult is a result without its content, which is a list in the member
// of that name unless the result asks for input. A tool's has no name: what it
// holds is not looked at.
func (t *Transport) stubInputResult(call *Call, m *incoming, member string) (json.RawMessage, error) {
	r, err := m.inputResult()
	if err != nil {
		return nil, err
	}
	if member == "" {
		if t.cfg.InputAsData {
			r = inputResult{}
		}
		r.Content = json.RawMessage(`[]`)
	} else if r.InputRequests == nil && r.RequestState == nil {
		var fields map[string]json.RawMessage
		if err := decode(m.Result, &fields); err != nil {
			return nil, err
		}
		if firstByte(fields[member]) != '[' {
			return nil, errors.New("the result has no list of " + member)
		}
		call.setTTL(fields["ttlMs"])
	}
	if r.InputRequests != nil && !isNull(r.InputRequests) {
		tagged, err := t.tagInputRequests(call, r.InputRequests)
		if err != nil {
			return nil, err
		}
		r.InputRequests = tagged
	}
	return r.encode(), nil
}

// encode puts the members together as they are.
func (r *inputResult) encode() json.RawMessage {
	out := make(json.RawMessage, 0, 64+len(r.InputRequests)+len(r.RequestState))
	for _, member := range []struct {
		name  string
		value json.RawMessage
	}{{"resultType", r.ResultType}, {"inputRequests", r.InputRequests}, {"requestState", r.RequestState}, {"content", r.Content}} {
		if member.value == nil {
			continue
		}
		sep := byte(',')
		if len(out) == 0 {
			sep = '{'
		}
		out = append(append(append(out, sep, '"'), member.name...), `":`...)
		out = append(out, member.value...)
	}
	if len(out) == 0 {
		out = append(out, '{')
	}
	return append(out, '}')
}

// inputParts finds the members of a result.
type inputParts struct {
	inputResult
	escaped bool // a key is written with escapes, and may be one of these
}

// take takes a member of the result.
func (p *inputParts) take(key, value []byte) {
	switch string(key) {
	case "resultType":
		p.ResultType = value
	case "inputRequests":
		p.InputRequests = value
	case "requestState":
		p.RequestState = value
	default:
		p.escaped = p.escaped || bytes.IndexByte(key, '\\') >= 0
	}
}

// inputResult is the result of m, which is an object, without its content.
func (m *incoming) inputResult() (inputResult, error) {
	if m.parts != nil {
		return *m.parts, nil
	}
	var r inputResult
	err := decode(m.Result, &r)
	r.Content = nil
	return r, err
}

// listedTool is what the SDK needs of a Tool: its name, and its input schema if
// arguments are to be repeated in headers (2026-07-28, basic/transports,
// Mcp-Param headers).
type listedTool struct {
	Name        json.RawMessage `json:"name"`
	InputSchema json.RawMessage `json:"inputSchema"`
}

var paramHeaderMark = []byte("x-mcp-header")

func stubToolList(call *Call, raw json.RawMessage) (json.RawMessage, int, error) {
	var list struct {
		Tools      []listedTool    `json:"tools"`
		NextCursor json.RawMessage `json:"nextCursor,omitempty"`
		TTL        json.RawMessage `json:"ttlMs,omitempty"`
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
	call.setTTL(list.TTL)
	list.TTL = nil // or the SDK would keep it
	stub, err := json.Marshal(list)
	return stub, len(list.Tools), err
}
