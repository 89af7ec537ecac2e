// Command call discovers a server's tools and calls one of them.
//
//	go run ./examples/go/call [-login] URL [TOOL [JSON]]
//
// -help says more. MCP_TOKEN, if it is set, is sent to the server as bearer
// token; with -login the server can have a person log in.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/host"
)

const help = `usage: call [-login] URL [TOOL [JSON]]

Calls TOOL of the MCP server at URL with a JSON object as arguments, and prints
its result. Without TOOL it lists the tools. MCP_TOKEN in the environment is
sent to the server as bearer token. Ctrl-C cancels the call at the server.

With -login, a server that wants a token gets one: the browser is opened to log
in, and the token is kept in a file for the next time.

Exit status:
  0    done
  1    the tool reported an error, or did not return what it declares
  2    wrong arguments; the tool was not called
  3    the server cannot be reached, is no MCP server, or refused the call
  130  Ctrl-C
`

// A failure is an error that ends the program with a status of its own.
type failure struct {
	status  int
	message string
}

func (f *failure) Error() string { return f.message }

func fail(status int, format string, args ...any) error {
	return &failure{status, fmt.Sprintf(format, args...)}
}

func main() {
	// The first Ctrl-C cancels, and the server is told; a second one ends the
	// program at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "call:", strings.ReplaceAll(printable(err.Error()), "\n", " "))
		os.Exit(status(err))
	}
}

// status is the exit status for what run returned.
func status(err error) int {
	var f *failure
	var e *host.Error
	switch {
	case errors.As(err, &f):
		return f.status
	case errors.As(err, &e) && e.Code == host.CodeLocalCancelled:
		return 130
	case errors.As(err, &e) && e.Code == host.CodeLocalBadURL:
		return 2
	}
	return 3
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("call", flag.ContinueOnError)
	login := flags.Bool("login", false, "log in with the browser if the server wants that")
	flags.SetOutput(io.Discard)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(help)
		return nil
	case err != nil:
		return fail(2, "%v; -help says more", err)
	}
	if args = flags.Args(); len(args) < 1 || len(args) > 3 {
		return fail(2, "want URL [TOOL [JSON]]; -help says more")
	}
	arguments := map[string]json.RawMessage{}
	if len(args) == 3 {
		err := json.Unmarshal([]byte(args[2]), &arguments)
		if err == nil && arguments == nil {
			err = errors.New("got null")
		}
		if err != nil {
			return fail(2, `the arguments must be a JSON object, like {"a": 2}: %v`, err)
		}
	}

	runtime, err := host.Open(ctx, host.Options{})
	if err != nil {
		return err
	}
	defer runtime.Close(context.Background()) // which also closes the session
	options := &host.ConnectOptions{}
	if token := os.Getenv("MCP_TOKEN"); token != "" {
		options.Token = func(context.Context) (string, error) { return token, nil }
	}
	if *login {
		browser, err := host.NewLoopbackAuthorizer(nil)
		if err != nil {
			return err
		}
		defer browser.Close()
		options.Auth = &host.AuthOptions{Authorize: browser.Authorize, RedirectURL: browser.RedirectURL()}
		if options.Auth.Store, err = store(); err != nil {
			return err
		}
	}
	session, err := runtime.Connect(ctx, args[0], options)
	if err != nil {
		return err
	}
	var tools []*mcp.Tool
	for tool, err := range session.Tools(ctx, nil) {
		if err != nil {
			return err
		}
		tools = append(tools, tool)
	}
	if len(args) == 1 {
		for _, tool := range tools {
			fmt.Println(printable(strings.TrimSpace(tool.Name + "  " + tool.Description)))
		}
		return nil
	}
	tool, err := find(tools, args[1])
	if err != nil {
		return err
	}
	if missing := missing(tool, arguments); len(missing) > 0 {
		return fail(2, "the tool %q also needs: %s", tool.Name, strings.Join(missing, ", "))
	}
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool.Name, Arguments: arguments})
	if err != nil {
		return err
	}
	return show(tool, result)
}

// store is where logins are kept, in a file that only this user can read.
func store() (host.Store, error) {
	folder, err := os.UserConfigDir()
	if err != nil {
		return nil, err
	}
	return host.NewFileStore(filepath.Join(folder, "remora-example-call", "logins.json"))
}

// find finds a tool by its name. Its error names those that may be meant.
func find(tools []*mcp.Tool, name string) (*mcp.Tool, error) {
	var names, near []string
	for _, tool := range tools {
		if tool.Name == name {
			return tool, nil
		}
		names = append(names, tool.Name)
		if strings.Contains(tool.Name, name) || distance(tool.Name, name) <= 2 {
			near = append(near, tool.Name)
		}
	}
	if len(near) > 0 {
		return nil, fail(2, "the server has no tool %q; did you mean %s?", name, strings.Join(near, " or "))
	}
	return nil, fail(2, "the server has no tool %q; it has: %s", name, strings.Join(names, ", "))
}

// distance is how many bytes must be inserted, removed or replaced to make b of
// a, as far as their first 64 go.
func distance(a, b string) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j+1]+1, row[j]+1, replaced)
		}
	}
	return row[len(b)]
}

// missing lists the arguments that the tool's input schema requires and that
// are not given.
func missing(tool *mcp.Tool, arguments map[string]json.RawMessage) []string {
	schema, _ := tool.InputSchema.(map[string]any)
	required, _ := schema["required"].([]any)
	var out []string
	for _, name := range required {
		if name, ok := name.(string); ok && arguments[name] == nil {
			out = append(out, name)
		}
	}
	return out
}

// show prints a result. Its error is about the tool.
func show(tool *mcp.Tool, result *mcp.CallToolResult) error {
	for _, block := range result.Content {
		fmt.Println(printable(describe(block)))
	}
	if result.StructuredContent != nil {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(result.StructuredContent); err != nil {
			return err
		}
		fmt.Print(printable(text.String()))
	}
	switch {
	case result.IsError:
		return fail(1, "the tool %q reported an error", tool.Name)
	case tool.OutputSchema != nil && result.StructuredContent == nil:
		return fail(1, "the tool %q declares structured content and returned none", tool.Name)
	}
	return nil
}

func describe(block mcp.Content) string {
	switch b := block.(type) {
	case *mcp.TextContent:
		return b.Text
	case *mcp.ImageContent:
		return fmt.Sprintf("[image, %s, %d bytes]", b.MIMEType, len(b.Data))
	case *mcp.AudioContent:
		return fmt.Sprintf("[audio, %s, %d bytes]", b.MIMEType, len(b.Data))
	case *mcp.ResourceLink:
		return fmt.Sprintf("[link to %s]", b.URI)
	case *mcp.EmbeddedResource:
		if b.Resource != nil && b.Resource.Text != "" {
			return b.Resource.Text
		}
		return "[a resource]"
	}
	return fmt.Sprintf("[content of type %T]", block)
}

// printable returns a server's text without what could move a terminal's cursor
// or reorder what is read.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if slices.Contains([]rune{'\n', '\t'}, r) || unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, text)
}
