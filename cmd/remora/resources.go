package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/remora-mcp/remora/host"
)

func newResources() *cobra.Command {
	var flags serverFlags
	cmd := &cobra.Command{
		Use:   "resources {URL | --config FILE SERVER | -- COMMAND [ARG...]}",
		Short: "List the resources and resource templates of a server",
		Long: `List the resources of the MCP server at URL, and its templates, whose URIs have
variables in braces. With --json: {"resources": [...], "resourceTemplates":
[...]}, all pages in one, each entry byte for byte as the server sent it. With
--config, SERVER is the name of a server of the file.

` + exitHelp,
		Example: `  remora resources http://127.0.0.1:8931/mcp
  remora resources --json http://127.0.0.1:8931/mcp | jq -r '.resources[].uri'`,
		Args: flags.oneServer(0, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			url, _ := flags.forServer(cmd, args)
			return flags.with(cmd, url, nil, func(ctx context.Context, s *server) error {
				resources, templates, err := listResources(ctx, s)
				if err != nil {
					return err
				}
				if flags.json {
					document := append([]byte("{"), member("resources", resources)...)
					document = append(append(document, ','), member("resourceTemplates", templates)...)
					return printJSON(cmd.OutOrStdout(), append(document, '}'))
				}
				if len(resources)+len(templates) == 0 && !flags.quiet {
					fmt.Fprintln(cmd.ErrOrStderr(), "remora: the server has no resources")
				}
				return printResources(cmd.OutOrStdout(), resources, templates)
			})
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	return cmd
}

func newRead() *cobra.Command {
	var flags serverFlags
	var output string
	cmd := &cobra.Command{
		Use:   "read {URL | --config FILE SERVER} URI\n  remora read URI -- COMMAND [ARG...]",
		Short: "Read a resource and print what it holds",
		Long: `Read the resource URI of the MCP server at URL. Text is printed as it is, control
characters excepted; anything else is described, or saved with --output. With
--json the result is printed byte for byte as the server sent it. With --config,
SERVER is the name of a server of the file.

` + exitHelp,
		Example: `  remora read http://127.0.0.1:8931/mcp demo://about
  remora read http://127.0.0.1:8931/mcp demo://picture --output .`,
		Args: flags.oneServer(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			url, rest := flags.forServer(cmd, args)
			c, save, err := newRequest(cmd, &flags, output, "resource")
			if err != nil {
				return err
			}
			return c.with(url, func(ctx context.Context, s *server) error {
				raw, err := s.ReadResourceRaw(ctx, &mcp.ReadResourceParams{URI: rest[0]})
				if err != nil {
					return err
				}
				if flags.json {
					return printJSON(cmd.OutOrStdout(), raw)
				}
				return (&renderer{out: cmd.OutOrStdout(), save: save}).contents(raw)
			})
		},
	}
	cmd.ValidArgsFunction = completeEntries(&flags, func(ctx context.Context, s *server) ([]cobra.Completion, error) {
		resources, _, err := listResources(ctx, s)
		return offerResources(resources), err
	})
	flags.register(cmd)
	registerOutput(cmd, &output)
	return cmd
}

// newRequest prepares a request of a command with --output. what names the files.
func newRequest(cmd *cobra.Command, flags *serverFlags, output, what string) (*caller, *saver, error) {
	if output != "" && flags.json {
		return nil, nil, usage("--output saves what --json prints: give one of them")
	}
	c := &caller{cmd: cmd, flags: flags}
	if output == "" {
		return c, nil, nil
	}
	save, err := newSaver(output, what)
	return c, save, err
}

// with runs f in a session whose questions are asked in the terminal, if there is
// one.
func (c *caller) with(url string, f func(ctx context.Context, s *server) error) error {
	ctx, cancel := context.WithCancel(c.cmd.Context())
	defer cancel()
	c.cmd.SetContext(ctx)
	return c.flags.with(c.cmd, url, func(r *redactor) host.Handlers { return c.handlers(r, cancel) }, func(ctx context.Context, s *server) error {
		defer c.progress.end()
		return f(ctx, s)
	})
}

func registerOutput(cmd *cobra.Command, output *string) {
	cmd.Flags().StringVar(output, "output", "", "`folder` to save images, audio and other binary content in; nothing is overwritten")
	_ = cmd.MarkFlagDirname("output") // completion only
}

// methodNotFound is JSON-RPC's code for a request that a server does not know.
const methodNotFound = -32601

// listResources returns all resources and templates, each as it came. A server
// without templates may not know the request for them.
func listResources(ctx context.Context, s *server) (resources, templates []json.RawMessage, err error) {
	resources, err = listAll("resources", func(cursor string) (json.RawMessage, error) {
		return s.ListResourcesRaw(ctx, &mcp.ListResourcesParams{Cursor: cursor})
	})
	if err != nil {
		return nil, nil, err
	}
	templates, err = listAll("resourceTemplates", func(cursor string) (json.RawMessage, error) {
		return s.ListResourceTemplatesRaw(ctx, &mcp.ListResourceTemplatesParams{Cursor: cursor})
	})
	var e *host.Error
	if errors.As(err, &e) && e.RPCCode == methodNotFound {
		err = nil
	}
	return resources, templates, err
}

// A listed is what could be read of an entry of a list.
type listed struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	URI         string `json:"uri"`
	URITemplate string `json:"uriTemplate"`
	MIMEType    string `json:"mimeType"`
	Size        *int64 `json:"size"`
}

func readListed(raw json.RawMessage) listed {
	var l listed
	if json.Unmarshal(raw, &l) != nil {
		return listed{Name: "(unreadable; --json prints it)"}
	}
	return l
}

// printResources writes resources, then templates, for a person.
func printResources(w io.Writer, resources, templates []json.RawMessage) error {
	var b strings.Builder
	for _, raw := range append(append([]json.RawMessage{}, resources...), templates...) {
		l := readListed(raw)
		details := []string{l.MIMEType}
		if l.Size != nil {
			details = append(details, size(int(*l.Size)))
		}
		fmt.Fprintln(&b, strings.TrimSpace(oneLine(l.URI+l.URITemplate, 500)+"  "+described(details...)))
		title := l.Title
		if title == "" {
			title = l.Name
		}
		for _, text := range []string{oneLine(title, 200), harmless(l.Description)} {
			if text != "" {
				fmt.Fprintln(&b, indent(text, "    "))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// contents writes what a resource holds.
func (r *renderer) contents(raw json.RawMessage) error {
	var result struct {
		Contents []embedded `json:"contents"`
	}
	if json.Unmarshal(raw, &result) != nil {
		return r.line(pretty(raw))
	}
	for _, c := range result.Contents {
		text := harmless(c.Text)
		if c.Blob != nil {
			var err error
			if text, err = r.binary("resource "+oneLine(c.URI, 500), c.MIMEType, *c.Blob); err != nil {
				return err
			}
		}
		if err := r.line(text); err != nil {
			return err
		}
	}
	return nil
}
