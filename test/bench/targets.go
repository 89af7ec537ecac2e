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
	{"plugin under the Go host, small call ÷ go-sdk native", "small", wall, goHost, goSDK, 2.4},
	{"plugin under the Go host, 1 MB result ÷ go-sdk native", "1mb", wall, goHost, goSDK, 1.2},
	{"plugin, warm start of a process to first result", "start", wall, goHost, "", 160},
	{"plugin, cold compile ÷ plain build with one worker", "compile", wall, goCompile, goCompilePlain, 0.45},
	{"memory per session at 1,000 sessions in one instance, plugin", "sessions1000", guestPerSession, goHost, "", 64},
	{"guest memory after ten 10 MB results, plugin", "guest", guestMemory, goHost, "", 100},
}
