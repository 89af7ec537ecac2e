// Package web holds that the example page works in a real browser, used as a
// person would use it, and that the README's page does.
package web

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/test/internal/kit"
	"github.com/remora-mcp/remora/test/internal/peers"
)

// result is the line of one test in what Node reports.
var result = regexp.MustCompile(`(?m)^(not )?ok \d+ - (.+)$`)

// buildPage builds examples/web into dist/web.
func buildPage(t *testing.T) {
	t.Helper()
	if _, err := kit.Package(); err != nil {
		t.Fatal(err)
	}
	top, err := kit.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{
		{filepath.Join("internal", "tools", "npm-install.sh"), "examples/web"},
		{"node", filepath.Join("examples", "web", "build.js")},
	} {
		build := exec.CommandContext(t.Context(), command[0], command[1:]...)
		build.Dir = top
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
}

// protectedServer starts the demo server that asks for credentials, and returns
// its URL.
func protectedServer(t *testing.T) string {
	t.Helper()
	server, err := demoserver.StartAuth("127.0.0.1:0", "test", demoserver.AuthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server.URL()
}

// TestPage runs each *.test.js of this folder in Node, which drives Chromium.
// With REMORA_SCREENSHOTS in the environment, the pictures of docs/web.md are
// written anew.
func TestPage(t *testing.T) {
	buildPage(t)
	node, err := kit.Node(22)
	if err != nil {
		t.Fatal(err)
	}
	set, err := peers.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Stop)
	protected := protectedServer(t)
	files, err := filepath.Glob("*.test.js")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".test.js"), func(t *testing.T) {
			run := exec.CommandContext(t.Context(), node, "--no-warnings", "--test", "--test-reporter=tap",
				"--test-timeout=180000", "--test-force-exit", file)
			run.Env = append(os.Environ(),
				"REMORA_TEST_SERVER="+set.Peers["demo"].BrowserURL,
				"REMORA_TEST_PROTECTED="+protected,
				"REMORA_TEST_EVERYTHING="+set.Peers["everything"].BrowserURL)
			out, err := run.CombinedOutput()
			results := result.FindAllStringSubmatch(string(out), -1)
			for _, line := range results {
				t.Run(line[2], func(t *testing.T) {
					if line[1] != "" {
						t.Fail()
					}
				})
			}
			if err != nil || len(results) == 0 {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
