package simple

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/internal/kit"
)

// nobodyListens is the URL of a server that is down.
func nobodyListens(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String() + "/mcp"
}

// Both lines of Extism's JavaScript SDK.
func TestJavaScriptSDKs(t *testing.T) {
	node, err := kit.Node(22)
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range []string{"@extism/extism", "extism-1"} {
		if _, err := kit.NPM(pkg, "package.json"); err != nil {
			t.Fatal(err)
		}
	}
	run := exec.CommandContext(t.Context(), node, "--no-warnings", "--test", "--test-reporter=tap", "extism.test.js")
	run.Env = append(os.Environ(), "REMORA_TEST_SERVER="+startDemo(t), "REMORA_TEST_DOWN="+nobodyListens(t))
	out, err := run.CombinedOutput()
	if err != nil || !regexp.MustCompile(`(?m)^# pass 10$`).Match(out) {
		t.Errorf("%v\n%s", err, out)
	}
}

// The README's program for an Extism host is one that runs.
func TestProgramOfTheReadme(t *testing.T) {
	node, err := kit.Node(22)
	if err != nil {
		t.Fatal(err)
	}
	top, err := kit.Root()
	if err != nil {
		t.Fatal(err)
	}
	const address = "http://127.0.0.1:8931/mcp"
	program, err := kit.Snippet("README.md", "js", address, "runInWorker")
	if err != nil {
		t.Fatal(err)
	}
	// Packages are found from the folder test, the plugin from the top.
	program = "process.chdir('..');\n" + strings.ReplaceAll(program, address, startDemo(t))
	run := exec.CommandContext(t.Context(), node, "--no-warnings", "--input-type=module", "--eval", program)
	run.Dir = filepath.Join(top, "test")
	out, err := run.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "text: '5'") {
		t.Errorf("%v\n%s", err, out)
	}
}
