// Package peers starts the real MCP servers that the tests talk to, each on a
// loopback port of its own: remora's demo server, the go-sdk's conformance
// server in each of its modes, the npm package server-everything, and the
// server of package fault.
package peers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"github.com/remora-mcp/remora/test/fault"
	"github.com/remora-mcp/remora/test/internal/kit"
	"github.com/rs/cors"
)

// A Peer is one server that runs.
type Peer struct {
	// URL is its MCP endpoint; of "fault", the server's root.
	URL string `json:"url"`
	// BrowserURL is the same for a web page: a CORS proxy in front of servers
	// that send no CORS headers.
	BrowserURL string `json:"browserUrl"`
	// Kind says which tools it has: demo, conformance, everything or fault.
	Kind string `json:"kind"`
	// Protocols are the protocol lines that it speaks, by their newest
	// revision.
	Protocols []string `json:"protocols"`
	// Stateful is set where a 2025-11-25 session has state, so that the server
	// can ask in mid-call.
	Stateful bool `json:"stateful"`
	// Answers is "sse" or "json".
	Answers string `json:"answers"`
	// Legacy is set where the server has only the transport of 2024-11-05.
	Legacy bool `json:"legacy,omitempty"`
}

// The kinds of peers.
const (
	KindDemo        = "demo"
	KindConformance = "conformance"
	KindEverything  = "everything"
	KindFault       = "fault"
)

// A Set is every peer, running.
type Set struct {
	// Peers holds them by name.
	Peers map[string]Peer

	mu        sync.Mutex
	processes []*kit.Process
	servers   []*http.Server
}

// Start builds and starts every peer. On an error none is left running;
// otherwise Stop must be called. ctx bounds the start only.
func Start(ctx context.Context) (*Set, error) {
	s := &Set{Peers: map[string]Peer{}}
	var wait sync.WaitGroup
	starters := []func(context.Context) error{s.startDemo, s.startConformance, s.startEverything, s.startFault}
	errs := make([]error, len(starters))
	for i, start := range starters {
		wait.Go(func() { errs[i] = start(ctx) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// Stop ends every peer and waits until its process is gone. It may be called
// more than once.
func (s *Set) Stop() {
	s.mu.Lock()
	processes, servers := s.processes, s.servers
	s.processes, s.servers = nil, nil
	s.mu.Unlock()
	for _, server := range servers {
		_ = server.Close()
	}
	var wait sync.WaitGroup
	for _, p := range processes {
		wait.Go(p.Stop)
	}
	wait.Wait()
}

// run starts a program that is a server and remembers to stop it.
func (s *Set) run(ctx context.Context, program string, command func(port int) (args, env []string)) (port int, err error) {
	p, port, err := kit.StartServer(ctx, program, command)
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	s.processes = append(s.processes, p)
	s.mu.Unlock()
	return port, nil
}

// serve serves a handler on a free loopback port and returns its origin.
func (s *Set) serve(handler http.Handler) (origin string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	s.mu.Lock()
	s.servers = append(s.servers, server)
	s.mu.Unlock()
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), nil
}

// add names a peer.
func (s *Set) add(name string, p Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Peers[name] = p
}

func (s *Set) startDemo(ctx context.Context) error {
	program, err := kit.Build(ctx, "remora", "./cmd/remora")
	if err != nil {
		return err
	}
	port, err := s.run(ctx, program, func(port int) (args, env []string) {
		return []string{"demo-server", "--addr", fmt.Sprintf("127.0.0.1:%d", port)}, nil
	})
	if err != nil {
		return err
	}
	at := fmt.Sprintf("http://127.0.0.1:%d/mcp", port)
	s.add("demo", Peer{URL: at, BrowserURL: at, Kind: KindDemo, Protocols: []string{"2025-11-25", "2026-07-28"}, Stateful: true, Answers: "sse"})
	return nil
}

func (s *Set) startEverything(ctx context.Context) error {
	script, err := kit.NPM("@modelcontextprotocol/server-everything", "dist", "index.js")
	if err != nil {
		return err
	}
	node, err := kit.Node(22)
	if err != nil {
		return err
	}
	for _, way := range []struct {
		name, mode, path string
		legacy           bool
	}{
		{"everything", "streamableHttp", "/mcp", false},
		{"everything-sse", "sse", "/sse", true},
	} {
		port, err := s.run(ctx, node, func(port int) (args, env []string) {
			return []string{script, way.mode}, []string{fmt.Sprintf("PORT=%d", port)}
		})
		if err != nil {
			return err
		}
		at := fmt.Sprintf("http://127.0.0.1:%d%s", port, way.path)
		s.add(way.name, Peer{
			URL: at, BrowserURL: at, Kind: KindEverything, Protocols: []string{"2025-11-25"}, Stateful: true, Answers: "sse",
			Legacy: way.legacy,
		})
	}
	return nil
}

func (s *Set) startFault(context.Context) error {
	origin, err := s.serve(fault.New())
	if err != nil {
		return err
	}
	s.add("fault", Peer{URL: origin, BrowserURL: origin, Kind: KindFault, Protocols: []string{"2025-11-25", "2026-07-28"}, Stateful: true, Answers: "sse"})
	return nil
}

// withCORS serves, on a port of its own, a proxy to an MCP endpoint that sends
// no CORS headers, and returns the endpoint's URL behind the proxy.
func (s *Set) withCORS(endpoint string) (string, error) {
	target, err := url.Parse(endpoint)
	if err != nil {
		return "", err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: target.Scheme, Host: target.Host})
		},
		FlushInterval: -1,                         // every write at once: events must not wait
		ErrorLog:      log.New(io.Discard, "", 0), // clients that leave are no news
	}
	origin, err := s.serve(cors.New(cors.Options{
		AllowedOrigins:      []string{"*"},
		AllowedMethods:      []string{http.MethodGet, http.MethodPost, http.MethodDelete},
		AllowedHeaders:      []string{"*"},
		ExposedHeaders:      []string{"Mcp-Session-Id", "WWW-Authenticate"},
		AllowPrivateNetwork: true,
	}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// An answer may begin while the end of the request is still being
		// passed on; without this the server then closes the request's body
		// under the proxy, which breaks the exchange.
		_ = http.NewResponseController(w).EnableFullDuplex()
		proxy.ServeHTTP(w, r)
	})))
	if err != nil {
		return "", err
	}
	return origin + target.Path, nil
}
