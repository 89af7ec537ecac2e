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
	server, err := fault.NewRestarter(false, crowd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := server.Start(); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(back.Close)
	go func() {
		<-server.Gathered()
		server.Kill()
	}()

	const calls, away, last = 2, 3, 5 // steps
	crowded := drive.Call("gather", "")
	crowded.Count = crowd
	later := drive.Call("echo", "")
	later.Beside = []drive.Step{{Do: drive.Signal, Event: "state", Until: `"reconnecting"`, URL: back.URL}}
	reports, err := embedder.Run(t.Context(), []drive.Script{{
		Name: t.Name(), URL: server.URL, Protocol: string(line),
		Steps: []drive.Step{
			{Do: drive.Connect},
			{Do: drive.On, Event: "state"},
			crowded,
			later,
			{Do: drive.AwaitEvent, Event: "state", Until: `"ready"`},
			drive.Call("echo", ""),
			{Do: drive.Close},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	outcomes := reports[0].Outcomes
	for i, outcome := range outcomes {
		if outcome.Hung || outcome.Error != nil {
			t.Errorf("step %d: hung %v, %v", i, outcome.Hung, outcome.Error)
		}
	}
	results := 0
	for _, call := range outcomes[calls].Each {
		switch {
		case call.Error == nil:
			results++
		case call.Error.Code != "http/network" || call.Error.Sent != "unknown" || call.Error.Retryable:
			t.Errorf("a call in flight: %v", call.Error)
		}
	}
	if n := len(outcomes[calls].Each); n != crowd || results > crowd/2 {
		t.Errorf("%d calls ended, %d of them with a result", n, results)
	}
	if n := server.Executed("gather"); n != crowd {
		t.Errorf("%d calls were executed %d times", crowd, n)
	}
	if n := server.Executed("echo"); n != 2 {
		t.Errorf("2 later calls were executed %d times", n)
	}
	var first struct {
		State   string
		Attempt int
	}
	states := outcomes[away+1].Events
	if len(states) == 0 || json.Unmarshal(states[0], &first) != nil || first.State != "reconnecting" || first.Attempt != 1 {
		t.Errorf("states %s", states)
	}
	if outcomes[last].Result == "" {
		t.Error("no result of the last call")
	}
}
