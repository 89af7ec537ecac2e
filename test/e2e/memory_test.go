package e2e

import (
	"context"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/remora-mcp/remora/test/fault"
	"github.com/remora-mcp/remora/test/internal/drive"
)

// TestGuestMemory holds that calls leave the guest's memory where it was, once it
// has as much as the collector needs, which takes some thousand calls: each leaves
// little. In Node a test can see it; nothing else runs in the process meanwhile.
func TestGuestMemory(t *testing.T) {
	server := httptest.NewServer(fault.New())
	t.Cleanup(server.Close)
	const calls = 3000
	for _, line := range lines {
		script := drive.Script{
			Name: string(line), URL: server.URL + fault.Path(line, "mcp", "memory"),
			Steps: []drive.Step{
				{Do: drive.Connect},
				times(drive.Call("echo", `{"message":"warm"}`), calls),
				{Do: drive.Memory},
				times(drive.Call("echo", `{"message":"again"}`), calls),
				{Do: drive.Memory},
				{Do: drive.Close},
			},
		}
		reports, err := drive.Node(22).Run(t.Context(), []drive.Script{script})
		if err != nil {
			t.Fatal(err)
		}
		got := reports[0].Outcomes
		for i := range got {
			succeeds(t, place{}, got[i])
		}
		before, after := got[2], got[4]
		t.Logf("%s: %d bytes of guest memory, then %d; of live objects %d, then %d", line, before.Memory, after.Memory, before.Live, after.Live)
		// 100 bytes a call would be a leak; less is the collector's way to count.
		if before.Memory == 0 || after.Memory > before.Memory+100*calls {
			t.Errorf("%s: guest memory grew from %d to %d bytes", line, before.Memory, after.Memory)
		}
		if before.Live == 0 || after.Live > before.Live+10*calls {
			t.Errorf("%s: live objects grew from %d to %d bytes", line, before.Live, after.Live)
		}
	}
}

// TestHostGoroutines holds that 1,000 calls and the closing of their session
// leave no goroutine behind in the Go host.
func TestHostGoroutines(t *testing.T) {
	server := httptest.NewServer(fault.New())
	t.Cleanup(server.Close)
	host := &drive.Host{}
	t.Cleanup(func() {
		if err := host.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	run := func(calls int) {
		t.Helper()
		reports, err := host.Embedder().Run(t.Context(), []drive.Script{{
			Name: "calls", URL: server.URL + fault.Path(fault.Line2026, "mcp", "goroutines"),
			Steps: []drive.Step{{Do: drive.Connect}, times(drive.Call("echo", `{"message":"x"}`), calls), {Do: drive.Close}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		for _, outcome := range reports[0].Outcomes {
			succeeds(t, place{}, outcome)
		}
	}
	run(10) // what is made once is made now
	server.CloseClientConnections()
	before := settledGoroutines()
	run(1000)
	server.CloseClientConnections()
	// Connections close in the background: their goroutines end soon, not now.
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if after := runtime.NumGoroutine(); after > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after\n%s", before, after, stacks[:runtime.Stack(stacks, true)])
	}
}

// settledGoroutines returns the number of goroutines once it has stopped
// falling.
func settledGoroutines() int {
	n := runtime.NumGoroutine()
	for range 20 {
		time.Sleep(10 * time.Millisecond)
		n = min(n, runtime.NumGoroutine())
	}
	return n
}
