package e2e

import (
	"testing"

	"github.com/remora-mcp/remora/test/internal/drive"
)

// times does a step so many times in series.
func times(s drive.Step, n int) drive.Step { s.Repeat = n; return s }

// together does a step so many times at once.
func together(s drive.Step, n int) drive.Step { s.Count = n; return s }

// each judges every outcome of a step that was done several times at once.
func each(n int, c check) check {
	return func(t *testing.T, at place, got drive.Outcome) {
		t.Helper()
		if len(got.Each) != n {
			t.Fatalf("%d outcomes, want %d", len(got.Each), n)
		}
		for _, one := range got.Each {
			c(t, at, one)
		}
	}
}

// manyRows make many calls, at once and in series, and listen.
var manyRows = []row{
	// A browser has six connections to a server at most (HTTP/1.1).
	{name: "4 calls that wait for each other", steps: []step{{together(drive.Call("barrier", `{"size":4}`), 4), each(4, says("the barrier is open"))}}},
	{name: "8 calls that wait for each other", where: place.native, steps: []step{{together(drive.Call("barrier", ``), 8), each(8, says("the barrier is open"))}}},
	{name: "64 calls that wait for each other", where: place.native, steps: []step{{together(drive.Call("barrier", `{"size":64}`), 64), each(64, says("the barrier is open"))}}},
	{name: "1,000 calls", steps: []step{
		{times(drive.Call("echo", `{"message":"warm"}`), 50), says("warm")},
		{times(drive.Call("echo", `{"message":"again"}`), 1000), says("again")},
		settled,
	}},
	{name: "a standing stream while somebody listens", steps: []step{
		counters(map[string]int{"standing": 0}),
		{drive.Step{Do: drive.On, Event: "toolsChanged"}, succeeds},
		reaches("standing"),
		{drive.Step{Do: drive.Off, Event: "toolsChanged"}, succeeds},
		settled,
		counters(map[string]int{"standing": 1}),
	}},
}

// secretRows show where credentials go.
var secretRows = []row{
	{name: "credentials go to the server", set: func(s *drive.Script) { s.Headers = map[string]string{"Authorization": "Bearer hunter2"} },
		steps: []step{{drive.Call("echo", `{"message":"hi"}`), says("hi")}, reaches("authorization")}},
	{name: "credentials do not follow a redirect", set: func(s *drive.Script) {
		s.Headers = map[string]string{"Authorization": "Bearer hunter2"}
		s.Origins = []string{otherOrigin(s.URL)}
	}, steps: []step{
		{drive.Call("redirect_origin", ``), all(ignored, silentAbout("hunter2"))},
		counters(map[string]int{"authorization.localhost": 0}),
	}},
}
