package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

const (
	// linger is how long a frame that need not be acted on at once waits for
	// others to share its step.
	linger = 200 * time.Microsecond
	// segmentBytes is how much is handed to the plugin in one step, about.
	segmentBytes = 1 << 20
	// retireTimeout bounds how long an instance that is being replaced may take
	// to end its sessions at their servers.
	retireTimeout = 10 * time.Second
	// lastID is when an instance is replaced because ids are never used twice.
	// It leaves some for the end of its sessions.
	lastID = math.MaxUint32 - 1<<20
	// stopTimeout bounds how long a step under way is awaited at the end.
	stopTimeout = 2 * time.Second
)

// errRetired is returned for a call that came to an instance that takes no more
// of them. Nothing was sent; the caller turns to another instance.
var errRetired = errors.New("this instance of the plugin takes no more calls")

// A driver owns one instance of the plugin. Its goroutine, and no other, steps
// the instance: it hands over the frames that others queued, and acts on those
// that come back. It never waits for the network or for the application: HTTP
// requests and handlers have goroutines of their own, and callbacks run on the
// goroutine that made the call.
type driver struct {
	guest   guest
	logger  *slog.Logger
	limits  wire.Limits
	recycle int64 // bytes of memory above which an idle instance is replaced
	hooks   driverHooks

	wake    chan struct{} // holds one token when there is something to do
	stopped chan struct{} // closed when the goroutine has ended

	// Owned by the goroutine.
	assembler wire.Assembler
	skipping  map[skipped]bool // rests of payloads that were too large
	step      int64            // number of the step under way
	wakeAt    time.Time        // when the instance wants to be stepped; zero for never

	mu        sync.Mutex
	queue     [][]byte // frames for the instance, in segments
	spare     []byte   // a segment to use again
	taken     int64    // segments handed over so far
	due       bool     // the queue is to be handed over now
	lingering bool     // a timer will set due
	nextID    uint32
	calls     map[uint32]*call
	exchanges map[uint32]*exchange
	channels  map[uint32]*channelRun
	asks      map[uint32]context.CancelFunc
	links     map[uint32]*link // by session number

	retiring bool      // no more calls; ends when nothing is in flight,
	giveUp   time.Time // or then
	quit     bool
	served   bool // a call has ended well
	ended    bool
}

// driverHooks are called once each, on the driver's goroutine.
type driverHooks struct {
	// ended: the instance takes nothing more, and the calls in flight are about
	// to fail. failed says why if that was not intended, served whether any
	// call had ended well before.
	ended func(d *driver, failed error, served bool)
	// stopped: the instance is freed, and driver.stopped closed.
	stopped func(d *driver)
}

type skipped struct {
	kind wire.Kind
	id   uint32
}

// A link is one session as one instance knows it.
type link struct {
	d       *driver
	session *Session
	number  uint32
	// active is false once the session has left the instance, whose further
	// events it then ignores.
	active atomic.Bool
	// listened are the events that the instance was last told of. Guarded by
	// the session's listenMu.
	listened []string
	// lastStart is the step that last made a request for the session. Guarded
	// by d.mu.
	lastStart int64
}

// newDriver says hello to an instance and starts to drive it. The driver closes
// the instance, also if newDriver fails.
func newDriver(ctx context.Context, g guest, o Options, hooks driverHooks) (*driver, error) {
	d := &driver{
		guest:     g,
		logger:    o.Logger,
		limits:    o.Limits.wire(),
		recycle:   int64(o.MemoryRecyclePages) << 16,
		hooks:     hooks,
		wake:      make(chan struct{}, 1),
		stopped:   make(chan struct{}),
		skipping:  make(map[skipped]bool),
		calls:     make(map[uint32]*call),
		exchanges: make(map[uint32]*exchange),
		channels:  make(map[uint32]*channelRun),
		asks:      make(map[uint32]context.CancelFunc),
		links:     make(map[uint32]*link),
	}
	d.assembler.MaxBytes = 2 * d.limits.MaxBodyBytes
	if err := d.hello(); err != nil {
		_ = g.Close(ctx)
		return nil, err
	}
	go d.run()
	return d, nil
}

