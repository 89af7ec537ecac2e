package host

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/remora-mcp/remora/internal/wire"
)

// A guest is one instance of the plugin as its driver sees it. It is not safe
// for concurrent use.
type guest interface {
	// Step hands over one batch of frames, which may not be empty, lets the
	// instance run until nothing in it can go on, and returns the batch that it
	// made, valid until the next Step. After an error the instance is
	// unusable: it may still answer and hold locks.
	Step(ctx context.Context, batch []byte) ([]byte, error)
	// MemoryBytes is how much memory the instance has taken. It never shrinks.
	MemoryBytes() int64
	// Close frees the instance.
	Close(ctx context.Context) error
}

// maxKeptBytes is how large a buffer may be and still be kept for reuse.
const maxKeptBytes = 4 << 20

// instance is a guest on wazero.
//
// Batches travel over the plugin's WASI stdin and stdout, which copy in bulk,
// each preceded by its length as a 32-bit little-endian number.
type instance struct {
	module   api.Module
	step     api.Function // not safe for concurrent use; keeps its stack from call to call
	results  [1]uint64
	in       batchReader
	out      batchWriter
	stderr   stderrWriter
	memory   atomic.Int64
	deadline time.Duration
}

// newInstance makes an instance. The plugin gets the machine's real clocks and
// cryptographic randomness, which wazero does not give by default, and nothing
// else: no file, no environment, no arguments.
func newInstance(ctx context.Context, c *compiled, o Options) (*instance, error) {
	g := &instance{deadline: o.HardDeadline}
	config := wazero.NewModuleConfig().
		WithName(""). // there may be many
		WithStartFunctions("_initialize").
		WithSysWalltime().
		WithSysNanotime().
		WithSysNanosleep().
		WithRandSource(rand.Reader).
		WithStdin(&g.in).
		WithStdout(&g.out).
		WithStderr(&g.stderr)
	// An instance outlives the call that happens to need it first.
	ctx = context.WithoutCancel(ctx)
	ctx = experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(_, max uint64) experimental.LinearMemory {
		return &linearMemory{max: max, total: &g.memory}
	}))
	module, err := c.runtime.InstantiateModule(ctx, c.module, config)
	if err != nil {
		return nil, g.explain(fmt.Errorf("the plugin cannot be instantiated: %w", err))
	}
	g.module, g.step = module, module.ExportedFunction("step")
	if g.step == nil || len(g.step.Definition().ParamTypes()) != 0 || len(g.step.Definition().ResultTypes()) != 1 {
		_ = module.Close(ctx)
		return nil, errors.New(`the plugin has no export "step" that takes nothing and returns a number`)
	}
	return g, nil
}

func (g *instance) Step(ctx context.Context, batch []byte) (answer []byte, err error) {
	// The runtime turns a trap into an error; what panics all the same must not
	// end the program.
	defer func() {
		if p := recover(); p != nil {
			answer, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	if g.deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, g.deadline)
		defer cancel()
	}
	g.in.set(batch)
	g.out.reset()
	err = g.step.CallWithStack(ctx, g.results[:])
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, &Error{Code: CodePluginDeadline, Message: fmt.Sprintf("the plugin computed for more than %v in one step", g.deadline)}
	case err != nil:
		return nil, g.explain(err)
	case g.results[0] != 0:
		return nil, g.explain(fmt.Errorf("step returned %d", g.results[0]))
	}
	return g.out.batch()
}

// explain adds what the plugin wrote to stderr (a Go panic, mostly).
func (g *instance) explain(err error) error {
	said := wire.Excerpt(g.stderr.bytes())
	if said == "" {
		return err
	}
	return fmt.Errorf("%w; it said: %s", err, said)
}

func (g *instance) MemoryBytes() int64 { return g.memory.Load() }

func (g *instance) Close(ctx context.Context) error { return g.module.Close(ctx) }

// batchReader is the plugin's stdin: one batch with its length before it.
type batchReader struct {
	prefix [4]byte
	at     int // bytes of the prefix that have been read
	rest   []byte
}

func (r *batchReader) set(batch []byte) {
	binary.LittleEndian.PutUint32(r.prefix[:], uint32(len(batch)))
	r.at, r.rest = 0, batch
}

func (r *batchReader) Read(p []byte) (int, error) {
	n := 0
	if r.at < len(r.prefix) {
		n = copy(p, r.prefix[r.at:])
		r.at += n
	}
	m := copy(p[n:], r.rest)
	r.rest = r.rest[m:]
	if n+m == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n + m, nil
}

// batchWriter is the plugin's stdout.
type batchWriter struct{ buf []byte }

func (w *batchWriter) reset() {
	if cap(w.buf) > maxKeptBytes {
		w.buf = nil
	}
	w.buf = w.buf[:0]
}

func (w *batchWriter) Write(p []byte) (int, error) {
	w.buf = append(w.buf, p...)
	return len(p), nil
}

// batch returns the one batch that was written, without its length.
func (w *batchWriter) batch() ([]byte, error) {
	if len(w.buf) < 4 {
		return nil, errors.New("the plugin wrote no answer")
	}
	if n := uint64(binary.LittleEndian.Uint32(w.buf)); n != uint64(len(w.buf)-4) {
		return nil, fmt.Errorf("the plugin wrote %d bytes and said %d", len(w.buf)-4, n)
	}
	return w.buf[4:], nil
}

// stderrWriter is the plugin's stderr. It keeps the first bytes written, which
// hold a panic's message, and forgets the rest.
type stderrWriter struct{ buf bytes.Buffer }

func (w *stderrWriter) Write(p []byte) (int, error) {
	if room := 4*wire.MaxExcerptBytes - w.buf.Len(); room > 0 {
		w.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (w *stderrWriter) bytes() []byte { return w.buf.Bytes() }

// linearMemory is the memory of one module. It exists to be measured as it grows.
type linearMemory struct {
	max   uint64
	buf   []byte
	total *atomic.Int64 // of the instance
}

// Reallocate returns the memory grown to size, its old bytes kept and the new
// ones zero. Capacity doubles, so that growing step by step copies little.
func (m *linearMemory) Reallocate(size uint64) []byte {
	if size > m.max {
		return nil
	}
	m.total.Add(int64(size) - int64(len(m.buf)))
	if size <= uint64(cap(m.buf)) {
		m.buf = m.buf[:size]
		return m.buf
	}
	grown := make([]byte, size, min(max(size, 2*uint64(cap(m.buf))), m.max))
	copy(grown, m.buf)
	m.buf = grown
	return m.buf
}

// Free forgets the memory.
func (m *linearMemory) Free() {
	m.total.Add(-int64(len(m.buf)))
	m.buf = nil
}
