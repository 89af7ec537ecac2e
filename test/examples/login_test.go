package examples

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
)

var pageToVisit = regexp.MustCompile(`(?m)^  (http://\S+)$`)

// TestCallLogsIn: a person logs in once; the next run has the token.
func TestCallLogsIn(t *testing.T) {
	for _, l := range []struct {
		name    string
		program func(*testing.T, string) []string
		login   func(folder string) []string
	}{
		{"go", goProgram, func(string) []string { return []string{"-login"} }},
		{"node", nodeProgram, func(folder string) []string {
			return []string{"--login", "--store", filepath.Join(folder, "store.json")}
		}},
	} {
		t.Run(l.name, func(t *testing.T) {
			folder := t.TempDir()
			callLogsIn(t, l.program(t, "call"), folder, l.login(folder))
		})
	}
}

func callLogsIn(t *testing.T, program []string, folder string, login []string) {
	server, err := demoserver.StartAuth("127.0.0.1:0", "0.0.0-test", demoserver.AuthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	call := func(args ...string) *run {
		r := newRun(t, "", program, slices.Concat(args, []string{server.URL(), "add", `{"a":2,"b":3}`})...)
		r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.err
		// There is no browser in an empty folder.
		r.cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+folder, "PATH="+folder)
		r.start()
		return r
	}
	want{status: 3, err: "auth/required"}.check(t, call())

	first := call(login...)
	for pageToVisit.FindString(first.err.String()) == "" {
		select {
		case <-first.err.grown:
		case err := <-first.ended:
			t.Fatalf("it has ended: %v, %s", err, &first.err)
		}
	}
	page := pageToVisit.FindStringSubmatch(first.err.String())[1]
	back, err := authserver.Visit(t.Context(), page, "allow")
	if err != nil {
		t.Fatal(err)
	}
	shown, err := http.Get(back)
	if err != nil {
		t.Fatal(err)
	}
	_ = shown.Body.Close()
	if got := first.status(); got != 0 {
		t.Errorf("status %d: %s", got, &first.err)
	}
	want{out: "5\n"}.check(t, call(login...))
	if n := server.Authority().Counts(); n.Logins != 1 {
		t.Errorf("got %+v", n)
	}
}
