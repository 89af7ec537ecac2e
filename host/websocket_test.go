package host

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/test/fault"
)

// serveSockets serves the test server's tools to WebSockets, over TLS if secure.
// look sees each request before.
func serveSockets(t *testing.T, secure bool, look func(http.ResponseWriter, *http.Request) bool) (*httptest.Server, string) {
	t.Helper()
	sockets := fault.SocketHandler(t.Context(), newStdioServer())
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if look == nil || look(w, r) {
			sockets.ServeHTTP(w, r)
		}
	}))
	ts.EnableHTTP2 = secure // it would be chosen, and has no WebSockets
	if secure {
		ts.StartTLS()
	} else {
		ts.Start()
	}
	t.Cleanup(ts.Close)
	return ts, "ws" + strings.TrimPrefix(ts.URL, "http") + "/mcp"
}

func TestWebSocketOnEveryLine(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, version := range []string{"2025-11-25", "2026-07-28"} {
			t.Run(fmt.Sprint(version, " secure ", secure), func(t *testing.T) {
				ts, url := serveSockets(t, secure, func(w http.ResponseWriter, r *http.Request) bool {
					if got := r.Header; got.Get("X-Key") != "of the application" || got.Get("Authorization") != "Bearer a-token" || got.Get("Origin") != "" {
						t.Errorf("headers %v", got)
					}
					return true
				})
				var change []func(*Options)
				if secure {
					change = append(change, trust(ts))
				}
				rt := openRuntime(t, change...)
				s := connect(t, rt, url, &ConnectOptions{
					ProtocolVersion: version,
					Headers:         http.Header{"X-Key": {"of the application"}},
					Token:           func(context.Context) (string, error) { return "a-token", nil },
					Handlers: Handlers{Elicit: func(ctx context.Context, p *mcp.ElicitParams) (*mcp.ElicitResult, error) {
						if ask, _ := AskFromContext(ctx); ask.Origin+"/mcp" != url {
							t.Errorf("the question comes from %q", ask.Origin)
						}
						return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ada"}}, nil
					}},
				})
				if got := s.InitializeResult().ProtocolVersion; got != version {
					t.Errorf("agreed on %s", got)
				}
				if s.String()+"/mcp" != url {
					t.Errorf("it is called %s", s)
				}
				if got := callText(t, s, "question", nil); got != "Ada" {
					t.Errorf("question: %s", got)
				}
				progress := 0
				ctx := WithCallOptions(t.Context(), CallOptions{OnProgress: func(*mcp.ProgressNotificationParams) { progress++ }})
				if _, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "slow", Arguments: map[string]any{"steps": 5}}); err != nil || progress != 5 {
					t.Errorf("slow: %v, %d progress events", err, progress)
				}
				if got := callText(t, s, "big", map[string]any{"n": 5 << 20}); len(got) != 5<<20 {
					t.Errorf("%d bytes", len(got))
				}
				var all sync.WaitGroup
				for i := range 8 {
					all.Go(func() {
						res, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "add", Arguments: addArgs{i, 1}})
						if err != nil || len(res.Content) == 0 {
							t.Errorf("one of eight: %v", err)
						}
					})
				}
				all.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				defer cancel()
				if _, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "hang"}); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("hang: %v", err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// A message beyond the limit fails its own call.
func TestWebSocketMessageTooLarge(t *testing.T) {
	_, url := serveSockets(t, false, nil)
	s := connect(t, openRuntime(t, func(o *Options) { o.Limits.MaxBodyBytes = 1 << 20 }), url, nil)
	var e *Error
	if _, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "big", Arguments: map[string]any{"n": 3 << 20}}); !errors.As(err, &e) || e.Code != CodeLocalTooLarge {
		t.Errorf("%v", err)
	}
	if got := callText(t, s, "big", map[string]any{"n": 1000}); len(got) != 1000 {
		t.Errorf("%d bytes", len(got))
	}
}

