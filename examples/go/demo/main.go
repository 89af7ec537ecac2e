// Command demo calls the tools of `remora demo-server` through package host, and
// checks what it gets.
//
//	go run ./examples/go/demo [-rows FILE] URL
//
// It exits with status 1 if anything is not as it should be. With -rows it also
// writes one line for each call: what was called, what came of it, and the
// milliseconds it took, with tabs between them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/host"
)

func main() {
	rows := flag.String("rows", "", "also write the outcome of each call to this `file`")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: demo [-rows FILE] URL")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	d := &demo{}
	err := d.run(ctx, flag.Arg(0))
	if *rows != "" {
		if werr := os.WriteFile(*rows, []byte(d.rows.String()), 0o644); err == nil {
			err = werr
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// A demo is one run against one server.
type demo struct {
	rows    strings.Builder
	session *host.Session
}

// step runs one call, which says what came of it, and notes the time it took.
func (d *demo) step(name string, call func() (string, error)) error {
	start := time.Now()
	outcome, err := call()
	took := time.Since(start)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Printf("  %-10s %s\n", name, outcome)
	fmt.Fprintf(&d.rows, "%s\t%s\t%.1f\n", name, outcome, float64(took.Microseconds())/1000)
	return nil
}

func (d *demo) run(ctx context.Context, url string) error {
	var runtime *host.Runtime
	defer func() {
		if runtime != nil {
			runtime.Close(context.Background())
		}
	}()
	steps := []struct {
		name string
		call func() (string, error)
	}{
		// The plugin is compiled by the first program that opens it, which takes
		// seconds, and kept in the user's cache folder for the next.
		{"open", func() (_ string, err error) {
			runtime, err = host.Open(ctx, host.Options{})
			return "the core is ready", err
		}},
		{"connect", func() (string, error) { return d.connect(ctx, runtime, url) }},
		{"listTools", func() (string, error) { return d.listTools(ctx) }},
		{"echo", func() (string, error) { return d.echo(ctx) }},
		{"add", func() (string, error) { return d.add(ctx) }},
		{"slow", func() (string, error) { return d.slow(ctx) }},
		{"ask", func() (string, error) { return d.ask(ctx) }},
		{"big", func() (string, error) { return d.big(ctx) }},
		{"fail", func() (string, error) { return d.fail(ctx) }},
		{"ping", func() (string, error) { return "answered", d.session.Ping(ctx, nil) }},
		{"close", func() (string, error) { return "closed", d.session.Close() }},
	}
	for _, s := range steps {
		if err := d.step(s.name, s.call); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) connect(ctx context.Context, runtime *host.Runtime, url string) (string, error) {
	session, err := runtime.Connect(ctx, url, &host.ConnectOptions{
		Handlers: host.Handlers{Elicit: answer},
	})
	if err != nil {
		return "", err
	}
	d.session = session
	return session.InitializeResult().ProtocolVersion, nil
}

// answer stands for a person: it shows the question and fills in every field.
func answer(_ context.Context, params *mcp.ElicitParams) (*mcp.ElicitResult, error) {
	fmt.Printf("             the server asks: %q\n", params.Message)
	content := map[string]any{}
	schema, _ := params.RequestedSchema.(map[string]any)
	properties, _ := schema["properties"].(map[string]any)
	for name := range properties {
		content[name] = "forty-two"
	}
	return &mcp.ElicitResult{Action: "accept", Content: content}, nil
}

func (d *demo) listTools(ctx context.Context) (string, error) {
	var names []string
	for tool, err := range d.session.Tools(ctx, nil) {
		if err != nil {
			return "", err
		}
		names = append(names, tool.Name)
	}
	if len(names) < 6 {
		return "", fmt.Errorf("got the tools %v", names)
	}
	return fmt.Sprintf("%d tools", len(names)), nil
}

// call calls a tool and returns the text of its first content block.
func (d *demo) call(ctx context.Context, name string, arguments map[string]any) (*mcp.CallToolResult, string, error) {
	result, err := d.session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: arguments})
	if err != nil {
		return nil, "", err
	}
	if len(result.Content) == 0 {
		return nil, "", fmt.Errorf("a result without content")
	}
	text, ok := result.Content[0].(*mcp.TextContent)
	if !ok {
		return nil, "", fmt.Errorf("got content of type %T", result.Content[0])
	}
	return result, text.Text, nil
}

func (d *demo) echo(ctx context.Context) (string, error) {
	_, text, err := d.call(ctx, "echo", map[string]any{"message": "hello, größe 日本"})
	if err == nil && text != "hello, größe 日本" {
		err = fmt.Errorf("got %q", text)
	}
	return "the same text", err
}

func (d *demo) add(ctx context.Context) (string, error) {
	_, text, err := d.call(ctx, "add", map[string]any{"a": 2, "b": 3})
	if err == nil && text != "5" {
		err = fmt.Errorf("got %q", text)
	}
	return "2 + 3 = " + text, err
}

func (d *demo) slow(ctx context.Context) (string, error) {
	events := 0
	ctx = host.WithCallOptions(ctx, host.CallOptions{OnProgress: func(p *mcp.ProgressNotificationParams) {
		events++
		fmt.Printf("             progress %v of %v\n", p.Progress, p.Total)
	}})
	_, _, err := d.call(ctx, "slow", map[string]any{"steps": 4, "delayMs": 50})
	if err == nil && events != 4 {
		err = fmt.Errorf("got %d progress events, want 4", events)
	}
	return fmt.Sprintf("%d progress events", events), err
}

func (d *demo) ask(ctx context.Context) (string, error) {
	_, text, err := d.call(ctx, "ask", map[string]any{"question": "What is the answer?"})
	if err == nil && !strings.Contains(text, "forty-two") {
		err = fmt.Errorf("got %q", text)
	}
	return text, err
}

func (d *demo) big(ctx context.Context) (string, error) {
	_, text, err := d.call(ctx, "big", map[string]any{"bytes": 1_000_000})
	if err == nil && len(text) != 1_000_000 {
		err = fmt.Errorf("got %d bytes", len(text))
	}
	return fmt.Sprintf("%d bytes of text", len(text)), err
}

// fail shows that a tool's own failure is a result, not an error.
func (d *demo) fail(ctx context.Context) (string, error) {
	result, _, err := d.call(ctx, "fail", nil)
	if err == nil && !result.IsError {
		err = fmt.Errorf("the result has no isError")
	}
	return "a result with isError", err
}
