package host

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

var testGuest struct {
	once sync.Once
	wasm []byte
	err  error
}

// buildTestGuest compiles testdata/guest with the Go toolchain that runs the
// tests.
func buildTestGuest(t testing.TB) []byte {
	t.Helper()
	testGuest.once.Do(func() {
		out := filepath.Join(testFolder, "guest.wasm")
		cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", out, "./testdata/guest")
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
		if said, err := cmd.CombinedOutput(); err != nil {
			testGuest.err = errors.New(string(said))
			return
		}
		testGuest.wasm, testGuest.err = os.ReadFile(out)
	})
	if testGuest.err != nil {
		t.Fatalf("building testdata/guest: %v", testGuest.err)
	}
	return testGuest.wasm
}

// newTestInstance makes an instance of the test's guest.
func newTestInstance(t *testing.T, change ...func(*Options)) *instance {
	t.Helper()
	o := Options{Wasm: buildTestGuest(t), CacheDir: cacheForTests(t), Logger: testLogger(t)}
	for _, f := range change {
		f(&o)
	}
	o, err := o.check()
	if err != nil {
		t.Fatal(err)
	}
	c, err := compile(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	g, err := newInstance(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = g.Close(context.Background())
		if err := c.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return g
}

// command has the guest run a command and returns its answer.
func command(t *testing.T, g *instance, name string) (string, error) {
	t.Helper()
	out, err := g.Step(t.Context(), wire.AppendFrame(nil, frameOf(wire.KindCall, 1, wire.Call{Command: name}, "")))
	if err != nil {
		return "", err
	}
	frames, err := wire.ParseBatch(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(frames[0].Payload), nil
}

func TestInstanceHasTheMachinesClockAndRandomness(t *testing.T) {
	a, b := newTestInstance(t), newTestInstance(t)
	must := func(g *instance, name string) string {
		t.Helper()
		s, err := command(t, g, name)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if x, y, z := must(a, "random"), must(a, "random"), must(b, "random"); x == y || x == z {
		t.Errorf("random bytes %s, %s, and in another instance %s", x, y, z)
	}
	now, err := time.Parse(time.RFC3339, must(a, "now"))
	if err != nil || time.Since(now).Abs() > time.Hour {
		t.Errorf("the guest's time is %v, %v", now, err)
	}
	if d, err := time.ParseDuration(must(a, "sleep")); err != nil || d < 30*time.Millisecond {
		t.Errorf("a sleep of 30 ms took %v, %v", d, err)
	}
	if got := must(a, "environment"); got != "0 false false" {
		t.Errorf("environment, arguments, files: %s", got)
	}
}

func TestInstanceFailures(t *testing.T) {
	for name, says := range map[string]string{
		"trap":  "nil pointer dereference",
		"exit":  "",
		"exit1": "exit_code(1)",
		"shout": "bytes and said",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := command(t, newTestInstance(t), name)
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("got %v, want something of %q", err, says)
			}
		})
	}
}

func TestInstanceMemory(t *testing.T) {
	g := newTestInstance(t, func(o *Options) { o.MemoryLimitPages = 512 })
	before := g.MemoryBytes()
	if before < 1<<20 || before > 32<<20 {
		t.Errorf("a fresh instance has %d bytes", before)
	}
	if _, err := command(t, g, "grow"); err != nil {
		t.Fatal(err)
	}
	if grown := g.MemoryBytes() - before; grown < 8<<20 || grown > 20<<20 {
		t.Errorf("8 MiB made it grow by %d bytes", grown)
	}
	for range 10 {
		if _, err := command(t, g, "grow"); err != nil {
			return // the limit holds
		}
	}
	t.Errorf("it grew to %d bytes, beyond its limit", g.MemoryBytes())
}

func TestHardDeadline(t *testing.T) {
	rt, err := Open(t.Context(), Options{
		Wasm: buildTestGuest(t), CacheDir: cacheForTests(t), Logger: testLogger(t), HardDeadline: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(context.Background())
	s := connect(t, rt, "http://127.0.0.1:1/", nil)
	_, err = s.request(t.Context(), "loop", struct{}{}, nil)
	if !errors.Is(err, &Error{Code: CodePluginDeadline}) {
		t.Errorf("got %v", err)
	}
	if _, err := s.request(t.Context(), "anything", struct{}{}, nil); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A real trap, from the inside of WebAssembly to the caller and back to work.
func TestRealTrap(t *testing.T) {
	rt := openRuntime(t, func(o *Options) { o.Wasm = buildTestGuest(t) })
	s := connect(t, rt, "http://127.0.0.1:1/", nil)
	for range 5 {
		_, err := s.request(t.Context(), "trap", struct{}{}, nil)
		var e *Error
		if !errors.As(err, &e) || e.Code != CodePluginTrap || e.Sent != SentNo {
			t.Errorf("got %v", err)
		}
		if _, err := s.request(t.Context(), "fine", struct{}{}, nil); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
}

func TestWasmThatIsNoPlugin(t *testing.T) {
	empty := []byte("\x00asm\x01\x00\x00\x00")
	for name, wasm := range map[string][]byte{"not wasm": []byte("hello"), "no step": empty} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), Options{Wasm: wasm, CacheDir: t.TempDir()})
			if !errors.Is(err, &Error{Code: CodePluginTrap}) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A plugin that asks more of an Extism SDK than whether there is input.
func TestPluginNeedsExtism(t *testing.T) {
	wasm := "\x00asm\x01\x00\x00\x00" +
		"\x01\x0a\x02\x60\x01\x7e\x01\x7e\x60\x00\x01\x7f" + // types: i64 to i64, nothing to i32
		"\x02\x1a\x01\x0fextism:host/env\x06length\x00\x00" +
		"\x03\x02\x01\x01" +
		"\x07\x08\x01\x04step\x00\x01" +
		"\x0a\x0b\x01\x09\x00\x42\x00\x10\x00\x1a\x41\x00\x0b" // length(0), dropped; 0
	_, err := Open(t.Context(), Options{Wasm: []byte(wasm), CacheDir: t.TempDir()})
	if !errors.Is(err, &Error{Code: CodePluginTrap}) || !strings.Contains(err.Error(), "needs length of an Extism SDK") {
		t.Errorf("got %v", err)
	}
}

func TestBatchReader(t *testing.T) {
	var r batchReader
	for _, size := range []int{1, 3, 4, 5, 100} {
		r.set([]byte("hello"))
		var got []byte
		for {
			p := make([]byte, size)
			n, err := r.Read(p)
			got = append(got, p[:n]...)
			if err != nil {
				break
			}
		}
		if !bytes.Equal(got, []byte("\x05\x00\x00\x00hello")) {
			t.Errorf("in pieces of %d: %q", size, got)
		}
	}
}

func TestBatchWriter(t *testing.T) {
	for written, want := range map[string]string{
		"\x02\x00\x00\x00ab":  "ab",
		"\x00\x00\x00\x00":    "",
		"\x02\x00\x00\x00a":   "error",
		"\x02\x00\x00\x00abc": "error",
		"\x02\x00":            "error",
		"":                    "error",
	} {
		var w batchWriter
		_, _ = w.Write([]byte(written))
		got, err := w.batch()
		if (err != nil) != (want == "error") || err == nil && string(got) != want {
			t.Errorf("%q: got %q, %v", written, got, err)
		}
	}
}
