package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/lean/pcln"
	"github.com/remora-mcp/remora/internal/lean/segments"
)

// linked builds a package as a guest is built, before and after its lines are
// stripped.
func linked(t *testing.T, pkg, goos string) (full, stripped string) {
	t.Helper()
	full = build(t, pkg, goos)
	if err := change(full, segments.Join); err != nil {
		t.Fatal(err)
	}
	stripped = full + "-stripped"
	if err := os.WriteFile(stripped, read(t, full), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := change(stripped, pcln.Strip); err != nil {
		t.Fatal(err)
	}
	return full, stripped
}

// withLines is what `lean lines` prints for a trace.
func withLines(t *testing.T, full, trace string) string {
	t.Helper()
	table, err := pcln.Open(read(t, full))
	if err != nil {
		t.Fatal(err)
	}
	text, found, err := table.Trace(trace)
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Errorf("no call of this trace was found:\n%s", trace)
	}
	return text
}

// TestStrippedRunsTheSame runs all that the runtime reads its tables for: what
// comes out is the same as in a native build, and a trace with the lines found
// again is the same as that of the build that has them.
func TestStrippedRunsTheSame(t *testing.T) {
	native := parse(t, runCommand(t, build(t, "./stress", "")))
	for _, platform := range platforms {
		t.Run(platform.goos, func(t *testing.T) {
			full, stripped := linked(t, "./stress", platform.goos)
			for _, wasm := range []string{full, stripped} {
				stdout, stderr, ok := platform.run(t, wasm, nil)
				if !ok {
					t.Fatalf("%s failed: %s", filepath.Base(wasm), stderr)
				}
				if got := parse(t, stdout); !maps.Equal(got, native) {
					t.Errorf("%s: got %v, want %v", filepath.Base(wasm), got, native)
				}
			}
			for _, how := range []string{"panic", "nil"} {
				_, want, _ := platform.run(t, full, nil, how)
				_, got, ok := platform.run(t, stripped, nil, how)
				if ok || !bytes.Contains(got, []byte("?:0 +0x")) || bytes.Contains(got, []byte(".go:")) {
					t.Errorf("%s: ended well = %v, said %s", how, ok, got)
				}
				if text := withLines(t, full, string(got)); withoutArguments(text) != withoutArguments(string(want)) {
					t.Errorf("%s: got\n%s\nwant\n%s", how, text, want)
				}
			}
		})
	}
}

var (
	traced = regexp.MustCompile(`(?s)panic: .*?(?:\n\n|$)goroutine .*?(?:\n\n|$)`)
	args   = regexp.MustCompile(`(?m)^(\S+)\(.*\)$`)
	number = regexp.MustCompile(`goroutine [0-9]+`)
	// A go statement's call that is inlined has no offset, as its wrapper is not in
	// a trace; so no line can be found.
	inWrapper = regexp.MustCompile(`(?m)^main\.inline\(\)\n\t.*\n`)
)

// withoutArguments is the trace of a program that panicked, without what a stripped one
// cannot have: arguments. Goroutines have other numbers in each run.
func withoutArguments(output string) string {
	trace := traced.FindString(output)
	if trace == "" {
		return "no trace: " + output
	}
	trace = args.ReplaceAllString(trace, "$1()")
	return inWrapper.ReplaceAllString(number.ReplaceAllString(trace, "goroutine N"), "")
}

// listTools makes the guest panic that fails on purpose.
const listTools = `
import { readFileSync } from "node:fs";
await import(process.argv[1]);
const go = new globalThis.Go();
go.importObject.remora = { send() {} };
const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]), go.importObject);
go.run(instance);
const header = new TextEncoder().encode('{"command":"listTools"}');
const frame = new Uint8Array(16 + header.length);
frame[0] = header.length;
frame[12] = 2;
frame.set(header, 16);
const at = instance.exports.remora_alloc(frame.length);
new Uint8Array(instance.exports.mem.buffer).set(frame, at);
instance.exports.remora_recv(at, frame.length);
go._resume();
`

// TestLinesOfAGuestThatPanicked takes the way from a trace of a guest for
// JavaScript to the line of the source that panicked.
func TestLinesOfAGuestThatPanicked(t *testing.T) {
	const pkg = "../../jsbridge/test/guests/failing"
	full, stripped := linked(t, pkg, "js")
	root, err := goroot()
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", "--input-type=module", "-e", listTools,
		filepath.Join(root, "lib", "wasm", "wasm_exec.js"), stripped)
	output, _ := node.CombinedOutput() // it fails, by what is looked for
	source := string(read(t, filepath.Join(pkg, "main.go")))
	before, _, ok := strings.Cut(source, `panic("a test`)
	if !ok {
		t.Fatal("the guest does not panic any more")
	}
	want := fmt.Sprintf("main.take()\n\tgithub.com/remora-mcp/remora/jsbridge/test/guests/failing/main.go:%d +0x", strings.Count(before, "\n")+1)
	if text := withLines(t, full, string(output)); !strings.Contains(text, want) {
		t.Errorf("got\n%s\nof\n%s\nwant %q in it", text, output, want)
	}
}

func TestLinesCommand(t *testing.T) {
	full, stripped := linked(t, "./stress", "wasip1")
	trace := filepath.Join(t.TempDir(), "trace")
	for text, want := range map[string]string{
		"main.main()\n\t?:0 +0x1\n":  "",
		"main.main()\n\tmain.go:1\n": "no call of the trace",
		"main.gone()\n\t?:0 +0x1\n":  "no call of the trace",
	} {
		if err := os.WriteFile(trace, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := run([]string{"lines", full, trace}); fmt.Sprint(err) != "<nil>" && want == "" || err == nil && want != "" ||
			err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	for _, command := range [][]string{{"lines", stripped, trace}, {"strip", stripped}} {
		if err := run(command); err == nil || !strings.Contains(err.Error(), "stripped already") {
			t.Errorf("%s of a stripped module: got %v", command[0], err)
		}
	}
}
