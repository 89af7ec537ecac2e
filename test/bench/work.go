package main

import (
	"context"

	"github.com/remora-mcp/remora/test/bench/protocol"
)

// A work is something that each of its clients does in each round.
type work struct {
	name      string
	title     string
	clients   []string
	maxRounds int  // if each takes long; 0 for no bound
	growth    bool // it shows how a cost grows, and --quick leaves it out
	team      func(*bench) team
}

// A team has the drivers of one work.
type team interface {
	// warm prepares a client; what it does is not measured.
	warm(ctx context.Context, client string) error
	// round does the work once with a client.
	round(ctx context.Context, client string) (sample, error)
	// stop ends the drivers.
	stop()
}

// works are what is measured, in this order.
func works() []work {
	var all []work
	for _, some := range [][]work{callWorks, listWorks, progressWorks, startWorks, sessionWorks, guestWorks, compileWorks} {
		all = append(all, some...)
	}
	return all
}

// What is measured of most works.
var (
	wall     = measure{"wall", "ms"}     // a call, a list, a start
	cpu      = measure{"cpu", "ms"}      // what the client's process computes for one
	resident = measure{"resident", "MB"} // memory of the process
)

const megabyte = 1e6

// A steady team has one driver for each client, through all rounds. Each round is
// one request to it.
type steady struct {
	b       *bench
	warmup  protocol.Request
	request protocol.Request
	drivers map[string]*driver
}

// repeated makes a team that does the request again and again, and before that the
// same warm times as often.
func repeated(request protocol.Request, quick int, warm float64) func(*bench) team {
	return func(b *bench) team {
		if b.quick {
			request.Count = quick
		}
		warmup := request
		warmup.Count = max(1, int(float64(request.Count)*warm))
		return &steady{b: b, warmup: warmup, request: request, drivers: make(map[string]*driver)}
	}
}

func (t *steady) warm(ctx context.Context, client string) error {
	d, err := t.b.start(ctx, client)
	if err != nil {
		return err
	}
	t.drivers[client] = d
	_, err = d.ask(t.warmup)
	return err
}

func (t *steady) round(_ context.Context, client string) (sample, error) {
	reply, err := t.drivers[client].ask(t.request)
	if err != nil {
		return nil, err
	}
	count := float64(t.request.Count)
	values := sample{wall: reply.WallMs / count}
	if reply.CPUMs > 0 {
		values[cpu] = reply.CPUMs / count
	}
	return values, nil
}

func (t *steady) stop() {
	for _, d := range t.drivers {
		d.stop()
	}
}

// A fresh team starts a driver for each round of each client.
type fresh struct {
	b   *bench
	run func(b *bench, d *driver) (sample, error)
}

func afresh(run func(*bench, *driver) (sample, error)) func(*bench) team {
	return func(b *bench) team { return fresh{b, run} }
}

// warm does it once for the files and the caches of the system, and of host.
func (t fresh) warm(ctx context.Context, client string) error {
	d, err := t.b.start(ctx, client)
	if err != nil {
		return err
	}
	d.stop()
	return nil
}

func (t fresh) round(ctx context.Context, client string) (sample, error) {
	d, err := t.b.start(ctx, client)
	if err != nil {
		return nil, err
	}
	defer d.stop()
	return t.run(t.b, d)
}

func (t fresh) stop() {}
