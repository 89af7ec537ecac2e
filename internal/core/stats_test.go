package core

import (
	"encoding/json"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
	"github.com/remora-mcp/remora/test/fault"
)

func (e *embedder) stats() wire.StatsResult {
	e.t.Helper()
	result, failure := e.run(wire.Call{Command: "stats"}, wire.Stats{})
	if failure != nil {
		e.t.Fatal(failure)
	}
	var s wire.StatsResult
	if err := json.Unmarshal([]byte(result), &s); err != nil {
		e.t.Fatal(err)
	}
	return s
}

// After many calls, what they took has been given back.
func TestNothingIsLeftOfCalls(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		run := func(n int) {
			for i := range n {
				tool, arguments := "echo", `{"message":"x"}`
				switch i % 4 {
				case 1:
					arguments = `{"message":"x","as":"json"}`
				case 2:
					tool = "rpc_error"
				case 3:
					tool = "undecodable"
				}
				_, done := f.tool(wire.Call{Progress: true}, tool, arguments)
				e.await(done)
			}
		}
		standing := 0
		if f.line == fault.Line2025 {
			standing = 1 // a server of this line may ask there
		}
		settled := func() bool { return e.stats().Open == standing }
		run(100)
		eventually(t, "nothing else is open", settled)
		before := e.stats()
		run(1000)
		eventually(t, "nothing else is open", settled)
		after := e.stats()
		// Other tests run beside this one in the same process, so goroutines and
		// heap are compared on the guests; here it is what the core counts.
		if after.Sessions != 1 || after.Open != before.Open {
			t.Errorf("before %+v, after %+v", before, after)
		}
	})
}

// An answer that nobody waits for is dropped, counted, and named.
func TestStrayAnswersAreCounted(t *testing.T) {
	onFaults(t, func(t *testing.T, e *embedder, f *faulty) {
		before := e.stats().Dropped
		_, done := f.tool(wire.Call{}, "stray", `{}`)
		if _, err := e.await(done); err != nil {
			t.Error(err)
		}
		if got := e.stats(); got.Dropped == before || got.LastDropped == "" {
			t.Errorf("dropped %d, before %d, last %q", got.Dropped, before, got.LastDropped)
		}
		f.mustWork()
	})
}
