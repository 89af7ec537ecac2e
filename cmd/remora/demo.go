package main

import (
	"fmt"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/host"
	"github.com/spf13/cobra"
)

func newDemoServer() *cobra.Command {
	var addr string
	cmd := &cobra.Command{
		Use:   "demo-server",
		Short: "Run a small MCP server to try clients against",
		Long: `Run a small MCP server to try clients against, until it is interrupted.

It speaks MCP 2026-07-28 and, with sessions, 2025-11-25 and earlier, over
streamable HTTP at the path ` + demoserver.Path + `. Its tools:

  echo {message}          returns the message
  add  {a, b}             adds two numbers, as text and as structured content
  slow {steps, delayMs}   reports progress after each step; can be cancelled
  ask  {question}         asks the person with a form (elicitation)
  big  {bytes}            returns that much text, at most 64 MiB
  fail {}                 returns a result with isError
  picture {colour, size}  returns a picture (PNG)

The first line on standard output is "listening on URL". Web pages of every
origin may call it, so keep it on a loopback address.`,
		Example: `  remora demo-server
  remora demo-server --addr 127.0.0.1:0    # a free port`,
		Args: positional(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := demoserver.Start(addr, host.Version)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), "listening on", server.URL()); err != nil {
				_ = server.Close()
				return err
			}
			stopped := make(chan error, 1)
			go func() { stopped <- server.Wait() }()
			select {
			case err := <-stopped:
				return err
			case <-cmd.Context().Done():
				return server.Close()
			}
		},
	}
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:8931", "`host:port` to listen on; port 0 takes a free one")
	return cmd
}
