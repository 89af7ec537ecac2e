package host

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// loads returns how many sessions are in each instance, the fewest first.
func loads(rt *Runtime) []int {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	var all []int
	for d := range rt.drivers {
		if d.accepts() {
			all = append(all, d.load())
		}
	}
	slices.Sort(all)
	return all
}

// Sessions are spread over as many instances as there may be, which are made when
// they are needed.
func TestInstances(t *testing.T) {
	var guests []*fakeGuest
	rt := fakeRuntime(t, Options{Instances: 3}, func(_ int, g *fakeGuest) { guests = append(guests, g) })
	var sessions []*Session
	for _, want := range [][]int{{1}, {1, 1}, {1, 1, 1}, {1, 1, 2}, {1, 2, 2}, {2, 2, 2}, {2, 2, 3}} {
		sessions = append(sessions, connect(t, rt, serverURL, nil))
		if got := loads(rt); !slices.Equal(got, want) {
			t.Errorf("%d sessions are spread as %v, want %v", len(sessions), got, want)
		}
	}
	if len(guests) != 3 {
		t.Errorf("%d instances were made", len(guests))
	}
	for _, s := range sessions {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := loads(rt); !slices.Equal(got, []int{0, 0, 0}) {
		t.Errorf("after all sessions are closed: %v", got)
	}
	if err := rt.Close(context.Background()); err != nil {
		t.Error(err)
	}
	for i, g := range guests {
		if !g.closed.Load() {
			t.Errorf("instance %d is not closed", i)
		}
	}
}

// The calls of two sessions in two instances, for real.
func TestInstancesAnswer(t *testing.T) {
	rt := openRuntime(t, func(o *Options) { o.Instances = 2 })
	url := serveMCP(t, newTestServer(), &lines[5].opts)
	for range 4 {
		if err := connect(t, rt, url, nil).Ping(t.Context(), &mcp.PingParams{}); err != nil {
			t.Error(err)
		}
	}
	if got := loads(rt); !slices.Equal(got, []int{2, 2}) {
		t.Errorf("four sessions are spread as %v", got)
	}
}

func TestInstancesOption(t *testing.T) {
	for _, n := range []int{-1, maxInstances + 1} {
		if _, err := (Options{Instances: n}).check(); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) {
			t.Errorf("%d instances: %v", n, err)
		}
	}
	if o, err := (Options{}).check(); err != nil || o.Instances != 1 {
		t.Errorf("by default %d instances, %v", o.Instances, err)
	}
}
