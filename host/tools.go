package host

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// CallTool calls a tool and returns its result. A tool's own failure is a
// result with IsError, not an error.
//
// What the server asks in between goes to the session's [Handlers]. Arguments
// is any value that encodes to a JSON object; nil stands for an empty one.
// InputResponses and RequestState must be empty, since the session sends them
// itself.
//
// The go-sdk's types hold less than JSON does: unknown fields are dropped and
// large numbers in StructuredContent rounded. A result with a content type that
// the go-sdk does not know is an error with CodeLocalUnsupported here;
// [Session.CallToolRaw] returns any result, byte for byte.
func (s *Session) CallTool(ctx context.Context, params *mcp.CallToolParams) (*mcp.CallToolResult, error) {
	raw, err := s.CallToolRaw(ctx, params)
	return decodeResult[mcp.CallToolResult]("CallTool", raw, err)
}

// CallToolRaw is CallTool with the result byte for byte as the server sent it:
// a CallToolResult of the specification, as JSON.
func (s *Session) CallToolRaw(ctx context.Context, params *mcp.CallToolParams) (json.RawMessage, error) {
	if params == nil {
		params = new(mcp.CallToolParams)
	}
	if params.Name == "" {
		return nil, failure(CodeLocalBadArgument, "CallToolParams.Name is empty")
	}
	if params.InputResponses != nil || params.RequestState != "" {
		return nil, failure(CodeLocalBadArgument, "CallToolParams.InputResponses and RequestState must be empty: the session answers input requests itself")
	}
	p := wire.CallTool{Name: params.Name}
	var err error
	if p.Arguments, err = encodeArguments(params.Arguments); err != nil {
		return nil, err
	}
	if p.Meta, err = encodeMeta(params.Meta); err != nil {
		return nil, err
	}
	return s.request(ctx, "callTool", p, params.Meta)
}

// encodeArguments returns a tool's arguments as a JSON object.
func encodeArguments(arguments any) (json.RawMessage, error) {
	none := json.RawMessage("{}")
	if arguments == nil {
		return none, nil
	}
	args, err := encode(arguments)
	switch {
	case err != nil:
		return nil, &Error{Code: CodeLocalBadArgument, Message: fmt.Sprintf("CallToolParams.Arguments cannot be encoded: %v", err), Sent: SentNo, cause: err}
	case args[0] == '{':
		return args, nil
	case string(args) == "null":
		return none, nil
	}
	return nil, failure(CodeLocalBadArgument, "CallToolParams.Arguments is not a JSON object")
}

// ListTools returns one page of the server's tools; the next one is had with
// the result's NextCursor.
func (s *Session) ListTools(ctx context.Context, params *mcp.ListToolsParams) (*mcp.ListToolsResult, error) {
	raw, err := s.ListToolsRaw(ctx, params)
	return decodeResult[mcp.ListToolsResult]("ListTools", raw, err)
}

// ListToolsRaw is ListTools with the result byte for byte as the server sent
// it: a ListToolsResult of the specification, as JSON.
func (s *Session) ListToolsRaw(ctx context.Context, params *mcp.ListToolsParams) (json.RawMessage, error) {
	params = orNew(params)
	return s.list(ctx, "listTools", params.Cursor, params.Meta)
}

// Tools iterates over all of the server's tools, fetching pages as it goes.
// params, which is not changed, can give the cursor to begin with. Iteration
// ends with the first error; a server whose cursors go in a circle is one, with
// CodeHTTPNotMCP.
func (s *Session) Tools(ctx context.Context, params *mcp.ListToolsParams) iter.Seq2[*mcp.Tool, error] {
	page := *orNew(params)
	return entries("tools", page.Cursor, func(cursor string) ([]*mcp.Tool, string, error) {
		page := page
		page.Cursor = cursor
		res, err := s.ListTools(ctx, &page)
		if err != nil {
			return nil, "", err
		}
		return res.Tools, res.NextCursor, nil
	})
}

// encodeMeta returns the _meta of a request as JSON, nil for none.
func encodeMeta(meta mcp.Meta) (json.RawMessage, error) {
	if len(meta) == 0 {
		return nil, nil
	}
	raw, err := encode(meta)
	if err != nil {
		return nil, &Error{Code: CodeLocalBadArgument, Message: fmt.Sprintf("the request's _meta cannot be encoded: %v", err), Sent: SentNo, cause: err}
	}
	return raw, nil
}

func undecodableResult(method string, err error) *Error {
	e := undecodable("result", err)
	e.Message += "; " + method + "Raw returns it as it came"
	return e
}
