package main

import (
	"context"
	"os"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/host"
	"github.com/remora-mcp/remora/test/bench/protocol"
)

// hostClient is a session of package host. All of a process live in one instance.
type hostClient struct{ session *host.Session }

var openRuntime = sync.OnceValues(func() (*host.Runtime, error) {
	return host.Open(context.Background(), host.Options{CacheDir: os.Getenv("REMORA_BENCH_CACHE")})
})

func openHost(ctx context.Context, url string) (client, error) {
	runtime, err := openRuntime()
	if err != nil {
		return nil, err
	}
	session, err := runtime.Connect(ctx, url, nil)
	return &hostClient{session}, err
}

func (c *hostClient) text(ctx context.Context, bytes int) (int, error) {
	return textLength(c.session.CallTool(ctx, textParams(bytes)))
}

func (c *hostClient) list(ctx context.Context) (int, error) {
	result, err := c.session.ListTools(ctx, nil)
	if err != nil {
		return 0, err
	}
	return len(result.Tools), nil
}

func (c *hostClient) progress(ctx context.Context, steps int) (int, error) {
	seen := 0
	ctx = host.WithCallOptions(ctx, host.CallOptions{OnProgress: func(*mcp.ProgressNotificationParams) { seen++ }})
	_, err := c.session.CallTool(ctx, &mcp.CallToolParams{Name: "progress", Arguments: map[string]any{"steps": steps}})
	return seen, err
}

func (c *hostClient) guest(ctx context.Context, to *protocol.Reply) error {
	stats, err := c.session.Stats(ctx)
	if err != nil {
		return err
	}
	to.GuestBytes, to.GuestHeapBytes = stats.MemoryBytes, stats.HeapBytes
	return nil
}
