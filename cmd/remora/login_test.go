package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
	"github.com/remora-mcp/remora/host"
	"github.com/remora-mcp/remora/host/storetest"
)

// TestMain keeps the tests away from the logins of whoever runs them.
func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "remora-cli-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = os.Setenv("XDG_CONFIG_HOME", folder)
	noKeyringHere()
	status := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(status)
}

// noKeyringHere is a machine on which there is no keyring.
func noKeyringHere() { keyring.MockInitWithError(errors.New("nobody there")) }

// A protectedServer is a demo server with --auth, and the secrets that it has seen.
type protectedServer struct {
	*demoserver.Server

	mu      sync.Mutex
	secrets []string
}

// protect starts a protected demo server, with an empty folder for logins.
func protect(t *testing.T) *protectedServer {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	p := new(protectedServer)
	server, err := demoserver.StartAuth("127.0.0.1:0", "0.0.0-test", demoserver.AuthOptions{OnSecret: func(_, secret string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.secrets = append(p.secrets, secret)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	p.Server = server
	return p
}

// keepsQuiet fails the test if a text has one of the secrets.
func (p *protectedServer) keepsQuiet(t *testing.T, where, text string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.secrets) == 0 {
		t.Error("the server has seen no secret")
	}
	for _, secret := range p.secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%s has the secret %s...:\n%s", where, secret[:10], text)
		}
	}
}

// printedPages is a standard error that calls seen with each page to visit that is
// printed on it.
type printedPages struct {
	seen func(page string)

	mu   sync.Mutex
	text bytes.Buffer
	done int
}

var pageLine = regexp.MustCompile(`(?m)^  (https?://\S+)\n`)

func (s *printedPages) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	for _, at := range pageLine.FindAllSubmatchIndex(s.text.Bytes()[s.done:], -1) {
		go s.seen(string(s.text.Bytes()[s.done+at[2] : s.done+at[3]]))
		s.done += at[1]
		break
	}
	return len(p), nil
}

func (s *printedPages) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// A person is who sits in front of a login.
type person struct {
	decision string // allow or deny
	pastes   bool   // the address, instead of letting the browser open it
	other    string // what is pasted before
}

// login runs "remora login --no-browser" with a person in front of it.
func login(t *testing.T, p person, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	in, keys := io.Pipe()
	defer keys.Close()
	errOut := &printedPages{}
	errOut.seen = func(page string) {
		back, err := authserver.Visit(ctx, page, p.decision)
		if err != nil {
			t.Errorf("the page %s: %v", page, err)
			cancel()
			return
		}
		if p.pastes {
			_, _ = io.WriteString(keys, p.other+back+"\n")
			return
		}
		resp, err := http.Get(back)
		if err != nil {
			t.Errorf("coming back: %v", err)
			cancel()
			return
		}
		_ = resp.Body.Close()
	}
	var out bytes.Buffer
	root := newRoot()
	root.SetIn(in)
	root.SetOut(&out)
	root.SetErr(errOut)
	root.SetArgs(append([]string{"login", "--no-browser"}, args...))
	err := root.ExecuteContext(ctx)
	text := errOut.String()
	if err != nil {
		text += fmt.Sprintln(err)
	}
	return outcome{out.String(), text, exitStatus(err)}
}

// want checks an outcome: its status, and a part of each stream.
func (o outcome) want(t *testing.T, status int, out, err string) {
	t.Helper()
	if o.status != status || !strings.Contains(o.out, out) || !strings.Contains(o.err, err) {
		t.Errorf("got status %d, %q, %q; want %d, %q, %q", o.status, o.out, o.err, status, out, err)
	}
}

