package main

import (
	"context"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/host"
	"github.com/remora-mcp/remora/test/bench/protocol"
)

// hostClient is a session of package host. All of a process live in one instance.
type hostClient struct{ session *host.Session }

var openRuntime = sync.OnceValues(func() (*host.Runtime, error) { return newRuntime(1) })

func newRuntime(instances int) (*host.Runtime, error) {
	return host.Open(context.Background(), host.Options{CacheDir: os.Getenv("REMORA_BENCH_CACHE"), Instances: instances})
}

func openHost(ctx context.Context, url string) (client, error) {
	rt, err := openRuntime()
	if err != nil {
		return nil, err
	}
	session, err := rt.Connect(ctx, url, nil)
	return &hostClient{session}, err
}

// poolClient is a session of package host in each of as many instances as there are
// processors. Calls of text go to them in turns, everything else to the first.
type poolClient struct {
	hostClient
	all  []*hostClient
	next atomic.Uint32
}

func openPool(ctx context.Context, url string) (client, error) {
	size := runtime.GOMAXPROCS(0)
	pool, err := newRuntime(size)
	if err != nil {
		return nil, err
	}
	c := new(poolClient)
	for range size {
		session, err := pool.Connect(ctx, url, nil)
		if err != nil {
			return nil, err
		}
		c.all = append(c.all, &hostClient{session})
	}
	c.hostClient = *c.all[0]
	return c, nil
}

func (c *poolClient) text(ctx context.Context, bytes int) (int, error) {
	return c.all[int(c.next.Add(1))%len(c.all)].text(ctx, bytes)
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
