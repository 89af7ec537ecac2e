package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/remora-mcp/remora/test/fault"
	"github.com/remora-mcp/remora/test/internal/drive"
)

// Of 100 calls in flight on a server that is killed, each ends with a result or
// an error and none is executed twice; the application sees that the session
// reconnects; a call that comes while the server is away is sent when it is back,
// once, and later calls work.
func TestServerRestarts(t *testing.T) {
	host := &drive.Host{}
	t.Cleanup(func() {
		if err := host.Close(context.Background()); err != nil {
			t.Errorf("closing the host: %v", err)
		}
	})
	for _, embedder := range []drive.Embedder{drive.Node(22), host.Embedder(), drive.ExtismNode("1.0.3", 22)} {
		for _, line := range lines {
			t.Run(embedder.Name+"/"+string(line), func(t *testing.T) {
				t.Parallel()
				restartUnder(t, embedder, line)
			})
		}
	}
}

func restartUnder(t *testing.T, embedder drive.Embedder, line fault.Line) {
	const crowd = 100
	server, outcomes := restarted(t, embedder, line, crowd, drive.Step{Do: drive.Ping})
	for i, outcome := range outcomes {
		if outcome.Hung || outcome.Error != nil {
			t.Errorf("step %d: hung %v, %v", i, outcome.Hung, outcome.Error)
		}
	}
	judgeCrowd(t, server, crowd, outcomes[crowdStep])
	if n := server.Executed("echo"); n != 2 {
		t.Errorf("2 later calls were executed %d times", n)
	}
	judgeStates(t, outcomes)
}

// In a page nobody can tell a connection that was refused from one that was cut:
// a call that comes while the server is away is rejected, and says that it may have
// been executed. What is listened to brings the session back, and later calls work.
func TestServerRestartsUnderAPage(t *testing.T) {
	// Chromium has six connections to a server at a time; one is the standing stream's.
	const crowd = 5
	for _, line := range lines {
		t.Run(string(line), func(t *testing.T) {
			t.Parallel()
			server, outcomes := restarted(t, drive.Page(), line, crowd, drive.Step{Do: drive.On, Event: "resourcesChanged"})
			for i, outcome := range outcomes {
				if outcome.Hung || outcome.Error != nil && i != awayStep {
					t.Errorf("step %d: hung %v, %v", i, outcome.Hung, outcome.Error)
				}
			}
			judgeCrowd(t, server, crowd, outcomes[crowdStep])
			executed := server.Executed("echo.away")
			switch e := outcomes[awayStep].Error; {
			case e == nil && executed != 1:
				t.Errorf("the call of meanwhile has a result and was executed %d times", executed)
			case e != nil && (e.Code != "http/network" || e.Sent != "unknown" || e.Retryable || executed > 1):
				t.Errorf("the call of meanwhile was executed %d times: %v", executed, e)
			}
			if n := server.Executed("echo.after"); n != 1 {
				t.Errorf("the call after that was executed %d times", n)
			}
			judgeStates(t, outcomes)
		})
	}
}

// The steps of restarted.
const (
	crowdStep  = 3
	awayStep   = 4
	statesStep = 5
	afterStep  = 6
)

// restarted has so many calls in flight on a server that is killed, one that comes
// while the server is away, which the session's reconnecting brings back, and one
// after that. The step before is done before all of them.
func restarted(t *testing.T, embedder drive.Embedder, line fault.Line, crowd int, before drive.Step) (*fault.Restarter, []drive.Outcome) {
	t.Helper()
	server, err := fault.NewRestarter(false, crowd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	back := httptest.NewServer(fault.ForPages(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := server.Start(); err != nil {
			t.Error(err)
		}
	})))
	t.Cleanup(back.Close)
	go func() {
		<-server.Gathered()
		server.Kill()
	}()
	crowded := drive.Call("gather", "")
	crowded.Count = crowd
	away := drive.Call("echo", `{"id":"away"}`)
	away.Beside = []drive.Step{{Do: drive.Signal, Event: "state", Until: `"reconnecting"`, URL: back.URL}}
	reports, err := embedder.Run(t.Context(), []drive.Script{{
		Name: t.Name(), URL: server.URL, Protocol: string(line),
		Steps: []drive.Step{
			{Do: drive.Connect},
			{Do: drive.On, Event: "state"},
			before,
			crowded,
			away,
			{Do: drive.AwaitEvent, Event: "state", Until: `"ready"`},
			drive.Call("echo", `{"id":"after"}`),
			{Do: drive.Close},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return server, reports[0].Outcomes
}

// judgeCrowd judges the calls that were in flight.
func judgeCrowd(t *testing.T, server *fault.Restarter, crowd int, outcome drive.Outcome) {
	t.Helper()
	results := 0
	for _, call := range outcome.Each {
		switch {
		case call.Error == nil:
			results++
		case call.Error.Code != "http/network" || call.Error.Sent != "unknown" || call.Error.Retryable:
			t.Errorf("a call in flight: %v", call.Error)
		}
	}
	if n := len(outcome.Each); n != crowd || results > crowd/2 {
		t.Errorf("%d calls ended, %d of them with a result", n, results)
	}
	if n := server.Executed("gather"); n != crowd {
		t.Errorf("%d calls were executed %d times", crowd, n)
	}
}

// judgeStates judges what the application saw, and that it has a session again.
func judgeStates(t *testing.T, outcomes []drive.Outcome) {
	t.Helper()
	var first struct {
		State   string
		Attempt int
	}
	states := outcomes[statesStep].Events
	if len(states) == 0 || json.Unmarshal(states[0], &first) != nil || first.State != "reconnecting" || first.Attempt != 1 {
		t.Errorf("states %s", states)
	}
	if outcomes[afterStep].Result == "" {
		t.Error("no result of the last call")
	}
}
