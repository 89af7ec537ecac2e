package conformance_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/remora-mcp/remora/test/conformance"
	"github.com/remora-mcp/remora/test/internal/kit"
)

// required are the scenarios that have to pass: those of each requirement set
// that need no authorization. The sets are frozen, and so is this list.
var required = map[string][]string{
	"2025-11-25": {"initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry"},
	"2026-07-28": {"tools_call", "request-metadata", "sep-2322-client-request-state", "http-standard-headers",
		"http-custom-headers", "http-invalid-tool-headers", "json-schema-ref-no-deref"},
}

// beyond are scenarios that have to pass although no requirement set has them.
var beyond = map[string][]string{"2026-07-28": {"json-schema-2020-12-preservation"}}

func TestRequirementSets(t *testing.T) {
	for _, revision := range conformance.Revisions {
		got, err := conformance.Scenarios(t.Context(), revision, conformance.WithoutAuthorization)
		if err != nil {
			t.Fatal(err)
		}
		if want := required[revision]; !slices.Equal(got, want) {
			t.Errorf("%s: the suite requires %v, want %v", revision, got, want)
		}
		all, err := conformance.Scenarios(t.Context(), revision, func(string) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]int{"2025-11-25": 18, "2026-07-28": 32}[revision]; len(all) != want {
			t.Errorf("%s: %d scenarios in all, want %d", revision, len(all), want)
		}
	}
}

// gate runs every required scenario in series and reports each as a subtest
// that judge looks at. How many checks had which status, what is only told (INFO)
// left out, is then in dist/test/conformance/NAME.json, which
// internal/tools/test-full.sh compares.
func gate(t *testing.T, client conformance.Client, judge func(*testing.T, conformance.Result)) {
	counts := map[string]map[string]int{}
	for _, revision := range conformance.Revisions {
		for _, scenario := range slices.Concat(required[revision], beyond[revision]) {
			t.Run(revision+"/"+scenario, func(t *testing.T) {
				result, err := conformance.Run(t.Context(), client, revision, scenario)
				if err != nil {
					t.Fatal(err)
				}
				judge(t, result)
				delete(result.Checks, "INFO")
				counts[revision+"/"+scenario] = result.Checks
			})
		}
	}
	text, err := json.MarshalIndent(counts, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := kit.Temp("conformance")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, client.Name+".json"), append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func mustPass(t *testing.T, r conformance.Result) {
	if !r.Passed() {
		t.Errorf("%s", r.Problem)
	}
	t.Logf("checks: %v", r.Checks)
}

// TestGateRefusesTrue holds that the gate gives a client nothing that does
// nothing and exits 0; the suite's own modes pass it in several scenarios.
func TestGateRefusesTrue(t *testing.T) {
	gate(t, conformance.Client{Name: "true", Command: "/bin/true"}, func(t *testing.T, r conformance.Result) {
		if r.Passed() {
			t.Errorf("passed with checks %v", r.Checks)
		}
	})
}

// TestGatePassesSDK holds that the gate lets a sound client through: the
// go-sdk's own, compiled for this machine.
func TestGatePassesSDK(t *testing.T) {
	if _, err := kit.Build(t.Context(), "everything-client", "github.com/modelcontextprotocol/go-sdk/conformance/everything-client"); err != nil {
		t.Fatal(err)
	}
	gate(t, conformance.Client{Name: "go-sdk", Command: "dist/test/bin/everything-client"}, mustPass)
}

// TestClientJS holds that the npm package passes every required scenario.
func TestClientJS(t *testing.T) {
	if _, err := kit.Package(); err != nil {
		t.Fatal(err)
	}
	gate(t, conformance.Client{Name: "client-js", Command: "test/conformance/client-js"}, mustPass)
}

// TestClientPlugin holds that the Go host passes every required scenario.
func TestClientPlugin(t *testing.T) {
	if err := kit.Plugin(); err != nil {
		t.Fatal(err)
	}
	gate(t, conformance.Client{Name: "client-plugin", Command: "test/conformance/client-plugin"}, mustPass)
}
