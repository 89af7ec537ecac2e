package main

import "github.com/remora-mcp/remora/test/bench/protocol"

// The guest's memory, which never shrinks, after ten results of 10 MB one after
// the other.

var guestMemory = measure{"guest", "MB"}

var guestWorks = []work{{
	name: "guest", title: "guest memory after ten results of 10 MB", clients: guests, maxRounds: 3,
	team: afresh(func(_ *bench, d *driver) (sample, error) {
		if _, err := d.ask(protocol.Request{Do: protocol.Call, Count: 10, Bytes: 1e7}); err != nil {
			return nil, err
		}
		reply, err := d.ask(protocol.Request{Do: protocol.Memory})
		if err != nil {
			return nil, err
		}
		return sample{
			guestMemory: float64(reply.GuestBytes) / megabyte,
			resident:    float64(reply.RSSBytes) / megabyte,
		}, nil
	}),
}}
