package core

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
	"github.com/remora-mcp/remora/test/fault"
)

// soon are waits that a test has the time for, and attempts that outlast it.
var soon = wire.Reconnect{Attempts: 1000, FirstDelayMs: 10, MaxDelayMs: 50}

// ways are the ways to a server that is killed and started again.
var ways = []struct {
	name, protocol string
	legacy         bool
}{
	{"2025-11-25", "2025-11-25", false},
	{"2026-07-28", "2026-07-28", false},
	{"2024-11-05", "", true},
}

func restarter(t *testing.T, legacy bool, crowd int) *fault.Restarter {
	t.Helper()
	server, err := fault.NewRestarter(legacy, crowd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	return server
}

func restart(t *testing.T, server *fault.Restarter) {
	t.Helper()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
}

func (e *embedder) states() []wire.State {
	e.t.Helper()
	var out []wire.State
	for _, told := range e.tellsOf("state") {
		var s wire.State
		if err := json.Unmarshal([]byte(told.data), &s); err != nil {
			e.t.Error(err)
		}
		out = append(out, s)
	}
	return out
}

// awaitState waits until the session has been in that state so often.
func (e *embedder) awaitState(state string, least int) {
	e.t.Helper()
	eventually(e.t, fmt.Sprintf("%d times the state %s", least, state), func() bool {
		n := 0
		for _, s := range e.states() {
			if s.State == state {
				n++
			}
		}
		return n >= least
	})
}

// endSession closes the session and waits until nothing is left of it.
func (e *embedder) endSession(session uint32) {
	e.t.Helper()
	if _, failure := e.run(wire.Call{Command: "close", Session: session}, wire.Close{}); failure != nil {
		e.t.Error(failure)
	}
	eventually(e.t, "nothing is open", func() bool { return e.core.Open() == 0 })
}

// Of 100 calls in flight on a server that is killed, each ends with a result or
// an error and none is executed twice. A call that comes while the server is away
// is sent when it is back, once.
func TestServerRestarts(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			const crowd = 100
			server := restarter(t, way.legacy, crowd)
			e := newEmbedder(t)
			session := e.connect(wire.Connect{URL: server.URL, ProtocolVersion: way.protocol, Reconnect: soon}).Session
			call := func(tool, id string) <-chan wire.Frame {
				_, done := e.start(wire.Call{Command: "callTool", Session: session}, wire.CallTool{Name: tool, Arguments: json.RawMessage(`{"id":"` + id + `"}`)})
				return done
			}
			var all []<-chan wire.Frame
			for i := range crowd {
				all = append(all, call("gather", fmt.Sprint(i)))
			}
			<-server.Gathered()
			server.Kill()
			for i, done := range all {
				if _, failure := e.await(done); failure != nil && (failure.Sent != wire.SentUnknown || failure.Retryable) {
					t.Errorf("call %d: %+v", i, failure)
				}
			}
			later := call("echo", "later")
			e.awaitState(wire.StateReconnecting, 2)
			restart(t, server)
			if _, failure := e.await(later); failure != nil {
				t.Error(failure)
			}
			for i := range crowd {
				if n := server.Executed(fmt.Sprint("gather.", i)); n != 1 {
					t.Errorf("call %d was executed %d times", i, n)
				}
			}
			if n := server.Executed("echo"); n != 1 {
				t.Errorf("the later call was executed %d times", n)
			}
			told := e.states()
			reconnecting := slices.IndexFunc(told, func(s wire.State) bool { return s.State == wire.StateReconnecting })
			if last := told[len(told)-1]; reconnecting < 0 || told[reconnecting].Attempt != 1 || last.State != wire.StateReady {
				t.Errorf("states %+v", told)
			}
			e.endSession(session)
		})
	}
}

