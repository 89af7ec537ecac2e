// Package e2e holds how every embedder of remora meets a server, or a way to
// it, that goes wrong: each fault of package fault in Node, in a page of
// Chromium and in the Go host, judged by the same rows.
package e2e

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/fault"
	"github.com/remora-mcp/remora/test/internal/drive"
)

// A fault is one row: where to connect, what to do there, and what has to come
// of it.
type row struct {
	name string
	// lines are the protocol lines; nil for both.
	lines []fault.Line
	// endpoint is that of package fault; empty for "mcp".
	endpoint string
	// set changes the script before it is run; it may be nil.
	set func(*drive.Script)
	// connect judges connect; nil: it has to succeed.
	connect check
	// steps are done after connect.
	steps []step
	// dead is set where no session is left, so that nothing is called at the
	// end to show that it lives.
	dead bool
	// where says where the row makes sense; nil: everywhere.
	where func(place) bool
	// sessions is how many sessions the server has seen at the end on
	// 2025-11-25; 0 stands for 1.
	sessions int
}

// A step is one step of a script and what has to come of it.
type step struct {
	drive.Step
	check check
}

// A check judges an outcome.
type check func(t *testing.T, at place, got drive.Outcome)

// A place is where a row was run.
type place struct {
	embedder drive.Embedder
	line     fault.Line
}

// browser reports whether a web page's rules hold.
func (p place) browser() bool { return p.embedder.Browser }

// native reports whether they do not.
func (p place) native() bool { return !p.browser() }

// lines are the protocol lines.
var lines = []fault.Line{fault.Line2025, fault.Line2026}

// rows returns every row, from the files of this package.
func rows() []row {
	return slices.Concat(connectRows, answerRows, statusRows, sizeRows, cutRows, timeRows, askRows, clientRows, manyRows, secretRows)
}

func TestFaults(t *testing.T) {
	server := httptest.NewServer(fault.New())
	t.Cleanup(server.Close)
	host := &drive.Host{}
	t.Cleanup(func() {
		if err := host.Close(context.Background()); err != nil {
			t.Errorf("closing the host: %v", err)
		}
	})
	for _, embedder := range []drive.Embedder{drive.Node(22), drive.Page(), host.Embedder(), drive.ExtismNode("1.0.3", 22)} {
		t.Run(embedder.Name, func(t *testing.T) {
			var scripts []drive.Script
			var plans []plan
			for _, r := range rows() {
				for _, line := range lines {
					at := place{embedder, line}
					if r.lines != nil && !slices.Contains(r.lines, line) || r.where != nil && !r.where(at) {
						continue
					}
					p := planOf(r, at)
					scripts, plans = append(scripts, p.script(server.URL, len(scripts))), append(plans, p)
				}
			}
			reports, err := embedder.Run(t.Context(), scripts)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range plans {
				t.Run(scripts[i].Name, func(t *testing.T) { p.judge(t, reports[i]) })
			}
		})
	}
}

// A plan is a row in one place, with the steps that every row has.
type plan struct {
	row
	at    place
	steps []step
}

func planOf(r row, at place) plan {
	p := plan{row: r, at: at}
	connect := r.connect
	if connect == nil {
		connect = succeeds
	}
	p.steps = append([]step{{drive.Step{Do: drive.Connect}, connect}}, r.steps...)
	if r.dead {
		return p
	}
	sessions := max(1, r.sessions)
	p.steps = append(p.steps,
		step{drive.Call("echo", `{"message":"still here"}`), says("still here")},
		step{drive.Step{Do: drive.Counters}, func(t *testing.T, at place, got drive.Outcome) {
			t.Helper()
			succeeds(t, at, got)
			if n := got.Counters["malformed"]; n != 0 {
				t.Errorf("the client made %d malformed requests", n)
			}
			if n := got.Counters["sessions"]; at.line == fault.Line2025 && n != sessions {
				t.Errorf("the server saw %d sessions, want %d", n, sessions)
			}
			if n := got.Counters["standing"]; n != 0 && !r.listens() {
				t.Errorf("%d standing streams were opened, though nobody listens", n)
			}
		}},
		step{drive.Step{Do: drive.Close}, succeeds},
		step{drive.Step{Do: drive.Counters, Wait: "open", Max: new(int)}, func(t *testing.T, at place, got drive.Outcome) {
			t.Helper()
			succeeds(t, at, got) // no request is left open
			if n := got.Counters["deleted"]; at.line == fault.Line2025 && n != 1 {
				t.Errorf("%d sessions were ended, want 1", n)
			}
		}},
	)
	return p
}

// listens reports whether the row listens to an event that needs a standing
// stream, or has a handler, which a server may ask on one.
func (r row) listens() bool {
	var s drive.Script
	if r.set != nil {
		r.set(&s)
	}
	return s.Elicit != "" || s.Sample != "" || s.Roots != nil || slices.ContainsFunc(r.steps, func(s step) bool { return s.Do == drive.On && s.Event != "state" })
}

// script returns the script, in a run of its own.
func (p plan) script(origin string, number int) drive.Script {
	endpoint := p.endpoint
	if endpoint == "" {
		endpoint = "mcp"
	}
	s := drive.Script{
		Name: strings.ReplaceAll(p.name, " ", "_") + "/" + string(p.at.line),
		URL:  origin + fault.Path(p.at.line, endpoint, fmt.Sprintf("%s-%d", p.at.embedder.Name, number)),
	}
	if p.at.browser() {
		// A browser opens six connections to a host at most, and waits with
		// further requests. Each script has a host of its own, so that those
		// which hold connections do not stop the others.
		s.URL = strings.Replace(s.URL, "127.0.0.1", fmt.Sprintf("s%d.localhost", number), 1)
	}
	if p.set != nil {
		p.set(&s)
	}
	for _, step := range p.steps {
		s.Steps = append(s.Steps, step.Step)
	}
	return s
}

func (p plan) judge(t *testing.T, report drive.Report) {
	if len(report.Outcomes) != len(p.steps) {
		t.Fatalf("%d outcomes, want %d", len(report.Outcomes), len(p.steps))
	}
	for i, s := range p.steps {
		name := s.Do
		if s.Tool != "" {
			name = s.Tool
		}
		t.Run(name, func(t *testing.T) {
			got := report.Outcomes[i]
			if got.Hung {
				t.Fatal("it hung")
			}
			check := s.check
			if check == nil {
				check = succeeds
			}
			check(t, p.at, got)
			if i == 0 || report.Outcomes[0].Error == nil {
				wellFormed(t, got.Error)
			}
		})
	}
}

// TestEveryFaultHasARow holds that no endpoint and no tool of package fault is
// left out here.
func TestEveryFaultHasARow(t *testing.T) {
	used := map[string]bool{"mcp": true}
	for _, r := range rows() {
		used[r.endpoint] = true
		for _, s := range r.steps {
			used["tool "+s.Tool] = true
		}
	}
	for _, endpoint := range fault.Endpoints {
		if !used[endpoint.Name] {
			t.Errorf("endpoint %s has no row", endpoint.Name)
		}
	}
	for _, tool := range fault.Tools {
		if !used["tool "+tool.Name] {
			t.Errorf("tool %s has no row", tool.Name)
		}
	}
}
