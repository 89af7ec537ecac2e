package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/remora-mcp/remora/internal/lean/pcln"
	"github.com/remora-mcp/remora/internal/lean/segments"
)

// absent is in the error of everything that is cut or stood in for.
const absent = "not in this build"

// kept is what works with the overlay as without: it is cut only inside.
var kept = []string{"jsonrpc.DecodeMessage", "mcp.Client's headers", "net.LookupPort", "mime.TypeByExtension", "rand.Read", "sha256"}

// failsAnyway is what a native build has, but fails with the probe's input.
var failsAnyway = []string{"tls.Client", "tls.LoadX509KeyPair", "x509.ParsePKCS1PrivateKey"}

// TestNativeBuildIsWhole runs the probe as any program of a user is built.
func TestNativeBuildIsWhole(t *testing.T) {
	bin := build(t, "./probe", "")
	outcomes := parse(t, runCommand(t, bin, probeArgs(t)...))
	for name, outcome := range outcomes {
		if strings.Contains(outcome, absent) || outcome != "ok" && !slices.Contains(failsAnyway, name) {
			t.Errorf("%s: %s", name, outcome)
		}
	}
	if len(outcomes) == 0 {
		t.Error("the probe did nothing")
	}
}

// platforms are where the guests run.
var platforms = []struct {
	goos string
	run  func(t *testing.T, wasm string, env []string, args ...string) (stdout, stderr []byte, ok bool)
}{{"wasip1", runWazero}, {"js", runNode}}

// TestCutsFailInTheGuests runs the probe with the overlay on both platforms, its
// data segments joined and its lines stripped as those of a guest are.
func TestCutsFailInTheGuests(t *testing.T) {
	overlay := makeOverlay(t)
	args := probeArgs(t)
	for _, platform := range platforms {
		t.Run(platform.goos, func(t *testing.T) {
			wasm := build(t, "./probe", platform.goos, "-overlay", overlay, "-modfile", filepath.Join(filepath.Dir(overlay), "go.mod"))
			linked := read(t, wasm)
			if err := change(wasm, segments.Join); err != nil {
				t.Fatal(err)
			}
			sameMemory(t, linked, read(t, wasm))
			if err := change(wasm, pcln.Strip); err != nil {
				t.Fatal(err)
			}

			stdout, stderr, ok := platform.run(t, wasm, nil, args...)
			if !ok {
				t.Fatalf("the probe failed: %s", stderr)
			}
			outcomes := parse(t, stdout)
			for name, outcome := range outcomes {
				if slices.Contains(kept, name) {
					if outcome != "ok" {
						t.Errorf("%s: %s", name, outcome)
					}
				} else if !strings.Contains(outcome, absent) {
					t.Errorf("%s: %q, want an error that says %q", name, outcome, absent)
				}
			}
			if len(outcomes) <= len(kept) {
				t.Errorf("the probe called only %d functions", len(outcomes))
			}

			_, stderr, ok = platform.run(t, wasm, []string{"GODEBUG=fips140=on"}, args...)
			if ok || !strings.Contains(string(stderr), "FIPS 140 mode is "+absent) {
				t.Errorf("in FIPS 140 mode: ended well = %v, said %q", ok, stderr)
			}
		})
	}
}

// sameMemory compares what two modules put into memory when they are
// instantiated, byte for byte.
func sameMemory(t *testing.T, linked, joined []byte) {
	t.Helper()
	before, err := segments.Read(linked)
	if err != nil {
		t.Fatal(err)
	}
	after, err := segments.Read(joined)
	if err != nil {
		t.Fatal(err)
	}
	if len(after) >= len(before)/10 {
		t.Errorf("%d segments became %d", len(before), len(after))
	}
	if !bytes.Equal(image(before), image(after)) {
		t.Error("the memory is not the same")
	}
}

// image is memory from address 0 to the end of the last segment.
func image(list []segments.Segment) []byte {
	var memory []byte
	for _, s := range list {
		end := int(s.Address) + len(s.Bytes)
		if end > len(memory) {
			memory = append(memory, make([]byte, end-len(memory))...)
		}
		copy(memory[s.Address:], s.Bytes)
	}
	return memory
}

// makeOverlay writes the overlay and returns the file for -overlay; the one for
// -modfile is beside it.
func makeOverlay(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	standins, err := standinDir()
	if err != nil {
		t.Fatal(err)
	}
	if err := writeOverlay(dir, standins); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if err := writeModules(root, dir); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "overlay.json")
}

// build builds a package: for this machine, or for a GOOS of wasm with the flags
// of build.sh.
func build(t *testing.T, pkg, goos string, flags ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), path.Base(pkg))
	args := []string{"build", "-o", out}
	env := os.Environ()
	if goos != "" {
		args = append(args, "-trimpath", "-buildvcs=false", "-tags", "nethttpomithttp2", "-ldflags=-s -w")
		env = append(env, "GOOS="+goos, "GOARCH=wasm")
	}
	cmd := exec.Command("go", append(append(args, flags...), pkg)...)
	cmd.Env = env
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

// probeArgs starts a server for the probe and makes a key.
func probeArgs(t *testing.T) []string {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return []string{strings.TrimPrefix(server.URL, "http://"), base64.StdEncoding.EncodeToString(der)}
}

func runCommand(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	return out
}

func runWazero(t *testing.T, wasm string, env []string, args ...string) (stdout, stderr []byte, ok bool) {
	t.Helper()
	ctx := context.Background()
	runtime := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig())
	defer runtime.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, runtime)
	var out, errs bytes.Buffer
	config := wazero.NewModuleConfig().WithArgs(append([]string{"probe"}, args...)...).WithStdout(&out).WithStderr(&errs).
		WithSysWalltime().WithSysNanotime().WithSysNanosleep().WithRandSource(rand.Reader)
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		config = config.WithEnv(name, value)
	}
	_, err := runtime.InstantiateWithConfig(ctx, read(t, wasm), config)
	if err != nil {
		fmt.Fprintln(&errs, err)
	}
	return out.Bytes(), errs.Bytes(), err == nil
}

func runNode(t *testing.T, wasm string, env []string, args ...string) (stdout, stderr []byte, ok bool) {
	t.Helper()
	root, err := goroot()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd := exec.Command("node", append([]string{filepath.Join(root, "lib", "wasm", "wasm_exec_node.js"), wasm}, args...)...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.Bytes(), errs.Bytes(), err == nil
}

func parse(t *testing.T, line []byte) map[string]string {
	t.Helper()
	var outcomes map[string]string
	if err := json.Unmarshal(line, &outcomes); err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	return outcomes
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
