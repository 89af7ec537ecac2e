package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/remora-mcp/remora/host"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  positional(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "remora", host.Version)
			return err
		},
	}
}
