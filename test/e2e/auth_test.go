package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
	"github.com/remora-mcp/remora/test/internal/canary"
	"github.com/remora-mcp/remora/test/internal/drive"
)

// A protectedServer is the protected demo server with a gate before its tools.
type protectedServer struct {
	*demoserver.Auth
	URL string

	mu      sync.Mutex
	arrived int           // at armPath
	armed   chan struct{} // closed when all are there
	size    int           // how many calls the gate waits for; 0: it is open
	waiting int
	full    chan struct{} // closed when they are there
}

// What the protected server is opened with, for this run alone.
var (
	workspaces    = []demoserver.Workspace{{Name: "reef", Key: "dk_reef_" + rand.Text()}, {Name: "lagoon", Key: "dk_lagoon_" + rand.Text()}}
	machineSecret = "machine/" + rand.Text()
)

func startProtected(t *testing.T) *protectedServer {
	t.Helper()
	for _, w := range workspaces {
		canary.Note("key", w.Key)
	}
	canary.Note("client secret", machineSecret)
	p := &protectedServer{armed: make(chan struct{}), full: make(chan struct{})}
	server := httptest.NewUnstartedServer(p)
	origin := "http://" + server.Listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	p.Auth, p.URL = demoserver.NewAuth(ctx, "test", origin, demoserver.AuthOptions{
		Workspaces: workspaces, MachineSecret: machineSecret, OnSecret: canary.Note,
	}), origin+demoserver.Path
	server.Start()
	t.Cleanup(func() {
		cancel()
		server.CloseClientConnections()
		server.Close()
	})
	return p
}

// What scripts get from the test itself.
const (
	// armPath waits until so many scripts have asked for it as the query's of
	// says, and then closes the gate for as many calls as its calls says.
	armPath = "/arm"
	// loginPath waits until there was a login.
	loginPath = "/login-done"
	// expirePath ends all access tokens.
	expirePath = "/expire"
)

// arm returns the step that closes the gate, once every script is there: the next
// calls of tools, so many, wait for each other at the server, which then ends all
// access tokens before it looks at theirs. who tells scripts apart.
func (p *protectedServer) arm(calls, who, of int) drive.Step {
	return p.get(fmt.Sprintf("%s?calls=%d&who=%d&of=%d", armPath, calls, who, of))
}

func (p *protectedServer) get(path string) drive.Step {
	return drive.Step{Do: drive.Get, URL: strings.TrimSuffix(p.URL, demoserver.Path) + path}
}

func (p *protectedServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == armPath:
		w.Header().Set("Access-Control-Allow-Origin", "*")
		var calls, of int
		_, _ = fmt.Sscan(r.URL.Query().Get("calls"), &calls)
		_, _ = fmt.Sscan(r.URL.Query().Get("of"), &of)
		p.mu.Lock()
		if p.arrived++; p.arrived == of {
			p.size = calls
			close(p.armed)
		}
		p.mu.Unlock()
		select {
		case <-p.armed:
		case <-r.Context().Done():
		}
	case r.URL.Path == expirePath:
		w.Header().Set("Access-Control-Allow-Origin", "*")
		p.Authority.ExpireTokens()
	case r.URL.Path == loginPath:
		w.Header().Set("Access-Control-Allow-Origin", "*")
		_ = p.Authority.Await(r.Context(), func(n authserver.Counts) bool { return n.Logins > 0 })
	case r.Method == http.MethodPost && r.Header.Get("Mcp-Method") == "tools/call":
		p.pass(r.Context())
		p.Auth.ServeHTTP(w, r)
	default:
		p.Auth.ServeHTTP(w, r)
	}
}

// pass waits at the gate.
func (p *protectedServer) pass(ctx context.Context) {
	p.mu.Lock()
	if p.size == 0 || p.waiting == p.size {
		p.mu.Unlock()
		return
	}
	if p.waiting++; p.waiting == p.size {
		p.Authority.ExpireTokens()
		close(p.full)
	}
	p.mu.Unlock()
	select {
	case <-p.full:
	case <-ctx.Done():
	}
}

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

// TestTokenExpiresInFlight holds that of many calls whose token has expired all
// succeed after one refresh, and each is executed once.
func TestTokenExpiresInFlight(t *testing.T) {
	host := newHost(t)
	for _, embedder := range []drive.Embedder{drive.Node(22), host.Embedder(), drive.Page()} {
		t.Run(embedder.Name, func(t *testing.T) {
			p := startProtected(t)
			gate := manyCalls
			if embedder.Browser {
				gate = browserConnections
			}
			script := drive.Script{Name: "expires", URL: p.URL, Auth: &drive.Auth{Scopes: writing}, Steps: []drive.Step{
				{Do: drive.Connect}, p.arm(gate, 0, 1), rowsAt(manyCalls), drive.Call("create_row", aRow)}}
			got := runOne(t, embedder, script)
			judgeRows(t, "at once", got[2])
			if !strings.Contains(got[3].Result, fmt.Sprintf(`"row":%d`, manyCalls+1)) {
				t.Errorf("after %d rows: %v %s", manyCalls, got[3].Error, got[3].Result)
			}
			if n := p.Authority.Counts(); n.Refreshes != 1 || n.Reuses != 0 || n.Logins != 1 {
				t.Errorf("counted %+v, want one login and one refresh", n)
			}
		})
	}
}

// TestManyChallenges holds that of many calls that are challenged at once, and
// cannot be helped by a refresh, one has the person log in.
func TestManyChallenges(t *testing.T) {
	host := newHost(t)
	for _, embedder := range []drive.Embedder{drive.Node(22), host.Embedder(), drive.Page()} {
		t.Run(embedder.Name, func(t *testing.T) {
			p := startProtected(t)
			gate := manyCalls
			if embedder.Browser {
				gate = browserConnections
			}
			script := drive.Script{Name: "challenges", URL: p.URL, Auth: &drive.Auth{Scopes: writing, OnlineOnly: true}, Steps: []drive.Step{
				{Do: drive.Connect}, p.arm(gate, 0, 1), rowsAt(manyCalls)}}
			got := runOne(t, embedder, script)
			judgeRows(t, "at once", got[2])
			if len(got[2].Asks) != 1 {
				t.Errorf("the person was asked %d times, want once", len(got[2].Asks))
			}
			if n := p.Authority.Counts(); n.Refreshes != 0 || n.Logins != 2 || n.Registrations != 1 {
				t.Errorf("counted %+v, want a second login of the same client", n)
			}
		})
	}
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
