package exchange

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/port/porttest"
	"github.com/remora-mcp/remora/internal/wire"
)

// restored begins a session of the SDK's with a peer from what is kept, of
// 2025-11-25.
func restored(t *testing.T, url string, r *Restored) *Transport {
	t.Helper()
	network := new(porttest.NetHTTP)
	t.Cleanup(network.Close)
	transport := New(Config{HTTP: network, Clock: port.SystemClock{}, Session: 7, Sink: new(heard), Answers: anything})
	t.Cleanup(transport.Close)
	if err := r.Check(wire.Limits{}); err != nil {
		t.Fatal(err)
	}
	transport.Restore(r)
	sdk, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(),
		&mcp.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: transport}},
		&mcp.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err != nil {
		t.Fatal(err)
	}
	transport.Begun()
	t.Cleanup(func() { sdk.Close() })
	if id := sdk.ID(); id != r.SessionID {
		t.Errorf("the SDK's session is %q, want %q", id, r.SessionID)
	}
	return transport
}

// keptHandshake is a result of initialize.
const keptHandshake = `{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"peer","version":"1"}}`

// The standing stream of a restored session begins where the last one ended, if
// the server can do that, and only when somebody listens.
func TestRestoredStreamGoesOn(t *testing.T) {
	for _, c := range []struct {
		name    string
		refused map[string]int // by Last-Event-ID, the status
		want    string         // what the server is asked for, in order
	}{
		{"continued", nil, "7"},
		{"forgotten", map[string]int{"7": http.StatusBadRequest}, "7,"},
		{"still held by the one before", map[string]int{"once": http.StatusConflict}, "7,7"},
		{"held and then forgotten", map[string]int{"once": http.StatusConflict, "7": http.StatusNotFound}, "7,7,"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var asked []string
			stands := make(chan struct{})
			p := &peer{on: map[string]http.HandlerFunc{}}
			p.on[http.MethodGet] = func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				id := r.Header.Get("Last-Event-ID")
				asked = append(asked, id)
				status := c.refused[id]
				if once := c.refused["once"]; len(asked) == 1 && once != 0 {
					status = once
				}
				mu.Unlock()
				if status != 0 {
					http.Error(w, "no", status)
					return
				}
				if got := r.Header.Get(sessionHeader); got != "s1" {
					t.Errorf("the session is %q", got)
				}
				events(w)("id: 8\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n")
				close(stands)
				<-r.Context().Done()
			}
			server := httptest.NewServer(p)
			t.Cleanup(func() {
				server.CloseClientConnections()
				server.Close()
			})
			transport := restored(t, server.URL, &Restored{Result: []byte(keptHandshake), SessionID: "s1", LastEventID: "7"})
			if got := transport.LastEventID(); got != "7" {
				t.Errorf("before it is listened to, the last event is %q", got)
			}
			if n := len(p.seen); n > 0 {
				t.Errorf("%d requests before anybody listens", n)
			}
			transport.Listen(Wanted{Unasked: true})
			<-stands
			eventually(t, "the next event is noted", func() bool { return transport.LastEventID() == "8" })
			mu.Lock()
			defer mu.Unlock()
			if got := strings.Join(asked, ","); got != c.want {
				t.Errorf("asked for %q, want %q", got, c.want)
			}
		})
	}
}

// Nothing goes out before the SDK has begun, whatever it asks.
func TestRestoredIsSilent(t *testing.T) {
	p := &peer{on: map[string]http.HandlerFunc{}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	for _, kept := range []string{`{}`, `{"protocolVersion":7}`, `{"supportedVersions":["2026-07-28"]}`, `{"supportedVersions":"x"}`} {
		for _, version := range []string{"2026-07-28", "2025-11-25"} {
			transport := New(Config{HTTP: new(porttest.NetHTTP), Clock: port.SystemClock{}, Sink: new(heard), Answers: anything})
			transport.Restore(&Restored{Result: []byte(kept), Modern: version >= "2026"})
			sdk, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(context.Background(),
				&mcp.StreamableClientTransport{Endpoint: server.URL, HTTPClient: &http.Client{Transport: transport}},
				&mcp.ClientSessionOptions{ProtocolVersion: version})
			if err == nil {
				sdk.Close()
			}
			transport.Close()
		}
	}
	if len(p.seen) > 0 {
		t.Errorf("the server was asked %v", p.seen)
	}
}
