package host

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// ListResources returns one page of the server's resources; the next one is had
// with the result's NextCursor.
func (s *Session) ListResources(ctx context.Context, params *mcp.ListResourcesParams) (*mcp.ListResourcesResult, error) {
	raw, err := s.ListResourcesRaw(ctx, params)
	return decodeResult[mcp.ListResourcesResult]("ListResources", raw, err)
}

// ListResourcesRaw is ListResources with the result byte for byte as the server
// sent it: a ListResourcesResult of the specification, as JSON.
func (s *Session) ListResourcesRaw(ctx context.Context, params *mcp.ListResourcesParams) (json.RawMessage, error) {
	params = orNew(params)
	return s.list(ctx, "listResources", params.Cursor, params.Meta)
}

// Resources iterates over all of the server's resources, as Tools does over
// tools.
func (s *Session) Resources(ctx context.Context, params *mcp.ListResourcesParams) iter.Seq2[*mcp.Resource, error] {
	page := *orNew(params)
	return entries("resources", page.Cursor, func(cursor string) ([]*mcp.Resource, string, error) {
		page := page
		page.Cursor = cursor
		res, err := s.ListResources(ctx, &page)
		if err != nil {
			return nil, "", err
		}
		return res.Resources, res.NextCursor, nil
	})
}

// ListResourceTemplates returns one page of the server's resource templates; the
// next one is had with the result's NextCursor.
func (s *Session) ListResourceTemplates(ctx context.Context, params *mcp.ListResourceTemplatesParams) (*mcp.ListResourceTemplatesResult, error) {
	raw, err := s.ListResourceTemplatesRaw(ctx, params)
	return decodeResult[mcp.ListResourceTemplatesResult]("ListResourceTemplates", raw, err)
}

// ListResourceTemplatesRaw is ListResourceTemplates with the result byte for
// byte as the server sent it: a ListResourceTemplatesResult of the specification,
// as JSON.
func (s *Session) ListResourceTemplatesRaw(ctx context.Context, params *mcp.ListResourceTemplatesParams) (json.RawMessage, error) {
	params = orNew(params)
	return s.list(ctx, "listResourceTemplates", params.Cursor, params.Meta)
}

// ResourceTemplates iterates over all of the server's resource templates, as
// Tools does over tools.
func (s *Session) ResourceTemplates(ctx context.Context, params *mcp.ListResourceTemplatesParams) iter.Seq2[*mcp.ResourceTemplate, error] {
	page := *orNew(params)
	return entries("resource templates", page.Cursor, func(cursor string) ([]*mcp.ResourceTemplate, string, error) {
		page := page
		page.Cursor = cursor
		res, err := s.ListResourceTemplates(ctx, &page)
		if err != nil {
			return nil, "", err
		}
		return res.ResourceTemplates, res.NextCursor, nil
	})
}

// ReadResource reads a resource. What the server asks in between goes to the
// session's [Handlers]; InputResponses and RequestState must be empty.
func (s *Session) ReadResource(ctx context.Context, params *mcp.ReadResourceParams) (*mcp.ReadResourceResult, error) {
	raw, err := s.ReadResourceRaw(ctx, params)
	return decodeResult[mcp.ReadResourceResult]("ReadResource", raw, err)
}

// ReadResourceRaw is ReadResource with the result byte for byte as the server
// sent it: a ReadResourceResult of the specification, as JSON.
func (s *Session) ReadResourceRaw(ctx context.Context, params *mcp.ReadResourceParams) (json.RawMessage, error) {
	params = orNew(params)
	if params.URI == "" {
		return nil, failure(CodeLocalBadArgument, "ReadResourceParams.URI is empty")
	}
	if params.InputResponses != nil || params.RequestState != "" {
		return nil, failure(CodeLocalBadArgument, "ReadResourceParams.InputResponses and RequestState must be empty: the session answers input requests itself")
	}
	meta, err := encodeMeta(params.Meta)
	if err != nil {
		return nil, err
	}
	return s.request(ctx, "readResource", wire.ReadResource{URI: params.URI, Meta: meta}, params.Meta)
}

// Subscribe asks to be told when a resource changes (Events.ResourceUpdated),
// until Unsubscribe. It holds a connection open. A server that does not do this
// answers with CodeRPCError, or it is CodeLocalUnsupported. Nothing of the
// params but the URI is sent.
func (s *Session) Subscribe(ctx context.Context, params *mcp.SubscribeParams) error {
	params = orNew(params)
	if params.URI == "" {
		return failure(CodeLocalBadArgument, "SubscribeParams.URI is empty")
	}
	if _, err := s.request(ctx, "subscribeResource", wire.SubscribeResource{URI: params.URI}, nil); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subscriptions == nil {
		s.subscriptions = make(map[string]bool)
	}
	s.subscriptions[params.URI] = true
	return nil
}

// Unsubscribe ends a subscription. Nothing of the params but the URI is sent.
func (s *Session) Unsubscribe(ctx context.Context, params *mcp.UnsubscribeParams) error {
	params = orNew(params)
	if params.URI == "" {
		return failure(CodeLocalBadArgument, "UnsubscribeParams.URI is empty")
	}
	s.mu.Lock()
	delete(s.subscriptions, params.URI)
	s.mu.Unlock()
	_, err := s.request(ctx, "unsubscribeResource", wire.UnsubscribeResource{URI: params.URI}, nil)
	return err
}