func TestLogin(t *testing.T) {
	server := protect(t)
	url := server.URL()
	var shown strings.Builder
	note := func(o outcome) outcome {
		shown.WriteString(o.out + o.err)
		return o
	}
	run := func(args ...string) outcome { return note(remora(t.Context(), "", args...)) }
	count := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%d %s, want %d", got, what, want)
		}
	}

	run("tools", url).want(t, 5, "", "auth/required")
	run("tools", url).want(t, 5, "", "to log in: remora login "+url)
	run("whoami", url).want(t, 5, "state                 not logged in\n", "to log in: remora login "+url)
	run("logout", url).want(t, 5, "not logged in", "there is no login for this server")
	if _, err := os.Stat(filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "remora")); err == nil {
		t.Error("a folder was made before there was anything to be kept")
	}

	// That there is no keyring is said once.
	denied := note(login(t, person{decision: "deny"}, url))
	denied.want(t, 5, "", "auth/denied")
	denied.want(t, 5, "", "the system's keyring cannot be used: nobody there; logins are kept in ")
	run("whoami", url).want(t, 5, "not logged in", "")

	first := note(login(t, person{decision: "allow"}, url))
	first.want(t, 0, "state                 logged in\n", "")
	if strings.Contains(first.err, "keyring") {
		t.Errorf("said again: %s", first.err)
	}
	first.want(t, 0, "scopes                "+demoserver.ScopeRead+" offline_access\n", "")
	run("tools", url).want(t, 0, "create_row(", "")
	run("call", url, "add", "a=2", "b=3").want(t, 0, "5\n", "")
	run("inspect", url).want(t, 0, "remora-demo-server", "")
	n := server.Authority().Counts()
	count("logins", n.Logins, 1)
	count("refreshes of a token that was good", n.Refreshes, 0)

	// There is a good token: nobody is asked.
	note(login(t, person{decision: "deny"}, url)).want(t, 0, "logged in", "")
	count("pages", server.Authority().Counts().Consents, 2)

	server.Authority().ExpireTokens()
	run("call", url, "add", "a=2", "b=3").want(t, 0, "5\n", "")
	count("refreshes", server.Authority().Counts().Refreshes, 1)

	// A scope more, on the port that was registered, by pasting.
	run("call", url, "create_row", "workspace=reef", "text=hi").want(t, 5, "", "auth/insufficient_scope")
	run("call", url, "create_row", "workspace=reef", "text=hi").want(t, 5, "",
		"to log in: remora login --scope "+demoserver.ScopeWrite)
	registered := server.Authority().Counts().Registrations
	note(login(t, person{decision: "allow", pastes: true, other: "what?\n"}, "--scope", demoserver.ScopeWrite, url)).want(t, 0,
		demoserver.ScopeWrite, "That is not the address.")
	count("registrations", server.Authority().Counts().Registrations, registered)
	trace := filepath.Join(t.TempDir(), "trace.jsonl")
	run("call", "--trace-file", trace, "--trace", url, "create_row", "workspace=reef", "text=hi").want(t, 0, "", "")

	var status struct {
		Authorized bool
		Scopes     []string
		ClientID   string
	}
	who := run("whoami", "--json", url)
	if err := json.Unmarshal([]byte(who.out), &status); err != nil || !status.Authorized || len(status.Scopes) < 2 || status.ClientID == "" {
		t.Errorf("whoami --json: %s, %v", who.out, err)
	}

	// One's own key goes before the login, and is not replaced by it.
	run("tools", "-H", "Authorization: Bearer "+demoserver.Workspaces[0].Key, url).want(t, 0, "add(", "")
	if o := run("tools", "-H", "Authorization: Bearer wrong-key", url); o.status != 5 || strings.Contains(o.err, "remora login") {
		t.Errorf("a wrong key: got status %d, %s", o.status, o.err)
	}

	run("logout", url).want(t, 0, "not logged in", "")
	count("revocations", min(server.Authority().Counts().Revocations, 1), 1)
	run("whoami", url).want(t, 5, "not logged in", "")
	run("tools", url).want(t, 5, "", "auth/required")
	kept, err := os.ReadFile(filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "remora", "credentials.json"))
	if err != nil || strings.TrimSpace(string(kept)) != "{}" {
		t.Errorf("after the logout there is %s, %v", kept, err)
	}

	server.keepsQuiet(t, "what was printed", shown.String())
	traced, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	server.keepsQuiet(t, "the trace", string(traced))
}

