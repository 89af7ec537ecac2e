package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/remora-mcp/remora/test/bench/protocol"
)

// A driver is a process with one client, as the package protocol describes. It ends
// with this process: its standard input closes then.
type driver struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Scanner
	says  *says
	// started is how long it took from the start of the process to the first
	// result, or what the driver says instead.
	started time.Duration
}

// A say is slow if it takes so long; a driver that is slower is taken for stuck.
const replyLimit = 5 * time.Minute

// start starts a driver for a client and waits for its first result.
func (b *bench) start(ctx context.Context, name string) (*driver, error) {
	program, args := named(name).command(b)
	d := &driver{cmd: exec.CommandContext(ctx, program, append(args, b.server)...), says: new(says)}
	d.cmd.Env = append(os.Environ(), b.environment(name)...)
	d.cmd.Stderr = d.says
	var err error
	if d.stdin, err = d.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	d.lines = bufio.NewScanner(stdout)
	from := time.Now()
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	reply, err := d.reply()
	d.started = time.Since(from)
	if reply.WallMs > 0 {
		d.started = time.Duration(reply.WallMs * float64(time.Millisecond))
	}
	if err != nil {
		d.stop()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// ask has the driver do something.
func (d *driver) ask(request protocol.Request) (protocol.Reply, error) {
	line, err := json.Marshal(request)
	if err != nil {
		return protocol.Reply{}, err
	}
	if _, err := d.stdin.Write(append(line, '\n')); err != nil {
		return protocol.Reply{}, fmt.Errorf("the driver has ended: %s", d.says)
	}
	return d.reply()
}

func (d *driver) reply() (protocol.Reply, error) {
	var reply protocol.Reply
	stuck := time.AfterFunc(replyLimit, func() { _ = d.cmd.Process.Kill() })
	defer stuck.Stop()
	if !d.lines.Scan() {
		return reply, fmt.Errorf("the driver has ended: %s", d.says)
	}
	if err := json.Unmarshal(d.lines.Bytes(), &reply); err != nil {
		return reply, fmt.Errorf("the driver wrote %.200q: %w", d.lines.Text(), err)
	}
	if reply.Error != "" {
		return reply, errors.New(reply.Error)
	}
	return reply, nil
}

// stop ends the driver and waits for it.
func (d *driver) stop() {
	_ = d.stdin.Close()
	stuck := time.AfterFunc(20*time.Second, func() { _ = d.cmd.Process.Kill() })
	defer stuck.Stop()
	_ = d.cmd.Wait()
}

// says keeps the beginning of what a driver writes to its standard error.
type says struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *says) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.text.Len() < 8<<10 {
		s.text.Write(p)
	}
	return len(p), nil
}

func (s *says) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.TrimSpace(s.text.String())
}
