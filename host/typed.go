package host

import (
	"context"
	"reflect"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A Tool is a tool of a server with the types of its arguments and of its
// structured content. "remora types --lang go" writes one for each tool of a
// server.
//
// Out is any for a tool that promises no structured content.
type Tool[In, Out any] struct {
	// Name is the tool's, as the server has it.
	Name string
}

// Call calls the tool and returns its structured content, whose numbers are those
// that the server wrote, and the whole result. It blocks as [Session.CallTool]
// does.
//
// The error is an [*Error]: those of CallTool, and as of [Structured] CodeRPCError
// if the tool failed (IsError) and CodeRPCInvalidResult if there is no structured
// content or it is no Out. In these two cases the tool has been executed, and the
// result is returned with the error. If Out is an interface type, structured
// content may be missing.
func (t Tool[In, Out]) Call(ctx context.Context, s *Session, in In) (Out, *mcp.CallToolResult, error) {
	var none Out
	raw, err := s.CallToolRaw(ctx, &mcp.CallToolParams{Name: t.Name, Arguments: in})
	result, err := decodeResult[mcp.CallToolResult]("CallTool", raw, err)
	if err != nil {
		return none, nil, err
	}
	if !result.IsError && result.StructuredContent == nil && reflect.TypeFor[Out]().Kind() == reflect.Interface {
		return none, result, nil
	}
	out, err := Structured[Out](raw)
	return out, result, err
}
