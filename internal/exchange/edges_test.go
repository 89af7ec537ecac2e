package exchange

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// The go-sdk is loose at these edges. Each test shows the edge with the SDK
// alone, so that it fails when the SDK has mended it and the work here can go,
// and then that it is gone with a Transport.

// A failure of one call ends the session.
func TestFailuresEndTheirCallOnly(t *testing.T) {
	limits := wire.Limits{MaxEventBytes: 64 << 10, MaxBodyBytes: 64 << 10, MaxDepth: 100}
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   wire.Code
		sent   wire.Sent
		alone  bool // the SDK alone survives it
	}{
		{"plain 403", func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "not you", http.StatusForbidden)
		}, wire.CodeAuthDenied, wire.SentYes, false},
		{"403 for want of scope", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="more"`)
			w.WriteHeader(http.StatusForbidden)
		}, wire.CodeAuthInsufficientScope, wire.SentYes, false},
		{"401", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
		}, wire.CodeAuthRequired, wire.SentYes, false},
		{"418 with text", func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "short and stout", http.StatusTeapot)
		}, wire.CodeHTTPStatus, wire.SentYes, false},
		{"500", func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "oops", http.StatusInternalServerError)
		}, wire.CodeHTTPStatus, wire.SentYes, true},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "ftp://elsewhere.invalid/")
			w.WriteHeader(http.StatusFound)
		}, wire.CodePolicyRedirect, wire.SentYes, true},
		{"body that cannot be decoded", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"jsonrpc":"2.0","id":`)
		}, wire.CodeHTTPNotMCP, wire.SentYes, false},
		{"JSON that is not JSON-RPC", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"hello":"world"}`)
		}, wire.CodeHTTPNotMCP, wire.SentYes, false},
		{"a page", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, `<h1>Welcome</h1>`)
		}, wire.CodeHTTPNotMCP, wire.SentYes, false},
		{"event that cannot be decoded", func(w http.ResponseWriter, r *http.Request) {
			events(w)("data: {nonsense\n\n")
		}, wire.CodeHTTPNotMCP, wire.SentYes, false},
		{"oversized event", func(w http.ResponseWriter, r *http.Request) {
			events(w)("data: \"%s\"\n\n", strings.Repeat("x", 17<<20))
		}, wire.CodeLocalTooLarge, wire.SentYes, false},
		{"endless event", func(w http.ResponseWriter, r *http.Request) {
			send := events(w)
			for r.Context().Err() == nil {
				send("data: %s\n", strings.Repeat("x", 1<<20))
			}
		}, wire.CodeLocalTooLarge, wire.SentYes, true},
		{"oversized body", func(w http.ResponseWriter, r *http.Request) {
			say(w, r, `{"content":[],"x":"`+strings.Repeat("x", 65<<10)+`"}`)
		}, wire.CodeLocalTooLarge, wire.SentYes, true},
		{"nested too deeply", func(w http.ResponseWriter, r *http.Request) {
			say(w, r, `{"content":[],"x":`+strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)+`}`)
		}, wire.CodeLocalTooLarge, wire.SentYes, false},
		{"stream without an answer", func(w http.ResponseWriter, r *http.Request) {
			events(w)(": nothing\n\n")
		}, wire.CodeHTTPNetwork, wire.SentUnknown, true},
		{"cut before the answer", func(w http.ResponseWriter, r *http.Request) {
			events(w)(": soon\n\n")
			panic(http.ErrAbortHandler)
		}, wire.CodeHTTPNetwork, wire.SentUnknown, true},
		{"cut in the middle of a JSON answer", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"jsonrpc":"2.0",`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, wire.CodeHTTPNetwork, wire.SentUnknown, false},
		{"resumption refused", func(w http.ResponseWriter, r *http.Request) {
			events(w)("id: 1\nretry: 1\ndata:\n\n")
		}, wire.CodeHTTPNetwork, wire.SentUnknown, false},
		{"an answer that is not an object", func(w http.ResponseWriter, r *http.Request) {
			say(w, r, `5`)
		}, wire.CodeHTTPNotMCP, wire.SentYes, true},
		{"202 for a call", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusAccepted)
		}, wire.CodeHTTPNotMCP, wire.SentYes, false},
		{"a JSON-RPC error", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32001,"message":"mine","data":{"n":12345678901234567890}}}`, requestOf(r).ID)
		}, wire.CodeRPCError, wire.SentYes, true},
		{"a JSON-RPC error with status 400", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"jsonrpc":"2.0","id":null,"error":{"code":-32020,"message":"header"}}`)
		}, wire.CodeRPCError, wire.SentYes, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := func() *peer {
				return (&peer{on: map[string]http.HandlerFunc{"fault": c.answer, "ok": okTool}}).legacy()
			}
			t.Run("SDK alone", func(t *testing.T) {
				t.Parallel()
				r := connect(t, server(), how{alone: true, protocol: "2025-11-25"})
				ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
				defer cancel()
				_, _ = r.sdk.CallTool(ctx, &mcp.CallToolParams{Name: "fault"})
				_, _, err := r.call("ok")
				if got := err == nil; got != c.alone {
					t.Errorf("the session survives: %v (%v), want %v", got, err, c.alone)
				}
			})
			t.Run("with a Transport", func(t *testing.T) {
				t.Parallel()
				r := connect(t, server(), how{limits: limits, protocol: "2025-11-25"})
				_, call, err := r.call("fault")
				if err == nil || code(call) != c.want {
					t.Fatalf("got %v and %q, want a failure with %q", err, code(call), c.want)
				}
				if call.Err().Sent != c.sent {
					t.Errorf("sent %q, want %q", call.Err().Sent, c.sent)
				}
				if len(call.Err().Message) > 400 {
					t.Errorf("a message of %d bytes", len(call.Err().Message))
				}
				r.mustWork()
			})
		})
	}
}

