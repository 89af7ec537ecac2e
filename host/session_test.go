package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestSessionOnEveryLine(t *testing.T) {
	rt := openRuntime(t)
	for _, line := range lines {
		t.Run(line.name, func(t *testing.T) {
			url := serveMCP(t, newTestServer(), &line.opts)
			s := connect(t, rt, url, &ConnectOptions{
				ProtocolVersion: line.version,
				Handlers: Handlers{Elicit: func(ctx context.Context, p *mcp.ElicitParams) (*mcp.ElicitResult, error) {
					ask, ok := AskFromContext(ctx)
					if !ok || ask.Kind != "elicit" || ask.Origin+"/mcp" != url {
						t.Errorf("the question comes from %+v, %v", ask, ok)
					}
					if p.Message != "your name?" || p.Mode != "form" {
						t.Errorf("%+v", p)
					}
					return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ada"}}, nil
				}},
			})

			init := s.InitializeResult()
			if init.ProtocolVersion != line.version || init.ServerInfo.Name != "test" || init.Instructions != "add only" || init.Capabilities.Tools == nil {
				t.Errorf("InitializeResult: %+v, server %+v", init, init.ServerInfo)
			}
			if err := s.Ping(t.Context(), nil); err != nil {
				t.Errorf("Ping: %v", err)
			}
			var names []string
			for tool, err := range s.Tools(t.Context(), nil) {
				if err != nil {
					t.Fatal(err)
				}
				names = append(names, tool.Name)
			}
			if got := strings.Join(names, " "); got != "add ask fail slow" {
				t.Errorf("tools %s", got)
			}
			res, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "add", Arguments: addArgs{2, 3}})
			if err != nil {
				t.Fatal(err)
			}
			if got := text(t, res); got != `{"sum":5}` {
				t.Errorf("add: %s", got)
			}
			res, err = s.CallTool(t.Context(), &mcp.CallToolParams{Name: "fail"})
			if err != nil || !res.IsError || text(t, res) != "on purpose" {
				t.Errorf("fail: %+v, %v", res, err)
			}
			if _, err = s.CallTool(t.Context(), &mcp.CallToolParams{Name: "nothing"}); !errors.Is(err, &Error{Code: CodeRPCError}) {
				t.Errorf("unknown tool: %v", err)
			}
			if !line.opts.JSONResponse {
				var got []float64
				ctx := WithCallOptions(t.Context(), CallOptions{OnProgress: func(p *mcp.ProgressNotificationParams) { got = append(got, p.Progress) }})
				if _, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "slow", Arguments: slowArgs{5}}); err != nil {
					t.Error(err)
				}
				if fmt.Sprint(got) != "[1 2 3 4 5]" {
					t.Errorf("progress %v", got)
				}
			}
			if line.canAsk() {
				res, err = s.CallTool(t.Context(), &mcp.CallToolParams{Name: "ask"})
				if err != nil || text(t, res) != "accept Ada" {
					t.Errorf("ask: %+v, %v", res, err)
				}
			}
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if err := s.Ping(t.Context(), nil); !errors.Is(err, &Error{Code: CodeLocalClosed}) {
				t.Errorf("after Close: %v", err)
			}
			if err := s.Close(); err != nil {
				t.Errorf("the second Close: %v", err)
			}
		})
	}
}

// canAsk reports whether the go-sdk's server can ask in mid-call on this line.
func (l line) canAsk() bool { return !l.opts.Stateless && !l.opts.JSONResponse }

// rawServer speaks just enough of 2026-07-28 by hand. call answers tools/call;
// id is the request's, as JSON.
func rawServer(t testing.TB, call func(w http.ResponseWriter, r *http.Request, id, params json.RawMessage)) string {
	return serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var msg struct {
			ID     json.RawMessage
			Method string
			Params json.RawMessage
		}
		body, err := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || err != nil || json.Unmarshal(body, &msg) != nil {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		switch {
		case msg.Method == "tools/call":
			call(w, r, msg.ID, msg.Params)
		case msg.ID == nil:
			w.WriteHeader(http.StatusAccepted)
		case msg.Method == "server/discover":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"serverInfo":{"name":"raw","version":"1"},"ttlMs":0,"cacheScope":"public"}}`, msg.ID)
		default:
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no"}}`, msg.ID)
		}
	})) + "/mcp"
}

func answerJSON(w http.ResponseWriter, id json.RawMessage, result string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, id, result)
}

