// Command server is what the benchmarks measure clients against: an MCP server on
// the go-sdk, of revision 2026-07-28, on a free port of the loopback address. Its
// first line of standard output is the URL under which the endpoints are; it
// serves until its standard input closes.
//
//	/mcp    answers with an event stream, as the go-sdk does by default
//	/json   answers with plain JSON where nothing comes before the result
//	/list   has as many tools as a list is measured with, and no others
//
// The tools of the first two:
//
//	text {bytes}      returns that much text, in lines of 80 bytes
//	progress {steps}  reports progress so many times, then returns
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/rs/cors"
)

// listed is how many tools the list has.
const listed = 1000

func main() {
	if err := run(); err != nil {
		log.Fatal("server: ", err)
	}
}

func run() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	tools, list := toolServer(), listServer()
	mux := http.NewServeMux()
	mux.Handle("/mcp", endpoint(tools, false))
	mux.Handle("/json", endpoint(tools, true))
	mux.Handle("/list", endpoint(list, false))
	// Pages of another origin may call, and ask once whether they may.
	pages := cors.New(cors.Options{
		AllowedOrigins: []string{"*"},
		AllowedMethods: []string{http.MethodPost, http.MethodGet, http.MethodDelete},
		AllowedHeaders: []string{"*"},
		MaxAge:         7200,
	})
	server := &http.Server{Handler: pages.Handler(mux)}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	fmt.Println("http://" + listener.Addr().String())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func endpoint(server *mcp.Server, jsonResponse bool) http.Handler {
	return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: jsonResponse})
}

func implementation() *mcp.Implementation { return &mcp.Implementation{Name: "bench", Version: "1"} }

func toolServer() *mcp.Server {
	server := mcp.NewServer(implementation(), nil)
	integer := func(name string) json.RawMessage {
		return json.RawMessage(fmt.Sprintf(`{"type":"object","properties":{%q:{"type":"integer"}},"required":[%[1]q]}`, name))
	}
	server.AddTool(&mcp.Tool{Name: "text", InputSchema: integer("bytes")}, text)
	server.AddTool(&mcp.Tool{Name: "progress", InputSchema: integer("steps")}, progress)
	return server
}

func listServer() *mcp.Server {
	server := mcp.NewServer(implementation(), &mcp.ServerOptions{PageSize: listed})
	for i := range listed {
		server.AddTool(&mcp.Tool{
			Name:        fmt.Sprintf("tool-%04d", i),
			Title:       fmt.Sprintf("Tool %d", i),
			Description: "Does what tool number " + fmt.Sprint(i) + " of a long list does, and says in a sentence or two what that is.",
			InputSchema: json.RawMessage(`{"type":"object","properties":{"path":{"type":"string","description":"Where to look."},` +
				`"limit":{"type":"integer","minimum":1,"maximum":100,"description":"How many to return."}},"required":["path"]}`),
		}, text)
	}
	return server
}

// made keeps the texts that were asked for, so that making them is not measured.
var made sync.Map // int -> string

func text(_ context.Context, request *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	var args struct {
		Bytes int `json:"bytes"`
	}
	if err := json.Unmarshal(request.Params.Arguments, &args); err != nil || args.Bytes < 0 || args.Bytes > 64<<20 {
		return nil, errors.New("bytes must be a number from 0 to 64 Mi")
	}
	answer, ok := made.Load(args.Bytes)
	if !ok {
		line := "The text of a result, in lines of eighty bytes with a line break at the end.   \n"
		answer, _ = made.LoadOrStore(args.Bytes, strings.Repeat(line, args.Bytes/len(line)+1)[:args.Bytes])
	}
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: answer.(string)}}}, nil
}

func progress(ctx context.Context, request *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	var args struct {
		Steps int `json:"steps"`
	}
	if err := json.Unmarshal(request.Params.Arguments, &args); err != nil {
		return nil, err
	}
	token := request.Params.GetProgressToken()
	if token == nil {
		return nil, errors.New("the call has no progress token")
	}
	for i := range args.Steps {
		err := request.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
			ProgressToken: token, Progress: float64(i + 1), Total: float64(args.Steps),
		})
		if err != nil {
			return nil, err
		}
	}
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "done"}}}, nil
}