// The far side hears that it is closed, one that does not answer that is given up,
// and one that closes is an error with its reason, after which another is opened.
func TestWebSocketEnds(t *testing.T) {
	rt := openRuntime(t)
	ended := make(chan error, 10)
	var reason atomic.Value // with which the server closes upon a tool call
	var deaf atomic.Bool    // it does not read on after the first call
	url := "ws" + strings.TrimPrefix(serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil) // it agrees on no subprotocol
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		for {
			_, message, err := conn.Read(t.Context())
			if err != nil {
				ended <- err
				return
			}
			answer := answerTo(message)
			if strings.Contains(string(message), `"tools/call"`) {
				if text, _ := reason.Load().(string); text != "" {
					_ = conn.Close(4321, text)
					return
				}
				if deaf.Load() {
					_ = conn.Write(t.Context(), websocket.MessageBinary, answer)
					<-t.Context().Done()
					return
				}
			}
			if answer != nil {
				_ = conn.Write(t.Context(), websocket.MessageBinary, answer) // as good as text
			}
		}
	})), "http")
	s := connect(t, rt, url, &ConnectOptions{ProtocolVersion: "2025-11-25"})
	call := func(s *Session) error {
		_, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "any"})
		return err
	}
	if err := call(s); err != nil {
		t.Fatal(err)
	}
	reason.Store("going away")
	var e *Error
	if err := call(s); !errors.As(err, &e) || e.Code != CodeChannelClosed || e.Sent != SentUnknown || !strings.Contains(e.Message, "4321: going away") {
		t.Errorf("%v", err)
	}
	reason.Store("")
	if err := call(s); err != nil {
		t.Errorf("after another was opened: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := websocket.CloseStatus(<-ended); got != websocket.StatusNormalClosure {
		t.Errorf("the server heard %v", got)
	}
	deaf.Store(true)
	s = connect(t, rt, url, &ConnectOptions{ProtocolVersion: "2025-11-25"})
	if err := call(s); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing a session whose server is deaf: %v", err)
	}
}

