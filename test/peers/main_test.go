package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/remora-mcp/remora/test/internal/kit"
	"github.com/remora-mcp/remora/test/internal/peers"
)

// TestNothingOutlivesPeers holds that every server is gone once the program has
// ended: told so by its standard input, and, on Linux, killed.
func TestNothingOutlivesPeers(t *testing.T) {
	program, err := kit.Build(t.Context(), "peers", "./test/peers")
	if err != nil {
		t.Fatal(err)
	}
	ends := map[string]func(*exec.Cmd, io.Closer) error{
		"standard input closes": func(_ *exec.Cmd, stdin io.Closer) error { return stdin.Close() },
		"interrupted":           func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Signal(os.Interrupt) },
	}
	if runtime.GOOS == "linux" {
		ends["killed"] = func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Kill() }
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(program)
			cmd.Stderr = os.Stderr
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(stdout).ReadBytes('\n')
			if err != nil {
				t.Fatal(err)
			}
			var running map[string]peers.Peer
			if err := json.Unmarshal(line, &running); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if len(running) != 8 {
				t.Errorf("%d peers, want 8", len(running))
			}
			for name, peer := range running {
				if !answers(t, peer.URL) {
					t.Errorf("%s does not listen", name)
				}
			}
			if err := end(cmd, stdin); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil && name != "killed" {
				t.Errorf("it ended with %v", err)
			}
			deadline := time.Now().Add(20 * time.Second)
			for name, peer := range running {
				for answers(t, peer.URL) {
					if time.Now().After(deadline) {
						t.Fatalf("%s goes on", name)
					}
					time.Sleep(10 * time.Millisecond) // the kernel ends a killed child in its own time
				}
			}
		})
	}
}

// answers reports whether somebody listens at a URL's port.
func answers(t *testing.T, at string) bool {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
