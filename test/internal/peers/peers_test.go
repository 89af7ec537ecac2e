package peers

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestPeers starts every peer and holds that a client nobody here wrote gets
// through to each, directly and as a web page would, on each line that it
// claims.
func TestPeers(t *testing.T) {
	set, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Stop)
	if len(set.Peers) != 8 {
		t.Errorf("%d peers, want 8", len(set.Peers))
	}
	for name, peer := range set.Peers {
		if peer.Kind == KindFault {
			continue // package fault tests it
		}
		for _, protocol := range peer.Protocols {
			for _, url := range []string{peer.URL, peer.BrowserURL} {
				client := mcp.NewClient(&mcp.Implementation{Name: "t", Version: "0"}, nil)
				var transport mcp.Transport = &mcp.StreamableClientTransport{Endpoint: url, DisableStandaloneSSE: true}
				if peer.Legacy {
					transport = &mcp.SSEClientTransport{Endpoint: url}
				}
				session, err := client.Connect(t.Context(), transport, &mcp.ClientSessionOptions{ProtocolVersion: protocol})
				if err != nil {
					t.Errorf("%s %s: %v", name, protocol, err)
					continue
				}
				if got := session.InitializeResult().ProtocolVersion; got != protocol {
					t.Errorf("%s: agreed on %s, want %s", name, got, protocol)
				}
				if tools, err := session.ListTools(t.Context(), nil); err != nil || len(tools.Tools) < 6 {
					t.Errorf("%s %s: tools %v, %v", name, protocol, tools, err)
				}
				if err := session.Close(); err != nil {
					t.Errorf("%s %s: close: %v", name, protocol, err)
				}
			}
		}
		if !peer.Legacy { // there is no answer to a POST
			checkAnswerType(t, name, peer)
		}
		checkCORS(t, name, peer)
	}
}

// checkAnswerType holds that a peer answers with the type that it claims.
func checkAnswerType(t *testing.T, name string, peer Peer) {
	body := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","clientInfo":{"name":"t","version":"0"},"capabilities":{}}}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, peer.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	want := map[string]string{"sse": "text/event-stream", "json": "application/json"}[peer.Answers]
	if got := answer.Header.Get("Content-Type"); got != want {
		t.Errorf("%s answers with %s, want %s", name, got, want)
	}
	if got := answer.Header.Get("Mcp-Session-Id") != ""; got != peer.Stateful {
		t.Errorf("%s has a session: %v, want %v", name, got, peer.Stateful)
	}
}

// checkCORS holds that a web page may call a peer.
func checkCORS(t *testing.T, name string, peer Peer) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, peer.BrowserURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://app.example")
	r.Header.Set("Access-Control-Request-Method", "POST")
	r.Header.Set("Access-Control-Request-Headers", "content-type,mcp-protocol-version")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("%s: allow-origin %q, want *", name, got)
	}
}

func TestDeriveConformance(t *testing.T) {
	got, err := deriveConformance([]byte("a " + sdkOptions + " b"))
	if err != nil || string(got) != "a "+sdkOptionsDerived+" b" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []string{"", "&mcp.StreamableHTTPOptions{}", sdkOptions + sdkOptions} {
		if _, err := deriveConformance([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// TestPeerAsJSON holds the field names that programs in other languages read.
func TestPeerAsJSON(t *testing.T) {
	got, err := json.Marshal(Peer{URL: "u", BrowserURL: "b", Kind: "k", Protocols: []string{"p"}, Stateful: true, Answers: "a"})
	if want := `{"url":"u","browserUrl":"b","kind":"k","protocols":["p"],"stateful":true,"answers":"a"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}
