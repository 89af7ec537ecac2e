//go:build unix

package examples

import (
	"io"
	"net/http"
	"regexp"
	"syscall"
	"testing"

	"github.com/creack/pty"

	"github.com/remora-mcp/remora/test/internal/kit"
)

// demoCommand is what `make demo` runs, without the build.
func demoCommand(t *testing.T) []string {
	t.Helper()
	if _, err := kit.Package(); err != nil {
		t.Fatal(err)
	}
	script, err := kit.In("examples", "demo.sh")
	if err != nil {
		t.Fatal(err)
	}
	return []string{script, "--built"}
}

// table is the last line of the demo's table.
var table = regexp.MustCompile(`(?m)^close +closed +[0-9.]+ ms +[0-9.]+ ms +-$`)

// Without a terminal, as in continuous integration, it ends by itself.
func TestDemoWithoutATerminal(t *testing.T) {
	r := start(t, demoCommand(t))
	want{out: "It was fetched once"}.check(t, r)
	if !table.MatchString(r.out.String()) {
		t.Errorf("no table in %s", &r.out)
	}
}

// In a terminal the server and the page are there until Ctrl-C, and no longer.
func TestDemoInATerminal(t *testing.T) {
	file, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	r := newRun(t, "", demoCommand(t))
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = tty, tty, tty
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	r.start()
	_ = tty.Close()
	go func() { _, _ = io.Copy(&r.out, file) }() // ends when the terminal is closed

	r.await("Ctrl-C ends it.")
	urls := regexp.MustCompile(`(http://[^?\s]+)\?url=(\S+)`).FindStringSubmatch(r.out.String())
	if urls == nil {
		t.Fatalf("no address in %s", &r.out)
	}
	page, server := urls[1], urls[2]
	for url, status := range map[string]int{page: http.StatusOK, server: http.StatusBadRequest} {
		answer, err := http.Get(url) // which is no MCP, for the server
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != status {
			t.Errorf("%s: %s, want %d", url, answer.Status, status)
		}
	}
	if _, err := file.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	if got := r.status(); got != 0 {
		t.Errorf("status %d: %s", got, &r.out)
	}
	for _, url := range []string{page, server} {
		if answer, err := http.Get(url); err == nil {
			_ = answer.Body.Close()
			t.Errorf("%s still answers", url)
		}
	}
}
