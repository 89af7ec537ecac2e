package host_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/host"
)

// demoServer starts an MCP server for the examples.
func demoServer() *httptest.Server {
	type numbers struct {
		A int `json:"a"`
		B int `json:"b"`
	}
	type steps struct {
		Steps int `json:"steps"`
	}
	type nothing struct{}
	server := mcp.NewServer(&mcp.Implementation{Name: "demo", Version: "1.0.0"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "add", Description: "adds two numbers"},
		func(_ context.Context, _ *mcp.CallToolRequest, in numbers) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: fmt.Sprint(in.A + in.B)}}}, nil, nil
		})
	mcp.AddTool(server, &mcp.Tool{Name: "slow", Description: "takes some steps"},
		func(ctx context.Context, req *mcp.CallToolRequest, in steps) (*mcp.CallToolResult, any, error) {
			for i := range in.Steps {
				_ = req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
					ProgressToken: req.Params.GetProgressToken(), Progress: float64(i + 1), Total: float64(in.Steps),
				})
			}
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "done"}}}, nil, nil
		})
	mcp.AddTool(server, &mcp.Tool{Name: "ask", Description: "asks for a name"},
		func(ctx context.Context, req *mcp.CallToolRequest, _ nothing) (*mcp.CallToolResult, any, error) {
			res, err := req.Session.Elicit(ctx, &mcp.ElicitParams{Message: "Your name?", RequestedSchema: map[string]any{
				"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}},
			}})
			if err != nil {
				return nil, nil, err
			}
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: fmt.Sprintf("hello %v", res.Content["name"])}}}, nil, nil
		})
	return httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil))
}

func text(res *mcp.CallToolResult) string { return res.Content[0].(*mcp.TextContent).Text }

// Open the plugin, connect, list the tools, call one.
func Example() {
	server := demoServer()
	defer server.Close()
	ctx := context.Background()

	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)
	s, err := rt.Connect(ctx, server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	fmt.Println("connected to", s.InitializeResult().ServerInfo.Name)
	for tool, err := range s.Tools(ctx, nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(tool.Name, "-", tool.Description)
	}
	res, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "add", Arguments: map[string]any{"a": 2, "b": 3}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("2 + 3 =", text(res))
	// Output:
	// connected to demo
	// add - adds two numbers
	// ask - asks for a name
	// slow - takes some steps
	// 2 + 3 = 5
}

// A program can bring the plugin's bytes itself and bound what servers may make
// it hold.
func ExampleOpen() {
	_, err := host.Open(context.Background(), host.Options{
		Wasm:   []byte("not a plugin"),
		Limits: host.Limits{MaxBodyBytes: 1 << 20},
	})
	var e *host.Error
	fmt.Println(errors.As(err, &e), e.Code)
	// Output: true plugin/trap
}

// Credentials are added by the host, to requests to the server's own origin
// only; the plugin never sees them.
func ExampleRuntime_Connect() {
	server := demoServer()
	defer server.Close()
	ctx := context.Background()
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)

	s, err := rt.Connect(ctx, server.URL, &host.ConnectOptions{
		ClientInfo: &mcp.Implementation{Name: "my-program", Version: "1.0.0"},
		Headers:    http.Header{"X-Tenant": {"blue"}},
		Token:      func(context.Context) (string, error) { return "secret", nil },
		Policy:     host.Policy{PrivateAddresses: host.PrivateIfServer},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	fmt.Println(s.Ping(ctx, nil))
	// Output: <nil>
}

// What the server asks in the middle of a call goes to the handlers.
func ExampleHandlers() {
	server := demoServer()
	defer server.Close()
	ctx := context.Background()
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)

	s, err := rt.Connect(ctx, server.URL, &host.ConnectOptions{Handlers: host.Handlers{
		Elicit: func(ctx context.Context, p *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			ask, _ := host.AskFromContext(ctx)
			fmt.Println(ask.Kind, "-", p.Message, ask.Origin == server.URL)
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ada"}}, nil
		},
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	res, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "ask"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text(res))
	// Output:
	// elicit - Your name? true
	// hello Ada
}

// The options of one call travel in its context.
func ExampleWithCallOptions() {
	server := demoServer()
	defer server.Close()
	ctx := context.Background()
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)
	s, err := rt.Connect(ctx, server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	withProgress := host.WithCallOptions(ctx, host.CallOptions{
		OnProgress: func(p *mcp.ProgressNotificationParams) { fmt.Println(p.Progress, "of", p.Total) },
	})
	res, err := s.CallTool(withProgress, &mcp.CallToolParams{Name: "slow", Arguments: map[string]any{"steps": 3}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text(res))
	// Output:
	// 1 of 3
	// 2 of 3
	// 3 of 3
	// done
}

// A result as it came, with whatever the go-sdk's types have no place for.
func ExampleSession_CallToolRaw() {
	server := demoServer()
	defer server.Close()
	ctx := context.Background()
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)
	s, err := rt.Connect(ctx, server.URL, &host.ConnectOptions{ProtocolVersion: "2025-11-25"})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	raw, err := s.CallToolRaw(ctx, &mcp.CallToolParams{Name: "add", Arguments: map[string]any{"a": 2, "b": 3}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", raw)
	// Output: {"content":[{"type":"text","text":"5"}]}
}

// Callbacks for what happens outside of a call, and what removes them again.
func ExampleSession_On() {
	server := demoServer()
	defer server.Close()
	ctx := context.Background()
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)
	s, err := rt.Connect(ctx, server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}

	closed := make(chan struct{})
	stop := s.On(host.Events{State: func(c host.StateChange) {
		fmt.Println(c.State)
		if c.State == host.StateClosed {
			close(closed)
		}
	}})
	defer stop()
	if err := s.Close(); err != nil {
		log.Fatal(err)
	}
	<-closed
	// Output: closed
}

// An error has a code, and says whether the server can have seen the request.
func ExampleError() {
	ctx := context.Background()
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)

	_, err = rt.Connect(ctx, "ftp://example.com/", nil)
	var e *host.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code, e.Sent)
	}
	fmt.Println(errors.Is(err, &host.Error{Code: host.CodeLocalBadURL}))
	// Output:
	// local/bad_url no
	// true
}

// A program written against Client runs on the go-sdk's own session too.
func ExampleClient() {
	server := demoServer()
	defer server.Close()
	ctx := context.Background()
	count := func(c host.Client) {
		defer c.Close()
		n := 0
		for _, err := range c.Tools(ctx, nil) {
			if err != nil {
				log.Fatal(err)
			}
			n++
		}
		fmt.Println(n, "tools")
	}

	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)
	sandboxed, err := rt.Connect(ctx, server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	count(sandboxed)

	native, err := mcp.NewClient(&mcp.Implementation{Name: "native", Version: "1"}, nil).
		Connect(ctx, &mcp.StreamableClientTransport{Endpoint: server.URL}, nil)
	if err != nil {
		log.Fatal(err)
	}
	count(native)
	// Output:
	// 3 tools
	// 3 tools
}

// Call a tool with the types that "remora types --lang go" writes for it.
func ExampleTool_Call() {
	type addInput struct {
		A float64 `json:"a"`
		B float64 `json:"b"`
	}
	add := host.Tool[addInput, any]{Name: "add"}

	server := demoServer()
	defer server.Close()
	ctx := context.Background()
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close(ctx)
	s, err := rt.Connect(ctx, server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	_, res, err := add.Call(ctx, s, addInput{A: 2, B: 3})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(host.Text(res))
	// Output: 5
}
