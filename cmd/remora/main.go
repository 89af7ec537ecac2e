// Command remora is the command-line program of the remora MCP client.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "remora:", err)
		os.Exit(1)
	}
}

// newRoot returns the whole command tree. Commands write results to
// OutOrStdout and return errors; only main exits.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "remora",
		Short: "One Model Context Protocol client for every host",
		Long: `remora is a Model Context Protocol (MCP) client whose core is one WebAssembly
module that attaches to any host. This program is its command line.`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(newDemoServer(), newVersion())
	return root
}
