package main

import "github.com/remora-mcp/remora/test/bench/protocol"

// From the start of a process to its first result (of a page: from its address to
// its first result), and what the process then takes.

var startWorks = []work{
	{name: "start", title: "process start to first result", clients: callers, team: afresh(started)},
	{name: "memory", title: "resident memory after some small calls", clients: residents, maxRounds: 5, team: afresh(residentMemory)},
}

func started(_ *bench, d *driver) (sample, error) {
	return sample{wall: float64(d.started.Microseconds()) / 1000}, nil
}

func residentMemory(b *bench, d *driver) (sample, error) {
	request := protocol.Request{Do: protocol.Call, Count: 500, Bytes: smallBytes}
	if b.quick {
		request.Count = 200
	}
	if _, err := d.ask(request); err != nil {
		return nil, err
	}
	reply, err := d.ask(protocol.Request{Do: protocol.Memory})
	if err != nil {
		return nil, err
	}
	return sample{resident: float64(reply.RSSBytes) / megabyte}, nil
}
