package kit_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/remora-mcp/remora/test/internal/kit"
)

func TestNode(t *testing.T) {
	for _, major := range []int{22, 24} {
		node, err := kit.Node(major)
		if err != nil {
			t.Fatal(err)
		}
		out, err := kit.Run(t.Context(), node, []string{"-p", "process.versions.node"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Split(string(out), ".")[0]; got != map[int]string{22: "22", 24: "24"}[major] {
			t.Errorf("Node %d is %s", major, out)
		}
	}
	if _, err := kit.Node(3); err == nil || !strings.Contains(err.Error(), "npm --prefix test ci") {
		t.Errorf("Node 3: %v, want what to run", err)
	}
}

func TestNPMSaysWhatToRun(t *testing.T) {
	if _, err := kit.NPM("no-such-package", "index.js"); err == nil || !strings.Contains(err.Error(), "npm --prefix test ci") {
		t.Errorf("got %v, want what to run", err)
	}
}

func TestRun(t *testing.T) {
	node, err := kit.Node(22)
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "script.js")
	write := func(source string) {
		if err := os.WriteFile(script, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	write(`process.stdin.pipe(process.stdout)`)
	out, err := kit.Filter(t.Context(), strings.NewReader("through"), node, []string{script}, nil)
	if err != nil || string(out) != "through" {
		t.Errorf("got %q, %v", out, err)
	}

	write(`console.error("what went wrong"); process.exit(3)`)
	if _, err := kit.Run(t.Context(), node, []string{script}, nil); err == nil || !strings.Contains(err.Error(), "what went wrong") {
		t.Errorf("got %v, want the standard error in it", err)
	}

	// A program that does not end is ended with its context.
	write(`process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("runs")`)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := kit.Run(ctx, node, []string{script}, nil)
		done <- err
	}()
	cancel()
	select {
	case err := <-done:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(time.Minute):
		t.Fatal("it goes on")
	}
}

func TestStartServer(t *testing.T) {
	node, err := kit.Node(22)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = kit.StartServer(t.Context(), node, func(int) (args, env []string) {
		return []string{"-e", `console.error("no licence to listen"); process.exit(1)`}, nil
	})
	if err == nil || !strings.Contains(err.Error(), "no licence to listen") {
		t.Errorf("got %v, want what the program said", err)
	}
	p, port, err := kit.StartServer(t.Context(), node, func(port int) (args, env []string) {
		return []string{"-e", `require("net").createServer().listen(process.env.PORT, "127.0.0.1")`}, []string{"PORT=" + strconv.Itoa(port)}
	})
	if err != nil {
		t.Fatal(err)
	}
	if port == 0 {
		t.Error("no port")
	}
	p.Stop()
	p.Stop() // as often as one likes
	select {
	case <-p.Ended():
	default:
		t.Error("it was stopped and has not ended")
	}
	if _, err := kit.Start(filepath.Join(t.TempDir(), "nothing"), nil, nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the program does not exist", err)
	}
}
