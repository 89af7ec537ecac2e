package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/remora-mcp/remora/host"
)

// noForms is why a server's question has no answer.
const noForms = "a server's questions are asked only if standard input and standard error are terminals"

// interruptKey is where withInterrupt keeps its function.
type interruptKey struct{}

// withInterrupt returns a context that carries what Ctrl-C does, for whoever
// has the terminal in a mode in which Ctrl-C is a key and no signal.
func withInterrupt(ctx context.Context, f func()) context.Context {
	return context.WithValue(ctx, interruptKey{}, f)
}

func newCall() *cobra.Command {
	var flags serverFlags
	var output string
	cmd := &cobra.Command{
		Use:   "call {URL | --config FILE} TOOL [JSON | - | KEY=VALUE...]\n  remora call TOOL [JSON | - | KEY=VALUE...] -- COMMAND [ARG...]",
		Short: "Call a tool and print its result",
		Long: `Call TOOL of the MCP server at URL, or of the server that COMMAND is and that is
spoken to over its stdin and stdout, and print its result.

The arguments are one JSON object, or "-" to read that from standard input, or
words KEY=VALUE, whose types come from the tool's input schema: text as it is,
numbers, true, false, null, objects and arrays as JSON. An array may also be
given item by item: tag=a tag=b. KEY=@FILE takes the value from a file, and
KEY=@@x is the text "@x".

Text is printed as it is, control characters excepted; structured content as
JSON. Images, audio and other binary content are described, or saved with
--output. With --json the result is printed byte for byte as the server sent it.

Questions of the server (elicitation) are asked if standard input and standard
error are terminals. With --config, TOOL is a name that "remora tools --config"
lists, and only servers that can have it are asked. Progress goes to standard error. Ctrl-C cancels the call at
the server; a second one ends the program at once.

` + exitHelp,
		Example: `  remora call http://127.0.0.1:8931/mcp add a=2 b=3
  remora call http://127.0.0.1:8931/mcp echo '{"message":"hello"}'
  remora call --json http://127.0.0.1:8931/mcp add a=2 b=3 | jq .structuredContent.sum
  remora call --header-env Authorization=MCP_AUTH https://example.com/mcp search query=@question.txt
  remora call echo message=hello -- npx -y @modelcontextprotocol/server-everything`,
		Args: flags.unlessConfig(serverArgs(1, -1), cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "" && flags.json {
				return usage("--output saves what --json prints: give one of them")
			}
			url, rest := "", args
			if flags.config == "" {
				url, rest = flags.forServer(cmd, args)
			}
			c := &caller{cmd: cmd, flags: &flags, output: output, tool: rest[0], args: rest[1:]}
			return c.run(url)
		},
	}
	cmd.ValidArgsFunction = completeCall(&flags)
	flags.register(cmd)
	registerOutput(cmd, &output)
	return cmd
}

// A caller is one run of the command call.
type caller struct {
	cmd    *cobra.Command
	flags  *serverFlags
	output string
	tool   string
	args   []string

	progress *progressView
	asks     bool // the server's questions are asked
}

func (c *caller) run(url string) error {
	// What can be wrong without a server is found before there is one.
	var arguments json.RawMessage
	var err error
	if !needsSchema(c.args) {
		if arguments, err = rawArguments(c.args, c.cmd.InOrStdin()); err != nil {
			return err
		}
	}
	var save *saver
	if c.output != "" {
		if save, err = newSaver(c.output, c.tool); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(c.cmd.Context())
	defer cancel()
	c.cmd.SetContext(ctx)

	handlers := func(r *redactor) host.Handlers { return c.handlers(r, cancel) }
	call := func(ctx context.Context, s *server) error {
		if needsSchema(c.args) {
			if arguments, err = c.typed(ctx, s); err != nil {
				return err
			}
		}
		raw, err := c.call(ctx, s, arguments)
		if invalid, ok := host.AsInvalidResult(err); ok {
			// The tool has been executed, and what it said is what is to be looked at.
			return errors.Join(err, c.print(invalid.Raw, save))
		}
		if err != nil {
			return err
		}
		return c.print(raw, save)
	}
	if c.flags.config == "" {
		return c.flags.with(c.cmd, url, handlers, call)
	}
	config, err := readConfiguration(c.flags.config)
	if err != nil {
		return err
	}
	return c.flags.withGroup(c.cmd, config, config.having(c.tool), handlers, call)
}

// handlers sets up progress, and forms if there is a person to fill them in.
func (c *caller) handlers(redact *redactor, cancel func()) host.Handlers {
	out := terminalFile(c.cmd.ErrOrStderr())
	c.progress = &progressView{out: c.cmd.ErrOrStderr(), redact: redact}
	if out != nil && !c.flags.trace.lines { // lines would go through a bar
		c.progress.width = func() int { return columns(out) }
	}
	in := terminalFile(c.cmd.InOrStdin())
	if in == nil || out == nil {
		return host.Handlers{}
	}
	c.asks = true
	interrupt, ok := c.cmd.Context().Value(interruptKey{}).(func())
	if !ok {
		interrupt = cancel
	}
	f := &forms{keys: newKeys(in), out: out, redact: redact, progress: c.progress, interrupt: interrupt, turn: make(chan struct{}, 1)}
	return host.Handlers{Elicit: func(ctx context.Context, p *mcp.ElicitParams) (*mcp.ElicitResult, error) {
		ask, _ := host.AskFromContext(ctx)
		from := ask.Origin
		if ask.Server != "" {
			from = oneLine(ask.Server, 60) + " at " + from
		}
		return f.elicit(ctx, p, from)
	}}
}

// typed reads the arguments with the tool's schema.
func (c *caller) typed(ctx context.Context, s *server) (json.RawMessage, error) {
	tools, err := listTools(ctx, s)
	if err != nil {
		return nil, err
	}
	t, err := findTool(tools, c.tool)
	if err != nil {
		return nil, err
	}
	return typedArguments(t.Name, parseSchema(t.Input), c.args)
}

func (c *caller) call(ctx context.Context, s *server, arguments json.RawMessage) (json.RawMessage, error) {
	options := host.CallOptions{Timeout: c.flags.timeout}
	if !c.flags.quiet {
		options.OnProgress = c.progress.update
	}
	defer c.progress.end()
	return s.callRaw(host.WithCallOptions(ctx, options), &mcp.CallToolParams{Name: c.tool, Arguments: arguments})
}

// print writes the result. Its error is errToolFailed if the tool's is.
func (c *caller) print(raw json.RawMessage, save *saver) error {
	var result toolResult
	if err := json.Unmarshal(raw, &result); err != nil {
		// Some member has another form than the specification's; whether it
		// is an error can still be told.
		result = toolResult{Structured: raw}
		var failed struct {
			IsError bool `json:"isError"`
		}
		_ = json.Unmarshal(raw, &failed)
		result.IsError = failed.IsError
	}
	var err error
	if c.flags.json {
		err = printJSON(c.cmd.OutOrStdout(), raw)
	} else {
		err = (&renderer{out: c.cmd.OutOrStdout(), save: save}).render(&result)
	}
	if err != nil {
		return err
	}
	if !result.IsError {
		return nil
	}
	if !c.asks && !c.flags.quiet && bytes.Contains(bytes.ToLower(raw), []byte("elicitation")) {
		fmt.Fprintln(c.cmd.ErrOrStderr(), "remora: note:", noForms)
	}
	return errToolFailed
}
