package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/remora-mcp/remora/internal/tooltypes"
)

// typeLanguages are those that types can write.
var typeLanguages = []string{"ts", "go"}

func newTypes() *cobra.Command {
	var flags serverFlags
	var language, pkg string
	cmd := &cobra.Command{
		Use:   "types {URL | --config FILE SERVER | -- COMMAND [ARG...]}",
		Short: "Write the types of a server's tools, in TypeScript or Go",
		Long: `Write source code with the types of the tools of the MCP server at URL, or of the
server that COMMAND is, from their input and output schemas, on standard output. In TypeScript that is an
interface Tools, for typed of the package remora-mcp; in Go a package with a
variable for each tool, whose method Call calls it.

The output is the same as long as the tools are. It names the server and its
origin, and nothing of the path, the query or the headers. With --config, SERVER
is the name of a server of the file.

` + exitHelp,
		Example: `  remora types http://127.0.0.1:8931/mcp > tools.ts
  remora types --lang go --package tools http://127.0.0.1:8931/mcp > tools/tools.go`,
		Args: flags.oneServer(0, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(typeLanguages, language) {
				return usage("--lang is one of %s", strings.Join(typeLanguages, ", "))
			}
			if flags.json {
				return usage("types writes source code: --json is of tools")
			}
			if cmd.Flags().Changed("package") && language != "go" {
				return usage("--package is for --lang go")
			}
			// A name that is no package's is refused before anything is asked.
			if _, err := tooltypes.Go(pkg, tooltypes.Server{}, nil); err != nil {
				return usage("--package: %v", err)
			}
			url, _ := flags.forServer(cmd, args)
			return flags.with(cmd, url, nil, func(ctx context.Context, s *server) error {
				tools, err := listTools(ctx, s)
				if err != nil {
					return err
				}
				info := s.InitializeResult().ServerInfo
				source, err := writeTypes(language, pkg, tooltypes.Server{Name: info.Name, Version: info.Version, Origin: s.String()}, tools)
				if err != nil {
					return err
				}
				if skipped := len(tools) - len(typedTools(tools)); skipped > 0 && !flags.quiet {
					fmt.Fprintf(cmd.ErrOrStderr(), "remora: %d tools without a name are left out\n", skipped)
				}
				_, err = cmd.OutOrStdout().Write(source)
				return err
			})
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	_ = cmd.Flags().MarkHidden("json") // the flag is there
	cmd.Flags().StringVar(&language, "lang", "ts", "the `language`: "+strings.Join(typeLanguages, ", "))
	cmd.Flags().StringVar(&pkg, "package", "tools", "the `name` of the Go package")
	_ = cmd.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions([]cobra.Completion{"ts\tTypeScript", "go\tGo"}, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	_ = cmd.RegisterFlagCompletionFunc("package", cobra.NoFileCompletions)                                                                                 // the flag is there
	return cmd
}

// typedTools are the tools that can be called: those with a name.
func typedTools(tools []tool) []tooltypes.Tool {
	var out []tooltypes.Tool
	for _, t := range tools {
		if t.Name != "" {
			out = append(out, tooltypes.Tool{Name: t.Name, Title: t.Title, Description: t.Description, Input: t.Input, Output: t.Output})
		}
	}
	return out
}

func writeTypes(language, pkg string, from tooltypes.Server, tools []tool) ([]byte, error) {
	if language == "go" {
		return tooltypes.Go(pkg, from, typedTools(tools))
	}
	return tooltypes.TypeScript(from, typedTools(tools))
}
