package kit

import (
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// starts carries children to the one thread that starts them. Linux ends a
// child with Pdeathsig when the thread that started it ends, so that thread has
// to live as long as the process.
var starts = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// start starts a child that is killed when this process ends, however it ends.
func start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	result := make(chan error)
	starts() <- func() { result <- cmd.Start() }
	return <-result
}

func interrupt(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
