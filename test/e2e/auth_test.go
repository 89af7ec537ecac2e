package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
	"github.com/remora-mcp/remora/test/internal/drive"
)

const (
	// manyCalls are in flight when the token expires.
	manyCalls = 50
	// browserConnections is how many a browser opens to a host at most, for all
	// of its tabs together.
	browserConnections = 6
)

// writing is how a client asks for what create_row needs from the start.
var writing = []string{demoserver.ScopeRead, demoserver.ScopeWrite}

const aRow = `{"workspace":"reef","text":"a row"}`

// rowsAt calls create_row many times at once.
func rowsAt(count int) drive.Step {
	step := drive.Call("create_row", aRow)
	step.Count = count
	return step
}

// judgeRows holds that every call of a step succeeded.
func judgeRows(t *testing.T, name string, outcome drive.Outcome) {
	t.Helper()
	if outcome.Hung || len(outcome.Each) == 0 {
		t.Fatalf("%s: hung, or no calls: %+v", name, outcome)
	}
	for i, one := range outcome.Each {
		if one.Error != nil || !strings.Contains(one.Result, `"workspace":"reef"`) {
			t.Errorf("%s: call %d: %v %s", name, i, one.Error, one.Result)
		}
	}
}

// manyExpire connects with each embedder to a server of its own, has many calls
// in flight when the token expires, and judges what has come of them.
func manyExpire(t *testing.T, auth drive.Auth, judge func(t *testing.T, p *protectedServer, calls, after drive.Outcome)) {
	host := newHost(t)
	for _, embedder := range []drive.Embedder{drive.Node(22), host.Embedder(), drive.Page()} {
		t.Run(embedder.Name, func(t *testing.T) {
			p := startProtected(t)
			gate := manyCalls
			if embedder.Browser {
				gate = browserConnections
			}
			got := runOne(t, embedder, drive.Script{Name: "expires", URL: p.URL, Auth: &auth, Steps: []drive.Step{
				{Do: drive.Connect}, p.arm(gate, 0, 1), rowsAt(manyCalls), drive.Call("create_row", aRow)}})
			judgeRows(t, "at once", got[2])
			// Each has been executed once.
			if !strings.Contains(got[3].Result, fmt.Sprintf(`"row":%d`, manyCalls+1)) {
				t.Errorf("after %d rows: %v %s", manyCalls, got[3].Error, got[3].Result)
			}
			judge(t, p, got[2], got[3])
		})
	}
}

// TestTokenExpiresInFlight holds that of many calls whose token has expired all
// succeed after one refresh.
func TestTokenExpiresInFlight(t *testing.T) {
	manyExpire(t, drive.Auth{Scopes: writing}, func(t *testing.T, p *protectedServer, _, _ drive.Outcome) {
		if n := p.Authority.Counts(); n.Refreshes != 1 || n.Reuses != 0 || n.Logins != 1 {
			t.Errorf("counted %+v, want one login and one refresh", n)
		}
	})
}

// TestManyChallenges holds that of many calls that are challenged at once, and
// cannot be helped by a refresh, one has the person log in.
func TestManyChallenges(t *testing.T) {
	manyExpire(t, drive.Auth{Scopes: writing, OnlineOnly: true}, func(t *testing.T, p *protectedServer, calls, after drive.Outcome) {
		if len(calls.Asks) != 1 || len(after.Asks) != 0 {
			t.Errorf("the person was asked %d times, and %d times after that, want once", len(calls.Asks), len(after.Asks))
		}
		if n := p.Authority.Counts(); n.Refreshes != 0 || n.Logins != 2 || n.Registrations != 1 {
			t.Errorf("counted %+v, want a second login of the same client", n)
		}
	})
}

// TestSharedStore holds that two processes, and two tabs, which share a store
// log in once, refresh once, and lose no call, against a server that revokes
// everything when a refresh token comes twice.
func TestSharedStore(t *testing.T) {
	const programs = 2
	scripts := func(p *protectedServer, store string, gate int) []drive.Script {
		var out []drive.Script
		for i := range programs {
			first := p.get("/")
			if i > 0 {
				first = p.get(loginPath)
			}
			out = append(out, drive.Script{Name: "shared", URL: p.URL, Auth: &drive.Auth{Scopes: writing, Store: store}, Steps: []drive.Step{
				first, {Do: drive.Connect}, p.arm(gate, i, programs), rowsAt(manyCalls)}})
		}
		return out
	}
	judge := func(t *testing.T, p *protectedServer, reports []drive.Report) {
		t.Helper()
		for i, report := range reports {
			if e := report.Outcomes[1].Error; e != nil {
				t.Fatalf("%d: connect: %v", i, e)
			}
			judgeRows(t, fmt.Sprint(i), report.Outcomes[3])
		}
		if n := p.Authority.Counts(); n.Refreshes != 1 || n.Reuses != 0 || n.Logins != 1 || n.Registrations != 1 {
			t.Errorf("counted %+v, want one registration, login and refresh", n)
		}
	}
	t.Run("two processes of Node", func(t *testing.T) {
		p := startProtected(t)
		reports, errs := make([]drive.Report, programs), make([]error, programs)
		var wait sync.WaitGroup
		for i, script := range scripts(p, "file:"+filepath.Join(t.TempDir(), "store"), programs*manyCalls) {
			wait.Go(func() {
				var got []drive.Report
				if got, errs[i] = drive.Node(22).Run(t.Context(), []drive.Script{script}); errs[i] == nil {
					reports[i] = got[0]
				}
			})
		}
		wait.Wait()
		for _, err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
		judge(t, p, reports)
	})
	t.Run("two tabs", func(t *testing.T) {
		p := startProtected(t)
		reports, err := drive.Tabs().Run(t.Context(), scripts(p, "indexeddb:shared", browserConnections))
		if err != nil {
			t.Fatal(err)
		}
		judge(t, p, reports)
	})
}

