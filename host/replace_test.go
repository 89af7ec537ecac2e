package host

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// An instance that fails, has grown, or has used up its ids is replaced.

func TestTrapEndsWhatIsInFlightAndNothingElse(t *testing.T) {
	started := make(chan struct{}, 10)
	var first *fakeGuest
	rt := fakeRuntime(t, Options{}, func(n int, g *fakeGuest) {
		if n > 0 {
			return
		}
		first = g
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			h, isCall := onCommand(g.t, f, "callTool")
			if !isCall {
				return nil, f.Kind != wire.KindCall
			}
			started <- struct{}{}
			if !strings.Contains(string(f.Payload), `"requests"`) {
				return nil, true // never answered
			}
			return []wire.Frame{frameOf(wire.KindHTTPStart, 1, wire.HTTPStart{
				Session: h.Session, Purpose: "mcp", Method: "POST", URL: serverURL, Credit: 1,
			}, "{}")}, true
		})
	})
	states := make(chan string, 20)
	events := Events{State: func(c StateChange) { states <- string(c.State) }}
	quiet := connect(t, rt, serverURL, &ConnectOptions{Events: events})
	busy := connect(t, rt, serverURL, nil)

	type result struct {
		name string
		err  error
	}
	results := make(chan result, 2)
	call := func(s *Session, name string) {
		_, err := s.CallToolRaw(t.Context(), &mcp.CallToolParams{Name: name})
		results <- result{name, err}
	}
	go call(busy, "requests")
	<-started
	go call(quiet, "quiet")
	<-started
	first.trap()
	go func() { _ = quiet.Ping(t.Context(), nil) }() // makes it step
	for range 2 {
		r := <-results
		var e *Error
		if !errors.As(r.err, &e) || e.Code != CodePluginTrap {
			t.Fatalf("%s: got %v", r.name, r.err)
		}
		// Only the session that had a request out may have been heard.
		if want := map[string]Sent{"requests": SentUnknown, "quiet": SentNo}[r.name]; e.Sent != want || e.Retryable != (want == SentNo) {
			t.Errorf("%s: sent %q, retryable %v", r.name, e.Sent, e.Retryable)
		}
	}
	// Both sessions go on, in a fresh instance.
	for _, s := range []*Session{quiet, busy} {
		if err := s.Ping(t.Context(), nil); err != nil {
			t.Errorf("after the trap: %v", err)
		}
	}
	for _, want := range []string{"connecting", "ready", "lost", "reconnecting", "ready"} {
		if got := <-states; got != want {
			t.Errorf("state %q, want %q", got, want)
		}
	}
}

func TestAnswersThatBreakTheProtocolAreTraps(t *testing.T) {
	for name, bad := range map[string]func(g *fakeGuest){
		"no idle":      func(g *fakeGuest) { g.noIdle = true },
		"bad header":   func(g *fakeGuest) { g.add(wire.Frame{Kind: wire.KindDone, ID: 2, Header: []byte("{")}) },
		"cut":          func(g *fakeGuest) { g.out = append(g.out, 1, 2, 3) },
		"batch fault":  func(g *fakeGuest) { g.add(frameOf(wire.KindFault, 0, wire.Fault{}, "")) },
		"bad connect":  nil,
		"bad tell":     func(g *fakeGuest) { g.add(wire.Frame{Kind: wire.KindTell, Header: []byte("1")}) },
		"bad ask":      func(g *fakeGuest) { g.add(wire.Frame{Kind: wire.KindAsk, Header: []byte("1")}) },
		"bad start":    func(g *fakeGuest) { g.add(wire.Frame{Kind: wire.KindHTTPStart, Header: []byte("1")}) },
		"bad more":     func(g *fakeGuest) { g.add(wire.Frame{Kind: wire.KindHTTPMore, Header: []byte("1")}) },
		"bad fault":    func(g *fakeGuest) { g.add(wire.Frame{Kind: wire.KindFault, Header: []byte("1")}) },
		"header flags": func(g *fakeGuest) { g.add(wire.Frame{Kind: wire.KindDone, Flags: 2}) },
	} {
		t.Run(name, func(t *testing.T) {
			rt := fakeRuntime(t, Options{}, func(n int, g *fakeGuest) {
				if n > 0 {
					return
				}
				g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
					if _, ok := onCommand(g.t, f, "connect"); ok && bad == nil {
						return []wire.Frame{frameOf(wire.KindDone, f.ID, nil, "[]")}, true
					}
					if _, ok := onCommand(g.t, f, "ping"); !ok {
						return nil, false
					}
					bad(g)
					return nil, true
				})
			})
			ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
			defer cancel()
			s, err := rt.Connect(ctx, serverURL, nil)
			if err == nil {
				err = s.Ping(ctx, nil)
			}
			if !errors.Is(err, &Error{Code: CodePluginTrap}) {
				t.Errorf("got %v", err)
			}
			if s != nil {
				if err := s.Ping(ctx, nil); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			}
		})
	}
}