// TestLoginWithoutAPerson: client credentials are kept, and used again.
func TestLoginWithoutAPerson(t *testing.T) {
	server := protect(t)
	url := server.URL()
	t.Setenv("REMORA_TEST_SECRET", demoserver.MachineSecret)
	machine := []string{"login", "--grant", "client_credentials", "--client-id", demoserver.MachineClient}
	remora(t.Context(), "", append(machine, url)...).want(t, 5, "", "auth/")
	remora(t.Context(), "", append(machine, "--client-secret-env", "REMORA_TEST_SECRET", url)...).want(t, 0, "client                "+demoserver.MachineClient, "")
	_ = os.Unsetenv("REMORA_TEST_SECRET")
	remora(t.Context(), "", "tools", url).want(t, 0, "add(", "")
	server.Authority().ExpireTokens()
	remora(t.Context(), "", "tools", url).want(t, 0, "add(", "")
	if n := server.Authority().Counts(); n.Consents != 0 || n.Tokens != 2 {
		t.Errorf("got %+v", n)
	}
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("canary-wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := remora(t.Context(), "", append(machine, "--client-secret-file", file, url)...)
	wrong.want(t, 5, "", "auth/")
	if strings.Contains(wrong.err, "canary") {
		t.Errorf("the secret is in %s", wrong.err)
	}
	// What did not work is not kept.
	server.Authority().ExpireTokens()
	remora(t.Context(), "", "tools", url).want(t, 0, "add(", "")
}

// TestLoginInAGroup: each server of a file is used with its own login.
func TestLoginInAGroup(t *testing.T) {
	server, open := protect(t), demo(t)
	file := filepath.Join(t.TempDir(), "mcp.json")
	text := fmt.Sprintf(`{"mcpServers":{"closed":{"url":%q},"open":{"url":%q},"key":{"url":%q,"headers":{"Authorization":"Bearer %s"}},"program":{"command":"x"}}}`,
		server.URL(), open, server.URL(), demoserver.Workspaces[0].Key)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	before := remora(t.Context(), "", "tools", "--config", file, "closed", "open", "key")
	before.want(t, 0, "open__add(", `the server "closed": auth/required`)
	before.want(t, 0, "key__add(", "to log in: remora login "+server.URL())
	login(t, person{decision: "allow"}, "--config", file, "closed").want(t, 0, "logged in", "")
	login(t, person{decision: "allow"}, "--config", file, "program").want(t, 2, "", "is a program")
	login(t, person{decision: "allow"}, "--config", file, "nobody").want(t, 2, "", `has no server "nobody"`)
	after := remora(t.Context(), "", "tools", "--config", file, "closed", "open", "key")
	after.want(t, 0, "closed__add(", "")
	if after.err != "" {
		t.Errorf("said %s", after.err)
	}
	remora(t.Context(), "", "call", "--config", file, "closed__add", "a=2", "b=3").want(t, 0, "5\n", "")
	remora(t.Context(), "", "inspect", "--config", file, "closed").want(t, 0, "remora-demo-server", "")
	remora(t.Context(), "", "whoami", "--config", file, "closed").want(t, 0, "logged in", "")
	remora(t.Context(), "", "logout", "--config", file, "closed").want(t, 0, "not logged in", "")
}

// TestLoginWithAKeyring: the file is of no use without the keyring.
func TestLoginWithAKeyring(t *testing.T) {
	server := protect(t)
	url := server.URL()
	keyring.MockInit()
	defer noKeyringHere()
	if o := login(t, person{decision: "allow"}, url); o.status != 0 || strings.Contains(o.err, "keyring") {
		t.Errorf("got status %d, %s", o.status, o.err)
	}
	remora(t.Context(), "", "tools", url).want(t, 0, "add(", "")
	remora(t.Context(), "", "whoami", "--store", "keyring", url).want(t, 0, "logged in", "")
	remora(t.Context(), "", "whoami", "--store", "file", url).want(t, 5, "not logged in", "")
	remora(t.Context(), "", "whoami", "--store", "memory", url).want(t, 5, "not logged in", "")
	folder := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "remora")
	if _, err := os.Stat(filepath.Join(folder, "credentials.json")); err == nil {
		t.Error("there is a file that is not encrypted")
	}
	sealed, err := os.ReadFile(filepath.Join(folder, "credentials.sealed.json"))
	if err != nil {
		t.Fatal(err)
	}
	server.keepsQuiet(t, "the file", string(sealed))
	if strings.Contains(string(sealed), "127.0.0.1") {
		t.Errorf("the file names the server: %s", sealed)
	}
	// Without the keyring one is told, and is as not logged in.
	noKeyringHere()
	remora(t.Context(), "", "tools", url).want(t, 5, "", "logins that are kept with the keyring are left out: the system's keyring cannot be used: nobody there")
	remora(t.Context(), "", "tools", "--store", "keyring", url).want(t, 3, "", "the system's keyring cannot be used")
	login(t, person{decision: "allow"}, "--store", "keyring", url).want(t, 3, "", "the system's keyring cannot be used")
	// With another key, what is there cannot be read, and is not overwritten.
	keyring.MockInit()
	remora(t.Context(), "", "tools", url).want(t, 5, "", "the key is not in it any more")
	if now, err := os.ReadFile(filepath.Join(folder, "credentials.sealed.json")); err != nil || !bytes.Equal(now, sealed) {
		t.Error("the file was changed")
	}
}