// What a session stands for is there again on a server that was started anew,
// without a call: somebody listens.
func TestListenersComeBack(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			server := restarter(t, way.legacy, 1)
			e := newEmbedder(t)
			session := e.connect(wire.Connect{
				URL: server.URL, ProtocolVersion: way.protocol, Reconnect: soon,
				Events: []string{"resourceUpdated"}, Subscriptions: []string{"a:1"},
			}).Session
			eventually(t, "a subscription", func() bool { return server.Executed("subscribe") == 1 })
			server.Kill()
			e.awaitState(wire.StateReconnecting, 1)
			restart(t, server)
			eventually(t, "a subscription", func() bool { return server.Executed("subscribe") >= 2 })
			e.awaitState(wire.StateReady, 2)
			e.endSession(session)
		})
	}
}

// Before a server that is not up yet a proxy may answer, which a page cannot see:
// the session comes back all the same.
func TestAProxyThatAPageCannotSee(t *testing.T) {
	for _, protocol := range []string{"2025-11-25", "2026-07-28"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			server := restarter(t, false, 1)
			e := newEmbedder(t)
			var hidden atomic.Bool
			direct := e.client.Transport
			e.client.Transport = roundTripper(func(req *http.Request) (*http.Response, error) {
				if hidden.Load() {
					return nil, &wire.Error{Code: wire.CodeHTTPCORS, Message: "no answer that a page may see", Sent: wire.SentUnknown}
				}
				return direct.RoundTrip(req)
			})
			session := e.connect(wire.Connect{URL: server.URL, ProtocolVersion: protocol, Reconnect: soon, Events: []string{"resourcesChanged"}}).Session
			hidden.Store(true)
			server.Kill()
			e.awaitState(wire.StateReconnecting, 3)
			hidden.Store(false)
			restart(t, server)
			e.awaitState(wire.StateReady, 2)
			if _, failure := e.run(wire.Call{Command: "callTool", Session: session}, wire.CallTool{Name: "echo"}); failure != nil {
				t.Error(failure)
			}
			for _, s := range e.states() {
				if s.State == wire.StateLost && s.Reason != forgotten {
					t.Errorf("it was given up: %+v", s)
				}
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// A server that stays away: the calls that wait end together after the last
// attempt, and say that they were not sent. The next call tries again.
func TestAttemptsEnd(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			server := restarter(t, way.legacy, 1)
			e := newEmbedder(t)
			session := e.connect(wire.Connect{
				URL: server.URL, ProtocolVersion: way.protocol,
				Reconnect: wire.Reconnect{Attempts: 3, FirstDelayMs: 20, MaxDelayMs: 30},
			}).Session
			server.Kill()
			if way.legacy {
				e.awaitState(wire.StateLost, 1)
			}
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					_, failure := e.run(wire.Call{Command: "callTool", Session: session}, wire.CallTool{Name: "echo"})
					if failure == nil || failure.Code != wire.CodeHTTPNetwork || failure.Sent != wire.SentNo || !failure.Retryable {
						t.Errorf("%+v", failure)
					}
				})
			}
			all.Wait()
			attempts := 0
			for _, s := range e.states() {
				if s.State != wire.StateReconnecting {
					continue
				}
				attempts++
				if s.Attempt < 1 || s.Attempt > 3 || s.NextDelayMs > 30 {
					t.Errorf("%+v", s)
				}
			}
			if attempts%3 != 0 || attempts > 9 {
				t.Errorf("%d attempts for 20 calls", attempts)
			}
			restart(t, server)
			if _, failure := e.run(wire.Call{Command: "callTool", Session: session}, wire.CallTool{Name: "echo"}); failure != nil {
				t.Error(failure)
			}
		})
	}
}

// A call that did not reach the server waits no longer than its time-out, and
// not at all if the application wants that.
func TestUnsentCallsEnd(t *testing.T) {
	for _, c := range []struct {
		name      string
		reconnect wire.Reconnect
		want      wire.Code
	}{
		{"time-out", wire.Reconnect{Attempts: 1000, FirstDelayMs: 10, MaxDelayMs: 10}, wire.CodeLocalTimeout},
		{"failUnsent", wire.Reconnect{Attempts: 1000, FailUnsent: true}, wire.CodeHTTPNetwork},
		{"off", wire.Reconnect{Off: true}, wire.CodeHTTPNetwork},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := restarter(t, false, 1)
			e := newEmbedder(t)
			session := e.connect(wire.Connect{URL: server.URL, Reconnect: c.reconnect}).Session
			server.Kill()
			_, failure := e.run(wire.Call{Command: "callTool", Session: session, TimeoutMs: 300}, wire.CallTool{Name: "echo"})
			if failure == nil || failure.Code != c.want || failure.Sent != wire.SentNo {
				t.Errorf("%+v, want %s", failure, c.want)
			}
			e.endSession(session)
		})
	}
}