func TestCrashLoopIsBounded(t *testing.T) {
	instances := 0
	rt := fakeRuntime(t, Options{}, func(n int, g *fakeGuest) {
		instances = n + 1
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if _, ok := onCommand(g.t, f, "connect"); ok {
				g.trap()
			}
			return nil, false
		})
	})
	for range 20 {
		if _, err := rt.Connect(t.Context(), serverURL, nil); !errors.Is(err, &Error{Code: CodePluginTrap}) {
			t.Fatalf("got %v", err)
		}
	}
	if instances != failuresAtOnce {
		t.Errorf("%d instances were made for 20 attempts, want %d and then a pause", instances, failuresAtOnce)
	}
	rt.mu.Lock()
	rt.notUntil = time.Now() // the pause is over
	rt.mu.Unlock()
	_, _ = rt.Connect(t.Context(), serverURL, nil)
	rt.mu.Lock()
	pause := time.Until(rt.notUntil)
	rt.mu.Unlock()
	if instances != failuresAtOnce+1 || pause <= firstPause {
		t.Errorf("after the pause: %d instances, next pause %v", instances, pause)
	}
}

func TestGrownInstanceIsReplacedWhenIdle(t *testing.T) {
	var guests []*fakeGuest
	var closes int
	rt := fakeRuntime(t, Options{MemoryRecyclePages: 10}, func(_ int, g *fakeGuest) {
		guests = append(guests, g)
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if _, ok := onCommand(g.t, f, "close"); ok {
				closes++
			}
			return nil, false
		})
	})
	states := make(chan string, 20)
	s := connect(t, rt, serverURL, &ConnectOptions{Events: Events{State: func(c StateChange) { states <- string(c.State) }}})
	if err := s.Ping(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	old := s.current().d
	guests[0].memory.Store(11 << 16)
	if err := s.Ping(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	<-old.stopped
	if !guests[0].closed.Load() || closes != 1 {
		t.Errorf("the grown instance: closed %v, %d sessions ended", guests[0].closed.Load(), closes)
	}
	if err := s.Ping(t.Context(), nil); err != nil {
		t.Errorf("after it: %v", err)
	}
	if len(guests) != 2 {
		t.Errorf("%d instances", len(guests))
	}
	for _, want := range []string{"connecting", "ready", "reconnecting", "ready"} {
		if got := <-states; got != want {
			t.Errorf("state %q, want %q", got, want)
		}
	}
}

func TestIDsAreNotUsedTwice(t *testing.T) {
	instances := 0
	rt := fakeRuntime(t, Options{}, func(n int, _ *fakeGuest) { instances = n + 1 })
	s := connect(t, rt, serverURL, nil)
	d := s.current().d
	d.mu.Lock()
	d.nextID = lastID - 2
	d.mu.Unlock()
	for range 5 {
		if err := s.Ping(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if instances != 2 {
		t.Errorf("%d instances, want a second one when the ids are used up", instances)
	}
}
