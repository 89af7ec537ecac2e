package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/remora-mcp/remora/test/fault"
	"github.com/remora-mcp/remora/test/internal/drive"
)

// hostileRow is one fault of authorization and how it is refused.
type hostileRow struct {
	name string
	// codes are what connect may fail with; nil: it succeeds.
	codes []string
	// twice connects a second time, whose failure it is.
	twice bool
	// resolved is set where addresses have to be looked at, which a page cannot.
	resolved bool
}

var (
	mismatch = []string{"auth/issuer_mismatch"}
	unusable = []string{"auth/required"}
	private  = []string{"policy/private_address"}
	turned   = []string{"policy/redirect", "policy/origin"}
)

var hostileRows = []hostileRow{
	{name: "sound"},
	{name: "mix_up", codes: mismatch},
	{name: "iss_missing", codes: mismatch},
	{name: "iss_wrong", codes: mismatch},
	{name: "iss_slash", codes: mismatch},
	{name: "state_replayed", codes: []string{"auth/denied"}, twice: true},
	{name: "state_missing", codes: []string{"auth/denied"}},
	{name: "issuer_of_another", codes: mismatch},
	{name: "resource_of_another", codes: unusable},
	{name: "no_pkce", codes: unusable},
	{name: "plain_pkce", codes: unusable},
	{name: "challenge_link_local", codes: private, resolved: true},
	{name: "authority_link_local", codes: private, resolved: true},
	{name: "authority_private", codes: private, resolved: true},
	{name: "authority_loopback", codes: private, resolved: true},
	{name: "token_link_local", codes: private, resolved: true},
	{name: "registration_private", codes: private, resolved: true},
	{name: "authorize_script", codes: unusable},
	{name: "authorize_plain", codes: unusable},
	{name: "metadata_redirect", codes: turned},
	{name: "authority_redirect", codes: turned},
	{name: "token_redirect", codes: turned},
	{name: "register_redirect", codes: turned},
	{name: "metadata_endless", codes: unusable},
	{name: "authority_endless", codes: unusable},
	{name: "token_echo", codes: []string{"auth/denied"}},
	{name: "token_endless", codes: unusable},
}

// hostileLimit bounds how long a connect may take that is refused: nothing waits
// for a server that does not answer.
const hostileLimit = 30 * time.Second

// TestHostileAuthorization holds that each fault of authorization is refused with
// an error that says so, and that no code, token or secret reaches who is after it.
func TestHostileAuthorization(t *testing.T) {
	host := newHost(t)
	host.AnyCertificate = true
	for _, embedder := range []drive.Embedder{drive.NodeAnyCertificate(22), host.Embedder(), drive.Page()} {
		for _, line := range lines {
			t.Run(embedder.Name+"/"+string(line), func(t *testing.T) {
				rows := slices.DeleteFunc(slices.Clone(hostileRows), func(r hostileRow) bool { return r.resolved && embedder.Browser })
				var scripts []drive.Script
				var faults []*fault.Auth
				for _, r := range rows {
					a, err := fault.StartAuth(r.name, line)
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(a.Close)
					script := drive.Script{Name: r.name, URL: a.URL(), Auth: &drive.Auth{},
						Steps: []drive.Step{{Do: drive.Connect}, drive.Call("echo", `{"message":"through"}`)}}
					if r.twice {
						script.Steps = append([]drive.Step{{Do: drive.Connect}}, script.Steps...)
					}
					scripts, faults = append(scripts, script), append(faults, a)
				}
				reports, err := embedder.Run(t.Context(), scripts)
				if err != nil {
					t.Fatal(err)
				}
				tellsNothing(t, "hostile-"+embedder.Name+"-"+string(line), reports)
				for i, r := range rows {
					t.Run(r.name, func(t *testing.T) { r.judge(t, reports[i].Outcomes, faults[i]) })
				}
			})
		}
	}
}

func (r hostileRow) judge(t *testing.T, outcomes []drive.Outcome, a *fault.Auth) {
	connected, called := outcomes[len(outcomes)-2], outcomes[len(outcomes)-1]
	if got := a.Reached(); len(got) > 0 {
		t.Errorf("%s", strings.Join(got, "; "))
	}
	if connected.Hung || connected.Ms > float64(hostileLimit.Milliseconds()) {
		t.Errorf("connect took %.0f ms", connected.Ms)
	}
	if r.codes == nil {
		if connected.Error != nil || called.Error != nil || !strings.Contains(called.Result, "through") {
			t.Errorf("connect: %v, call: %v, %s", connected.Error, called.Error, called.Result)
		}
		if n := a.Counts(); n.Logins != 1 {
			t.Errorf("%d logins, want 1", n.Logins)
		}
		return
	}
	if connected.Error == nil || !slices.Contains(r.codes, connected.Error.Code) {
		t.Errorf("connect: %v, want %s", connected.Error, strings.Join(r.codes, " or "))
	}
	if n := a.Counts(); n.Tokens != 0 && r.name != "token_redirect" {
		t.Errorf("%d tokens were issued", n.Tokens)
	}
	wellFormed(t, connected.Error)
}

// TestEveryAuthFaultHasARow holds that no fault of authorization is left out here.
func TestEveryAuthFaultHasARow(t *testing.T) {
	for _, f := range fault.AuthFaults {
		if !slices.ContainsFunc(hostileRows, func(r hostileRow) bool { return r.name == f.Name }) {
			t.Errorf("%s has no row", f.Name)
		}
	}
}

// newHost returns the Go host, which is closed with the test.
func newHost(t *testing.T) *drive.Host {
	h := &drive.Host{}
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Errorf("closing the host: %v", err)
		}
	})
	return h
}
