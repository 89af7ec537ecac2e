// Command peers starts every server that the tests talk to, prints one line of
// JSON, {name: {url, browserUrl, kind, protocols, ...}}, and serves until its
// standard input closes or it is interrupted. No server outlives it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/remora-mcp/remora/test/internal/peers"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, closed := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		closed()
	}()
	set, err := peers.Start(ctx)
	if ctx.Err() != nil {
		if set != nil {
			set.Stop()
		}
		return nil // told to stop before everything ran
	}
	if err != nil {
		return err
	}
	defer set.Stop()
	if err := json.NewEncoder(os.Stdout).Encode(set.Peers); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
