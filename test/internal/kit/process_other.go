//go:build !linux

package kit

import (
	"os"
	"os/exec"
	"runtime"
)

func start(cmd *exec.Cmd) error { return cmd.Start() }

func interrupt(p *os.Process) error {
	if runtime.GOOS == "windows" {
		return p.Kill() // it knows no other signal
	}
	return p.Signal(os.Interrupt)
}
