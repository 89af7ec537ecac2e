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
	promise, err := s.promised(cl, params.Name)
	if err != nil {
		return nil, err
	}
	raw, err := s.do(cl, func(ctx context.Context, cn *conn) error {
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
		if !s.learnTool(ctx, cn, params.Name) {
			return err
		}
		return call()
	})
	if err != nil {
		return nil, err
	}
	if wanted, _ := s.checks(); wanted {
		err = s.checkResult(promise, raw)
	}
	return raw, err
}

// promised returns what a tool promises of its result, nil if that is not known.
// If it has to be, the tools are listed.
func (s *session) promised(cl *call, name string) (*output, error) {
	wanted, needed := s.checks()
	if !wanted {
		return nil, nil
	}
	promise := s.outputs.find(name)
	if !needed {
		return promise, nil
	}
	if promise == nil {
		if err := s.listFor(cl, name); err != nil {
			return nil, err
		}
		promise = s.outputs.find(name)
	}
	if promise == nil {
		return nil, newError(wire.CodeLocalUnsupported, "the tool's results cannot be checked, as they have to be: the server does not list it")
	}
	if promise.raw != nil {
		if _, err := promise.schema(); err != nil {
			return nil, newError(wire.CodeLocalUnsupported, "the tool's results cannot be checked, as they have to be: %v", err)
		}
	}
	return promise, nil
}

// listFor lists the tools before one is called. A failure is one of the call,
// which has not been made.
func (s *session) listFor(cl *call, name string) error {
	for again := false; ; again = true {
		cn := s.current()
		_, err := s.learn(cl.ctx, cn, name)
		switch {
		case err == nil:
			return nil
		case cl.ctx.Err() != nil:
			return cl.ctx.Err()
		case again || err.Code != wire.CodeHTTPSessionGone && !s.repeatsUnsent(err):
			failure := *err
			failure.Sent = wire.SentNo
			return &failure
		}
		if err := s.awaitConnection(cl.ctx, cl, cn); err != nil {
			return err
		}
	}
}

// maxLearnedPages bounds the search for a tool.
const maxLearnedPages = 100

// learned takes a page of tools: their outputs can be checked, and their secret
// arguments masked, from now on.
func (s *session) learned(raw []byte) {
	if wanted, _ := s.checks(); wanted {
		s.outputs.learn(raw)
	}
	s.tracer.mask.LearnTools(raw)
	s.marked.learn(raw)
}

// learnTool lists tools until one of that name is found, so that its schemas are
// known. It reports whether there is one.
func (s *session) learnTool(ctx context.Context, cn *conn, name string) bool {
	found, err := s.learn(ctx, cn, name)
	return found && err == nil
}

func (s *session) learn(ctx context.Context, cn *conn, name string) (found bool, failed *wire.Error) {
	seen := new(exchange.Call) // what it meets is not the call's
	ctx = exchange.WithCall(ctx, seen)
	params := &mcp.ListToolsParams{}
	for range maxLearnedPages {
		res, err := cn.sdk.ListTools(ctx, params)
		if err != nil {
			if failed = seen.Err(); failed == nil {
				failed = newError(wire.CodeHTTPNotMCP, "the server's list of tools does not fit the specification")
			}
			return false, failed
		}
		s.learned(seen.Result())
		if slices.ContainsFunc(res.Tools, func(t *mcp.Tool) bool { return t.Name == name }) {
			return true, nil
		}
		if res.NextCursor == "" {
			break
		}
		params = &mcp.ListToolsParams{Cursor: res.NextCursor}
	}
	return false, nil
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
	if err == nil {
		s.learned(raw)
	}
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
