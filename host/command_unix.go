//go:build unix

package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// ownGroup makes the program the head of a process group, so that what it starts
// can be ended with it, and a Ctrl-C in a terminal is not also its.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// terminate asks the program and what it has started to end.
func terminate(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// killGroup ends what the program has left behind: asked first, killed a little
// later.
func killGroup(cmd *exec.Cmd, exited <-chan struct{}) {
	select {
	case <-exited:
	default:
		return // it was killed, and its group with it
	}
	terminate(cmd)
	for range 20 {
		if errors.Is(syscall.Kill(-cmd.Process.Pid, 0), syscall.ESRCH) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	kill(cmd)
}

// describeExit says how a program ended.
func describeExit(state *os.ProcessState) (string, processEnd) {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return fmt.Sprintf("the server's program was ended by a signal (%v)", status.Signal()), processEnd{Signal: status.Signal().String()}
	}
	code := state.ExitCode()
	return fmt.Sprintf("the server's program exited with status %d", code), processEnd{ExitCode: &code}
}
