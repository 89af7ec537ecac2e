package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/test/bench/protocol"
)

// sdkClient is the go-sdk's client.
type sdkClient struct {
	session *mcp.ClientSession

	mu     sync.Mutex
	events map[string]func() // by progress token
	tokens atomic.Int64
}

func openSDK(ctx context.Context, url string) (client, error) {
	c := &sdkClient{events: make(map[string]func())}
	options := &mcp.ClientOptions{ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if note := c.events[fmt.Sprint(r.Params.ProgressToken)]; note != nil {
			note()
		}
	}}
	var err error
	c.session, err = mcp.NewClient(&mcp.Implementation{Name: "bench", Version: "1"}, options).
		Connect(ctx, &mcp.StreamableClientTransport{Endpoint: url, DisableStandaloneSSE: true}, nil)
	return c, err
}

func (c *sdkClient) text(ctx context.Context, bytes int) (int, error) {
	return textLength(c.session.CallTool(ctx, textParams(bytes)))
}

func (c *sdkClient) list(ctx context.Context) (int, error) {
	result, err := c.session.ListTools(ctx, nil)
	if err != nil {
		return 0, err
	}
	return len(result.Tools), nil
}

// progress waits for all events: the go-sdk hands most of them over after the result.
func (c *sdkClient) progress(ctx context.Context, steps int) (int, error) {
	params := &mcp.CallToolParams{Name: "progress", Arguments: map[string]any{"steps": steps}}
	token := fmt.Sprint("token-", c.tokens.Add(1))
	params.SetProgressToken(token)
	seen, all := 0, make(chan struct{})
	c.mu.Lock()
	c.events[token] = func() {
		if seen++; seen == steps {
			close(all)
		}
	}
	c.mu.Unlock()
	_, err := c.session.CallTool(ctx, params)
	if err == nil {
		<-all
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.events, token)
	return seen, err
}

func (c *sdkClient) guest(context.Context, *protocol.Reply) error { return nil }

func textParams(bytes int) *mcp.CallToolParams {
	return &mcp.CallToolParams{Name: "text", Arguments: map[string]any{"bytes": bytes}}
}

func textLength(result *mcp.CallToolResult, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	text, ok := result.Content[0].(*mcp.TextContent)
	if !ok || result.IsError {
		return 0, errors.New("the tool failed")
	}
	return len(text.Text), nil
}