func TestEightCallsAtOnce(t *testing.T) {
	const n = 8
	var mu sync.Mutex
	arrived := 0
	all := make(chan struct{})
	url := rawServer(t, func(w http.ResponseWriter, _ *http.Request, id, _ json.RawMessage) {
		mu.Lock()
		if arrived++; arrived == n {
			close(all)
		}
		mu.Unlock()
		select {
		case <-all:
		case <-time.After(testTimeout):
		}
		answerJSON(w, id, `{"content":[]}`)
	})
	rt := openRuntime(t)
	s := connect(t, rt, url, nil)
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "x"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if len(rt.drivers) != 1 {
		t.Errorf("%d instances were used", len(rt.drivers))
	}
}

func TestThousandProgressEventsInOneChunk(t *testing.T) {
	const n = 1000
	url := rawServer(t, func(w http.ResponseWriter, _ *http.Request, id, params json.RawMessage) {
		var p struct {
			Meta struct {
				ProgressToken json.RawMessage `json:"progressToken"`
			} `json:"_meta"`
		}
		if err := json.Unmarshal(params, &p); err != nil {
			t.Error(err)
		}
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":%s,\"progress\":%d}}\n\n", p.Meta.ProgressToken, i)
		}
		fmt.Fprintf(&b, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"content\":[]}}\n\n", id)
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, b.String())
	})
	s := connect(t, openRuntime(t), url, nil)
	var got []float64
	ctx := WithCallOptions(t.Context(), CallOptions{OnProgress: func(p *mcp.ProgressNotificationParams) { got = append(got, p.Progress) }})
	if _, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "x"}); err != nil {
		t.Fatal(err)
	}
	if len(got) != n {
		t.Fatalf("%d events before the result, want %d", len(got), n)
	}
	for i, p := range got {
		if p != float64(i) {
			t.Fatalf("event %d is %v", i, p)
		}
	}
}

func TestCancelReachesTheServer(t *testing.T) {
	rt := openRuntime(t)
	var started, ended chan struct{}
	wait := func(ctx context.Context) {
		close(started)
		<-ctx.Done()
		close(ended)
	}
	server := newTestServer()
	mcp.AddTool(server, &mcp.Tool{Name: "wait"}, func(ctx context.Context, _ *mcp.CallToolRequest, _ noArgs) (*mcp.CallToolResult, any, error) {
		wait(ctx)
		return nil, nil, ctx.Err()
	})
	for name, url := range map[string]string{
		"2025-11-25 SSE":  serveMCP(t, server, &lines[0].opts),
		"2025-11-25 JSON": serveMCP(t, server, &lines[1].opts),
		// There the end of the connection says it (and the go-sdk's server
		// takes no notice).
		"2026-07-28": rawServer(t, func(_ http.ResponseWriter, r *http.Request, _, _ json.RawMessage) { wait(r.Context()) }),
	} {
		t.Run(name, func(t *testing.T) {
			started, ended = make(chan struct{}), make(chan struct{})
			s := connect(t, rt, url, &ConnectOptions{ProtocolVersion: name[:10]})
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-started
				cancel()
			}()
			_, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "wait"})
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, context.Canceled) || e.Sent != SentUnknown {
				t.Errorf("got %v", err)
			}
			select {
			case <-ended:
			case <-time.After(testTimeout):
				t.Error("the server was not told")
			}
			if err := s.Ping(t.Context(), nil); err != nil {
				t.Errorf("the next call: %v", err)
			}
		})
	}
}

func TestRawResults(t *testing.T) {
	const odd = `{"content":[{"type":"hologram","depth":12345678901234567890}],  "x-unknown":{"a":[1.50,null]},"structuredContent":{"n":12345678901234567890}}`
	url := rawServer(t, func(w http.ResponseWriter, _ *http.Request, id, _ json.RawMessage) { answerJSON(w, id, odd) })
	s := connect(t, openRuntime(t), url, nil)
	raw, err := s.CallToolRaw(t.Context(), &mcp.CallToolParams{Name: "x"})
	if err != nil || string(raw) != odd {
		t.Errorf("got %s, %v", raw, err)
	}
	_, err = s.CallTool(t.Context(), &mcp.CallToolParams{Name: "x"})
	if !errors.Is(err, &Error{Code: CodeLocalUnsupported}) || !strings.Contains(err.Error(), "CallToolRaw") {
		t.Errorf("typed: %v", err)
	}
}

