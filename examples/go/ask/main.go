// Command ask calls a tool that takes its time and one that asks a question: it
// shows progress while the first works, and lets a person answer the second.
//
//	go run ./examples/go/ask [-answer TEXT] URL
//
// The tools are those of `remora demo-server`. -help says more.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/host"
)

const help = `usage: ask [-answer TEXT] URL

Calls two tools of "remora demo-server", which runs at URL: "slow", showing its
progress, and "ask", which asks a question. The answer is read from standard
input, or is TEXT. Ctrl-D gives no answer; Ctrl-C cancels the call at the server.

Exit status:
  0    done, and everything was as it should be
  1    something was not as it should be; a message says what
  2    wrong arguments
  3    the server cannot be reached, is no MCP server, or refused a call
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
		fmt.Fprintln(os.Stderr, "ask:", printable(err.Error()))
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
	p := &person{}
	flags := flag.NewFlagSet("ask", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Func("answer", "", func(text string) error { p.fixed = &text; return nil })
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(help)
		return nil
	case err != nil:
		return fail(2, "%v; -help says more", err)
	}
	if args = flags.Args(); len(args) != 1 {
		return fail(2, "want [-answer TEXT] URL; -help says more")
	}
	runtime, err := host.Open(ctx, host.Options{})
	if err != nil {
		return err
	}
	defer runtime.Close(context.Background()) // which also closes the session
	session, err := runtime.Connect(ctx, args[0], &host.ConnectOptions{Handlers: host.Handlers{Elicit: p.elicit}})
	if err != nil {
		return err
	}
	var names []string
	for tool, err := range session.Tools(ctx, nil) {
		if err != nil {
			return err
		}
		names = append(names, tool.Name)
	}
	for _, name := range []string{"slow", "ask"} {
		if !slices.Contains(names, name) {
			return fail(2, "the server has no tool %q; remora demo-server has it", name)
		}
	}
	if err := slow(ctx, session); err != nil {
		return err
	}
	return ask(ctx, session, p)
}

// slow calls the tool slow. All of its progress has to come, in order, before
// the result.
func slow(ctx context.Context, session *host.Session) error {
	var seen []float64
	ctx = host.WithCallOptions(ctx, host.CallOptions{OnProgress: func(p *mcp.ProgressNotificationParams) {
		seen = append(seen, p.Progress)
		fmt.Printf("  %v of %v  %s\n", p.Progress, p.Total, printable(p.Message))
	}})
	text, err := call(ctx, session, "slow", map[string]any{"steps": 5, "delayMs": 200})
	if err != nil {
		return err
	}
	fmt.Println(printable(text))
	if !slices.Equal(seen, []float64{1, 2, 3, 4, 5}) {
		return fail(1, "the progress was %v, want 1 to 5", seen)
	}
	return nil
}

// ask calls the tool ask, which repeats the person's answer.
func ask(ctx context.Context, session *host.Session, p *person) error {
	text, err := call(ctx, session, "ask", map[string]any{"question": "Which colour?"})
	if err != nil {
		return err
	}
	fmt.Println(printable(text))
	want := "no answer: cancel"
	if p.given != nil {
		want = fmt.Sprint("the answer is: ", p.given["answer"])
	}
	if text != want {
		return fail(1, "the tool said %q, want %q", text, want)
	}
	return nil
}

// call calls a tool and returns the text of its first block. A tool's own
// failure is a result too.
func call(ctx context.Context, session *host.Session, name string, arguments map[string]any) (string, error) {
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: arguments})
	if err != nil {
		return "", err
	}
	if len(result.Content) == 0 {
		return "", fail(1, "the tool returned no content")
	}
	text, ok := result.Content[0].(*mcp.TextContent)
	switch {
	case !ok:
		return "", fail(1, "the tool returned a %T, want text", result.Content[0])
	case result.IsError:
		return "", fail(1, "the tool reported an error: %s", text.Text)
	}
	return text.Text, nil
}

// A person answers elicitation/create, at standard input.
type person struct {
	fixed *string        // what is answered instead, if it is not nil
	lines chan string    // of standard input; closed at its end
	given map[string]any // the last answer; nil if there was none
}

// elicit asks for the form's fields. Its schema says which there are. ctx ends
// when no answer is wanted any more.
func (p *person) elicit(ctx context.Context, params *mcp.ElicitParams) (*mcp.ElicitResult, error) {
	at, _ := host.AskFromContext(ctx)
	fmt.Printf("%s asks: %s\n", at.Origin, printable(params.Message))
	schema, _ := params.RequestedSchema.(map[string]any)
	fields, _ := schema["properties"].(map[string]any)
	content := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		field, _ := fields[name].(map[string]any)
		prompt := name
		if title, ok := field["title"].(string); ok {
			prompt = title
		}
		if choices, ok := field["enum"].([]any); ok {
			prompt += fmt.Sprint(" ", choices)
		}
		fmt.Printf("  %s: ", printable(prompt))
		text, ok, err := p.read(ctx)
		if err != nil {
			return nil, err
		}
		if !ok {
			fmt.Println()
			return &mcp.ElicitResult{Action: "cancel"}, nil
		}
		if text != "" {
			content[name] = typed(text, field)
		}
	}
	p.given = content
	return &mcp.ElicitResult{Action: "accept", Content: content}, nil
}

// read returns the next line, and false if there is none.
func (p *person) read(ctx context.Context) (string, bool, error) {
	if p.fixed != nil {
		fmt.Println(*p.fixed)
		return *p.fixed, true, nil
	}
	if p.lines == nil {
		p.lines = make(chan string)
		go func() {
			defer close(p.lines)
			for s := bufio.NewScanner(os.Stdin); s.Scan(); {
				p.lines <- s.Text()
			}
		}()
	}
	select {
	case line, ok := <-p.lines:
		return line, ok, nil
	case <-ctx.Done():
		return "", false, ctx.Err()
	}
}

// typed is what was typed, as the form's field wants it.
func typed(text string, field map[string]any) any {
	switch field["type"] {
	case "boolean":
		return slices.Contains([]string{"y", "yes", "true", "1"}, strings.ToLower(text))
	case "number", "integer":
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	}
	return text
}

// printable returns a server's text on one line, without what could move a
// terminal's cursor or reorder what is read.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}
