package core

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// page lists one page of something, by the SDK's method for it.
func (s *session) page(cl *call, method string, request func(ctx context.Context, cn *conn, meta mcp.Meta, cursor string) error) ([]byte, error) {
	var params wire.ListResources // those of every list
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	meta, err := s.requestMeta(cl, params.Meta)
	if err != nil {
		return nil, err
	}
	return s.cached(cl, method, params.Cursor, params.Meta, func() ([]byte, error) {
		return s.do(cl, func(ctx context.Context, cn *conn) error { return request(ctx, cn, meta, params.Cursor) })
	})
}

// forgetful keeps the SDK from filing each answer under its cursor or URI, which
// it does without bound. It files what it was asked, so that is blanked once the
// answer is there. The lists of tools stay: the SDK looks tools up in them.
func forgetful(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		res, err := next(ctx, method, req)
		switch params := req.GetParams().(type) {
		case *mcp.ListResourcesParams:
			params.Cursor = ""
		case *mcp.ListResourceTemplatesParams:
			params.Cursor = ""
		case *mcp.ListPromptsParams:
			params.Cursor = ""
		case *mcp.ReadResourceParams:
			params.URI = ""
		}
		return res, err
	}
}
