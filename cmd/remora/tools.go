package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"
)

func newTools() *cobra.Command {
	var flags serverFlags
	cmd := &cobra.Command{
		Use:   "tools {URL | --config FILE [SERVER...] | -- COMMAND [ARG...]}",
		Short: "List the tools of a server, or of several",
		Long: `List the tools of the MCP server at URL, or of the server that COMMAND is and
that is spoken to over its stdin and stdout, with their arguments; those in
brackets may be left out. With --json: {"tools": [...]}, all pages in one, each
tool byte for byte as the server sent it.

With --config the tools of all servers of the file are listed, or of those that
are named; each tool's name has its server's before it. With --json each is then
an object with the members name, server and tool.

` + exitHelp,
		Example: `  remora tools http://127.0.0.1:8931/mcp
  remora tools --json http://127.0.0.1:8931/mcp | jq -r '.tools[].name'
  remora tools -- npx -y @modelcontextprotocol/server-everything`,
		Args: flags.unlessConfig(serverArgs(0, 0), cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			list := func(ctx context.Context, s *server) error {
				tools, err := listTools(ctx, s)
				if err != nil {
					return err
				}
				if flags.json {
					return printJSON(cmd.OutOrStdout(), toolsJSON(tools))
				}
				if len(tools) == 0 && !flags.quiet {
					fmt.Fprintln(cmd.ErrOrStderr(), "remora: the server has no tools")
				}
				return printTools(cmd.OutOrStdout(), tools, false)
			}
			if flags.config == "" {
				url, _ := flags.forServer(cmd, args)
				return flags.with(cmd, url, nil, list)
			}
			c, err := readConfiguration(flags.config)
			if err != nil {
				return err
			}
			chosen, err := c.choose(args)
			if err != nil {
				return err
			}
			return flags.withGroup(cmd, c, chosen, nil, list)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	return cmd
}

// A tool is one of a server's list. The fields are what could be read of raw.
type tool struct {
	raw         json.RawMessage
	Name        string          `json:"name"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Input       json.RawMessage `json:"inputSchema"`
	Output      json.RawMessage `json:"outputSchema"`
	Annotations json.RawMessage `json:"annotations"`
}

// listTools returns all tools. A tool that cannot be read has its raw text and,
// if that can be told, its name.
func listTools(ctx context.Context, s *server) ([]tool, error) {
	if s.group != nil {
		return listGroup(ctx, s.group)
	}
	raws, err := listAll("tools", func(cursor string) (json.RawMessage, error) {
		return s.ListToolsRaw(ctx, &mcp.ListToolsParams{Cursor: cursor})
	})
	if err != nil {
		return nil, err
	}
	var tools []tool
	for _, raw := range raws {
		tools = append(tools, readTool(raw))
	}
	return tools, nil
}

// readTool reads what can be read of a tool.
func readTool(raw json.RawMessage) tool {
	t := tool{}
	if json.Unmarshal(raw, &t) != nil {
		var name struct {
			Name string `json:"name"`
		}
		_ = json.Unmarshal(raw, &name) // empty if it cannot be told
		t = tool{Name: name.Name}
	}
	t.raw = raw
	return t
}

// findTool returns the tool of that name.
func findTool(tools []tool, name string) (*tool, error) {
	i := slices.IndexFunc(tools, func(t tool) bool { return t.Name == name })
	if i >= 0 {
		return &tools[i], nil
	}
	var names []string
	for _, t := range tools {
		names = append(names, oneLine(t.Name, 60))
	}
	return nil, usage("the server has no tool %q; it has: %s", oneLine(name, 60), oneLine(strings.Join(names, ", "), 1000))
}

// toolsJSON is one document with all tools, each as it came.
func toolsJSON(tools []tool) []byte {
	raws := make([]json.RawMessage, len(tools))
	for i, t := range tools {
		raws[i] = t.raw
	}
	return fmt.Appendf(nil, `{%s}`, member("tools", raws))
}

// printJSON writes one JSON document and the end of the line.
func printJSON(w io.Writer, document []byte) error {
	_, err := w.Write(append(slices.Clip(document), '\n'))
	return err
}

// printTools writes the tools for a person: the schemas as well if so wanted.
func printTools(w io.Writer, tools []tool, schemas bool) error {
	var b strings.Builder
	for i, t := range tools {
		if i > 0 && schemas {
			b.WriteByte('\n')
		}
		fmt.Fprintln(&b, signature(t))
		if t.Title != "" && t.Title != t.Name && schemas {
			fmt.Fprintln(&b, indent(oneLine(t.Title, 200), "    "))
		}
		if t.Description != "" {
			fmt.Fprintln(&b, indent(harmless(t.Description), "    "))
		}
		if !schemas {
			continue
		}
		for _, part := range []struct {
			name string
			raw  json.RawMessage
		}{{"annotations", t.Annotations}, {"input", t.Input}, {"output", t.Output}} {
			if len(part.raw) > 0 {
				fmt.Fprintf(&b, "    %s: %s\n", part.name, strings.TrimSpace(indent(pretty(part.raw), "    ")))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// signature is a tool's name and arguments on one line.
func signature(t tool) string {
	input := parseSchema(t.Input)
	var args []string
	for _, name := range input.names() {
		arg := fmt.Sprintf("%s: %s", oneLine(name, 60), input.Properties[name].typeName(input))
		if !slices.Contains(input.Required, name) {
			arg = "[" + arg + "]"
		}
		args = append(args, arg)
	}
	name := oneLine(t.Name, 128)
	if name == "" {
		name = "(a tool without a name)"
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}

// pretty is JSON for a person, and harmless.
func pretty(raw []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return harmless(string(raw))
	}
	return harmless(b.String())
}

// errNotMCP is behind the errors of notMCP.
var errNotMCP = errors.New("not MCP")

// notMCP is an error about an answer that does not follow the protocol.
func notMCP(message string) error { return &spokenError{message, errNotMCP} }