// A far side that no longer answers pings is given up, and another is opened.
func TestKeepAlive(t *testing.T) {
	e := newEmbedder(t)
	opened := make(chan struct{}, 100)
	e.far["dead"] = func(receive func() []byte, send func([]byte)) *wire.Error {
		opened <- struct{}{}
		for {
			message := receive()
			if message == nil {
				return nil
			}
			var m struct {
				ID     json.RawMessage `json:"id"`
				Method string          `json:"method"`
			}
			if err := json.Unmarshal(message, &m); err != nil {
				t.Error(err)
			}
			if m.Method == "initialize" {
				send(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}`, m.ID))
			}
		}
	}
	session := e.connect(wire.Connect{
		Channel: "dead", ProtocolVersion: "2025-11-25", KeepAliveMs: 50, Events: []string{"log"},
		Reconnect: wire.Reconnect{Attempts: 3, FirstDelayMs: 1, MaxDelayMs: 1000},
	}).Session
	e.awaitState(wire.StateReady, 2)
	if s := e.states(); !slices.ContainsFunc(s, func(s wire.State) bool {
		return s.State == wire.StateLost && strings.Contains(s.Reason, "ping")
	}) {
		t.Errorf("states %+v", s)
	}
	// Connections that do not last are given up in the end.
	e.awaitState(wire.StateLost, 4)
	if _, failure := e.run(wire.Call{Command: "ping", Session: session, TimeoutMs: 1}, wire.Ping{}); failure == nil {
		t.Error("a far side that answers nothing has answered")
	}
	eventually(t, "a channel for the call", func() bool { return len(opened) >= 5 })
	if n := len(opened); n != 5 {
		t.Errorf("%d channels, want 4 and one for the call", n)
	}
	if _, failure := e.run(wire.Call{Command: "close", Session: session}, wire.Close{}); failure != nil {
		t.Error(failure)
	}
}

func TestReconnectIsChecked(t *testing.T) {
	e := newEmbedder(t)
	for _, c := range []wire.Connect{
		{Reconnect: wire.Reconnect{Attempts: -1}},
		{Reconnect: wire.Reconnect{Attempts: wire.MaxAttempts + 1}},
		{Reconnect: wire.Reconnect{FirstDelayMs: -1}},
		{Reconnect: wire.Reconnect{MaxDelayMs: wire.MaxReconnectDelayMs + 1}},
		{KeepAliveMs: -1},
	} {
		c.URL = "http://127.0.0.1:1/"
		if _, failure := e.run(wire.Call{Command: "connect"}, c); failure == nil || failure.Code != wire.CodeLocalBadArgument {
			t.Errorf("%+v: %+v", c, failure)
		}
	}
}

// The waits grow to the longest and no further, and no two are alike.
func TestDelay(t *testing.T) {
	b := backoff{first: 100 * time.Millisecond, most: 450 * time.Millisecond}
	for n, most := range []time.Duration{100, 200, 400, 450, 450, 450} {
		most *= time.Millisecond
		seen := map[time.Duration]bool{}
		for range 100 {
			d := b.delay(n + 1)
			if d < most/2 || d > most {
				t.Errorf("wait %d is %v, want %v to %v", n+1, d, most/2, most)
			}
			seen[d] = true
		}
		if len(seen) < 50 {
			t.Errorf("wait %d: %d different ones of 100", n+1, len(seen))
		}
	}
	if d := (backoff{first: time.Hour, most: time.Second}).delay(10_000); d > time.Second {
		t.Errorf("%v", d)
	}
}
