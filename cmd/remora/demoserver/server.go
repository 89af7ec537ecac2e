// Package demoserver is the small MCP server behind `remora demo-server`. It
// speaks both protocol lines on one path: 2026-07-28 without sessions, and
// 2025-11-25 and earlier with them. Tests start it in-process with [Start].
//
// [StartAuth] starts one that asks for credentials, with the authorization
// server that gives them.
//
// Its tools are harmless, so it answers requests from any web origin; it is for
// trying clients, not for production.
package demoserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/rs/cors"

	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
)

// Path is where the MCP endpoint is.
const Path = "/mcp"

// statelessSince is the first protocol revision that has no sessions.
const statelessSince = "2026-07-28"

const (
	// sessionTimeout ends a session that has made no request for so long, so
	// that clients which go away without a word do not add up.
	sessionTimeout = time.Hour
	// closeGrace is how long Close waits for calls in flight to notice that
	// they have been cancelled.
	closeGrace = time.Second
)

// A Server is a demo server that listens. Close stops it.
type Server struct {
	url    string
	auth   *Auth
	http   *http.Server
	cancel context.CancelFunc
	served chan error
}

// Start listens on addr (host:port; port 0 for a free one) and serves until
// Close is called. version is what the server reports as its own.
// It returns as soon as connections are accepted.
func Start(addr, version string) (*Server, error) {
	return start(addr, func(ctx context.Context, _ string) http.Handler { return Handler(ctx, version) })
}

// StartAuth is Start for a server that asks for credentials, with the
// authorization server that gives them at the same origin. Clients have to use
// the URL as it is: tokens are for that and no other.
func StartAuth(addr, version string, options AuthOptions) (*Server, error) {
	var protected *Auth
	s, err := start(addr, func(ctx context.Context, origin string) http.Handler {
		protected = NewAuth(ctx, version, origin, options)
		return protected
	})
	if err != nil {
		return nil, err
	}
	s.auth = protected
	return s, nil
}

// start serves what handler returns for the origin that is listened on.
func start(addr string, handler func(ctx context.Context, origin string) http.Handler) (*Server, error) {
	if addr == "" {
		return nil, errors.New("cannot listen on an empty address; give host:port")
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %q: %w", addr, err)
	}
	// Every request's context descends from ctx, which is how Close reaches
	// standing streams and calls in flight.
	ctx, cancel := context.WithCancel(context.Background())
	origin := "http://" + dialable(listener.Addr().(*net.TCPAddr))
	s := &Server{
		url:    origin + Path,
		cancel: cancel,
		served: make(chan error, 1),
		http: &http.Server{
			Handler:           handler(ctx, origin),
			BaseContext:       func(net.Listener) context.Context { return ctx },
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
		},
	}
	go func() { s.served <- s.http.Serve(listener) }()
	return s, nil
}

// dialable returns the address under which this machine reaches a listener: an
// unspecified host becomes the loopback address of its family.
func dialable(a *net.TCPAddr) string {
	host := a.IP
	if host.IsUnspecified() {
		if host = net.IPv6loopback; a.IP.To4() != nil {
			host = net.IPv4(127, 0, 0, 1)
		}
	}
	return net.JoinHostPort(host.String(), fmt.Sprint(a.Port))
}

// URL returns the MCP endpoint's URL, with the real port.
func (s *Server) URL() string { return s.url }

// Authority returns the authorization server of one that StartAuth started; nil
// for another.
func (s *Server) Authority() *authserver.Server {
	if s.auth == nil {
		return nil
	}
	return s.auth.Authority
}

// Close ends calls in flight and standing streams, closes every connection and
// frees the port. It may be called more than once.
func (s *Server) Close() error {
	s.cancel()
	ctx, stop := context.WithTimeout(context.Background(), closeGrace)
	defer stop()
	if err := s.http.Shutdown(ctx); err != nil {
		return s.http.Close()
	}
	return nil
}

// Wait blocks until the server has stopped. The error is nil after Close.
func (s *Server) Wait() error {
	err := <-s.served
	s.served <- err
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Stdio runs the demo server on this program's standard input and output until
// the input or ctx ends.
func Stdio(ctx context.Context, version string) error {
	err := newServer(ctx, version).Run(ctx, &mcp.StdioTransport{})
	if errors.Is(err, io.EOF) || ctx.Err() != nil {
		return nil
	}
	return err
}

func newServer(ctx context.Context, version string) *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{
		Name:    "remora-demo-server",
		Title:   "remora's demo server",
		Version: version,
	}, &mcp.ServerOptions{
		Instructions: "A server for trying MCP clients. Start with the tool echo.",
		//lint:ignore SA1019 deprecated by 2026-07-28, and what clients of every revision are tried with
		Capabilities:       &mcp.ServerCapabilities{Logging: &mcp.LoggingCapabilities{}},
		CompletionHandler:  complete,
		SubscribeHandler:   subscribe,
		UnsubscribeHandler: unsubscribe,
	})
	addTools(server)
	addResources(ctx, server)
	addPrompts(server)
	server.AddReceivingMiddleware(endWith(ctx))
	return server
}

// Handler returns the demo server as an http.Handler that answers at [Path].
// Tools that wait stop waiting when ctx ends.
func Handler(ctx context.Context, version string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(Path, endpoint(newServer(ctx, version)))
	mux.HandleFunc("/", notFound)
	return allowOrigins(mux)
}

// endpoint returns a server's MCP endpoint, on both protocol lines.
func endpoint(server *mcp.Server) http.Handler {
	self := func(*http.Request) *mcp.Server { return server }
	sessions := mcp.NewStreamableHTTPHandler(self, &mcp.StreamableHTTPOptions{
		SessionTimeout: sessionTimeout,
	})
	stateless := mcp.NewStreamableHTTPHandler(self, &mcp.StreamableHTTPOptions{
		Stateless: true,
		// On this line closing the connection is how a client cancels.
		PropagateRequestCancellation: true,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Revisions are dates, so they compare as strings.
		if r.Header.Get("Mcp-Protocol-Version") >= statelessSince {
			stateless.ServeHTTP(w, r)
		} else {
			sessions.ServeHTTP(w, r)
		}
	})
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "remora's demo server; its MCP endpoint is "+Path, http.StatusNotFound)
}

// allowOrigins lets web pages of every origin make requests.
func allowOrigins(next http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins:      []string{"*"},
		AllowedMethods:      []string{http.MethodGet, http.MethodPost, http.MethodDelete},
		AllowedHeaders:      []string{"*"},
		ExposedHeaders:      []string{"Mcp-Session-Id", "WWW-Authenticate"},
		AllowPrivateNetwork: true,
		MaxAge:              600, // seconds
	}).Handler(next)
}

// endWith ends every request that is being handled when ctx ends. Requests of a
// session do not inherit their HTTP request's context, so this is what stops
// them when the server closes.
func endWith(ctx context.Context) mcp.Middleware {
	return func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(reqCtx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			reqCtx, cancel := context.WithCancel(reqCtx)
			defer cancel()
			defer context.AfterFunc(ctx, cancel)()
			return next(reqCtx, method, req)
		}
	}
}
