package host

import (
	"context"
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// Complete asks for ways to complete an argument of a prompt or of a resource
// template.
func (s *Session) Complete(ctx context.Context, params *mcp.CompleteParams) (*mcp.CompleteResult, error) {
	raw, err := s.CompleteRaw(ctx, params)
	return decodeResult[mcp.CompleteResult]("Complete", raw, err)
}

// CompleteRaw is Complete with the result byte for byte as the server sent it: a
// CompleteResult of the specification, as JSON.
func (s *Session) CompleteRaw(ctx context.Context, params *mcp.CompleteParams) (json.RawMessage, error) {
	params = orNew(params)
	if params.Ref == nil {
		return nil, failure(CodeLocalBadArgument, "CompleteParams.Ref is nil")
	}
	meta, err := encodeMeta(params.Meta)
	if err != nil {
		return nil, err
	}
	p := wire.Complete{
		Ref:      wire.CompleteRef{Type: params.Ref.Type, Name: params.Ref.Name, URI: params.Ref.URI},
		Argument: wire.CompleteArgument{Name: params.Argument.Name, Value: params.Argument.Value},
		Meta:     meta,
	}
	if params.Context != nil {
		p.Context = &wire.CompleteContext{Arguments: params.Context.Arguments}
	}
	return s.request(ctx, "complete", p, params.Meta)
}
