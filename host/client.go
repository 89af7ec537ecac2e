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
	// ListResources returns one page of the server's resources.
	ListResources(ctx context.Context, params *mcp.ListResourcesParams) (*mcp.ListResourcesResult, error)
	// Resources iterates over all resources.
	Resources(ctx context.Context, params *mcp.ListResourcesParams) iter.Seq2[*mcp.Resource, error]
	// ListResourceTemplates returns one page of the server's resource templates.
	ListResourceTemplates(ctx context.Context, params *mcp.ListResourceTemplatesParams) (*mcp.ListResourceTemplatesResult, error)
	// ResourceTemplates iterates over all resource templates.
	ResourceTemplates(ctx context.Context, params *mcp.ListResourceTemplatesParams) iter.Seq2[*mcp.ResourceTemplate, error]
	// ReadResource reads a resource.
	ReadResource(ctx context.Context, params *mcp.ReadResourceParams) (*mcp.ReadResourceResult, error)
	// Subscribe asks to be told when a resource changes.
	Subscribe(ctx context.Context, params *mcp.SubscribeParams) error
	// Unsubscribe ends a subscription.
	Unsubscribe(ctx context.Context, params *mcp.UnsubscribeParams) error
	// ListPrompts returns one page of the server's prompts.
	ListPrompts(ctx context.Context, params *mcp.ListPromptsParams) (*mcp.ListPromptsResult, error)
	// Prompts iterates over all prompts.
	Prompts(ctx context.Context, params *mcp.ListPromptsParams) iter.Seq2[*mcp.Prompt, error]
	// GetPrompt has the server write a prompt.
	GetPrompt(ctx context.Context, params *mcp.GetPromptParams) (*mcp.GetPromptResult, error)
	// Complete asks for ways to complete an argument.
	Complete(ctx context.Context, params *mcp.CompleteParams) (*mcp.CompleteResult, error)
	// SetLoggingLevel says from which level on the server is to log.
	//
	//lint:ignore SA1019 logging is deprecated as of 2026-07-28 and part of the older revisions
	SetLoggingLevel(ctx context.Context, params *mcp.SetLoggingLevelParams) error
	// CallTool calls a tool. A tool's own failure is a result with IsError.
	CallTool(ctx context.Context, params *mcp.CallToolParams) (*mcp.CallToolResult, error)
	// Close ends the session.
	Close() error
}

var _ Client = (*Session)(nil)
