package core

import (
	"sync"
	"testing"
)

// Goroutines are used again, as many at a time as there is to do, and few are kept.
func TestWorkers(t *testing.T) {
	var w workers
	for range 3 {
		var all sync.WaitGroup
		gate := make(chan struct{})
		all.Add(3 * maxIdleWorkers)
		for range 3 * maxIdleWorkers {
			w.do(func() {
				<-gate // so all run at once
				all.Done()
			})
		}
		close(gate)
		all.Wait()
	}
	eventually(t, "the workers are idle", func() bool { return w.waiting() == maxIdleWorkers })
	for range 1000 {
		done := make(chan struct{})
		w.do(func() { close(done) })
		<-done
		if n := w.waiting(); n > maxIdleWorkers {
			t.Fatalf("%d workers wait", n)
		}
	}
}
