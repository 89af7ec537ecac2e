package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

const serverURL = "https://mcp.example/mcp"

func TestCallsShareAnInstance(t *testing.T) {
	// The guest answers nothing until all calls are there.
	const n = 8
	var waiting []uint32
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) (out []wire.Frame, ok bool) {
			if _, ok := onCommand(g.t, f, "callTool"); !ok {
				return nil, false
			}
			waiting = append(waiting, f.ID)
			if len(waiting) == n {
				for _, id := range waiting {
					out = append(out, frameOf(wire.KindDone, id, nil, fmt.Sprintf(`{"id":%d}`, id)))
				}
			}
			return out, true
		})
	})
	s := connect(t, rt, serverURL, nil)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, err := s.CallToolRaw(t.Context(), &mcp.CallToolParams{Name: "x"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestLargePayloadsBothWays(t *testing.T) {
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if _, ok := onCommand(g.t, f, "callTool"); !ok {
				return nil, false
			}
			var p wire.CallTool
			if err := json.Unmarshal(f.Payload, &p); err != nil {
				g.t.Error(err)
			}
			return []wire.Frame{frameOf(wire.KindDone, f.ID, nil, string(p.Arguments))}, true
		})
	})
	s := connect(t, rt, serverURL, nil)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			args := json.RawMessage(`{"x":"` + strings.Repeat(string(rune('a'+i)), 3<<20) + `"}`)
			got, err := s.CallToolRaw(t.Context(), &mcp.CallToolParams{Name: "x", Arguments: args})
			if err != nil || string(got) != string(args) {
				t.Errorf("%d bytes came back as %d, %v", len(args), len(got), err)
			}
		})
	}
	wg.Wait()
}

func TestResultBeyondTheLimit(t *testing.T) {
	rt := fakeRuntime(t, Options{Limits: Limits{MaxBodyBytes: 1 << 20}}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if _, ok := onCommand(g.t, f, "callTool"); !ok {
				return nil, false
			}
			return []wire.Frame{frameOf(wire.KindDone, f.ID, nil, strings.Repeat(" ", 5<<20))}, true
		})
		g.assembler.MaxBytes = 1 << 30
	})
	s := connect(t, rt, serverURL, nil)
	_, err := s.CallToolRaw(t.Context(), &mcp.CallToolParams{Name: "x"})
	if !errors.Is(err, &Error{Code: CodeLocalTooLarge}) {
		t.Errorf("got %v", err)
	}
	if err := s.Ping(t.Context(), nil); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

func TestErrorDataInPayload(t *testing.T) {
	data := `"` + strings.Repeat("d", 100_000) + `"`
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if _, ok := onCommand(g.t, f, "ping"); !ok {
				return nil, false
			}
			return []wire.Frame{frameOf(wire.KindDone, f.ID, wire.Done{
				Error: &wire.Error{Code: wire.CodeRPCError, Message: "no", RPCCode: -1, Sent: wire.SentYes}, DataInPayload: true,
			}, data)}, true
		})
	})
	err := connect(t, rt, serverURL, nil).Ping(t.Context(), nil)
	var e *Error
	if !errors.As(err, &e) || string(e.Data) != data || e.RPCCode != -1 {
		t.Errorf("got %+v", e)
	}
}

func TestUnknownFramesAreIgnored(t *testing.T) {
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if _, ok := onCommand(g.t, f, "ping"); ok {
				g.add(wire.Frame{Kind: 200, ID: 5, Header: []byte("?"), Payload: []byte("?")})
				g.add(frameOf(wire.KindDone, 4711, nil, "{}"))
				g.add(frameOf(wire.KindTell, 0, wire.Tell{Event: "state", Session: 99}, "{}"))
				g.add(frameOf(wire.KindTell, 0, wire.Tell{Event: "unheardOf", Session: 1}, "{}"))
				g.add(frameOf(wire.KindTell, 4711, wire.Tell{Event: "progress", Session: 1}, "{}"))
				g.add(frameOf(wire.KindAskCancel, 4711, nil, ""))
				g.add(frameOf(wire.KindHTTPMore, 4711, wire.HTTPMore{Credit: 5}, ""))
				g.add(frameOf(wire.KindHTTPAbort, 4711, nil, ""))
				g.add(frameOf(wire.KindFault, 4711, wire.Fault{}, ""))
			}
			return nil, false
		})
	})
	s := connect(t, rt, serverURL, nil)
	for range 3 {
		if err := s.Ping(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFaultEndsItsCall(t *testing.T) {
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if _, ok := onCommand(g.t, f, "ping"); !ok {
				return nil, false
			}
			return []wire.Frame{frameOf(wire.KindFault, f.ID, wire.Fault{Error: &wire.Error{Code: wire.CodeLocalBadFrame}}, "")}, true
		})
	})
	if err := connect(t, rt, serverURL, nil).Ping(t.Context(), nil); !errors.Is(err, &Error{Code: CodeLocalBadFrame}) {
		t.Errorf("got %v", err)
	}
}

