package host

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// telling makes a session whose every ping brings the events that say returns
// before its answer.
func telling(t *testing.T, o *ConnectOptions, listened chan<- string, say func(h wire.Call, id uint32) []wire.Frame) *Session {
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if _, ok := onCommand(g.t, f, "listen"); ok {
				var p wire.Listen
				if err := json.Unmarshal(f.Payload, &p); err != nil {
					g.t.Error(err)
				}
				if listened != nil {
					listened <- strings.Join(p.Events, " ")
				}
			}
			h, ok := onCommand(g.t, f, "ping")
			if !ok || say == nil {
				return nil, false
			}
			return append(say(h, f.ID), frameOf(wire.KindDone, f.ID, nil, "{}")), true
		})
	})
	return connect(t, rt, serverURL, o)
}

func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(testTimeout):
		t.Fatal("nothing comes")
		panic("unreachable")
	}
}

func TestEventsArriveInOrder(t *testing.T) {
	n := 0
	s := telling(t, nil, nil, func(h wire.Call, id uint32) (out []wire.Frame) {
		for range 3 {
			n++
			out = append(out,
				frameOf(wire.KindTell, 0, wire.Tell{Event: "log", Session: h.Session}, fmt.Sprintf(`{"level":"info","logger":"l","data":{"n":%d}}`, n)),
				frameOf(wire.KindTell, 0, wire.Tell{Event: "toolsChanged", Session: h.Session}, `{}`),
				frameOf(wire.KindTell, id, wire.Tell{Event: "progress", Session: h.Session}, fmt.Sprintf(`{"progress":%d,"total":9,"message":"m"}`, n)),
				frameOf(wire.KindTell, 0, wire.Tell{Event: "log", Session: h.Session}, `not JSON`))
		}
		return out
	})
	got := make(chan string, 100)
	stop := s.On(Events{
		//lint:ignore SA1019 see Events.Log
		Log: func(p *mcp.LoggingMessageParams) {
			got <- fmt.Sprint(p.Level, " ", p.Logger, " ", p.Data)
			if n == 1 {
				panic("one callback's mistake is not the others'")
			}
		},
		ToolsChanged: func() { got <- "tools" },
		Progress:     func(p *mcp.ProgressNotificationParams) { got <- fmt.Sprint(p.Progress, p.Total, p.Message) },
	})
	if err := s.Ping(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 3; i++ {
		for _, want := range []string{fmt.Sprintf("info l map[n:%d]", i), "tools", fmt.Sprintf("%d 9m", i)} {
			if g := receive(t, got); g != want {
				t.Errorf("got %q, want %q", g, want)
			}
		}
	}
	stop()
	stop() // once is enough, twice does no harm
	if err := s.Ping(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	marker := make(chan struct{})
	defer s.On(Events{ToolsChanged: func() { marker <- struct{}{} }})()
	if err := s.Ping(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	receive(t, marker)
	select {
	case g := <-got:
		t.Errorf("%q came after stop", g)
	default:
	}
}

func TestCallbacksHearOnlyWhatComesAfterThem(t *testing.T) {
	s := telling(t, nil, nil, func(h wire.Call, _ uint32) []wire.Frame {
		return []wire.Frame{frameOf(wire.KindTell, 0, wire.Tell{Event: "toolsChanged", Session: h.Session}, `{}`)}
	})
	entered, release := make(chan struct{}), make(chan struct{})
	stop := s.On(Events{ToolsChanged: func() {
		entered <- struct{}{}
		<-release
	}})
	defer stop()
	ping := func() {
		if err := s.Ping(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	ping()
	receive(t, entered)
	ping() // waits behind the first
	var heard atomic.Int32
	defer s.On(Events{ToolsChanged: func() { heard.Add(1) }})()
	close(release)
	receive(t, entered)
	ping()
	receive(t, entered)
	eventually(t, "the third event", func() bool { return heard.Load() > 0 })
	if n := heard.Load(); n != 1 {
		t.Errorf("%d events were heard, want the one that came after the registration", n)
	}
}

func TestListenFollowsTheCallbacks(t *testing.T) {
	listened := make(chan string, 10)
	s := telling(t, &ConnectOptions{Events: Events{ToolsChanged: func() {}, State: func(StateChange) {}}}, listened, nil)
	if got := receive(t, listened); got != "toolsChanged" {
		t.Errorf("after Connect: %q", got)
	}
	//lint:ignore SA1019 see Events.Log
	log := func(*mcp.LoggingMessageParams) {}
	stop := s.On(Events{Log: log})
	if got := receive(t, listened); got != "log toolsChanged" {
		t.Errorf("with a log callback: %q", got)
	}
	again := s.On(Events{Log: log}) // changes nothing
	states := s.On(Events{State: func(StateChange) {}, Progress: func(*mcp.ProgressNotificationParams) {}})
	states()
	stop()
	again()
	if got := receive(t, listened); got != "toolsChanged" {
		t.Errorf("after it: %q", got)
	}
	// A fresh instance is told again.
	s.current().d.stop()
	eventually(t, "the instance is gone", func() bool { return s.current() == nil })
	if err := s.Ping(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, listened); got != "toolsChanged" {
		t.Errorf("in a fresh instance: %q", got)
	}
	select {
	case got := <-listened:
		t.Errorf("and then %q", got)
	default:
	}
}

func TestClosedIsTheLastEvent(t *testing.T) {
	states := make(chan StateChange, 10)
	s := telling(t, &ConnectOptions{Events: Events{State: func(c StateChange) { states <- c }}}, nil, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var got []SessionState
	for range 3 {
		got = append(got, receive(t, states).State)
	}
	if !slices.Equal(got, []SessionState{StateConnecting, StateReady, StateClosed}) {
		t.Errorf("got %v", got)
	}
	s.publishState(StateLost, "too late")
	eventually(t, "the queue is empty", func() bool {
		s.listeners.mu.Lock()
		defer s.listeners.mu.Unlock()
		return !s.listeners.running
	})
	if len(states) != 0 {
		t.Errorf("after closed: %v", <-states)
	}
}

func TestEventListIsBounded(t *testing.T) {
	var l eventList
	for range maxQueuedEvents + 10 {
		l.push(event{data: []byte("x")})
	}
	if events, dropped := l.take(); len(events) != maxQueuedEvents || dropped != 10 {
		t.Errorf("%d events, %d dropped", len(events), dropped)
	}
	big := make([]byte, 3<<20)
	for range 5 {
		l.push(event{data: big})
	}
	if events, dropped := l.take(); len(events) != 2 || dropped != 3 {
		t.Errorf("of large ones: %d events, %d dropped", len(events), dropped)
	}
	l.push(event{data: make([]byte, 2*maxQueuedEventBytes)})
	if events, _ := l.take(); len(events) != 1 {
		t.Errorf("the only one was dropped")
	}
}

// The list of tools changes at a real server, on both protocol lines.
func TestToolsChanged(t *testing.T) {
	rt := openRuntime(t)
	for _, line := range []line{lines[0], lines[4]} {
		t.Run(line.name, func(t *testing.T) {
			server := newTestServer()
			url := serveMCP(t, server, &line.opts)
			var changed atomic.Int32
			s := connect(t, rt, url, &ConnectOptions{
				ProtocolVersion: line.version,
				Events:          Events{ToolsChanged: func() { changed.Add(1) }},
			})
			if _, err := s.ListTools(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			// Nothing says when the server has opened the stream, so the list
			// changes until that is heard.
			n := 0
			eventually(t, "a toolsChanged event", func() bool {
				n++
				server.AddTool(&mcp.Tool{Name: fmt.Sprintf("new%d", n), InputSchema: map[string]any{"type": "object"}}, nil)
				time.Sleep(20 * time.Millisecond)
				return changed.Load() > 0
			})
		})
	}
}

// What the core tells only those who listen has its row.
func TestListenEvents(t *testing.T) {
	var names []string
	for _, row := range listenEvents {
		names = append(names, row.name)
	}
	if want := wire.Listened(); !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
}
