package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/test/internal/canary"
	"github.com/remora-mcp/remora/test/internal/drive"
	"github.com/remora-mcp/remora/test/internal/kit"
)

// TestNothingTells holds that no secret is in what a client can be seen to do:
// its traces, errors, snapshots and what it prints as, through login, refresh,
// step-up, refusals, and with keys and secrets of the application's own.
func TestNothingTells(t *testing.T) {
	host := newHost(t)
	trace := drive.Step{Do: drive.AwaitEvent, Event: "trace", Min: 2}
	row := drive.Call("create_row", aRow)
	for _, embedder := range []drive.Embedder{drive.Node(22), host.Embedder(), drive.Page()} {
		for _, line := range lines {
			t.Run(embedder.Name+"/"+string(line), func(t *testing.T) {
				var scripts []drive.Script
				script := func(name string, auth *drive.Auth, token string, steps ...drive.Step) {
					p := startProtected(t)
					expire := p.get(expirePath)
					for i, s := range steps {
						if s.Do == drive.Get {
							steps[i] = expire
						}
					}
					scripts = append(scripts, drive.Script{Name: name, URL: p.URL, Protocol: string(line), Auth: auth, Token: token, Trace: true,
						Steps: slices.Concat([]drive.Step{{Do: drive.Connect}}, steps, []drive.Step{trace, {Do: drive.Shown}, {Do: drive.Close}})})
				}
				expire := drive.Step{Do: drive.Get}
				script("person", &drive.Auth{}, "", drive.Call("echo", `{"message":"x"}`), expire, drive.Call("echo", `{"message":"y"}`), row)
				script("refused", &drive.Auth{Decision: "deny"}, "")
				script("machine", &drive.Auth{Grant: "client_credentials", ClientID: demoserver.MachineClient, ClientSecret: machineSecret}, "", expire, row)
				script("key", nil, workspaces[0].Key, row, drive.Call("create_row", `{"workspace":"lagoon","text":"x"}`))
				script("wrong", nil, workspaces[0].Key+"x", row)
				reports, err := embedder.Run(t.Context(), scripts)
				if err != nil {
					t.Fatal(err)
				}
				tellsNothing(t, "secrets-"+embedder.Name+"-"+string(line), reports)
				for i, report := range reports {
					events := report.Outcomes[len(report.Outcomes)-3].Events
					connected := report.Outcomes[0].Error == nil
					if len(events) < 2 || connected && report.Outcomes[len(report.Outcomes)-2].Result == "" {
						t.Errorf("%s: there is nothing to look at", scripts[i].Name)
					}
				}
			})
		}
	}
}

// tellsNothing keeps reports in dist/test, for all that is searched at the end of
// a run, and searches them now.
func tellsNothing(t *testing.T, name string, reports []drive.Report) {
	t.Helper()
	text, err := json.MarshalIndent(reports, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := kit.Temp("auth")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".json"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	noted, err := canary.Noted()
	if err != nil {
		t.Fatal(err)
	}
	if len(noted) == 0 {
		t.Fatal("no secret was noted")
	}
	for _, found := range canary.NewSearch(noted).In(text) {
		t.Errorf("%s: %s", name, found)
	}
}
