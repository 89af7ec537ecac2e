package main

import (
	"fmt"

	"github.com/remora-mcp/remora/test/bench/protocol"
)

// Many sessions in one process, and in one instance of the core: what each takes
// more than the first, and how long opening it and its first call take.

var (
	perSession      = measure{"resident/session", "KB"}
	guestPerSession = measure{"guest/session", "KB"}
	heapPerSession  = measure{"heap/session", "KB"}
)

var sessionWorks = []work{grows(sessions(10)), grows(sessions(100)), sessions(1000)}

// sessions is a work with so many sessions.
func sessions(count int) work {
	return work{
		name: fmt.Sprint("sessions", count), title: fmt.Sprintf("%d sessions", count), clients: openers, maxRounds: 3,
		team: afresh(func(_ *bench, d *driver) (sample, error) { return manySessions(d, count) }),
	}
}

func manySessions(d *driver, count int) (sample, error) {
	// What the first calls make is not the sessions'.
	if _, err := d.ask(protocol.Request{Do: protocol.Call, Count: 50, Bytes: smallBytes}); err != nil {
		return nil, err
	}
	before, err := d.ask(protocol.Request{Do: protocol.Memory})
	if err != nil {
		return nil, err
	}
	opened, err := d.ask(protocol.Request{Do: protocol.Sessions, Count: count - 1})
	if err != nil {
		return nil, err
	}
	after, err := d.ask(protocol.Request{Do: protocol.Memory})
	if err != nil {
		return nil, err
	}
	each := func(before, after int64) float64 { return float64(after-before) / 1e3 / float64(count-1) }
	values := sample{
		wall:       opened.WallMs / float64(count-1),
		perSession: each(before.RSSBytes, after.RSSBytes),
	}
	if after.GuestBytes > 0 {
		values[guestPerSession] = each(before.GuestBytes, after.GuestBytes)
		values[heapPerSession] = each(before.GuestHeapBytes, after.GuestHeapBytes)
	}
	return values, nil
}
