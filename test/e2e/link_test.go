package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/host"
	"github.com/remora-mcp/remora/test/fault"
	"github.com/remora-mcp/remora/test/internal/drive"
	"github.com/remora-mcp/remora/test/internal/kit"
)

// linkTime is how long a bad link is used: REMORA_LINK_TIME, or 20 s.
func linkTime(t *testing.T) time.Duration {
	t.Helper()
	said := os.Getenv("REMORA_LINK_TIME")
	if said == "" {
		return 20 * time.Second
	}
	d, err := time.ParseDuration(said)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A way is how a server is reached over a bad link.
type way struct {
	name string
	line fault.Line
	// legacy: the server has only the transport of 2024-11-05.
	legacy bool
	// socket: by WebSocket.
	socket bool
}

var ways = []way{
	{name: "2025-11-25", line: fault.Line2025},
	{name: "2026-07-28", line: fault.Line2026},
	{name: "2024-11-05's event stream", line: fault.Line2025, legacy: true},
	{name: "2025-11-25 by WebSocket", line: fault.Line2025, socket: true},
	{name: "2026-07-28 by WebSocket", line: fault.Line2026, socket: true},
}

// badLink starts a server behind a link that delays, cuts and stalls. Where one
// connection is meant to last, none does.
func badLink(t *testing.T, by way) (server *fault.Restarter, link *fault.Link, url string) {
	t.Helper()
	server, err := fault.NewRestarter(by.legacy, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	target := strings.TrimSuffix(strings.TrimPrefix(server.URL, "http://"), "/mcp")
	scheme, begin := "http", fault.NewLink
	if by.socket {
		scheme = "ws"
	}
	if by.socket || by.legacy {
		begin = fault.NewFrailLink
	}
	if link, err = begin(target, seed); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	return server, link, scheme + "://" + link.Address + "/mcp"
}

// callsAtOnce is how many calls are in flight on a bad link.
const callsAtOnce = 8

// On a link that delays, cuts and stalls, every call ends, with its result or an
// error that says what is known; none is executed twice, one with a result once;
// nothing grows.
func TestBadLink(t *testing.T) {
	if err := kit.Plugin(); err != nil {
		t.Fatal(err)
	}
	for _, by := range ways {
		t.Run("host/"+by.name, func(t *testing.T) {
			t.Parallel()
			server, link, url := badLink(t, by)
			rt, err := host.Open(t.Context(), host.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := rt.Close(context.Background()); err != nil {
					t.Error(err)
				}
			})
			session := overBadLink(t, rt, url, by.line)
			u := &usage{t: t, server: server, session: session}
			total := linkTime(t)
			u.use(total / 4)
			before := u.stats()
			u.use(total * 3 / 4)
			after := u.stats()
			t.Logf("%d calls, %d with a result; %+v; heap %d, then %d; goroutines %d, then %d",
				u.calls.Load(), u.results.Load(), link.Stats(), before.HeapBytes, after.HeapBytes, before.Goroutines, after.Goroutines)
			if u.results.Load() < u.calls.Load()/4 || u.results.Load() == u.calls.Load() {
				t.Errorf("%d of %d calls have a result", u.results.Load(), u.calls.Load())
			}
			// A connection that is being opened again has some of each.
			if after.HeapBytes > before.HeapBytes+1<<20 || after.Goroutines > before.Goroutines+20 || after.Sessions != 1 {
				t.Errorf("before %+v, after %+v", before, after)
			}
			if err := session.Close(); err != nil {
				t.Logf("close: %v", err) // the link may not have carried it
			}
		})
	}
}

// overBadLink opens a session, which may take several attempts.
func overBadLink(t *testing.T, rt *host.Runtime, url string, line fault.Line) *host.Session {
	t.Helper()
	for range 20 {
		session, err := rt.Connect(t.Context(), url, &host.ConnectOptions{
			ProtocolVersion: string(line),
			KeepAlive:       time.Second,
			Reconnect:       host.Reconnect{Attempts: 20, FirstDelay: 20 * time.Millisecond, MaxDelay: time.Second},
			Events:          host.Events{ResourcesChanged: func() {}},
		})
		if err == nil {
			return session
		}
	}
	t.Fatal("no session after 20 attempts")
	return nil
}

// usage uses a session on a bad link.
type usage struct {
	t              *testing.T
	server         *fault.Restarter
	session        *host.Session
	calls, results atomic.Int64
}

func (u *usage) use(d time.Duration) {
	until := time.Now().Add(d)
	var all sync.WaitGroup
	for range callsAtOnce {
		all.Go(func() {
			for time.Now().Before(until) && !u.t.Failed() {
				u.call()
			}
		})
	}
	all.Wait()
}

func (u *usage) call() {
	id := fmt.Sprint(u.calls.Add(1))
	ctx, cancel := context.WithTimeout(u.t.Context(), time.Minute)
	defer cancel()
	ctx = host.WithCallOptions(ctx, host.CallOptions{Timeout: 20 * time.Second})
	_, err := u.session.CallTool(ctx, &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"id": id}})
	executed := u.server.Executed("echo." + id)
	var e *host.Error
	switch {
	case err == nil && executed != 1:
		u.t.Errorf("call %s has a result and was executed %d times", id, executed)
	case err == nil:
		u.results.Add(1)
	case ctx.Err() != nil:
		u.t.Errorf("call %s hung", id)
	case !errors.As(err, &e):
		u.t.Errorf("call %s: %v", id, err)
	case executed > 1, executed > 0 && e.Sent == host.SentNo:
		u.t.Errorf("call %s was executed %d times: %v (sent %s)", id, executed, e, e.Sent)
	}
}

