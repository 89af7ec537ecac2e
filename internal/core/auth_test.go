package core

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// readAllOf reads a request's body and leaves it there to be read again.
func readAllOf(r *http.Request) ([]byte, error) {
	data, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(data))
	return data, err
}

const redirectURL = "http://127.0.0.1:8976/callback"

// authorized is the least that an application says.
func authorized(as *authServer) wire.Connect {
	return wire.Connect{URL: as.endpoint(), Handlers: authHandlers, Auth: &wire.Auth{RedirectURL: redirectURL}}
}

func echoCall(session uint32) (wire.Call, wire.CallTool) {
	return wire.Call{Command: "callTool", Session: session}, wire.CallTool{Name: "echo", Arguments: []byte(`{"message":"hi"}`)}
}

func TestLogin(t *testing.T) {
	for name, handler := range map[string]http.Handler{
		"2026-07-28": sdkServer(&mcp.StreamableHTTPOptions{Stateless: true}),
		"2025-11-25": sdkServer(&mcp.StreamableHTTPOptions{}),
	} {
		t.Run(name, func(t *testing.T) {
			as := newAuthServer(t, handler)
			p := newPerson(as)
			e := newEmbedder(t)
			e.answer = p.answer
			s := e.connect(authorized(as))
			if s.ProtocolVersion != name {
				t.Errorf("revision %s", s.ProtocolVersion)
			}
			call, params := echoCall(s.Session)
			e.runMany(50, call, params)
			if p.times("authorize") != 1 || as.count("as POST /register") != 1 || as.count("as POST /token") != 1 {
				t.Errorf("%d logins, requests %v", p.times("authorize"), as.requests)
			}
			if !strings.HasSuffix(p.pages[0], "&scope=mcp") || !strings.Contains(p.pages[0], "resource=http") {
				t.Errorf("page %s", p.pages[0])
			}
			// 50 calls meet a token that has ended: one refresh.
			as.expire()
			e.runMany(50, call, params)
			if n := as.grants("refresh_token"); n != 1 || p.times("authorize") != 1 || as.reused != 0 {
				t.Errorf("%d refreshes, %d logins, %d tokens used twice", n, p.times("authorize"), as.reused)
			}
			if _, failure := e.run(wire.Call{Command: "close", Session: s.Session}, wire.Close{}); failure != nil {
				t.Error(failure)
			}
			// The next session finds the token in the store.
			e.connect(authorized(as))
			if p.times("authorize") != 1 {
				t.Error("asked again, with a token in the store")
			}
		})
	}
}
