package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/port/porttest"
	"github.com/remora-mcp/remora/internal/wire"
)

// A peer is a server that says what a test tells it to, on either protocol
// line. A real one does not lie.
type peer struct {
	// on answers a method, or a call of the tool of that name.
	on map[string]http.HandlerFunc

	mu   sync.Mutex
	seen []string // methods, and the HTTP methods of what is not a POST
}

func (p *peer) note(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, what)
}

// count returns how often a method, or an HTTP method, was seen.
func (p *peer) count(what string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, s := range p.seen {
		if s == what {
			n++
		}
	}
	return n
}

// request is what came; its id is put into answers by say.
type request struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name      string          `json:"name"`
		RequestID json.RawMessage `json:"requestId"`
	} `json:"params"`
}

type requestKey struct{}

func requestOf(r *http.Request) request { return r.Context().Value(requestKey{}).(request) }

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var req request
	if r.Method == http.MethodPost {
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &req)
	} else {
		req.Method = r.Method
	}
	p.note(req.Method)
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, req))
	answer := p.on[req.Method]
	if req.Method == methodCallTool {
		answer = p.on[req.Params.Name]
	}
	switch {
	case answer != nil:
		answer(w, r)
	case req.Method == methodDiscover && p.on[methodInitialize] == nil:
		say(w, r, `{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true}},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"peer","version":"1"}}}`)
	case req.ID == nil && r.Method == http.MethodPost:
		w.WriteHeader(http.StatusAccepted)
	default:
		http.Error(w, "what?", http.StatusNotFound)
	}
}

// legacy makes the peer one of 2025-11-25, with a session.
func (p *peer) legacy() *peer {
	p.on[methodInitialize] = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(sessionHeader, "s1")
		say(w, r, `{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"peer","version":"1"}}`)
	}
	return p
}

// say answers with a result, as JSON.
func say(w http.ResponseWriter, r *http.Request, result string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, requestOf(r).ID, result)
}

// events begins an event stream and returns how to send on it.
func events(w http.ResponseWriter) func(format string, args ...any) {
	w.Header().Set("Content-Type", "text/event-stream")
	return func(format string, args ...any) {
		fmt.Fprintf(w, format, args...)
		w.(http.Flusher).Flush()
	}
}

// okResult is a tool's result.
const okResult = `{"content":[{"type":"text","text":"ok"}]}`

func okTool(w http.ResponseWriter, r *http.Request) { say(w, r, okResult) }

// resultEvent is the event that answers r.
func resultEvent(r *http.Request, result string) string {
	return fmt.Sprintf("data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n\n", requestOf(r).ID, result)
}

// heard is a Sink that remembers.
type heard struct {
	mu      sync.Mutex
	notices []string // method and params
	dropped []string
}

func (h *heard) Notification(method string, params json.RawMessage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notices = append(h.notices, method+" "+string(params))
}

func (h *heard) Dropped(reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dropped = append(h.dropped, reason)
}

func (h *heard) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.notices)
}

// A rig is a session of the SDK's with a peer, with or without a Transport
// between them.
type rig struct {
	t         *testing.T
	peer      *peer
	url       string
	sdk       *mcp.ClientSession
	transport *Transport // nil for the SDK alone
	heard     *heard
}

// how says how to connect.
type how struct {
	alone    bool // without a Transport
	arrived  bool // answers come only when they are complete, and say so
	limits   wire.Limits
	options  mcp.ClientOptions
	protocol string
}

func connect(t *testing.T, p *peer, h how) *rig {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	r := &rig{t: t, peer: p, url: server.URL, heard: new(heard)}
	carrier := new(http.Client)
	if !h.alone {
		network := new(porttest.NetHTTP)
		t.Cleanup(network.Close)
		var http port.HTTP = network
		if h.arrived {
			http = arriving{network}
		}
		r.transport = New(Config{HTTP: http, Clock: port.SystemClock{}, Session: 7, Limits: h.limits, Sink: r.heard, Answers: anything})
		t.Cleanup(r.transport.Close)
		carrier.Transport = r.transport
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var err error
	r.sdk, err = mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, &h.options).
		Connect(ctx, &mcp.StreamableClientTransport{Endpoint: server.URL, HTTPClient: carrier}, &mcp.ClientSessionOptions{ProtocolVersion: h.protocol})
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { r.sdk.Close() })
	return r
}

// call calls a tool and returns the SDK's error and the Call.
func (r *rig) call(tool string) (*mcp.CallToolResult, *Call, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	call := &Call{ID: 42}
	res, err := r.sdk.CallTool(WithCall(ctx, call), &mcp.CallToolParams{Name: tool})
	return res, call, err
}

// mustWork fails the test unless the session still works.
func (r *rig) mustWork() {
	r.t.Helper()
	if _, _, err := r.call("ok"); err != nil {
		r.t.Errorf("the next call on the session: %v", err)
	}
}

// code is a failure's code.
func code(call *Call) wire.Code {
	if err := call.Err(); err != nil {
		return err.Code
	}
	return ""
}

// hasStanding reports whether the protocol line has a standing stream, which is
// known once the session is open.
func (t *Transport) hasStanding() bool {
	t.standing.mu.Lock()
	defer t.standing.mu.Unlock()
	return t.standing.req != nil
}