func TestThousandCallsLeaveNothingBehind(t *testing.T) {
	url := serveMCP(t, newTestServer(), &lines[4].opts)
	rt := openRuntime(t)
	s := connect(t, rt, url, nil)
	round := func(n int) {
		t.Helper()
		for range n {
			if _, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "add", Arguments: addArgs{1, 2}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Idle connections, of which net/http may keep one more or less, are no
	// measure of a leak.
	before := 0
	measure := func() {
		s.net.close()
		if before == 0 {
			before = stable(t)
			return
		}
		settled(t, before)
	}
	round(200)
	measure()
	d := s.current().d
	memory := d.guest.MemoryBytes()
	// The end of the last answer's connection may still be on its way.
	inside, after := new(Stats), new(Stats)
	quiet := func(stats *Stats) func() bool {
		return func() bool {
			now, err := s.Stats(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			*stats = *now
			return now.Open == 0
		}
	}
	eventually(t, "nothing is open inside of the plugin", quiet(inside))
	round(1000)
	measure()
	eventually(t, "nothing is open inside of the plugin", quiet(after))
	if after.Goroutines > inside.Goroutines || after.HeapBytes > inside.HeapBytes+1<<20 {
		t.Errorf("inside of the plugin: before %+v, after %+v", inside, after)
	}
	if grown := d.guest.MemoryBytes() - memory; grown > 4<<20 {
		t.Errorf("the instance grew from %d by %d bytes", memory, grown)
	}
	eventually(t, "nothing is open", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.calls)+len(d.exchanges)+len(d.asks)+len(d.queue) == 0
	})
}

// stable returns the number of goroutines once it no longer falls.
func stable(t *testing.T) int {
	t.Helper()
	n, since := runtime.NumGoroutine(), time.Now()
	for time.Since(since) < 200*time.Millisecond {
		time.Sleep(10 * time.Millisecond)
		if now := runtime.NumGoroutine(); now < n {
			n, since = now, time.Now()
		}
	}
	return n
}

// settled waits until there are no more goroutines than before.
func settled(t *testing.T, before int) {
	t.Helper()
	eventually(t, fmt.Sprintf("no more than %d goroutines", before), func() bool { return runtime.NumGoroutine() <= before })
}

// eventually waits for a condition that nothing announces.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(testTimeout)
	for !ok() {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("waited in vain for: %s\n%s", what, buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(time.Millisecond)
	}
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("use", func(t *testing.T) {
		rt := openRuntime(t)
		var sessions []*Session
		for _, line := range lines {
			s := connect(t, rt, serveMCP(t, newTestServer(), &line.opts), &ConnectOptions{
				ProtocolVersion: line.version,
				Events:          Events{ToolsChanged: func() {}},
			})
			if _, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "add", Arguments: addArgs{1, 2}}); err != nil {
				t.Error(err)
			}
			sessions = append(sessions, s)
		}
		if err := sessions[0].Close(); err != nil {
			t.Error(err)
		}
		if err := rt.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if err := rt.Close(t.Context()); err != nil {
			t.Errorf("the second Close: %v", err)
		}
		if err := sessions[1].Ping(t.Context(), nil); !errors.Is(err, &Error{Code: CodeLocalClosed}) {
			t.Errorf("a call afterwards: %v", err)
		}
		if _, err := rt.Connect(t.Context(), "http://127.0.0.1:1/", nil); !errors.Is(err, &Error{Code: CodeLocalClosed}) {
			t.Errorf("Connect afterwards: %v", err)
		}
	})
	settled(t, before)
}

func TestCloseEndsTheSessionAtTheServer(t *testing.T) {
	var deletes atomic.Int32
	inner := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return newTestServer() }, nil)
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			deletes.Add(1)
		}
		inner.ServeHTTP(w, r)
	}))
	rt := openRuntime(t)
	s := connect(t, rt, url, &ConnectOptions{ProtocolVersion: "2025-11-25"})
	other := connect(t, rt, url, &ConnectOptions{ProtocolVersion: "2025-11-25"})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n := deletes.Load(); n != 1 {
		t.Errorf("%d sessions were ended at the server by Session.Close", n)
	}
	if err := rt.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := deletes.Load(); n != 2 {
		t.Errorf("%d sessions were ended at the server after Runtime.Close", n)
	}
	_ = other
}

// failing is a guest whose next step can be made to fail.
type failing struct {
	guest
	fail *atomic.Bool
}

func (g failing) Step(ctx context.Context, batch []byte) ([]byte, error) {
	if g.fail.CompareAndSwap(true, false) {
		return nil, errors.New("wasm error: unreachable")
	}
	return g.guest.Step(ctx, batch)
}