func TestHello(t *testing.T) {
	for name, tt := range map[string]struct {
		answer wire.Frame
		want   Code
	}{
		"other major": {frameOf(wire.KindCoreHello, 0, wire.Hello{ABI: [2]int{99, 0}}, ""), CodeLocalABIMismatch},
		"fault":       {frameOf(wire.KindFault, 0, wire.Fault{Error: &wire.Error{Code: wire.CodeLocalABIMismatch}}, ""), CodeLocalABIMismatch},
		"silence":     {frameOf(wire.KindTell, 0, wire.Tell{}, ""), CodePluginTrap},
		"nonsense":    {wire.Frame{Kind: wire.KindCoreHello, Header: []byte("1")}, CodePluginTrap},
	} {
		t.Run(name, func(t *testing.T) {
			g := &answerGuest{out: wire.AppendFrame(wire.AppendFrame(nil, tt.answer), frameOf(wire.KindIdle, 0, wire.Idle{}, ""))}
			o, _ := Options{Logger: testLogger(t)}.check()
			rt := newRuntime(o, func(context.Context) (guest, error) { return g, nil })
			_, err := rt.Connect(t.Context(), serverURL, nil)
			if !errors.Is(err, &Error{Code: tt.want}) {
				t.Errorf("got %v", err)
			}
			if !g.closed {
				t.Error("the guest was not closed")
			}
		})
	}
}

// answerGuest answers every step with the same bytes.
type answerGuest struct {
	out    []byte
	closed bool
}

func (g *answerGuest) Step(context.Context, []byte) ([]byte, error) { return g.out, nil }
func (g *answerGuest) MemoryBytes() int64                           { return 0 }
func (g *answerGuest) Close(context.Context) error                  { g.closed = true; return nil }

func TestWakeMs(t *testing.T) {
	ticked := make(chan struct{}, 1)
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		ms := int64(1)
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if f.Kind == wire.KindTick {
				g.wakeMs = nil
				ticked <- struct{}{}
				return nil, true
			}
			if _, ok := onCommand(g.t, f, "ping"); ok {
				g.wakeMs = &ms
			}
			return nil, false
		})
	})
	if err := connect(t, rt, serverURL, nil).Ping(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ticked:
	case <-time.After(testTimeout):
		t.Error("the guest was not stepped after wakeMs")
	}
}

func TestProgressBeforeTheResultAndBounded(t *testing.T) {
	const n = maxQueuedEvents + 500
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) (out []wire.Frame, ok bool) {
			h, ok := onCommand(g.t, f, "callTool")
			if !ok {
				return nil, false
			}
			for i := range n {
				out = append(out, frameOf(wire.KindTell, f.ID, wire.Tell{Event: "progress", Session: h.Session}, fmt.Sprintf(`{"progress":%d}`, i)))
			}
			return append(out, frameOf(wire.KindDone, f.ID, nil, `{"content":[]}`)), true
		})
	})
	s := connect(t, rt, serverURL, nil)
	last, count := -1.0, 0
	ctx := WithCallOptions(t.Context(), CallOptions{OnProgress: func(p *mcp.ProgressNotificationParams) {
		if p.Progress <= last {
			t.Errorf("%v came after %v", p.Progress, last)
		}
		if p.ProgressToken != "mine" {
			t.Errorf("token %v", p.ProgressToken)
		}
		last = p.Progress
		count++
	}})
	params := &mcp.CallToolParams{Name: "x"}
	params.SetProgressToken("mine")
	if _, err := s.CallTool(ctx, params); err != nil {
		t.Fatal(err)
	}
	if last != n-1 || count < maxQueuedEvents {
		t.Errorf("the last of %d events was %v, %d were delivered", n, last, count)
	}
}

