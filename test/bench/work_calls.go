package main

import "github.com/remora-mcp/remora/test/bench/protocol"

// Small results, in series and many at the same time; results of growing size.

const smallBytes = 10

var callWorks = []work{
	by(small, calls("small", "a small call in series", protocol.Request{Count: 300, Bytes: smallBytes}, 100, 3)),
	by(flights, calls("flight16", "small calls, 16 in flight", protocol.Request{Count: 640, InFlight: 16, Bytes: smallBytes}, 320, 1)),
	by(flights, calls("flight64", "small calls, 64 in flight", protocol.Request{Count: 1280, InFlight: 64, Bytes: smallBytes}, 640, 0.5)),
	grows(calls("1kb", "a result of 1 KB", protocol.Request{Count: 200, Bytes: 1e3}, 50, 2)),
	grows(calls("10kb", "a result of 10 KB", protocol.Request{Count: 200, Bytes: 1e4}, 50, 2)),
	grows(calls("100kb", "a result of 100 KB", protocol.Request{Count: 50, Bytes: 1e5}, 10, 2)),
	calls("1mb", "a result of 1 MB", protocol.Request{Count: 10, Bytes: 1e6}, 5, 2),
	calls("10mb", "a result of 10 MB", protocol.Request{Count: 2, Bytes: 1e7}, 1, 1),
}

// calls is a work that makes calls of the tool text.
func calls(name, title string, request protocol.Request, quick int, warm float64) work {
	request.Do = protocol.Call
	return work{name: name, title: title, clients: callers, team: repeated(request, quick, warm)}
}

// by has it done by these clients.
func by(clients []string, w work) work {
	w.clients = clients
	return w
}

func grows(w work) work {
	w.growth = true
	return w
}
