package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/remora-mcp/remora/host"
)

// withGroup connects to servers of the configuration, runs f, and closes them.
// A server that cannot be used is noted, and the others work; if none can, the
// error is that of the first.
func (f *serverFlags) withGroup(cmd *cobra.Command, c *configuration, chosen []configured, handlers func(*redactor) host.Handlers, run func(context.Context, *server) error) error {
	if len(f.headers) > 0 || len(f.headerEnv) > 0 {
		return usage("--config has the headers of each server: --header and --header-env do not go with it")
	}
	if len(chosen) == 0 {
		return usage("%s has no server", c.file)
	}
	auths := make([]*host.AuthOptions, len(chosen))
	for i, s := range chosen {
		if s.err != nil || s.program != nil {
			continue
		}
		var err error
		if auths[i], err = f.keptAuth(cmd, s.url, s.headers); err != nil {
			return err
		}
		if auths[i] != nil {
			c.secrets = append(c.secrets, auths[i].ClientSecret)
		}
	}
	redact := newRedactor(c.secrets)
	return f.withRuntime(cmd, redact, func(ctx context.Context, rt *opening) error {
		options := host.GroupOptions{Connect: f.connectOptions(nil)}
		answerWith(&options.Connect, handlers, redact)
		g := rt.NewGroup(&options)
		defer func() { _ = g.Close() }()
		failed, stderr := make([]error, len(chosen)), cmd.ErrOrStderr()
		var adding sync.WaitGroup
		for i, s := range chosen {
			if failed[i] = s.err; s.err != nil {
				continue
			}
			adding.Go(func() {
				events := rt.events
				events.Log = f.logTo(stderr, redact, s.program != nil)
				connected := rt.hearOut(&events)
				own := &host.AddOptions{ConnectOptions: host.ConnectOptions{Headers: s.headers, Auth: auths[i], Events: events}}
				if s.program != nil {
					_, failed[i] = g.AddCommand(ctx, s.name, f.heard(*s.program, stderr, oneLine(s.name, 60)+": ", redact), own)
				} else {
					_, failed[i] = g.Add(ctx, s.name, s.url, own)
				}
				if failed[i] == nil {
					connected()
				}
			})
		}
		adding.Wait()
		if err := ctx.Err(); err != nil {
			return err
		}
		var first error
		for i, err := range failed {
			if chosen[i].err == nil {
				rt.note(err)
			}
			if err == nil {
				continue
			}
			if chosen[i].url != "" && chosen[i].headers.Get("Authorization") == "" {
				err = wantsLogin(err, chosen[i].url)
			}
			said := &spokenError{fmt.Sprintf("the server %q: %v", oneLine(chosen[i].name, 60), err), err}
			if first == nil {
				first = said
			}
			if len(g.Servers()) > 0 {
				fmt.Fprintln(cmd.ErrOrStderr(), "remora:", redact.error(said))
			}
		}
		if len(g.Servers()) == 0 {
			return first
		}
		return run(ctx, &server{group: g, redact: redact})
	})
}

// listGroup returns the tools of a group, by their names in it. The raw text of
// each is an object with the members name, server and tool, of which the last is
// byte for byte the server's.
func listGroup(ctx context.Context, g *host.Group) ([]tool, error) {
	listed, err := g.ListTools(ctx)
	if err != nil {
		return nil, err
	}
	// They were added at the same time, in whatever order.
	slices.SortStableFunc(listed, func(a, b host.GroupTool) int { return strings.Compare(a.Server, b.Server) })
	tools := make([]tool, len(listed))
	for i, l := range listed {
		t := readTool(l.Raw)
		t.Name = l.Name
		t.raw = fmt.Appendf(nil, `{"name":%s,"server":%s,"tool":%s}`, quoted(l.Name), quoted(l.Server), l.Raw)
		tools[i] = t
	}
	return tools, nil
}

// callRaw calls a tool of the server, or of the group.
func (s *server) callRaw(ctx context.Context, params *mcp.CallToolParams) (json.RawMessage, error) {
	if s.group != nil {
		return s.group.CallToolRaw(ctx, params)
	}
	return s.CallToolRaw(ctx, params)
}
