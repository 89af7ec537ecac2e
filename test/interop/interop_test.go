// Package interop holds that every embedder of remora gets on with servers that
// other people wrote: one list of steps against each peer, on each protocol
// line that the peer speaks, from Node, from Chromium, from the Go host and over
// Extism's JavaScript SDKs.
package interop

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/internal/drive"
	"github.com/remora-mcp/remora/test/internal/kit"
	"github.com/remora-mcp/remora/test/internal/peers"
)

// A step is one step of a script and what has to come of it.
type step struct {
	name string
	drive.Step
	check func(t *testing.T, got drive.Outcome)
}

// varying are the tools and requests whose results differ from call to call.
var varying = map[string]string{
	"test_tool_with_progress":   "it returns the call's progress token",
	"toggle-subscriber-updates": "it returns the session's id",
	"listPrompts":               "test_trigger_prompt_change adds one, in whichever script runs first",
}

func TestInterop(t *testing.T) {
	set, err := peers.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Stop)

	var scripts []drive.Script
	var plans [][]step
	for _, name := range sorted(set.Peers) {
		peer := set.Peers[name]
		if peer.Kind == peers.KindFault {
			continue // test/e2e
		}
		for _, protocol := range peer.Protocols {
			plan := planFor(t, peer, protocol)
			script := drive.Script{
				Name: name + "/" + protocol, URL: peer.URL, BrowserURL: peer.BrowserURL, Protocol: protocol,
				Elicit: elicited, Sample: sampled,
			}
			for _, s := range plan {
				script.Steps = append(script.Steps, s.Step)
			}
			scripts, plans = append(scripts, script), append(plans, plan)
		}
	}
	// The peers of the design: demo on both lines, the conformance server in
	// six ways, server-everything.
	if len(scripts) != 9 {
		t.Errorf("%d scripts, want 9", len(scripts))
	}

	host := &drive.Host{}
	t.Cleanup(func() {
		if err := host.Close(context.Background()); err != nil {
			t.Errorf("closing the host: %v", err)
		}
	})
	embedders := []drive.Embedder{drive.Node(22), drive.Node(24), drive.Page(), drive.Worker(), host.Embedder()}
	for _, sdk := range []string{"1.0.3", "2.0.0-rc13"} {
		embedders = append(embedders, drive.ExtismNode(sdk, 22), drive.ExtismNode(sdk, 24), drive.ExtismPage(sdk))
	}
	all := map[string][]drive.Report{}
	for _, embedder := range embedders {
		t.Run(embedder.Name, func(t *testing.T) {
			reports, err := embedder.Run(t.Context(), scripts)
			if err != nil {
				t.Fatal(err)
			}
			all[embedder.Name] = reports
			for i, report := range reports {
				t.Run(report.Name, func(t *testing.T) { judge(t, plans[i], report) })
			}
		})
	}
	t.Run("the same everywhere", func(t *testing.T) { compare(t, plans, embedders[0].Name, all) })
	write(t, all)
}

// judge looks at each outcome of a script.
func judge(t *testing.T, plan []step, report drive.Report) {
	if len(report.Outcomes) != len(plan) {
		t.Fatalf("%d outcomes, want %d", len(report.Outcomes), len(plan))
	}
	for i, s := range plan {
		t.Run(s.name, func(t *testing.T) {
			got := report.Outcomes[i]
			if got.Hung {
				t.Fatal("it hung")
			}
			if s.check == nil {
				s.check = succeeds
			}
			s.check(t, got)
		})
	}
}

// compare holds that what the servers' results came out as is the same, byte
// for byte, in every embedder.
func compare(t *testing.T, plans [][]step, first string, all map[string][]drive.Report) {
	for name, reports := range all {
		for i, report := range reports {
			if i >= len(all[first]) {
				t.Fatalf("%s has no reports to compare with", first)
			}
			for j, outcome := range report.Outcomes {
				if s := plans[i][j]; varying[s.Tool] != "" || varying[s.Method] != "" {
					continue
				}
				if want := all[first][i].Outcomes[j].Result; outcome.Result != want {
					t.Errorf("%s, %s, step %d: %.200q, but %s has %.200q", name, report.Name, j, outcome.Result, first, want)
				}
			}
		}
	}
}

// write leaves the reports in dist/test for whoever wants to look.
func write(t *testing.T, all map[string][]drive.Report) {
	dir, err := kit.Temp("interop")
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "reports.json"), body, 0o644); err != nil {
		t.Fatal(err)
	}
}

func sorted(m map[string]peers.Peer) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// The checks.

func succeeds(t *testing.T, got drive.Outcome) {
	t.Helper()
	if got.Error != nil {
		t.Errorf("%v", got.Error)
	}
}

// says checks that the result's text holds a part, and that nothing failed.
func says(part string) func(*testing.T, drive.Outcome) {
	return func(t *testing.T, got drive.Outcome) {
		t.Helper()
		succeeds(t, got)
		var result struct {
			Content []struct{ Text string }
			IsError bool
		}
		if err := json.Unmarshal([]byte(got.Result), &result); err != nil {
			t.Fatalf("result %.200q: %v", got.Result, err)
		}
		if result.IsError {
			t.Errorf("the tool failed: %.300s", got.Result)
		}
		var text strings.Builder
		for _, block := range result.Content {
			text.WriteString(block.Text + "\n")
		}
		if !strings.Contains(text.String(), part) {
			t.Errorf("got %.300q, want %q in it", text.String(), part)
		}
	}
}

// progresses checks the call's progress, event by event, all before the result.
func progresses(want []float64, part string) func(*testing.T, drive.Outcome) {
	return func(t *testing.T, got drive.Outcome) {
		t.Helper()
		says(part)(t, got)
		if !slices.Equal(got.Progress, want) || got.Late != 0 {
			t.Errorf("progress %v and %d events after the result, want %v before it", got.Progress, got.Late, want)
		}
	}
}

// asks checks that exactly one question came, of a kind, and the result.
func asks(kind, message, part string) func(*testing.T, drive.Outcome) {
	return func(t *testing.T, got drive.Outcome) {
		t.Helper()
		says(part)(t, got)
		if len(got.Asks) != 1 || got.Asks[0].Kind != kind || !strings.Contains(string(got.Asks[0].Params), message) {
			t.Errorf("asked %v, want one %s with %q", got.Asks, kind, message)
		}
	}
}

func cancelled(t *testing.T, got drive.Outcome) {
	t.Helper()
	if got.Error == nil || got.Error.Code != "local/cancelled" || got.Error.Retryable {
		t.Errorf("got %v, want local/cancelled, not retryable", got.Error)
	}
	if got.Ms > 5000 {
		t.Errorf("it took %.0f ms, want at once", got.Ms)
	}
}

func agreesOn(protocol string) func(*testing.T, drive.Outcome) {
	return func(t *testing.T, got drive.Outcome) {
		t.Helper()
		succeeds(t, got)
		if got.Protocol != protocol {
			t.Errorf("agreed on %s, want %s", got.Protocol, protocol)
		}
	}
}

func contains(s, part string) bool { return strings.Contains(s, part) }
