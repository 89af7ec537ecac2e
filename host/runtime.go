package host

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// A Runtime is a compiled plugin and the instances of it in which all sessions
// live. It is safe for concurrent use.
type Runtime struct {
	opts     Options
	compiled *compiled // nil in tests that bring a guest of their own
	newGuest func(context.Context) (guest, error)

	startMu sync.Mutex // held while an instance is made

	mu       sync.Mutex
	closed   bool
	taking   []*driver // take new sessions; at most Options.Instances
	drivers  map[*driver]bool
	sessions map[*Session]bool
	failures int       // instances in a row that failed before any call ended well
	notUntil time.Time // no further instance is made before
	closeEnd chan struct{}
	closeErr error
}

// Instances that fail again and again are made ever more rarely.
const (
	failuresAtOnce = 3
	firstPause     = time.Second
	longestPause   = 30 * time.Second
)

// Open compiles the plugin, or loads what an earlier Open compiled, and starts
// an instance of it. Compiling takes seconds, loading a fraction of one. The
// caller closes the Runtime.
func Open(ctx context.Context, o Options) (*Runtime, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	if o.Wasm == nil {
		if o.Wasm, err = pluginWasm(); err != nil {
			return nil, err
		}
	}
	c, err := compile(ctx, o)
	if err != nil {
		return nil, err
	}
	o.Wasm = nil // let the bytes go
	rt := newRuntime(o, func(ctx context.Context) (guest, error) { return newInstance(ctx, c, o) })
	rt.compiled = c
	if _, err := rt.driver(ctx); err != nil {
		_ = c.close(ctx)
		return nil, err
	}
	return rt, nil
}

func newRuntime(o Options, newGuest func(context.Context) (guest, error)) *Runtime {
	return &Runtime{
		opts:     o,
		newGuest: newGuest,
		drivers:  make(map[*driver]bool),
		sessions: make(map[*Session]bool),
		closeEnd: make(chan struct{}),
	}
}

// driver returns the instance with the least to do, and makes one if there is
// none, or if all have something to do and there may be more.
func (rt *Runtime) driver(ctx context.Context) (*driver, error) {
	rt.startMu.Lock()
	defer rt.startMu.Unlock()
	rt.mu.Lock()
	switch wait := time.Until(rt.notUntil); {
	case rt.closed:
		rt.mu.Unlock()
		return nil, failure(CodeLocalClosed, "the runtime is closed")
	case rt.enoughLocked() || wait > 0 && len(rt.taking) > 0:
		d := slices.MinFunc(rt.taking, func(a, b *driver) int { return cmp.Compare(a.load(), b.load()) })
		rt.mu.Unlock()
		return d, nil
	case wait > 0:
		failures := rt.failures
		rt.mu.Unlock()
		e := failure(CodePluginTrap, "the plugin failed %d times in a row; it is tried again in %v", failures, wait.Round(time.Millisecond))
		e.Retryable = true
		return nil, e
	}
	rt.mu.Unlock()

	g, err := rt.newGuest(ctx)
	if err != nil {
		rt.noteFailure(false)
		return nil, trapError(err)
	}
	d, err := newDriver(ctx, g, rt.opts, driverHooks{ended: rt.ended, stopped: rt.stopped})
	if err != nil {
		rt.noteFailure(false)
		return nil, err
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	select {
	case <-d.stopped:
	default:
		rt.taking = append(rt.taking, d)
		rt.drivers[d] = true
	}
	return d, nil
}

// enoughLocked reports whether no further instance is to be made now. It forgets
// those that take nothing more.
func (rt *Runtime) enoughLocked() bool {
	rt.taking = slices.DeleteFunc(rt.taking, func(d *driver) bool { return !d.accepts() })
	return len(rt.taking) >= max(rt.opts.Instances, 1) || slices.ContainsFunc(rt.taking, func(d *driver) bool { return d.load() == 0 })
}

// ended learns that an instance is gone.
func (rt *Runtime) ended(d *driver, failed error, served bool) {
	if failed != nil {
		rt.noteFailure(served)
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.taking = slices.DeleteFunc(rt.taking, func(other *driver) bool { return other == d })
}

// stopped learns that an instance is freed.
func (rt *Runtime) stopped(d *driver) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	delete(rt.drivers, d)
}

// noteFailure makes the pause longer after each instance that failed before it
// had served anything.
func (rt *Runtime) noteFailure(served bool) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if served {
		rt.failures = 0
	}
	rt.failures++
	if over := rt.failures - failuresAtOnce; over >= 0 {
		rt.notUntil = time.Now().Add(min(firstPause<<min(over, 10), longestPause))
	}
}

// adopt makes the runtime close s when it is closed.
func (rt *Runtime) adopt(s *Session) error {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.closed {
		return failure(CodeLocalClosed, "the runtime is closed")
	}
	rt.sessions[s] = true
	return nil
}

func (rt *Runtime) forget(s *Session) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	delete(rt.sessions, s)
}

// Close ends all sessions at their servers, then the plugin. It blocks until
// that is done or ctx ends; at the end of ctx what is still in flight is given
// up. An error says that a server may still hold a session, or that the plugin
// could not be stopped and its memory is not freed. Further calls wait for the
// first and return the same.
func (rt *Runtime) Close(ctx context.Context) error {
	rt.mu.Lock()
	if rt.closed {
		rt.mu.Unlock()
		select {
		case <-rt.closeEnd:
			return rt.closeErr
		case <-ctx.Done():
			return contextError(ctx, SentNo)
		}
	}
	rt.closed = true
	sessions := make([]*Session, 0, len(rt.sessions))
	for s := range rt.sessions {
		sessions = append(sessions, s)
	}
	rt.mu.Unlock()
	defer close(rt.closeEnd)

	rt.closeErr = closeSessions(ctx, sessions)

	// An instance may just be in the making.
	rt.startMu.Lock()
	rt.mu.Lock()
	drivers := make([]*driver, 0, len(rt.drivers))
	for d := range rt.drivers {
		drivers = append(drivers, d)
	}
	rt.mu.Unlock()
	rt.startMu.Unlock()
	for _, d := range drivers {
		d.retire()
	}
	stopped := true
	for _, d := range drivers {
		stopped = d.awaitEnd(ctx) && stopped
	}
	if !stopped {
		// The machine code cannot be freed under a running instance.
		rt.closeErr = failure(CodePluginDeadline, "the plugin does not stop")
		return rt.closeErr
	}
	if rt.compiled != nil {
		if err := rt.compiled.close(context.WithoutCancel(ctx)); err != nil && rt.closeErr == nil {
			rt.closeErr = asError(err, CodePluginTrap)
		}
	}
	return rt.closeErr
}

// closeSessions closes all at once and returns the first error.
func closeSessions(ctx context.Context, sessions []*Session) error {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	errs := make(chan error)
	for _, s := range sessions {
		go func() { errs <- s.close(ctx) }()
	}
	var first error
	for range sessions {
		if err := <-errs; first == nil {
			first = err
		}
	}
	return first
}
