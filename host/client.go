package host

import (
	"context"
	"iter"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Client is what [*Session] and the go-sdk's [*mcp.ClientSession] have in
// common: a program written against it runs on either.
type Client interface {
	// InitializeResult describes the server and what was agreed on.
	InitializeResult() *mcp.InitializeResult
	// Ping makes the server answer.
	Ping(ctx context.Context, params *mcp.PingParams) error
	// ListTools returns one page of the server's tools.
	ListTools(ctx context.Context, params *mcp.ListToolsParams) (*mcp.ListToolsResult, error)
	// Tools iterates over all tools, fetching pages as it goes. Iteration ends
	// with the first error.
	Tools(ctx context.Context, params *mcp.ListToolsParams) iter.Seq2[*mcp.Tool, error]
	// CallTool calls a tool. A tool's own failure is a result with IsError.
	CallTool(ctx context.Context, params *mcp.CallToolParams) (*mcp.CallToolResult, error)
	// Close ends the session.
	Close() error
}

var _ Client = (*Session)(nil)
