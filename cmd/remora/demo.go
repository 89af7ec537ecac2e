package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
	"github.com/remora-mcp/remora/host"
	"github.com/spf13/cobra"
)

// workspaces lists those of a protected demo server, with their keys.
func workspaces() string {
	var b strings.Builder
	for _, w := range demoserver.Workspaces {
		fmt.Fprintf(&b, "  %-8s%s\n", w.Name, w.Key)
	}
	return b.String()
}

func newDemoServer() *cobra.Command {
	var addr string
	var stdio, auth bool
	var lifetime time.Duration
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

With --auth it asks for credentials. It is its own OAuth 2.1 authorization server,
with a page that asks whether to allow access, and takes API keys too. Two more tools:

  create_row {workspace, text}  adds a row; needs the scope ` + demoserver.ScopeWrite + `
  list_rows  {workspace}        returns the rows

There are two workspaces, each with a key that opens it and no other, in the header
"Authorization: Bearer KEY":

` + workspaces() + `
Clients register themselves, or are ` + demoserver.AppClient + ` (for people; no secret) and
` + demoserver.MachineClient + ` (client credentials; the secret is ` + demoserver.MachineSecret + `).

With --stdio it speaks MCP on its standard input and output instead, and ends
when its input does.

Otherwise the first line on standard output is "listening on URL". Web pages of every
origin may call it, so keep it on a loopback address.`,
		Example: `  remora demo-server
  remora demo-server --addr 127.0.0.1:0    # a free port
  remora demo-server --auth --token-lifetime 30s
  remora tools -- remora demo-server --stdio`,
		Args: positional(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case stdio && auth:
				return usage("--auth is for servers over HTTP; leave out --stdio")
			case !auth && cmd.Flags().Changed("token-lifetime"):
				return usage("--token-lifetime goes with --auth")
			case lifetime < time.Second:
				return usage("--token-lifetime has to be at least 1s")
			case stdio:
				return demoserver.Stdio(cmd.Context(), host.Version)
			}
			start := func() (*demoserver.Server, error) { return demoserver.Start(addr, host.Version) }
			if auth {
				start = func() (*demoserver.Server, error) {
					return demoserver.StartAuth(addr, host.Version, demoserver.AuthOptions{TokenLifetime: lifetime})
				}
			}
			server, err := start()
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
	cmd.Flags().BoolVar(&auth, "auth", false, "ask for credentials: OAuth or an API key")
	cmd.Flags().DurationVar(&lifetime, "token-lifetime", authserver.DefaultTokenLifetime, "with --auth, how long an access token is good for")
	cmd.Flags().BoolVar(&stdio, "stdio", false, "speak on standard input and output")
	return cmd
}