// Progress that comes before the answer is handed over after it.
func TestEventsComeBeforeTheAnswer(t *testing.T) {
	const n = 1000
	server := func() *peer {
		return &peer{on: map[string]http.HandlerFunc{"busy": func(w http.ResponseWriter, r *http.Request) {
			var all bytes.Buffer
			for i := range n {
				fmt.Fprintf(&all, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":42,\"progress\":%d}}\n\n", i+1)
			}
			all.WriteString(resultEvent(r, okResult))
			events(w)("%s", all.String())
		}}}
	}
	t.Run("SDK alone", func(t *testing.T) {
		for range 50 { // mostly the first
			var got atomic.Int64
			r := connect(t, server(), how{alone: true, options: mcp.ClientOptions{
				ProgressNotificationHandler: func(context.Context, *mcp.ProgressNotificationClientRequest) { got.Add(1) },
			}})
			if _, _, err := r.call("busy"); err != nil {
				t.Fatal(err)
			}
			if got.Load() < n {
				return
			}
		}
		t.Errorf("all %d events came before the answer, each time", n)
	})
	t.Run("with a Transport", func(t *testing.T) {
		r := connect(t, server(), how{})
		if _, _, err := r.call("busy"); err != nil {
			t.Fatal(err)
		}
		if got := r.heard.count(); got != n {
			t.Fatalf("%d events came before the answer, want %d", got, n)
		}
		for i, notice := range r.heard.notices {
			if want := fmt.Sprintf(`notifications/progress {"progressToken":42,"progress":%d}`, i+1); notice != want {
				t.Fatalf("event %d is %s", i, notice)
			}
		}
	})
}

// Typed results drop unknown fields, round numbers and fail on unknown content.
func TestResultsStayWhole(t *testing.T) {
	const result = `{ "content":[{"type":"hologram","depth":3}], "n":12345678901234567890,"isError":false, "later":{"b":1,"a":2}}`
	for _, stream := range []bool{false, true} {
		server := func() *peer {
			return &peer{on: map[string]http.HandlerFunc{"odd": func(w http.ResponseWriter, r *http.Request) {
				if stream {
					events(w)("%s", resultEvent(r, result))
				} else {
					say(w, r, result)
				}
			}}}
		}
		t.Run(fmt.Sprintf("stream %v, SDK alone", stream), func(t *testing.T) {
			if _, _, err := connect(t, server(), how{alone: true}).call("odd"); err == nil {
				t.Error("the SDK takes an unknown content type")
			}
		})
		t.Run(fmt.Sprintf("stream %v, with a Transport", stream), func(t *testing.T) {
			_, call, err := connect(t, server(), how{}).call("odd")
			if err != nil {
				t.Fatal(err)
			}
			if got := string(call.Result()); got != result {
				t.Errorf("got  %s\nwant %s", got, result)
			}
		})
	}
}

// The SDK's time-to-live cache cannot be switched off.
func TestAnswersAreNotCached(t *testing.T) {
	server := func() *peer {
		return &peer{on: map[string]http.HandlerFunc{methodListTools: func(w http.ResponseWriter, r *http.Request) {
			say(w, r, `{"tools":[{"name":"a","inputSchema":{"type":"object"},"icons":17}],"ttlMs":3600000,"cacheScope":"public"}`)
		}}}
	}
	list := func(r *rig) (*Call, error) {
		call := new(Call)
		_, err := r.sdk.ListTools(WithCall(context.Background(), call), nil)
		return call, err
	}
	t.Run("SDK alone", func(t *testing.T) {
		r := connect(t, &peer{on: map[string]http.HandlerFunc{methodListTools: func(w http.ResponseWriter, r *http.Request) {
			say(w, r, `{"tools":[],"ttlMs":3600000}`)
		}}}, how{alone: true})
		for range 2 {
			if _, err := list(r); err != nil {
				t.Fatal(err)
			}
		}
		if got := r.peer.count(methodListTools); got != 1 {
			t.Errorf("%d requests, want 1", got)
		}
	})
	t.Run("with a Transport", func(t *testing.T) {
		r := connect(t, server(), how{})
		for range 2 {
			call, err := list(r)
			if err != nil {
				t.Fatal(err)
			}
			if call.ToolCount() != 1 || !strings.Contains(string(call.Result()), `"ttlMs":3600000`) {
				t.Errorf("%d tools in %s", call.ToolCount(), call.Result())
			}
		}
		if got := r.peer.count(methodListTools); got != 2 {
			t.Errorf("%d requests, want 2", got)
		}
	})
}