func (u *usage) stats() *host.Stats {
	u.t.Helper()
	stats, err := u.session.Stats(u.t.Context())
	if err != nil {
		u.t.Fatal(err)
	}
	return stats
}

// The same from Node: every call of many rounds ends, and none is executed twice;
// neither the guest nor what Node holds for it grows.
func TestBadLinkFromNode(t *testing.T) {
	for _, by := range ways {
		t.Run(by.name, func(t *testing.T) {
			t.Parallel()
			server, link, url := badLink(t, by)
			steps := []drive.Step{{Do: drive.Connect}, {Do: drive.On, Event: "resourcesChanged"}}
			first := len(steps)
			rounds := int(linkTime(t)/time.Second) * 3 // each takes about a third of a second
			ids := 0
			echo := func() drive.Step {
				ids++
				call := drive.Call("echo", fmt.Sprintf(`{"id":"%d"}`, ids))
				call.MaxTotalTimeoutMs = 30_000
				return call
			}
			for range rounds {
				round := echo()
				for range 2*callsAtOnce - 1 {
					round.Beside = append(round.Beside, echo())
				}
				steps = append(steps, round)
			}
			half := first + rounds/2
			steps = slices.Insert(steps, half, drive.Step{Do: drive.Memory})
			steps = append(steps, drive.Step{Do: drive.Memory}, drive.Step{Do: drive.Close})
			var outcomes []drive.Outcome
			for range 20 { // connect is not tried again by itself
				reports, err := drive.Node(22).Run(t.Context(), []drive.Script{{Name: t.Name(), URL: url, Protocol: string(by.line), Steps: steps}})
				if err != nil {
					t.Fatal(err)
				}
				if outcomes = reports[0].Outcomes; outcomes[0].Error == nil {
					break
				}
			}
			if outcomes[0].Error != nil {
				t.Fatalf("no session after 20 attempts: %v", outcomes[0].Error)
			}
			calls, results := 0, 0
			for i, outcome := range outcomes {
				if outcome.Hung {
					t.Errorf("step %d hung", i)
				}
				if steps[i].Do != drive.CallTool {
					continue
				}
				for _, call := range append([]drive.Outcome{outcome}, outcome.Each...) {
					calls++
					executed := server.Executed(fmt.Sprintf("echo.%d", calls))
					switch e := call.Error; {
					case e == nil && executed != 1:
						t.Errorf("call %d has a result and was executed %d times", calls, executed)
					case e == nil:
						results++
					case e.Code == "foreign", e.Code == "local/timeout", executed > 1, executed > 0 && e.Sent == "no":
						t.Errorf("call %d was executed %d times: %v", calls, executed, e)
					}
				}
			}
			before, after := outcomes[half], outcomes[len(outcomes)-2]
			t.Logf("%d calls, %d with a result; %+v; the core's heap %d, then %d; Node's heap %d, then %d; resources %d, then %d",
				calls, results, link.Stats(), before.Live, after.Live, before.Heap, after.Heap, before.Resources, after.Resources)
			if calls != ids || results < calls/4 || results == calls {
				t.Errorf("%d of %d calls, %d with a result", calls, ids, results)
			}
			// The report of each call is kept in the heap.
			const report = 1 << 10
			if before.Live == 0 || after.Live > before.Live+256<<10 || after.Heap > before.Heap+2<<20+int64(calls)*report || after.Resources > before.Resources+20 {
				t.Error("something has grown")
			}
		})
	}
}