func TestSlowCallbacksStallNobodyElse(t *testing.T) {
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			h, ok := onCommand(g.t, f, "callTool")
			if !ok {
				return nil, false
			}
			return []wire.Frame{
				frameOf(wire.KindTell, 0, wire.Tell{Event: "log", Session: h.Session}, `{"level":"info","data":1}`),
				frameOf(wire.KindTell, f.ID, wire.Tell{Event: "progress", Session: h.Session}, `{"progress":1}`),
				frameOf(wire.KindDone, f.ID, nil, `{"content":[]}`),
			}, true
		})
	})
	release := make(chan struct{})
	entered := make(chan struct{}, 2)
	block := func() {
		entered <- struct{}{}
		<-release
	}
	//lint:ignore SA1019 see Events.Log
	s := connect(t, rt, serverURL, &ConnectOptions{Events: Events{Log: func(*mcp.LoggingMessageParams) { block() }}})
	done := make(chan error)
	go func() {
		ctx := WithCallOptions(t.Context(), CallOptions{OnProgress: func(*mcp.ProgressNotificationParams) { block() }})
		_, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "x"})
		done <- err
	}()
	<-entered
	<-entered
	for range 100 {
		if err := s.Ping(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-done:
		t.Fatalf("the call returned before its callback: %v", err)
	default:
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestCancelReturnsAtOnce(t *testing.T) {
	cancelled := make(chan uint32, 1)
	called := make(chan uint32, 1)
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if f.Kind == wire.KindCancel {
				cancelled <- f.ID
				return nil, true // says nothing yet
			}
			if _, ok := onCommand(g.t, f, "callTool"); ok {
				called <- f.ID
				return nil, true
			}
			return nil, false
		})
	})
	s := connect(t, rt, serverURL, nil)
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("changed my mind")
		go func() {
			<-called
			cancel(why)
		}()
		_, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "x"})
		if !errors.Is(err, context.Canceled) || !errors.Is(err, &Error{Code: CodeLocalCancelled}) || !errors.Is(err, why) {
			t.Errorf("got %v", err)
		}
		<-cancelled
	})
	t.Run("deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		_, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "x"})
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, &Error{Code: CodeLocalTimeout}) {
			t.Errorf("got %v", err)
		}
		<-called
		<-cancelled
	})
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "x"})
		var e *Error
		if !errors.As(err, &e) || e.Code != CodeLocalCancelled || e.Sent != SentNo {
			t.Errorf("got %v", err)
		}
	})
}

func TestCancelledConnectIsClosedWhenItSucceeds(t *testing.T) {
	closed := make(chan uint32, 1)
	var connectID uint32
	asked := make(chan struct{})
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if _, ok := onCommand(g.t, f, "connect"); ok {
				connectID = f.ID
				close(asked)
				return nil, true
			}
			if f.Kind == wire.KindCancel {
				// Too late: it has just succeeded.
				return []wire.Frame{frameOf(wire.KindDone, connectID, nil, `{"session":7,"protocolVersion":"2026-07-28"}`)}, true
			}
			if h, ok := onCommand(g.t, f, "close"); ok {
				closed <- h.Session
			}
			return nil, false
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := rt.Connect(ctx, serverURL, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	select {
	case n := <-closed:
		if n != 7 {
			t.Errorf("session %d was closed", n)
		}
	case <-time.After(testTimeout):
		t.Error("the session that nobody wants was not closed")
	}
}

func TestCallOptionsOnTheWire(t *testing.T) {
	got := make(chan wire.Call, 10)
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			if f.Kind == wire.KindCall {
				got <- into[wire.Call](g.t, f)
			}
			return nil, false
		})
	})
	s := connect(t, rt, serverURL, nil)
	<-got
	ctx := WithCallOptions(t.Context(), CallOptions{
		Timeout: 1500 * time.Microsecond, MaxTotalTimeout: time.Second, KeepTimeoutOnProgress: true,
		OnProgress: func(*mcp.ProgressNotificationParams) {},
	})
	if err := s.Ping(ctx, nil); err != nil {
		t.Fatal(err)
	}
	want := wire.Call{Command: "ping", Session: 1, TimeoutMs: 2, MaxTotalTimeoutMs: 1000, KeepTimeoutOnProgress: true, Progress: true}
	if h := <-got; h != want {
		t.Errorf("got %+v, want %+v", h, want)
	}
	if err := s.Ping(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if h := <-got; h != (wire.Call{Command: "ping", Session: 1}) {
		t.Errorf("without options: %+v", h)
	}
	err := s.Ping(WithCallOptions(t.Context(), CallOptions{Timeout: -1}), nil)
	if !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
		t.Errorf("negative time-out: %v", err)
	}
}

func TestTooManyCalls(t *testing.T) {
	rt := fakeRuntime(t, Options{}, func(_ int, g *fakeGuest) {
		g.script = sound(func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool) {
			_, ok := onCommand(g.t, f, "callTool")
			return nil, ok
		})
	})
	s := connect(t, rt, serverURL, nil)
	s.current().d.limits.MaxCalls = 2
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	results := make(chan error, 3)
	for range 3 {
		wg.Go(func() {
			_, err := s.CallToolRaw(ctx, &mcp.CallToolParams{Name: "x"})
			results <- err
		})
	}
	if err := <-results; !errors.Is(err, &Error{Code: CodeLocalTooLarge}) {
		t.Errorf("got %v", err)
	}
}
