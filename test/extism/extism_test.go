// Package extism holds what is particular to the npm package over an Extism
// SDK: making the plugin, traps, and the parts of a host that the SDKs lack.
// That everything else is as in the other embedders is in interop and e2e.
package extism

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/test/internal/kit"
)

func TestNode(t *testing.T) {
	for _, major := range []int{22, 24} {
		t.Run(fmt.Sprint(major), func(t *testing.T) { runTests(t, major, "driver.test.js", 18) })
	}
}

func TestBrowser(t *testing.T) { runTests(t, 22, "browser.test.js", 4) }

// The README's program over an Extism SDK is one that runs.
func TestProgramOfTheReadme(t *testing.T) {
	node, err := kit.Node(22)
	if err != nil {
		t.Fatal(err)
	}
	const address, entry = "http://127.0.0.1:8931/mcp", `"remora-mcp/extism"`
	program, err := kit.Snippet("README.md", "js", address, entry)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := kit.In("test")
	if err != nil {
		t.Fatal(err)
	}
	program = strings.NewReplacer(address, startDemo(t), entry, `"../dist/npm/extism.node.js"`).Replace(program)
	run := exec.CommandContext(t.Context(), node, "--no-warnings", "--input-type=module", "--eval", program)
	run.Dir = folder
	out, err := run.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "text: '5'") {
		t.Errorf("%v\n%s", err, out)
	}
}

// startDemo starts the demo server for the length of a test.
func startDemo(t *testing.T) string {
	t.Helper()
	demo, err := demoserver.Start("127.0.0.1:0", "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = demo.Close() })
	return demo.URL()
}

// startProtected starts the one that asks for credentials.
func startProtected(t *testing.T) string {
	t.Helper()
	demo, err := demoserver.StartAuth("127.0.0.1:0", "test", demoserver.AuthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = demo.Close() })
	return demo.URL()
}

// runTests runs a file of JavaScript tests, all of which have to pass.
func runTests(t *testing.T, major int, file string, tests int) {
	t.Helper()
	node, err := kit.Node(major)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kit.Package(); err != nil {
		t.Fatal(err)
	}
	for _, pkg := range []string{"@extism/extism", "extism-1"} {
		if _, err := kit.NPM(pkg, "package.json"); err != nil {
			t.Fatal(err)
		}
	}
	run := exec.CommandContext(t.Context(), node, "--no-warnings", "--test", "--test-reporter=tap", "--test-timeout=120000", file)
	run.Env = append(os.Environ(), "REMORA_TEST_SERVER="+startDemo(t), "REMORA_TEST_PROTECTED="+startProtected(t))
	out, err := run.CombinedOutput()
	if err != nil || !regexp.MustCompile(fmt.Sprintf(`(?m)^# pass %d$`, tests)).Match(out) {
		t.Errorf("%v\n%s", err, out)
	}
}
