// Command driver runs the work of the benchmarks with one client in Go, as the
// package protocol describes.
//
//	go-sdk           the go-sdk itself
//	host             package host: the plugin, one instance
//	pool             package host: an instance for each processor
//	compile          no client: compiles the plugin as host does without a cache
//	compile-plain    no client: compiles the module in REMORA_BENCH_PLAIN as wazero does by default
//
// REMORA_BENCH_CACHE is the folder of host's cache. REMORA_BENCH_PROFILE, if it is
// set, is the file that a CPU profile of what follows the first reply is written to.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/remora-mcp/remora/test/bench/protocol"
)

// A client is one session of a client under test. Its methods may be called at the
// same time.
type client interface {
	// text calls the tool text and returns how long the text is.
	text(ctx context.Context, bytes int) (int, error)
	// list lists the tools and returns how many there are.
	list(ctx context.Context) (int, error)
	// progress calls the tool progress and returns how many events came.
	progress(ctx context.Context, steps int) (int, error)
	// guest adds what the client's guest takes, if it has one.
	guest(ctx context.Context, to *protocol.Reply) error
}

// clients open a session with the server at a URL.
var clients = map[string]func(ctx context.Context, url string) (client, error){
	"go-sdk": openSDK,
	"host":   openHost,
	"pool":   openPool,
}

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		log.Fatal("driver: ", err)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: driver CLIENT SERVER")
	}
	out := json.NewEncoder(os.Stdout)
	if measure := compilers[args[0]]; measure != nil {
		took, err := measure(ctx)
		if err != nil {
			return err
		}
		return out.Encode(protocol.Reply{WallMs: ms(took)})
	}
	open := clients[args[0]]
	if open == nil {
		return fmt.Errorf("no client %q", args[0])
	}
	d := &driver{open: open, server: args[1]}
	var err error
	if d.client, err = open(ctx, d.server+"/mcp"); err != nil {
		return err
	}
	if err := d.call(ctx, protocol.Request{Count: 1, Bytes: 10}); err != nil {
		return err
	}
	if err := out.Encode(protocol.Reply{}); err != nil {
		return err
	}
	stop, err := profile(os.Getenv("REMORA_BENCH_PROFILE"))
	if err != nil {
		return err
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var request protocol.Request
		if err := json.Unmarshal(in.Bytes(), &request); err != nil {
			return err
		}
		if err := out.Encode(d.measured(ctx, request)); err != nil {
			return err
		}
	}
	return errors.Join(in.Err(), stop())
}

// profile writes a CPU profile to a file until stop is called; without a name it
// does nothing.
func profile(name string) (stop func() error, err error) {
	if name == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}

type driver struct {
	open   func(ctx context.Context, url string) (client, error)
	server string
	client client
	listed client   // of /list, once it was needed
	more   []client // further sessions
}

// measured does what is asked and says how long it took.
func (d *driver) measured(ctx context.Context, request protocol.Request) protocol.Reply {
	var reply protocol.Reply
	do := func() error { return d.do(ctx, request, &reply) }
	if request.Do == protocol.List && d.listed == nil {
		var err error
		if d.listed, err = d.open(ctx, d.server+"/list"); err != nil {
			return protocol.Reply{Error: err.Error()}
		}
	}
	cpu, from := cpuTime(), time.Now()
	err := do()
	reply.WallMs, reply.CPUMs = ms(time.Since(from)), ms(cpuTime()-cpu)
	if err != nil {
		reply = protocol.Reply{Error: err.Error()}
	}
	return reply
}

func (d *driver) do(ctx context.Context, request protocol.Request, reply *protocol.Reply) error {
	switch request.Do {
	case protocol.Call:
		return d.call(ctx, request)
	case protocol.List:
		for range request.Count {
			if err := expect("tools", 1000)(d.listed.list(ctx)); err != nil {
				return err
			}
		}
		return nil
	case protocol.Progress:
		for range request.Count {
			if err := expect("progress events", request.Steps)(d.client.progress(ctx, request.Steps)); err != nil {
				return err
			}
		}
		return nil
	case protocol.Sessions:
		for range request.Count {
			c, err := d.open(ctx, d.server+"/mcp")
			if err != nil {
				return err
			}
			d.more = append(d.more, c)
			if err := expect("bytes", 10)(c.text(ctx, 10)); err != nil {
				return err
			}
		}
		return nil
	case protocol.Memory:
		if err := d.client.guest(ctx, reply); err != nil {
			return err
		}
		runtime.GC()
		reply.RSSBytes = residentBytes()
		return nil
	}
	return fmt.Errorf("cannot do %q", request.Do)
}

// call makes calls, some at a time, and checks what comes back.
func (d *driver) call(ctx context.Context, request protocol.Request) error {
	flights := max(1, request.InFlight)
	tickets := make(chan struct{}, request.Count)
	for range request.Count {
		tickets <- struct{}{}
	}
	close(tickets)
	failed := make(chan error, flights)
	for range flights {
		go func() {
			for range tickets {
				if err := expect("bytes", request.Bytes)(d.client.text(ctx, request.Bytes)); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	var errs error
	for range flights {
		errs = errors.Join(errs, <-failed)
	}
	return errs
}

// expect fails if a count is not what it should be.
func expect(what string, want int) func(got int, err error) error {
	return func(got int, err error) error {
		if err == nil && got != want {
			return fmt.Errorf("got %d %s, want %d", got, what, want)
		}
		return err
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