// hello exchanges the first frames.
func (d *driver) hello() error {
	header := mustJSON(wire.Hello{ABI: wire.ABI, Name: "remora-host", Version: wire.Version, Limits: d.limits})
	out, err := d.guest.Step(context.Background(), wire.AppendFrame(nil, wire.Frame{Kind: wire.KindHello, Header: header}))
	if err != nil {
		return trapError(err)
	}
	frames, err := d.parse(out)
	if err != nil {
		return trapError(err)
	}
	for _, f := range frames {
		switch f.Kind {
		case wire.KindFault:
			var h wire.Fault
			if json.Unmarshal(f.Header, &h) == nil && h.Error != nil {
				return fromWire(h.Error)
			}
		case wire.KindCoreHello:
			var h wire.Hello
			if err := json.Unmarshal(f.Header, &h); err != nil {
				return trapError(err)
			}
			if h.ABI[0] != wire.ABI[0] {
				return failure(CodeLocalABIMismatch, "the plugin speaks version %d of the boundary, this package version %d", h.ABI[0], wire.ABI[0])
			}
			d.limits = h.Limits.WithDefaults()
			return nil
		}
	}
	return trapError(errors.New("the plugin does not answer hello"))
}

// parse splits an answer of the instance and takes note of its last frame,
// idle.
func (d *driver) parse(out []byte) ([]wire.Frame, error) {
	frames, err := wire.ParseBatch(out)
	if err != nil {
		return nil, err
	}
	if len(frames) == 0 || frames[len(frames)-1].Kind != wire.KindIdle {
		return nil, errors.New("the plugin's answer does not end with idle")
	}
	var idle wire.Idle
	if err := json.Unmarshal(frames[len(frames)-1].Header, &idle); err != nil {
		return nil, fmt.Errorf("the plugin's idle frame: %w", err)
	}
	d.wakeAt = time.Time{}
	if idle.WakeMs != nil {
		const longest = int64(24 * time.Hour / time.Millisecond)
		d.wakeAt = time.Now().Add(time.Duration(min(max(*idle.WakeMs, 0), longest)) * time.Millisecond)
	}
	return frames[:len(frames)-1], nil
}

// run steps the instance until it fails or is to stop.
func (d *driver) run() {
	err := d.loop()
	d.end(err)
	if e := d.guest.Close(context.Background()); e != nil && err == nil {
		d.logger.Warn("an instance of the plugin could not be closed", "error", e)
	}
	close(d.stopped)
	d.hooks.stopped(d)
}

func (d *driver) loop() error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		batch, quit := d.take(timer)
		if quit {
			return nil
		}
		out, err := d.guest.Step(context.Background(), batch)
		if err != nil {
			return err
		}
		frames, err := d.parse(out)
		if err != nil {
			return err
		}
		for _, f := range frames {
			if err := d.dispatch(f); err != nil {
				return err
			}
		}
		d.release(batch)
		d.recycleIfGrown()
	}
}

// tick is the batch of a step that only time asks for.
var tick = wire.AppendFrame(nil, wire.Frame{Kind: wire.KindTick})

// take waits until there is something to hand over, or the instance wants to be
// stepped, and returns the batch. It reports true when the driver is to stop.
func (d *driver) take(timer *time.Timer) (batch []byte, quit bool) {
	for {
		d.mu.Lock()
		now := time.Now()
		if d.quit || d.retiring && (d.idleLocked() || !now.Before(d.giveUp)) {
			d.mu.Unlock()
			return nil, true
		}
		woken := !d.wakeAt.IsZero() && !now.Before(d.wakeAt)
		if len(d.queue) == 0 {
			d.due = false // or a frame that may linger would wake nobody
		}
		if len(d.queue) > 0 && (d.due || woken) {
			batch := d.queue[0]
			d.queue = append(d.queue[:0], d.queue[1:]...)
			d.due = len(d.queue) > 0
			d.step = d.taken
			d.taken++
			d.mu.Unlock()
			return batch, false
		}
		wait := time.Hour
		if d.retiring {
			wait = d.giveUp.Sub(now)
		}
		d.mu.Unlock()
		if woken {
			return tick, false
		}
		if !d.wakeAt.IsZero() {
			wait = min(wait, d.wakeAt.Sub(now))
		}
		timer.Reset(wait)
		select {
		case <-d.wake:
		case <-timer.C:
		}
	}
}

// idleLocked reports whether nothing is in flight.
func (d *driver) idleLocked() bool {
	return len(d.calls) == 0 && len(d.exchanges) == 0 && len(d.channels) == 0 && len(d.asks) == 0 && len(d.queue) == 0
}