func TestSealedStore(t *testing.T) {
	folders, key := map[*testing.T]string{}, make([]byte, 32)
	_, _ = rand.Read(key)
	storetest.Run(t, func(t *testing.T) host.Store {
		if folders[t] == "" {
			folders[t] = t.TempDir()
		}
		inner, err := host.NewFileStore(filepath.Join(folders[t], "sealed.json"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := newSealed(inner, key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
	// A value cannot be moved to another key, nor read with another.
	inner := host.NewMemoryStore()
	s, err := newSealed(inner, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Set(t.Context(), "a", "canary"); err != nil {
		t.Fatal(err)
	}
	raw, _, _ := inner.Get(t.Context(), "a")
	_ = inner.Set(t.Context(), "b", raw)
	other, err := newSealed(inner, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, get := range map[string]func() (string, bool, error){
		"moved":       func() (string, bool, error) { return s.Get(t.Context(), "b") },
		"another key": func() (string, bool, error) { return other.Get(t.Context(), "a") },
	} {
		if value, ok, err := get(); err == nil || ok || value != "" {
			t.Errorf("%s: got %q, %v, %v", name, value, ok, err)
		}
	}
	if _, err := newSealed(inner, []byte("short")); err == nil {
		t.Error("a key of another length is taken")
	}
}

func TestLoginArguments(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("REMORA_TEST_EMPTY", "")
	const url = "http://127.0.0.1:1/mcp"
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, test := range []struct {
		args, err string
		status    int
	}{
		{"login", "one server's URL is wanted", 2},
		{"login -- program", "one server's URL is wanted", 2},
		{"login nonsense", "local/bad_url", 2},
		{"login --store cupboard URL", "--store is one of file, keyring, memory", 2},
		{"tools --store cupboard URL", "--store is one of file, keyring, memory", 2},
		{"login --grant password URL", "--grant is one of authorization_code", 2},
		{"login --grant workload --client-id x URL", "--grant workload needs --assertion-file", 2},
		{"login --grant client_credentials URL", "without auth.clientId", 2},
		{"login --key FILE URL", "a secret or a key belongs to --client-id", 2},
		{"login --client-id x --key FILE URL", "--key", 2},
		{"login --client-id x --client-secret-env REMORA_TEST_EMPTY URL", "REMORA_TEST_EMPTY: there is no environment variable", 2},
		{"login --client-id x --client-secret-file FILE URL", "no such file", 2},
		{"login --client-id x --client-secret-env A --client-secret-file FILE URL", "give one of them", 2},
		{"login --store memory --no-browser URL", "http/network", 4},
		{"whoami --timeout 0s URL", "there is no login", 5},
		{"logout --store file URL", "there is no login", 5},
	} {
		args := strings.Fields(strings.NewReplacer("URL", url, "FILE", filepath.Join(t.TempDir(), "none")).Replace(test.args))
		o := remora(ctx, "", args...)
		if o.status != test.status || !strings.Contains(o.err, test.err) {
			t.Errorf("%s: got status %d, %s, want %d, %s", test.args, o.status, o.err, test.status, test.err)
		}
	}
	remora(ctx, "", "__complete", "login", "--store", "").want(t, 0, "file\nkeyring\nmemory\n", "")
	remora(ctx, "", "__complete", "login", "--grant", "").want(t, 0, "client_credentials\n", "")
}
