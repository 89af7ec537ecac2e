package main

import "github.com/remora-mcp/remora/test/bench/protocol"

var progressWorks = []work{{
	name: "progress", title: "a call with 1,000 progress events", clients: listers,
	team: repeated(protocol.Request{Do: protocol.Progress, Count: 3, Steps: 1000}, 1, 2),
}}
