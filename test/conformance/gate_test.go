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

// required are the scenarios that have to pass: the requirement sets. They are
// frozen, and so are these lists.
var required = map[string][]string{
	"2025-11-25": {"initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry",
		"auth/metadata-default", "auth/metadata-var1", "auth/metadata-var2", "auth/metadata-var3", "auth/basic-cimd",
		"auth/scope-from-www-authenticate", "auth/scope-from-scopes-supported", "auth/scope-omitted-when-undefined",
		"auth/scope-step-up", "auth/scope-retry-limit", "auth/token-endpoint-auth-basic", "auth/token-endpoint-auth-post",
		"auth/token-endpoint-auth-none", "auth/pre-registration"},
	"2026-07-28": {"tools_call", "request-metadata",
		"auth/metadata-default", "auth/metadata-var1", "auth/metadata-var2", "auth/metadata-var3", "auth/basic-cimd",
		"auth/scope-from-www-authenticate", "auth/scope-from-scopes-supported", "auth/scope-omitted-when-undefined",
		"auth/scope-step-up", "auth/scope-retry-limit", "auth/token-endpoint-auth-basic", "auth/token-endpoint-auth-post",
		"auth/token-endpoint-auth-none", "auth/pre-registration", "auth/resource-mismatch", "auth/offline-access-scope",
		"auth/offline-access-not-supported", "auth/authorization-server-migration", "auth/iss-supported", "auth/iss-not-advertised",
		"auth/iss-supported-missing", "auth/iss-wrong-issuer", "auth/iss-unexpected", "auth/iss-normalized", "auth/metadata-issuer-mismatch",
		"sep-2322-client-request-state", "http-standard-headers", "http-custom-headers", "http-invalid-tool-headers", "json-schema-ref-no-deref"},
}

// beyond are scenarios that have to pass although no requirement set has them:
// those of extensions, one that came after the sets, and those of a revision
// that is older than they.
var beyond = map[string][]string{
	"2026-07-28": {"json-schema-2020-12-preservation",
		"auth/client-credentials-jwt", "auth/client-credentials-basic", "auth/enterprise-managed-authorization",
		"auth/dpop", "auth/dpop-nonce", "auth/wif-jwt-bearer"},
	"2025-03-26": {"auth/2025-03-26-oauth-metadata-backcompat", "auth/2025-03-26-oauth-endpoint-fallback"},
}

// requiredChecks have to succeed, where the suite would be content with less.
var requiredChecks = map[string][]string{"auth/offline-access-scope": {"sep-2207-offline-access-requested"}}

func TestRequirementSets(t *testing.T) {
	for revision, size := range map[string]int{"2025-11-25": 18, "2026-07-28": 32} {
		got, err := conformance.Scenarios(t.Context(), revision)
		if err != nil {
			t.Fatal(err)
		}
		if want := required[revision]; !slices.Equal(got, want) || len(got) != size {
			t.Errorf("%s: the suite requires %v, want %v, which are %d", revision, got, want, size)
		}
	}
}

// gate runs scenarios in series, all that are required and those of more, and
// reports each as a subtest that judge looks at. How many checks had which status,
// what is only told (INFO) left out, is then in dist/test/conformance/NAME.json,
// which internal/tools/test-full.sh compares.
func gate(t *testing.T, client conformance.Client, more map[string][]string, judge func(*testing.T, conformance.Result)) {
	counts := map[string]map[string]int{}
	for _, revision := range []string{"2025-03-26", "2025-11-25", "2026-07-28"} {
		for _, scenario := range slices.Concat(required[revision], more[revision]) {
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

// mustPassAll is mustPass with requiredChecks.
func mustPassAll(t *testing.T, r conformance.Result) {
	mustPass(t, r)
	for _, check := range requiredChecks[r.Scenario] {
		if !slices.Contains(r.Succeeded, check) {
			t.Errorf("check %s did not succeed; %v did", check, r.Succeeded)
		}
	}
}

// TestGateRefusesTrue holds that the gate gives a client nothing that does
// nothing and exits 0; the suite's own modes pass it in several scenarios.
func TestGateRefusesTrue(t *testing.T) {
	gate(t, conformance.Client{Name: "true", Command: "/bin/true"}, beyond, func(t *testing.T, r conformance.Result) {
		if r.Passed() {
			t.Errorf("passed with checks %v", r.Checks)
		}
	})
}

// TestGatePassesSDK holds that the gate lets a sound client through: the
// go-sdk's own, compiled for this machine, which knows none of the extensions.
func TestGatePassesSDK(t *testing.T) {
	if _, err := kit.Build(t.Context(), "everything-client", "github.com/modelcontextprotocol/go-sdk/conformance/everything-client"); err != nil {
		t.Fatal(err)
	}
	gate(t, conformance.Client{Name: "go-sdk", Command: "dist/test/bin/everything-client"}, nil, mustPass)
}

// TestClientJS holds that the npm package passes every required scenario.
func TestClientJS(t *testing.T) {
	if _, err := kit.Package(); err != nil {
		t.Fatal(err)
	}
	gate(t, conformance.Client{Name: "client-js", Command: "test/conformance/client-js"}, beyond, mustPassAll)
}

// TestClientPlugin holds that the Go host passes every required scenario.
func TestClientPlugin(t *testing.T) {
	if err := kit.Plugin(); err != nil {
		t.Fatal(err)
	}
	// So that compiling takes nothing of the first scenario's time.
	if _, err := kit.Build(t.Context(), "client-plugin", "./test/conformance/clientplugin"); err != nil {
		t.Fatal(err)
	}
	gate(t, conformance.Client{Name: "client-plugin", Command: "test/conformance/client-plugin"}, beyond, mustPassAll)
}
