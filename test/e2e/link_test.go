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

// badLink starts a server behind a link that delays, cuts and stalls.
func badLink(t *testing.T) (server *fault.Restarter, link *fault.Link, url string) {
	t.Helper()
	server, err := fault.NewRestarter(false, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	target := strings.TrimSuffix(strings.TrimPrefix(server.URL, "http://"), "/mcp")
	if link, err = fault.NewLink(target, seed); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	return server, link, "http://" + link.Address + "/mcp"
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
	for _, line := range lines {
		t.Run("host/"+string(line), func(t *testing.T) {
			t.Parallel()
			server, link, url := badLink(t)
			rt, err := host.Open(t.Context(), host.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := rt.Close(context.Background()); err != nil {
					t.Error(err)
				}
			})
			session := overBadLink(t, rt, url, line)
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

// The same from Node: every call of many rounds ends, and the guest's memory
// stays where it was.
func TestBadLinkFromNode(t *testing.T) {
	for _, line := range lines {
		t.Run(string(line), func(t *testing.T) {
			t.Parallel()
			server, link, url := badLink(t)
			round := drive.Call("echo", `{"id":"any"}`)
			round.Count, round.MaxTotalTimeoutMs = 2*callsAtOnce, 30_000
			steps := []drive.Step{{Do: drive.Connect}, {Do: drive.On, Event: "resourcesChanged"}}
			for range int(linkTime(t)/time.Second) * 2 {
				steps = append(steps, round)
			}
			half := len(steps) / 2
			steps = slices.Insert(steps, half, drive.Step{Do: drive.Memory})
			steps = append(steps, drive.Step{Do: drive.Memory}, drive.Step{Do: drive.Close})
			var outcomes []drive.Outcome
			for range 20 { // connect is not tried again by itself
				reports, err := drive.Node(22).Run(t.Context(), []drive.Script{{Name: t.Name(), URL: url, Protocol: string(line), Steps: steps}})
				if err != nil {
					t.Fatal(err)
				}
				if outcomes = reports[0].Outcomes; outcomes[0].Error == nil {
					break
				}
			}
			calls, results := 0, 0
			for i, outcome := range outcomes {
				if outcome.Hung {
					t.Errorf("step %d hung", i)
				}
				for _, call := range outcome.Each {
					calls++
					if call.Error == nil {
						results++
					} else if call.Error.Code == "foreign" || call.Error.Code == "local/timeout" {
						t.Errorf("step %d: %v", i, call.Error)
					}
				}
			}
			before, after := outcomes[half].Memory, outcomes[len(outcomes)-2].Memory
			t.Logf("%d calls, %d with a result, %d executed; %+v; memory %d, then %d", calls, results, server.Executed("echo"), link.Stats(), before, after)
			if executed := server.Executed("echo"); executed < results || executed > calls {
				t.Errorf("%d calls, %d with a result, %d executed", calls, results, executed)
			}
			if results < calls/4 || after > before+1<<20 {
				t.Error("too few results, or the guest's memory has grown")
			}
		})
	}
}
