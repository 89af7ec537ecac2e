package main

// A figure is one that has a target: of a client, relative to a peer's or as it is.
type figure struct {
	title   string
	work    string
	measure measure
	client  string
	peer    string // "" if the target is a value in the measure's unit
	target  float64
}

var figures = []figure{
	{"Node, small call in series ÷ TypeScript SDK", "small", wall, nodeRemora, nodeSDK, 0.80},
	{"Node, 16 in flight ÷ TypeScript SDK", "flight16", wall, nodeRemora, nodeSDK, 0.80},
	{"Node, 1 MB result ÷ TypeScript SDK", "1mb", wall, nodeRemora, nodeSDK, 1.1},
	{"Node, process start to first result ÷ TypeScript SDK", "start", wall, nodeRemora, nodeSDK, 0.85},
	{"Node, resident memory ÷ TypeScript SDK", "memory", resident, nodeRemora, nodeSDK, 1.2},
	{"Chromium, small call in series ÷ TypeScript SDK", "small", wall, chromiumRemora, chromiumSDK, 1.15},
	{"plugin under the Go host, small call ÷ go-sdk native", "small", wall, goHost, goSDK, 2.4},
	{"plugin under the Go host, 1 MB result ÷ go-sdk native", "1mb", wall, goHost, goSDK, 1.2},
	{"plugin, warm start of a process to first result", "start", wall, goHost, "", 160},
	{"plugin, cold compile ÷ plain build with one worker", "compile", wall, goCompile, goCompilePlain, 0.45},
	{"memory per session at 1,000 sessions in one instance, npm package", "sessions1000", guestPerSession, nodeRemora, "", 64},
	{"memory per session at 1,000 sessions in one instance, plugin", "sessions1000", guestPerSession, goHost, "", 64},
	{"guest memory after ten 10 MB results, npm package", "guest", guestMemory, nodeRemora, "", 100},
	{"guest memory after ten 10 MB results, plugin", "guest", guestMemory, goHost, "", 100},
}
