package host

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// ListPrompts returns one page of the server's prompts; the next one is had with
// the result's NextCursor.
func (s *Session) ListPrompts(ctx context.Context, params *mcp.ListPromptsParams) (*mcp.ListPromptsResult, error) {
	raw, err := s.ListPromptsRaw(ctx, params)
	return decodeResult[mcp.ListPromptsResult]("ListPrompts", raw, err)
}

// ListPromptsRaw is ListPrompts with the result byte for byte as the server sent
// it: a ListPromptsResult of the specification, as JSON.
func (s *Session) ListPromptsRaw(ctx context.Context, params *mcp.ListPromptsParams) (json.RawMessage, error) {
	params = orNew(params)
	return s.list(ctx, "listPrompts", params.Cursor, params.Meta)
}

// Prompts iterates over all of the server's prompts, as Tools does over tools.
func (s *Session) Prompts(ctx context.Context, params *mcp.ListPromptsParams) iter.Seq2[*mcp.Prompt, error] {
	page := *orNew(params)
	return entries("prompts", page.Cursor, func(cursor string) ([]*mcp.Prompt, string, error) {
		page := page
		page.Cursor = cursor
		res, err := s.ListPrompts(ctx, &page)
		if err != nil {
			return nil, "", err
		}
		return res.Prompts, res.NextCursor, nil
	})
}

// GetPrompt has the server write a prompt. What it asks in between goes to the
// session's [Handlers]; InputResponses and RequestState must be empty. A message
// with content of a type that the go-sdk does not know is an error with
// CodeLocalUnsupported here; [Session.GetPromptRaw] returns any.
func (s *Session) GetPrompt(ctx context.Context, params *mcp.GetPromptParams) (*mcp.GetPromptResult, error) {
	raw, err := s.GetPromptRaw(ctx, params)
	return decodeResult[mcp.GetPromptResult]("GetPrompt", raw, err)
}

// GetPromptRaw is GetPrompt with the result byte for byte as the server sent it:
// a GetPromptResult of the specification, as JSON.
func (s *Session) GetPromptRaw(ctx context.Context, params *mcp.GetPromptParams) (json.RawMessage, error) {
	params = orNew(params)
	if params.Name == "" {
		return nil, failure(CodeLocalBadArgument, "GetPromptParams.Name is empty")
	}
	if params.InputResponses != nil || params.RequestState != "" {
		return nil, failure(CodeLocalBadArgument, "GetPromptParams.InputResponses and RequestState must be empty: the session answers input requests itself")
	}
	meta, err := encodeMeta(params.Meta)
	if err != nil {
		return nil, err
	}
	return s.request(ctx, "getPrompt", wire.GetPrompt{Name: params.Name, Arguments: params.Arguments, Meta: meta}, params.Meta)
}
