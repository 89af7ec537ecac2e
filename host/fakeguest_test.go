package host

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

// fakeGuest is a guest written in Go, for what the real one would not do on
// demand. Its script gets the frames of each step and returns its own; hello is
// answered and idle added for it.
type fakeGuest struct {
	t      testing.TB
	script func(g *fakeGuest, in []wire.Frame) []wire.Frame
	memory atomic.Int64
	steps  atomic.Int64
	fail   atomic.Pointer[error] // what the next step returns
	closed atomic.Bool
	wakeMs *int64
	noIdle bool

	assembler wire.Assembler
	out       []byte
	entered   atomic.Bool
}

func (g *fakeGuest) Step(_ context.Context, batch []byte) ([]byte, error) {
	if !g.entered.CompareAndSwap(false, true) {
		g.t.Error("Step was called by two goroutines at once")
	}
	defer g.entered.Store(false)
	if g.closed.Load() {
		g.t.Error("Step was called after Close")
	}
	g.steps.Add(1)
	if err := g.fail.Load(); err != nil {
		return nil, *err
	}
	frames, err := wire.ParseBatch(batch)
	if err != nil || len(frames) == 0 {
		g.t.Errorf("the driver handed over a bad batch: %d frames, %v", len(frames), err)
	}
	g.out = g.out[:0]
	var whole []wire.Frame
	for _, f := range frames {
		if f.Kind == wire.KindHello {
			g.add(wire.Frame{Kind: wire.KindCoreHello, Header: mustJSON(wire.Hello{ABI: wire.ABI, Name: "fake"})})
			continue
		}
		f, ok, err := g.assembler.Add(f)
		if err != nil {
			g.t.Error(err)
		}
		if ok {
			f.Header = append([]byte(nil), f.Header...)
			f.Payload = append([]byte(nil), f.Payload...)
			whole = append(whole, f)
		}
	}
	if g.script != nil && len(whole) > 0 {
		for _, f := range g.script(g, whole) {
			g.add(f)
		}
	}
	if err := g.fail.Load(); err != nil {
		return nil, *err
	}
	if g.noIdle {
		return g.out, nil
	}
	g.add(wire.Frame{Kind: wire.KindIdle, Header: mustJSON(wire.Idle{WakeMs: g.wakeMs})})
	return g.out, nil
}

func (g *fakeGuest) add(f wire.Frame) { g.out = wire.AppendFrame(g.out, f) }

func (g *fakeGuest) trap() {
	err := errors.New("wasm error: unreachable")
	g.fail.Store(&err)
}

func (g *fakeGuest) MemoryBytes() int64 { return g.memory.Load() }

func (g *fakeGuest) Close(context.Context) error {
	if g.closed.Swap(true) {
		g.t.Error("the guest was closed twice")
	}
	return nil
}

// fakeRuntime is a Runtime on fake guests. Each instance is given to made, if
// that is not nil, before it is used.
func fakeRuntime(t testing.TB, o Options, made func(n int, g *fakeGuest)) *Runtime {
	t.Helper()
	o.Logger = testLogger(t)
	o, err := o.check()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	n := 0
	rt := newRuntime(o, func(context.Context) (guest, error) {
		mu.Lock()
		defer mu.Unlock()
		g := &fakeGuest{t: t, script: sound(nil)}
		if made != nil {
			made(n, g)
		}
		n++
		return g, nil
	})
	t.Cleanup(func() {
		// Not every script ends its calls.
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = rt.Close(ctx)
	})
	return rt
}

// frameOf makes a frame with a header.
func frameOf(kind wire.Kind, id uint32, header any, payload string) wire.Frame {
	f := wire.Frame{Kind: kind, ID: id, Payload: []byte(payload)}
	if header != nil {
		f.Header = mustJSON(header)
	}
	return f
}

// into decodes a frame's header.
func into[T any](t testing.TB, f wire.Frame) T {
	t.Helper()
	var h T
	if len(f.Header) > 0 {
		if err := json.Unmarshal(f.Header, &h); err != nil {
			t.Errorf("header of %v: %v", f.Kind, err)
		}
	}
	return h
}

// sound returns a script that opens and closes sessions and answers every other
// call with "{}", except what other takes: it is asked first, with each frame,
// and returns nil, false for one that it leaves.
func sound(other func(g *fakeGuest, f wire.Frame) ([]wire.Frame, bool)) func(*fakeGuest, []wire.Frame) []wire.Frame {
	var session uint32
	return func(g *fakeGuest, in []wire.Frame) []wire.Frame {
		var out []wire.Frame
		for _, f := range in {
			if other != nil {
				if made, ok := other(g, f); ok {
					out = append(out, made...)
					continue
				}
			}
			if f.Kind != wire.KindCall {
				continue
			}
			switch h := into[wire.Call](g.t, f); h.Command {
			case "connect":
				session++
				out = append(out,
					frameOf(wire.KindTell, f.ID, wire.Tell{Event: "state", Session: session}, `{"state":"connecting"}`),
					frameOf(wire.KindTell, f.ID, wire.Tell{Event: "state", Session: session}, `{"state":"ready"}`),
					frameOf(wire.KindDone, f.ID, nil, string(mustJSON(wire.Connected{Session: session, ProtocolVersion: "2026-07-28"}))))
			default:
				out = append(out, frameOf(wire.KindDone, f.ID, nil, "{}"))
			}
		}
		return out
	}
}

// onCommand returns the call if f is one with that command.
func onCommand(t testing.TB, f wire.Frame, command string) (wire.Call, bool) {
	if f.Kind != wire.KindCall {
		return wire.Call{}, false
	}
	h := into[wire.Call](t, f)
	return h, h.Command == command
}
