package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"
)

func newPrompts() *cobra.Command {
	var flags serverFlags
	cmd := &cobra.Command{
		Use:   "prompts {URL | --config FILE SERVER | -- COMMAND [ARG...]}",
		Short: "List the prompts of a server",
		Long: `List the prompts of the MCP server at URL, with their arguments; those in
brackets may be left out. With --json: {"prompts": [...]}, all pages in one, each
prompt byte for byte as the server sent it. With --config, SERVER is the name of
a server of the file.

` + exitHelp,
		Example: `  remora prompts http://127.0.0.1:8931/mcp`,
		Args:    flags.oneServer(0, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			url, _ := flags.forServer(cmd, args)
			return flags.with(cmd, url, nil, func(ctx context.Context, s *server) error {
				prompts, err := listPrompts(ctx, s)
				if err != nil {
					return err
				}
				if flags.json {
					return printJSON(cmd.OutOrStdout(), append(append([]byte("{"), member("prompts", prompts)...), '}'))
				}
				if len(prompts) == 0 && !flags.quiet {
					fmt.Fprintln(cmd.ErrOrStderr(), "remora: the server has no prompts")
				}
				return printPrompts(cmd.OutOrStdout(), prompts)
			})
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	return cmd
}

func newPrompt() *cobra.Command {
	var flags serverFlags
	var output string
	cmd := &cobra.Command{
		Use:   "prompt {URL | --config FILE SERVER} NAME [KEY=VALUE...]\n  remora prompt NAME [KEY=VALUE...] -- COMMAND [ARG...]",
		Short: "Have the server write a prompt and print its messages",
		Long: `Have the MCP server at URL write the prompt NAME with the given arguments, which
are text, and print its messages, each after the role of who says it. With --json
the result is printed byte for byte as the server sent it. With --config, SERVER
is the name of a server of the file.

` + exitHelp,
		Example: `  remora prompt http://127.0.0.1:8931/mcp review language=go`,
		Args:    flags.oneServer(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			url, rest := flags.forServer(cmd, args)
			arguments, err := promptArguments(rest[1:])
			if err != nil {
				return err
			}
			c, save, err := newRequest(cmd, &flags, output, "prompt")
			if err != nil {
				return err
			}
			return c.with(url, func(ctx context.Context, s *server) error {
				raw, err := s.GetPromptRaw(ctx, &mcp.GetPromptParams{Name: rest[0], Arguments: arguments})
				if err != nil {
					return err
				}
				if flags.json {
					return printJSON(cmd.OutOrStdout(), raw)
				}
				return (&renderer{out: cmd.OutOrStdout(), save: save}).messages(raw)
			})
		},
	}
	cmd.ValidArgsFunction = completePrompt(&flags)
	flags.register(cmd)
	registerOutput(cmd, &output)
	return cmd
}

// promptArguments reads words KEY=VALUE.
func promptArguments(words []string) (map[string]string, error) {
	arguments := map[string]string{}
	for _, word := range words {
		key, value, found := strings.Cut(word, "=")
		if !found || key == "" {
			return nil, usage("a prompt's arguments are written key=value; this is %q", oneLine(word, 60))
		}
		if _, twice := arguments[key]; twice {
			return nil, usage("the argument %q is there twice", oneLine(key, 60))
		}
		arguments[key] = value
	}
	return arguments, nil
}

// listPrompts returns all prompts, each as it came.
func listPrompts(ctx context.Context, s *server) ([]json.RawMessage, error) {
	return listAll("prompts", func(cursor string) (json.RawMessage, error) {
		return s.ListPromptsRaw(ctx, &mcp.ListPromptsParams{Cursor: cursor})
	})
}

// A prompt is what could be read of one.
type prompt struct {
	listed
	Arguments []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Required    bool   `json:"required"`
	} `json:"arguments"`
}

func readPrompt(raw json.RawMessage) prompt {
	var p prompt
	if json.Unmarshal(raw, &p) != nil {
		return prompt{listed: readListed(raw)}
	}
	return p
}

// printPrompts writes prompts for a person.
func printPrompts(w io.Writer, prompts []json.RawMessage) error {
	var b strings.Builder
	for _, raw := range prompts {
		p := readPrompt(raw)
		var args []string
		for _, a := range p.Arguments {
			arg := oneLine(a.Name, 60)
			if !a.Required {
				arg = "[" + arg + "]"
			}
			args = append(args, arg)
		}
		fmt.Fprintf(&b, "%s(%s)\n", oneLine(p.Name, 128), strings.Join(args, ", "))
		for _, text := range []string{oneLine(p.Title, 200), harmless(p.Description)} {
			if text != "" {
				fmt.Fprintln(&b, indent(text, "    "))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// messages writes the messages of a prompt.
func (r *renderer) messages(raw json.RawMessage) error {
	var result struct {
		Messages []struct {
			Role    string          `json:"role"`
			Content json.RawMessage `json:"content"`
		} `json:"messages"`
	}
	if json.Unmarshal(raw, &result) != nil {
		return r.line(pretty(raw))
	}
	for _, m := range result.Messages {
		var block contentBlock
		if json.Unmarshal(m.Content, &block) != nil {
			block = contentBlock{}
		}
		text, err := r.block(block, m.Content)
		if err != nil {
			return err
		}
		if err := r.line(oneLine(m.Role, 40) + ":\n" + indent(strings.TrimSuffix(text, "\n"), "    ")); err != nil {
			return err
		}
	}
	return nil
}

// completePrompt offers prompts, then their arguments, then what the server has
// to say of an argument's value.
func completePrompt(flags *serverFlags) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		const nothing = cobra.ShellCompDirectiveNoFileComp
		if len(args) == 0 || !isURL(args[0]) {
			return nil, nothing
		}
		key, value, valued := strings.Cut(word, "=")
		offers := fromServer(cmd, flags, args[0], func(ctx context.Context, s *server) ([]cobra.Completion, error) {
			if len(args) > 1 && valued {
				given, err := promptArguments(args[2:])
				if err != nil {
					return nil, err
				}
				return completeValue(ctx, s, args[1], key, value, given)
			}
			prompts, err := listPrompts(ctx, s)
			if err != nil || len(args) == 1 {
				return offerPrompts(prompts), err
			}
			return offerPromptArguments(prompts, args[1], args[2:]), nil
		})
		if len(args) > 1 && !valued {
			return offers, nothing | cobra.ShellCompDirectiveNoSpace
		}
		return offers, nothing
	}
}

func offerPrompts(prompts []json.RawMessage) []cobra.Completion {
	var out []cobra.Completion
	for _, raw := range prompts {
		if p := readPrompt(raw); completionName.MatchString(p.Name) {
			out = append(out, cobra.CompletionWithDesc(p.Name, plainWords(p.Description)))
		}
	}
	return out
}

func offerPromptArguments(prompts []json.RawMessage, name string, given []string) []cobra.Completion {
	var out []cobra.Completion
	for _, raw := range prompts {
		p := readPrompt(raw)
		if p.Name != name {
			continue
		}
		for _, a := range p.Arguments {
			have := slices.ContainsFunc(given, func(word string) bool { return strings.HasPrefix(word, a.Name+"=") })
			if completionName.MatchString(a.Name) && !have {
				out = append(out, cobra.CompletionWithDesc(a.Name+"=", plainWords(a.Description)))
			}
		}
	}
	return out
}

func completeValue(ctx context.Context, s *server, name, key, value string, given map[string]string) ([]cobra.Completion, error) {
	result, err := s.Complete(ctx, &mcp.CompleteParams{
		Ref:      &mcp.CompleteReference{Type: "ref/prompt", Name: name},
		Argument: mcp.CompleteParamsArgument{Name: key, Value: value},
		Context:  &mcp.CompleteContext{Arguments: given},
	})
	if err != nil {
		return nil, err
	}
	var out []cobra.Completion
	for _, v := range result.Completion.Values {
		if completionName.MatchString(v) {
			out = append(out, key+"="+v)
		}
	}
	return out, nil
}
