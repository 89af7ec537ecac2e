package fault

import (
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A Restarter is an MCP server at one address that can be killed and started
// again: connections break, sessions are forgotten, and nobody listens in between.
// It serves both lines, over HTTP and WebSockets, or the transport of 2024-11-05. What its tools have done
// is remembered: echo, which answers, and gather, which waits until a crowd has
// come. Every second call of the crowd is answered then, the others never.
type Restarter struct {
	// URL is the server's endpoint.
	URL string

	legacy  bool
	address string

	mu       sync.Mutex
	server   *http.Server
	end      context.CancelFunc // of the tools that run
	executed map[string]int
	crowd    int
	gathered chan struct{}
}

// NewRestarter starts a server. A crowd are so many calls of gather.
func NewRestarter(legacy bool, crowd int) (*Restarter, error) {
	s := &Restarter{legacy: legacy, address: "127.0.0.1:0", executed: map[string]int{}, crowd: crowd, gathered: make(chan struct{})}
	if err := s.Start(); err != nil {
		return nil, err
	}
	s.URL = "http://" + s.address + "/mcp"
	return s, nil
}

// Start starts the server again, with no memory of sessions.
func (s *Restarter) Start() error {
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.address, s.end = listener.Addr().String(), cancel
	s.server = &http.Server{Handler: ForPages(s.handler(ctx))}
	// A request on a connection that was kept open when the server was killed may
	// have reached it, for all the client knows.
	s.server.SetKeepAlivesEnabled(false)
	go func(server *http.Server) { _ = server.Serve(listener) }(s.server) // until Kill
	return nil
}

// Kill breaks every connection and stops listening.
func (s *Restarter) Kill() {
	s.mu.Lock()
	server, end := s.server, s.end
	s.mu.Unlock()
	_ = server.Close() // it says only that a connection was closed already
	end()
}

// Gathered is closed when the crowd has come.
func (s *Restarter) Gathered() <-chan struct{} { return s.gathered }

// Executed returns how often each thing was done: the tools by name, and the
// subscriptions, levels of logging and handshakes that were asked for.
func (s *Restarter) Executed(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.executed[what]
}

func (s *Restarter) count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.executed[what]++
	return s.executed[what]
}

func (s *Restarter) handler(life context.Context) http.Handler {
	server := mcp.NewServer(&mcp.Implementation{Name: "restarter", Version: "1"}, &mcp.ServerOptions{
		SubscribeHandler:   func(context.Context, *mcp.SubscribeRequest) error { s.count("subscribe"); return nil },
		UnsubscribeHandler: func(context.Context, *mcp.UnsubscribeRequest) error { return nil },
	})
	server.AddResource(&mcp.Resource{URI: "a:1", Name: "a"}, func(context.Context, *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		return &mcp.ReadResourceResult{}, nil
	})
	type args struct {
		ID string `json:"id,omitempty"`
	}
	answer := func() *mcp.CallToolResult { // one for each: the SDK writes into it
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "here"}}}
	}
	mcp.AddTool(server, &mcp.Tool{Name: "echo"}, func(_ context.Context, _ *mcp.CallToolRequest, a args) (*mcp.CallToolResult, any, error) {
		s.count("echo")
		s.count("echo." + a.ID)
		return answer(), nil, nil
	})
	mcp.AddTool(server, &mcp.Tool{Name: "gather"}, func(ctx context.Context, _ *mcp.CallToolRequest, a args) (*mcp.CallToolResult, any, error) {
		n := s.count("gather")
		s.count("gather." + a.ID)
		if n == s.crowd {
			close(s.gathered)
		}
		if n%2 == 0 {
			select {
			case <-s.gathered:
				return answer(), nil, nil
			case <-life.Done():
			}
		}
		<-life.Done()
		return nil, nil, life.Err()
	})
	get := func(*http.Request) *mcp.Server { return server }
	if s.legacy {
		return mcp.NewSSEHandler(get, nil)
	}
	sessions := mcp.NewStreamableHTTPHandler(get, nil)
	modern := mcp.NewStreamableHTTPHandler(get, &mcp.StreamableHTTPOptions{Stateless: true})
	sockets := SocketHandler(life, server)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isSocket(r) {
			sockets.ServeHTTP(w, r)
			return
		}
		if r.Header.Get("Mcp-Protocol-Version") >= string(Line2026) {
			modern.ServeHTTP(w, r)
			return
		}
		sessions.ServeHTTP(w, r)
	})
}