// The plugin fails under calls at real servers: those calls end, and the
// sessions go on with the same options and handlers.
func TestTrapUnderRealServers(t *testing.T) {
	rt := openRuntime(t)
	var fail atomic.Bool
	real := rt.newGuest
	rt.newGuest = func(ctx context.Context) (guest, error) {
		g, err := real(ctx)
		return failing{g, &fail}, err
	}
	made, err := rt.driver(t.Context()) // by Open
	if err != nil {
		t.Fatal(err)
	}
	made.stop()
	<-made.stopped

	started, release := make(chan struct{}), make(chan struct{})
	server := newTestServer()
	mcp.AddTool(server, &mcp.Tool{Name: "wait"}, func(context.Context, *mcp.CallToolRequest, noArgs) (*mcp.CallToolResult, any, error) {
		close(started)
		<-release
		return nil, nil, nil
	})
	defer close(release)
	inner := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	s := connect(t, rt, url, &ConnectOptions{
		ProtocolVersion: "2025-11-25",
		Token:           func(context.Context) (string, error) { return "t", nil },
		Handlers: Handlers{Elicit: func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ada"}}, nil
		}},
	})
	done := make(chan error)
	go func() {
		_, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "wait"})
		done <- err
	}()
	<-started
	fail.Store(true)
	if err := s.Ping(t.Context(), nil); !errors.Is(err, &Error{Code: CodePluginTrap}) {
		t.Errorf("the call that met the failure: %v", err)
	}
	var e *Error
	if err := <-done; !errors.As(err, &e) || e.Code != CodePluginTrap || e.Sent != SentUnknown || e.Retryable {
		t.Errorf("the call that was at the server: %+v", e)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			res, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "ask"})
			if err != nil || text(t, res) != "accept Ada" {
				t.Errorf("afterwards: %+v, %v", res, err)
			}
		})
	}
	wg.Wait()
}

func TestCloseEndsCallsInFlight(t *testing.T) {
	started := make(chan struct{})
	url := rawServer(t, func(w http.ResponseWriter, r *http.Request, _, _ json.RawMessage) {
		close(started)
		<-r.Context().Done()
	})
	s := connect(t, openRuntime(t), url, nil)
	done := make(chan error)
	go func() {
		_, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "x"})
		done <- err
	}()
	<-started
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	select {
	case err := <-done:
		if !errors.Is(err, &Error{Code: CodeLocalClosed}) {
			t.Errorf("got %v", err)
		}
	case <-time.After(testTimeout):
		t.Error("the call is still there")
	}
}

func TestConnectFailures(t *testing.T) {
	rt := openRuntime(t)
	page := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>Welcome</html>")
	}))
	refusing := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	broken := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "out of order", 500) }))
	for name, tt := range map[string]struct {
		url  string
		o    *ConnectOptions
		want Code
	}{
		"no URL":           {"", nil, CodeLocalBadURL},
		"refused":          {"http://127.0.0.1:1/", nil, CodeHTTPNetwork},
		"a page":           {page, nil, CodeHTTPNotMCP},
		"401":              {refusing, nil, CodeAuthRequired},
		"500":              {broken, nil, CodeHTTPStatus},
		"unknown revision": {page, &ConnectOptions{ProtocolVersion: "1999-01-01"}, CodeLocalBadArgument},
		"bad policy":       {page, &ConnectOptions{Policy: Policy{Origins: []string{"x"}}}, CodeLocalBadArgument},
		"public only":      {page, &ConnectOptions{Policy: Policy{PrivateAddresses: PrivateNever}}, CodePolicyPrivateAddress},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := rt.Connect(t.Context(), tt.url, tt.o)
			if s != nil || !errors.Is(err, &Error{Code: tt.want}) {
				t.Errorf("got %v, %v", s, err)
			}
		})
	}
	if n := len(rt.sessions); n != 0 {
		t.Errorf("%d sessions are kept", n)
	}
}

func TestBadArguments(t *testing.T) {
	rt := fakeRuntime(t, Options{}, nil)
	s := connect(t, rt, serverURL, nil)
	for name, p := range map[string]*mcp.CallToolParams{
		"nil":                  nil,
		"no name":              {},
		"a list":               {Name: "x", Arguments: []int{1}},
		"a function":           {Name: "x", Arguments: func() {}},
		"broken JSON":          {Name: "x", Arguments: json.RawMessage(`{"a":`)},
		"bad _meta":            {Name: "x", Meta: mcp.Meta{"a": func() {}}},
		"request state":        {Name: "x", RequestState: "s"},
		"input responses":      {Name: "x", InputResponses: mcp.InputResponseMap{}},
		"pointer to no object": {Name: "x", Arguments: new(int)},
	} {
		if _, err := s.CallTool(t.Context(), p); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := Open(t.Context(), Options{MemoryLimitPages: 1 << 20}); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
		t.Errorf("too many pages: %v", err)
	}
	if _, err := Open(t.Context(), Options{HardDeadline: -1}); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
		t.Errorf("negative deadline: %v", err)
	}
	if _, err := Open(t.Context(), Options{HTTP: HTTPOptions{DialTimeout: -1}}); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
		t.Errorf("negative dial time-out: %v", err)
	}
}