// runOne runs one script and returns what came of its steps.
func runOne(t *testing.T, embedder drive.Embedder, script drive.Script) []drive.Outcome {
	t.Helper()
	reports, err := embedder.Run(t.Context(), []drive.Script{script})
	if err != nil {
		t.Fatal(err)
	}
	for i, outcome := range reports[0].Outcomes {
		if outcome.Hung {
			t.Fatalf("step %d hung", i)
		}
	}
	return reports[0].Outcomes
}

// TestCredentialsOfTheDemoServer goes through what the protected demo server
// asks for, in every embedder: keys, a token for a machine, a further scope, a
// person who refuses.
func TestCredentialsOfTheDemoServer(t *testing.T) {
	host := newHost(t)
	reef, lagoon := workspaces[0], workspaces[1]
	rowOf := func(workspace string) drive.Step {
		return drive.Call("create_row", fmt.Sprintf(`{"workspace":%q,"text":"x"}`, workspace))
	}
	for _, test := range []struct {
		name   string
		token  string
		auth   *drive.Auth
		steps  []drive.Step
		want   []string // for each step the code of its error, with what its data hold after a blank, or what its result holds
		counts authserver.Counts
	}{
		{name: "nothing", want: []string{"!auth/required " + `"scopes":["rows:read"]`}},
		{name: "a wrong key", token: "dk_reef_wrong", want: []string{`!auth/required "error":"invalid_token"`}},
		{name: "a key", token: reef.Key, steps: []drive.Step{rowOf(reef.Name), rowOf(lagoon.Name), rowOf(reef.Name)},
			want: []string{"", `"row":1`, `!auth/denied "error":"access_denied"`, `"row":2`}},
		{name: "the other key", token: lagoon.Key, steps: []drive.Step{rowOf(reef.Name), rowOf(lagoon.Name)},
			want: []string{"", "!auth/denied only", `"row":1`}},
		{name: "step-up", auth: &drive.Auth{}, steps: []drive.Step{drive.Call("echo", `{"message":"first"}`), rowOf(reef.Name), rowOf(lagoon.Name)},
			want: []string{"", "first", `"row":1`, `"row":1`}, counts: authserver.Counts{Registrations: 1, Consents: 2, Logins: 2, Tokens: 2}},
		{name: "a person who refuses", auth: &drive.Auth{Decision: "deny"}, want: []string{`!auth/denied "error":"access_denied"`},
			counts: authserver.Counts{Registrations: 1, Consents: 1, Denials: 1}},
		{name: "a machine", auth: &drive.Auth{Grant: "client_credentials", ClientID: demoserver.MachineClient, ClientSecret: machineSecret},
			steps: []drive.Step{drive.Call("echo", `{"message":"beep"}`)}, want: []string{"", "beep"}, counts: authserver.Counts{Tokens: 1}},
		{name: "a machine with a wrong secret", auth: &drive.Auth{Grant: "client_credentials", ClientID: demoserver.MachineClient, ClientSecret: "wrong"},
			want: []string{`!auth/denied "error":"invalid_client"`}, counts: authserver.Counts{Refusals: 1}},
		{name: "a registered client", auth: &drive.Auth{ClientID: demoserver.AppClient}, want: []string{""},
			counts: authserver.Counts{Consents: 1, Logins: 1, Tokens: 1}},
	} {
		for _, embedder := range []drive.Embedder{drive.Node(22), host.Embedder()} {
			for _, line := range lines {
				t.Run(strings.ReplaceAll(test.name, " ", "_")+"/"+embedder.Name+"/"+string(line), func(t *testing.T) {
					p := startProtected(t)
					got := runOne(t, embedder, drive.Script{Name: test.name, URL: p.URL, Protocol: string(line), Token: test.token, Auth: test.auth,
						Steps: slices.Concat([]drive.Step{{Do: drive.Connect}}, test.steps)})
					for i, want := range test.want {
						judgeOutcome(t, i, got[i], want)
					}
					if n := p.Authority.Counts(); n != test.counts {
						t.Errorf("counted %+v, want %+v", n, test.counts)
					}
				})
			}
		}
	}
}

// judgeOutcome holds that a step failed with a code and data, "!CODE DATA", or
// succeeded with a result.
func judgeOutcome(t *testing.T, step int, got drive.Outcome, want string) {
	t.Helper()
	failed, fails := strings.CutPrefix(want, "!")
	switch code, data, _ := strings.Cut(failed, " "); {
	case !fails && (got.Error != nil || !strings.Contains(got.Result, want)):
		t.Errorf("step %d: %v %s, want %s", step, got.Error, got.Result, want)
	case fails && (got.Error == nil || got.Error.Code != code || !strings.Contains(string(got.Error.Data), data)):
		t.Errorf("step %d: %v %s, want %s with %s", step, got.Error, got.Result, code, data)
	}
}
