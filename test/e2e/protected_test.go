package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
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
