package core

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/wire"
)

// callTool calls a tool.
func (s *session) callTool(cl *call) ([]byte, error) {
	var params wire.CallTool
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	if params.Name == "" {
		return nil, badArgument("a tool's name is missing")
	}
	if len(params.Arguments) == 0 || string(params.Arguments) == "null" {
		params.Arguments = json.RawMessage(`{}`)
	}
	if params.Arguments[0] != '{' {
		return nil, badArgument("a tool's arguments are not a JSON object")
	}
	meta, err := s.requestMeta(cl, params.Meta)
	if err != nil {
		return nil, err
	}
	return s.do(cl, func(ctx context.Context, cn *conn) error {
		call := func() error {
			_, err := cn.sdk.CallTool(ctx, &mcp.CallToolParams{Meta: meta, Name: params.Name, Arguments: params.Arguments})
			return err
		}
		err := call()
		if seen := cl.exchange.Err(); seen == nil || seen.RPCCode != mcp.CodeHeaderMismatch || !cn.modern() {
			return err
		}
		// The server has refused the call unexecuted, for want of headers that
		// repeat arguments. Which ones is in the tool's schema.
		if !cn.learnTool(ctx, params.Name) {
			return err
		}
		return call()
	})
}

// maxLearnedPages bounds the search for a tool.
const maxLearnedPages = 100

// learnTool lists tools until one of that name is found, so that the SDK knows
// its schema. It reports whether there is one.
func (cn *conn) learnTool(ctx context.Context, name string) bool {
	ctx = exchange.WithCall(ctx, new(exchange.Call)) // what it meets is not the call's
	params := &mcp.ListToolsParams{}
	for range maxLearnedPages {
		res, err := cn.sdk.ListTools(ctx, params)
		if err != nil {
			return false
		}
		if slices.ContainsFunc(res.Tools, func(t *mcp.Tool) bool { return t.Name == name }) {
			return true
		}
		if res.NextCursor == "" {
			return false
		}
		params = &mcp.ListToolsParams{Cursor: res.NextCursor}
	}
	return false
}

// requestMeta is a request's _meta: the application's, the call's id as the
// progress token if progress is asked for, and the level from which on the server
// is to log.
func (s *session) requestMeta(cl *call, raw json.RawMessage) (mcp.Meta, error) {
	var fields map[string]json.RawMessage
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &fields); err != nil {
			return nil, badArgument("_meta is not a JSON object")
		}
	}
	meta := make(mcp.Meta, len(fields)+1)
	for key, value := range fields {
		meta[key] = value
	}
	delete(meta, "progressToken")
	if cl.header.Progress {
		meta["progressToken"] = cl.id
	}
	if level := s.logLevelPerRequest(); level != "" && meta[metaLogLevel] == nil {
		meta[metaLogLevel] = level
	}
	return meta, nil
}

// listTools lists one page of tools. Tools that the specification tells a
// client to leave out (bad x-mcp-header marks, 2026-07-28) are left out.
func (s *session) listTools(cl *call) ([]byte, error) {
	var params wire.ListTools
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	meta, err := s.requestMeta(cl, params.Meta)
	if err != nil {
		return nil, err
	}
	return s.cached(cl, methodListTools, params.Cursor, params.Meta, func() ([]byte, error) {
		return s.fetchTools(cl, &mcp.ListToolsParams{Meta: meta, Cursor: params.Cursor})
	})
}

// fetchTools asks the server for a page of tools.
func (s *session) fetchTools(cl *call, params *mcp.ListToolsParams) ([]byte, error) {
	var kept []*mcp.Tool
	raw, err := s.do(cl, func(ctx context.Context, cn *conn) error {
		res, err := cn.sdk.ListTools(ctx, params)
		if err == nil {
			kept = res.Tools
		}
		return err
	})
	if err != nil || len(kept) == cl.exchange.ToolCount() {
		return raw, err
	}
	return keepTools(raw, kept)
}

// keepTools leaves out of a raw list what the SDK left out of its own, which
// holds the rest in the same order.
func keepTools(raw []byte, kept []*mcp.Tool) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	var tools []json.RawMessage
	if err := json.Unmarshal(fields["tools"], &tools); err != nil {
		return nil, err
	}
	left := make([]json.RawMessage, 0, len(kept))
	for _, tool := range tools {
		var named struct {
			Name string `json:"name"`
		}
		if err := json.Unmarshal(tool, &named); err != nil {
			return nil, err
		}
		if len(left) < len(kept) && named.Name == kept[len(left)].Name {
			left = append(left, tool)
		}
	}
	var err error
	if fields["tools"], err = json.Marshal(left); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}