// recycleIfGrown lets an instance that has taken much memory end, once nothing
// is in flight.
func (d *driver) recycleIfGrown() {
	size := d.guest.MemoryBytes()
	if size <= d.recycle {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.retiring && d.idleLocked() {
		d.logger.Info("an instance of the plugin has grown and is replaced", "bytes", size)
		d.retireLocked()
	}
}

// release keeps a segment for reuse.
func (d *driver) release(batch []byte) {
	if cap(batch) > maxKeptBytes || len(batch) == len(tick) {
		return
	}
	d.mu.Lock()
	if cap(d.spare) < cap(batch) {
		d.spare = batch[:0]
	}
	d.mu.Unlock()
}

// retire makes the instance end its sessions at their servers, and itself when
// what is in flight is done. It takes no more calls.
func (d *driver) retire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.retireLocked()
}

func (d *driver) retireLocked() {
	if d.retiring || d.ended {
		return
	}
	for _, l := range d.links {
		d.closeLinkLocked(l)
	}
	d.retiring = true
	d.giveUp = time.Now().Add(retireTimeout)
	d.signalLocked()
}

// load is how much the instance has to do: sessions, and calls in flight.
func (d *driver) load() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.links) + len(d.calls)
}

// accepts reports whether the instance takes calls.
func (d *driver) accepts() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.ended && !d.retiring && !d.quit
}

// stop ends the driver after the step under way, without regard for what is in
// flight.
func (d *driver) stop() {
	d.mu.Lock()
	d.quit = true
	d.signalLocked()
	d.mu.Unlock()
}

// awaitEnd waits until the driver, which was told to retire, has ended. When
// ctx ends it is stopped without regard for what is in flight; only a step that
// does not return can then outlast the wait. It reports whether it has ended.
func (d *driver) awaitEnd(ctx context.Context) bool {
	select {
	case <-d.stopped:
		return true
	case <-ctx.Done():
	}
	d.stop()
	timeout := time.NewTimer(stopTimeout)
	defer timeout.Stop()
	select {
	case <-d.stopped:
		return true
	case <-timeout.C:
		return false
	}
}

// end gives everything that is open its last word. failed is nil when the
// driver was to stop.
func (d *driver) end(failed error) {
	d.mu.Lock()
	d.ended = true
	calls, exchanges, asks := d.calls, d.exchanges, d.asks
	links, channels := d.links, d.channels
	// A reply, an event or a frame that comes now finds nothing.
	d.calls, d.exchanges, d.channels, d.asks, d.links, d.queue = nil, nil, nil, nil, nil, nil
	for _, x := range exchanges {
		x.over = true
	}
	for _, x := range channels {
		x.over = true
	}
	// A call is certainly not executed if the session has made no request since
	// it was handed over.
	errs := make(map[*call]*Error, len(calls))
	for _, c := range calls {
		if failed == nil {
			errs[c] = failure(CodeLocalClosed, "the client is closed")
		} else {
			errs[c] = trapError(failed)
		}
		if c.link != nil && c.link.lastStart >= c.segment {
			errs[c].Sent, errs[c].Retryable = SentUnknown, false
		}
	}
	served := d.served
	d.mu.Unlock()

	for _, x := range exchanges {
		x.cancel()
	}
	for _, x := range channels {
		x.finish()
	}
	for _, cancel := range asks {
		cancel()
	}
	if failed != nil {
		d.logger.Error("the plugin failed and is replaced by a fresh instance", "error", failed, "calls", len(calls))
	}
	d.hooks.ended(d, failed, served)
	for _, l := range links {
		l.session.lost(l, failed)
	}
	for c, e := range errs {
		c.finish(nil, e)
	}
}

// trapError is the error of calls that were in flight when the instance failed.
func trapError(err error) *Error {
	code := CodePluginTrap
	var e *Error
	if errors.As(err, &e) && e.Code == CodePluginDeadline {
		code = e.Code
		return &Error{Code: code, Message: e.Message, Sent: SentNo, Retryable: true, cause: err}
	}
	return &Error{Code: code, Message: "the plugin failed: " + wire.Excerpt([]byte(err.Error())), Sent: SentNo, Retryable: true, cause: err}
}

// mustJSON encodes a header, whose type can always be encoded.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("host: encoding %T: %v", v, err))
	}
	return b
}
