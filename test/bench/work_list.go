package main

import "github.com/remora-mcp/remora/test/bench/protocol"

var listWorks = []work{{
	name: "list", title: "a list of 1,000 tools", clients: listers,
	team: repeated(protocol.Request{Do: protocol.List, Count: 10}, 3, 1),
}}