// answerTo answers as a server of 2025-11-25 that has whatever tool is called.
func answerTo(message []byte) []byte {
	var asked struct {
		ID     json.RawMessage
		Method string
	}
	if json.Unmarshal(message, &asked) != nil || asked.ID == nil {
		return nil
	}
	answer := `"error":{"code":-32601,"message":"no"}`
	switch asked.Method {
	case "initialize":
		answer = `"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}`
	case "tools/call":
		answer = `"result":{"content":[]}`
	}
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,%s}`, asked.ID, answer)
}

// What stands between a session and its WebSocket, and what is said of it.
func TestWebSocketRefused(t *testing.T) {
	rt := openRuntime(t)
	other := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("a redirect was followed to %s", r.URL) }))
	ts, url := serveSockets(t, false, func(w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, other, http.StatusTemporaryRedirect)
		case "/401":
			w.WriteHeader(http.StatusUnauthorized)
		case "/403":
			w.WriteHeader(http.StatusForbidden)
		case "/404":
			http.NotFound(w, r)
		case "/503":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/page":
			fmt.Fprint(w, "<html>")
		case "/wrong":
			w.Header().Set("Connection", "upgrade")
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Sec-WebSocket-Accept", "wrong")
			w.WriteHeader(http.StatusSwitchingProtocols)
		default:
			return true
		}
		return false
	})
	at := strings.TrimSuffix(url, "/mcp")
	_, port, _ := net.SplitHostPort(ts.Listener.Addr().String())
	named := "ws://localhost:" + port
	for _, c := range []struct {
		name, url string
		options   ConnectOptions
		code      Code
		status    int
		say       string
	}{
		{"a redirect", at + "/redirect?key=canary", ConnectOptions{}, CodePolicyRedirect, 307, "redirects (status 307)"},
		{"credentials wanted", at + "/401?key=canary", ConnectOptions{}, CodeAuthRequired, 401, "wants credentials"},
		{"denied", at + "/403?key=canary", ConnectOptions{}, CodeAuthDenied, 403, "refuses"},
		{"not there", at + "/404?key=canary", ConnectOptions{}, CodeHTTPStatus, 404, "status 404"},
		{"not up yet", at + "/503?key=canary", ConnectOptions{}, CodeHTTPStatus, 503, "status 503"},
		{"a page", at + "/page?key=canary", ConnectOptions{}, CodeHTTPStatus, 200, "no WebSocket"},
		{"another protocol", at + "/wrong?key=canary", ConnectOptions{}, CodeChannelClosed, 101, "does not speak"},
		{"nobody listens", "ws://127.0.0.1:1/?key=canary", ConnectOptions{}, CodeChannelClosed, 0, "no connection to ws://127.0.0.1:1: "},
		{"TLS with one that has none", "wss" + strings.TrimPrefix(at, "ws") + "/?key=canary", ConnectOptions{}, CodeChannelClosed, 0, "no connection to wss://"},
		{"private", at, ConnectOptions{Policy: Policy{PrivateAddresses: PrivateNever}}, CodePolicyPrivateAddress, 0, "loopback"},
		{"a name for a private address", named, ConnectOptions{Policy: Policy{PrivateAddresses: PrivateNever}}, CodePolicyPrivateAddress, 0, "localhost leads to a loopback"},
		{"a password", "ws://user:canary@127.0.0.1/", ConnectOptions{}, CodeLocalBadURL, 0, "Headers or Token"},
		{"no host", "wss:///mcp", ConnectOptions{}, CodeLocalBadURL, 0, "names no host"},
		{"no URL", "ws", ConnectOptions{}, CodeLocalBadURL, 0, ""},
		{"a header of the protocol", at, ConnectOptions{Headers: http.Header{"Sec-Websocket-Extensions": {"canary"}}}, CodeLocalBadArgument, 0, "belongs to the protocol"},
		{"a token that cannot be had", at, ConnectOptions{Token: func(context.Context) (string, error) { return "", errors.New("canary") }}, CodeAuthRefreshFailed, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := rt.Connect(t.Context(), c.url, &c.options)
			var e *Error
			if !errors.As(err, &e) || e.Code != c.code || e.Status != c.status || e.Sent != SentNo || !strings.Contains(e.Message, c.say) {
				t.Fatalf("%+v", err)
			}
			if strings.Contains(e.Error()+string(e.Data), "canary") {
				t.Errorf("it quotes a secret: %v", e)
			}
		})
	}
	for name, f := range map[string]func() error{
		"Discover": func() error { _, err := rt.Discover(t.Context(), url, nil); return err },
		"Restore":  func() error { _, err := rt.Restore(t.Context(), url, []byte("{}"), nil); return err },
	} {
		if err := f(); !errors.Is(err, &Error{Code: CodeLocalBadURL}) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := connect(t, rt, named, nil); callText(t, s, "add", addArgs{1, 2}) != `{"sum":3}` {
		t.Error("a server on loopback, by its name, does not work")
	}
}

// A certificate that nobody vouches for is refused.
func TestWebSocketCertificate(t *testing.T) {
	ts, url := serveSockets(t, true, nil)
	_, err := openRuntime(t).Connect(t.Context(), url, nil)
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeChannelClosed || e.Sent != SentNo || !strings.Contains(e.Message, "certificate") {
		t.Errorf("%v", err)
	}
	old := func(o *Options) { o.HTTP.TLSClientConfig.MaxVersion = tls.VersionTLS11 }
	if _, err := openRuntime(t, trust(ts), old).Connect(t.Context(), url, nil); err == nil {
		t.Error("an old version of TLS is taken")
	}
}

// Of a session over a channel the trace has what goes over it, and none of the
// application's secrets, if the server says them.
func TestTraceOfAChannel(t *testing.T) {
	rt := openRuntime(t)
	const secret = "canary-of-the-application"
	_, socket := serveSockets(t, false, nil)
	for _, way := range []string{"socket", "program"} {
		t.Run(way, func(t *testing.T) {
			events := make(chan TraceEvent, 1000)
			o := &ConnectOptions{Events: Events{Trace: func(e TraceEvent) { events <- e }}}
			var s *Session
			if way == "socket" {
				o.Headers = http.Header{"X-Key": {secret}}
				s = connect(t, rt, socket, o)
			} else {
				s = connectCommand(t, rt, stdioCommand("server"), o)
			}
			if got := callText(t, s, "echo", map[string]any{"text": secret}); got != secret {
				t.Errorf("echo: %s", got)
			}
			for {
				e := <-events
				if e.Type != TraceReceived || !strings.Contains(string(e.Message), `"content"`) {
					continue
				}
				if masked := !strings.Contains(string(e.Message), secret); masked != (way == "socket") {
					t.Errorf("masked %v: %s", masked, e.Message)
				}
				return
			}
		})
	}
}
