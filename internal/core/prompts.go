package core

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// listPrompts lists one page of prompts.
func (s *session) listPrompts(cl *call) ([]byte, error) {
	return s.page(cl, methodListPrompts, func(ctx context.Context, cn *conn, meta mcp.Meta, cursor string) error {
		_, err := cn.sdk.ListPrompts(ctx, &mcp.ListPromptsParams{Meta: meta, Cursor: cursor})
		return err
	})
}

// getPrompt has the server write a prompt.
func (s *session) getPrompt(cl *call) ([]byte, error) {
	var params wire.GetPrompt
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	if params.Name == "" {
		return nil, badArgument("a prompt's name is missing")
	}
	meta, err := s.requestMeta(cl, params.Meta)
	if err != nil {
		return nil, err
	}
	return s.do(cl, func(ctx context.Context, cn *conn) error {
		_, err := cn.sdk.GetPrompt(ctx, &mcp.GetPromptParams{Meta: meta, Name: params.Name, Arguments: params.Arguments})
		return err
	})
}
