package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"
)

func newInspect() *cobra.Command {
	var flags serverFlags
	cmd := &cobra.Command{
		Use:   "inspect {URL | --config FILE SERVER | -- COMMAND [ARG...]}",
		Short: "Describe a server: protocol, capabilities, instructions, and all that it offers",
		Long: `Describe the MCP server at URL, or the one that COMMAND is: what it is, the
revision of the protocol that was agreed on, its capabilities and instructions,
its tools with their schemas, its resources and its prompts. With --json: one object with the members origin,
protocolVersion, serverInfo, capabilities, instructions, tools, resources,
resourceTemplates and prompts. With --config, SERVER is the name of a server of
the file.

` + exitHelp,
		Example: `  remora inspect http://127.0.0.1:8931/mcp
  remora inspect --json http://127.0.0.1:8931/mcp | jq .capabilities`,
		Args: flags.oneServer(0, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			url, _ := flags.forServer(cmd, args)
			return flags.with(cmd, url, nil, func(ctx context.Context, s *server) error {
				offered, err := offer(ctx, s)
				if err != nil {
					return err
				}
				if flags.json {
					document, err := inspectJSON(s.String(), s.InitializeResult(), offered)
					if err != nil {
						return err
					}
					return printJSON(cmd.OutOrStdout(), document)
				}
				return printServer(cmd.OutOrStdout(), s.String(), s.InitializeResult(), offered)
			})
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	return cmd
}

// offered is what a server has.
type offered struct {
	tools                         []tool
	resources, templates, prompts []json.RawMessage
}

// offer lists what the server says that it has.
func offer(ctx context.Context, s *server) (o offered, err error) {
	caps := s.InitializeResult().Capabilities
	if caps.Tools != nil {
		if o.tools, err = listTools(ctx, s); err != nil {
			return o, err
		}
	}
	if caps.Resources != nil {
		if o.resources, o.templates, err = listResources(ctx, s); err != nil {
			return o, err
		}
	}
	if caps.Prompts != nil {
		o.prompts, err = listPrompts(ctx, s)
	}
	return o, err
}

// inspectJSON is what inspect prints with --json. What is offered is byte for
// byte the server's.
func inspectJSON(origin string, r *mcp.InitializeResult, o offered) ([]byte, error) {
	head, err := json.Marshal(struct {
		Origin          string                  `json:"origin"`
		ProtocolVersion string                  `json:"protocolVersion"`
		ServerInfo      *mcp.Implementation     `json:"serverInfo"`
		Capabilities    *mcp.ServerCapabilities `json:"capabilities"`
		Instructions    string                  `json:"instructions,omitempty"`
	}{origin, r.ProtocolVersion, r.ServerInfo, r.Capabilities, r.Instructions})
	if err != nil {
		return nil, err
	}
	document := append(bytes.TrimSuffix(head, []byte("}")), ',')
	// Without the braces around its one member.
	tools := toolsJSON(o.tools)
	document = append(document, tools[1:len(tools)-1]...)
	for _, list := range []struct {
		name    string
		entries []json.RawMessage
	}{{"resources", o.resources}, {"resourceTemplates", o.templates}, {"prompts", o.prompts}} {
		document = append(append(document, ','), member(list.name, list.entries)...)
	}
	return append(document, '}'), nil
}

// printServer describes a server for a person.
func printServer(w io.Writer, origin string, r *mcp.InitializeResult, o offered) error {
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-14s%s\n", name, text)
		}
	}
	info := r.ServerInfo
	line("server", oneLine(strings.TrimSpace(info.Name+" "+info.Version), 200))
	line("title", oneLine(info.Title, 200))
	line("website", oneLine(info.WebsiteURL, 500))
	line("origin", origin)
	line("protocol", oneLine(r.ProtocolVersion, 40))
	line("capabilities", capabilities(r.Capabilities))
	if r.Instructions != "" {
		fmt.Fprintf(&b, "instructions\n%s\n", indent(harmless(r.Instructions), "    "))
	}
	fmt.Fprintf(&b, "tools         %d\n", len(o.tools))
	fmt.Fprintf(&b, "resources     %d, templates %d\n", len(o.resources), len(o.templates))
	fmt.Fprintf(&b, "prompts       %d\n", len(o.prompts))
	blank := func(n int) {
		if n > 0 {
			b.WriteByte('\n')
		}
	}
	blank(len(o.tools))
	if err := printTools(&b, o.tools, true); err != nil {
		return err
	}
	blank(len(o.resources) + len(o.templates))
	if err := printResources(&b, o.resources, o.templates); err != nil {
		return err
	}
	blank(len(o.prompts))
	if err := printPrompts(&b, o.prompts); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// capabilities names what a server announces, with what belongs to each:
// "prompts, tools (listChanged)".
func capabilities(c *mcp.ServerCapabilities) string {
	raw, err := json.Marshal(c)
	var members map[string]json.RawMessage
	if err != nil || json.Unmarshal(raw, &members) != nil {
		return ""
	}
	var out []string
	for name, raw := range members {
		var details map[string]json.RawMessage
		_ = json.Unmarshal(raw, &details) // none if it is no object
		var on []string
		for detail, value := range details {
			if string(value) != "false" {
				on = append(on, detail)
			}
		}
		slices.Sort(on)
		if len(on) > 0 {
			name += " (" + strings.Join(on, ", ") + ")"
		}
		out = append(out, name)
	}
	slices.Sort(out)
	if len(out) == 0 {
		return "none"
	}
	return oneLine(strings.Join(out, ", "), 1000)
}
