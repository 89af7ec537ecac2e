//go:build !unix

package host

import (
	"fmt"
	"os"
	"os/exec"
)

// ownGroup: there are no process groups.
func ownGroup(*exec.Cmd) {}

// terminate: there is no signal to ask with.
func terminate(cmd *exec.Cmd) { kill(cmd) }

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func killGroup(*exec.Cmd, <-chan struct{}) {}

// describeExit says how a program ended.
func describeExit(state *os.ProcessState) (string, processEnd) {
	code := state.ExitCode()
	return fmt.Sprintf("the server's program exited with status %d", code), processEnd{ExitCode: &code}
}
