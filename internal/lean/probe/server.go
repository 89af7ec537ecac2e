package main

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// modern is the _meta of a request of 2026-07-28, which needs no handshake.
const modern = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
	`"io.modelcontextprotocol/clientInfo":{"name":"probe","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`

// serverRequests are one of each that the go-sdk's server answers.
var serverRequests = map[string]string{
	"initialize":               `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"probe","version":"1"}}`,
	"resources/subscribe":      `{"uri":"x:y"}`,
	"resources/unsubscribe":    `{"uri":"x:y"}`,
	"server/discover":          `{` + modern + `}`,
	"tools/list":               `{` + modern + `}`,
	"tools/call":               `{"name":"tool",` + modern + `}`,
	"resources/list":           `{` + modern + `}`,
	"resources/templates/list": `{` + modern + `}`,
	"resources/read":           `{"uri":"x:y",` + modern + `}`,
	"prompts/list":             `{` + modern + `}`,
	"prompts/get":              `{"name":"prompt",` + modern + `}`,
	"completion/complete":      `{"ref":{"type":"ref/prompt","name":"prompt"},"argument":{"name":"a","value":""},` + modern + `}`,
	"subscriptions/listen":     `{"notifications":{"toolsListChanged":true},` + modern + `}`,
}

// askServer makes a server, sends it a request and returns the error that comes.
func askServer(ctx context.Context, method, params string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	near, far := mcp.NewInMemoryTransports()
	session, err := newServer().Connect(ctx, far, nil)
	if err != nil {
		return err
	}
	conn, err := near.Connect(ctx)
	if err != nil {
		return err
	}
	id, err := jsonrpc.MakeID("1")
	if err != nil {
		return err
	}
	if err := conn.Write(ctx, &jsonrpc.Request{ID: id, Method: method, Params: []byte(params)}); err != nil {
		return err
	}
	message, err := conn.Read(ctx)
	if err != nil {
		return err
	}
	if answer, ok := message.(*jsonrpc.Response); ok && answer.Error != nil {
		err = answer.Error
	}
	go func() { _ = session.Close() }() // which may wait for what it was asked
	return err
}

func newServer() *mcp.Server {
	subscribed := func(context.Context, *mcp.SubscribeRequest) error { return nil }
	unsubscribed := func(context.Context, *mcp.UnsubscribeRequest) error { return nil }
	complete := func(context.Context, *mcp.CompleteRequest) (*mcp.CompleteResult, error) {
		return &mcp.CompleteResult{}, nil
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "probe", Version: "1"}, &mcp.ServerOptions{
		SubscribeHandler: subscribed, UnsubscribeHandler: unsubscribed, CompletionHandler: complete,
	})
	server.AddTool(&mcp.Tool{Name: "tool", InputSchema: map[string]any{"type": "object"}},
		func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{}, nil
		})
	server.AddPrompt(&mcp.Prompt{Name: "prompt"}, func(context.Context, *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		return &mcp.GetPromptResult{}, nil
	})
	server.AddResource(&mcp.Resource{Name: "resource", URI: "x:y"}, func(context.Context, *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: "x:y"}}}, nil
	})
	return server
}
