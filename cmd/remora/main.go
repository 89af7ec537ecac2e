// Command remora is the command-line program of the remora MCP client.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel() // calls are cancelled, and the server is told
		<-signals
		rawTerminal.restore()
		os.Exit(exitAtOnce)
	}()
	interrupt := func() { signals <- os.Interrupt }

	err := newRoot().ExecuteContext(withInterrupt(ctx, interrupt))
	if err != nil && !errors.Is(err, errToolFailed) {
		fmt.Fprintln(os.Stderr, "remora:", err)
	}
	os.Exit(exitStatus(err))
}

// newRoot returns the whole command tree. Commands write results to
// OutOrStdout and messages to ErrOrStderr, and return errors; only main exits.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "remora",
		Short: "One Model Context Protocol client for every host",
		Long: `remora is a Model Context Protocol (MCP) client whose core is one WebAssembly
module that attaches to any host. This program is its command line.

` + exitHelp,
		Example: `  remora demo-server &
  remora tools http://127.0.0.1:8931/mcp
  remora call http://127.0.0.1:8931/mcp add a=2 b=3`,
		Args:          positional(cobra.NoArgs),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%v", err) })
	root.AddCommand(newCall(), newDemoServer(), newInspect(), newLogin(), newLogout(), newPrompt(), newPrompts(), newRead(), newResources(), newTools(), newTypes(), newVersion(), newWhoami())
	return root
}