// The SDK opens standing streams that nobody asked for.
func TestStandingStreamsOnlyWhenListening(t *testing.T) {
	for _, line := range []struct {
		protocol, opens string
	}{
		{"2025-11-25", http.MethodGet},
		{"2026-07-28", methodListen},
	} {
		stream := func(w http.ResponseWriter, r *http.Request) {
			events(w)("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n")
			<-r.Context().Done()
		}
		server := func() *peer {
			p := &peer{on: map[string]http.HandlerFunc{line.opens: stream, "ok": okTool}}
			if line.protocol < "2026" {
				p.legacy()
			}
			return p
		}
		options := mcp.ClientOptions{ToolListChangedHandler: func(context.Context, *mcp.ToolListChangedRequest) {}}
		t.Run(line.protocol+", SDK alone", func(t *testing.T) {
			r := connect(t, server(), how{alone: true, protocol: line.protocol, options: options})
			if r.peer.count(line.opens) == 0 {
				t.Error("the SDK opens no standing stream by itself")
			}
		})
		t.Run(line.protocol+", with a Transport", func(t *testing.T) {
			r := connect(t, server(), how{protocol: line.protocol, options: options})
			r.mustWork()
			if n := r.peer.count(line.opens); n != 0 {
				t.Errorf("%d standing streams before anybody listens", n)
			}
			if !r.transport.hasStanding() {
				t.Error("no standing stream to be had")
			}
			r.transport.Listen(Wanted{ToolsListChanged: true})
			eventually(t, "the notification", func() bool { return r.heard.count() == 1 })
			r.transport.Listen(Wanted{})
			r.mustWork()
			r.transport.Listen(Wanted{ToolsListChanged: true})
			eventually(t, "the second notification", func() bool { return r.heard.count() == 2 })
			if err := r.sdk.Close(); err != nil {
				t.Error(err)
			}
			if n := r.peer.count(line.opens); n != 2 {
				t.Errorf("%d standing streams, want 2", n)
			}
			if n := r.peer.count(methodCancelled); n != 0 {
				t.Errorf("%d cancellations of a request that the server may not have seen", n)
			}
		})
	}
}

// The SDK's resumption ends the session when it fails, and a stream without
// progress is resumed on the same terms as one with.
func TestResumption(t *testing.T) {
	p := (&peer{on: map[string]http.HandlerFunc{"ok": okTool}}).legacy()
	var answer atomic.Value
	p.on["cut"] = func(w http.ResponseWriter, r *http.Request) {
		answer.Store(resultEvent(r, okResult))
		events(w)("id: 7\nretry: 20\ndata:\n\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":42,\"progress\":1}}\n\n")
	}
	var asked atomic.Value
	p.on[http.MethodGet] = func(w http.ResponseWriter, r *http.Request) {
		asked.Store(fmt.Sprint(r.Header.Get("Last-Event-ID"), " ", r.Header.Get(sessionHeader), " ", r.Header.Get("Mcp-Protocol-Version")))
		events(w)("id: 8\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":42,\"progress\":2}}\n\n%s", answer.Load())
	}
	r := connect(t, p, how{protocol: "2025-11-25"})
	begun := time.Now()
	_, call, err := r.call("cut")
	if err != nil || string(call.Result()) != okResult {
		t.Fatalf("got %s, %v", call.Result(), err)
	}
	if waited := time.Since(begun); waited < 20*time.Millisecond {
		t.Errorf("resumed after %v; the server asked for 20 ms", waited)
	}
	if got, want := asked.Load(), "7 s1 2025-11-25"; got != want {
		t.Errorf("resumed with %q, want %q", got, want)
	}
	if n := r.heard.count(); n != 2 {
		t.Errorf("%d progress events, want 2", n)
	}
	if n := p.count(methodCallTool); n != 1 {
		t.Errorf("the call was sent %d times, want once", n)
	}
	r.mustWork()
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if cond() {
			return
		}
	}
	t.Fatalf("not within 10 s: %s", what)
}
