package core

import "sync"

// workers runs functions in goroutines, and keeps some of these for later: a
// goroutine's stack begins small, and grows by copying all that is on it again and
// again, which a call in WebAssembly spends a tenth of its time with, unless the
// guest is built lean (internal/lean). The zero value is ready to use.
type workers struct {
	mu   sync.Mutex
	idle []chan func()
}

// maxIdleWorkers bounds the goroutines that wait for something to do. Each holds a
// stack of some 16 KB; the garbage collector takes half of it if it is not used.
const maxIdleWorkers = 8

// do runs f in a goroutine.
func (w *workers) do(f func()) {
	w.mu.Lock()
	if n := len(w.idle); n > 0 {
		worker := w.idle[n-1]
		w.idle = w.idle[:n-1]
		w.mu.Unlock()
		worker <- f
		return
	}
	w.mu.Unlock()
	go w.run(f)
}

// run does f, and then what else is to be done, until enough others wait.
func (w *workers) run(f func()) {
	more := make(chan func(), 1)
	for {
		f()
		f = nil // what it holds is not needed while this waits
		w.mu.Lock()
		if len(w.idle) == maxIdleWorkers {
			w.mu.Unlock()
			return
		}
		w.idle = append(w.idle, more)
		w.mu.Unlock()
		f = <-more
	}
}

// waiting counts the goroutines that wait for something to do.
func (w *workers) waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.idle)
}
