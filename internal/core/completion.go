package core

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// complete asks for ways to complete an argument.
func (s *session) complete(cl *call) ([]byte, error) {
	var params wire.Complete
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	ref := params.Ref
	switch {
	case ref.Type == "ref/prompt" && ref.Name != "" && ref.URI == "":
	case ref.Type == "ref/resource" && ref.URI != "" && ref.Name == "":
	default:
		return nil, badArgument(`a completion's ref is {"type":"ref/prompt","name"} or {"type":"ref/resource","uri"}`)
	}
	if params.Argument.Name == "" {
		return nil, badArgument("the name of the argument to complete is missing")
	}
	meta, err := s.requestMeta(cl, params.Meta)
	if err != nil {
		return nil, err
	}
	request := &mcp.CompleteParams{
		Meta:     meta,
		Ref:      &mcp.CompleteReference{Type: ref.Type, Name: ref.Name, URI: ref.URI},
		Argument: mcp.CompleteParamsArgument{Name: params.Argument.Name, Value: params.Argument.Value},
	}
	if params.Context != nil {
		request.Context = &mcp.CompleteContext{Arguments: params.Context.Arguments}
	}
	return s.do(cl, func(ctx context.Context, cn *conn) error {
		_, err := cn.sdk.Complete(ctx, request)
		return err
	})
}
