//go:build wasip1

package main

import (
	"runtime"
	"runtime/metrics"
)

// runnable reads how many goroutines could run.
var runnable = []metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}}

// settle lets goroutines run until none can go on without the embedder or a
// timer. Goroutines are frozen outside of it.
func settle() {
	for {
		runtime.Gosched()
		metrics.Read(runnable)
		if runnable[0].Value.Uint64() == 0 {
			return
		}
	}
}
