package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/remora-mcp/remora/test/fault"
	"github.com/remora-mcp/remora/test/internal/drive"
)

// A trace of a whole session holds none of its secrets, though the server does
// what it can to get them there; nor does anything else that is written on the
// way. The application's own results do hold them.
func TestTraceHasNoSecrets(t *testing.T) {
	var log lockedBuffer
	host := &drive.Host{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	t.Cleanup(func() {
		if err := host.Close(context.Background()); err != nil {
			t.Errorf("closing the host: %v", err)
		}
	})
	for _, embedder := range []drive.Embedder{drive.Node(22), drive.Page(), host.Embedder()} {
		t.Run(embedder.Name, func(t *testing.T) {
			for _, line := range lines {
				t.Run(string(line), func(t *testing.T) {
					g := newGossip()
					server := httptest.NewServer(g.handler(line))
					defer server.Close()
					reports, err := embedder.Run(t.Context(), []drive.Script{gossipScript(server.URL, line)})
					if err != nil {
						t.Fatal(err)
					}
					judgeGossip(t, g, embedder, line, reports[0])
				})
			}
		})
	}
	if form := reveals(log.String()); form != "" {
		t.Errorf("the host's log holds %s:\n%s", form, log.String())
	}
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func gossipScript(origin string, line fault.Line) drive.Script {
	object := func(v any) string {
		raw, _ := json.Marshal(v) // maps of strings and numbers
		return string(raw)
	}
	tell := drive.Call("tell", object(map[string]any{
		"user": "somebody", "pin": canaries["marked text"], "apiKey": canaries["named argument"],
		"more": map[string]string{"code": canaries["marked deep"]},
	}))
	return drive.Script{
		Name:     "gossip",
		URL:      origin + "/mcp?key=" + url.QueryEscape(canaries["URL query"]),
		Protocol: string(line),
		Headers:  map[string]string{"X-Static-Key": canaries["static header"]},
		Token:    canaries["token"],
		Trace:    true,
		Elicit: object(map[string]any{"action": "accept", "content": map[string]any{
			"name": canaries["typed answer"], "number": json.Number(canaries["typed number"]),
		}}),
		Steps: []drive.Step{
			{Do: drive.Connect}, {Do: drive.On, Event: "state"},
			{Do: drive.ListTools},
			tell, drive.Call("give", ""), drive.Call("ask", ""), drive.Call("fail", ""), tell,
			{Do: drive.Close},
			// What was traced before the session was closed has come by then.
			{Do: drive.AwaitEvent, Event: "state"},
			{Do: drive.AwaitEvent, Event: "trace", Min: 20},
		},
	}
}

const gossipFail, gossipAgain = 6, 7 // steps

func judgeGossip(t *testing.T, g *gossip, at drive.Embedder, line fault.Line, report drive.Report) {
	for i, got := range report.Outcomes {
		if (got.Error != nil) != (i == gossipFail) || got.Hung {
			t.Errorf("step %d: %v, hung: %v", i, got.Error, got.Hung)
		}
		if got.Error != nil && got.Error.Code != "rpc/error" && reveals(got.Error.String()) != "" {
			t.Errorf("step %d: the error holds %s: %v", i, reveals(got.Error.String()), got.Error)
		}
	}
	// The server did have them, and said them to the application.
	absent := map[string]bool{}
	for _, name := range []string{"cookie", "server header", "result token", "ticket"} {
		absent[name] = true // the client has no reason to send these
	}
	absent["session id"] = line == fault.Line2026
	absent["request state"] = line == fault.Line2025
	for name := range canaries {
		if g.heard[name] == absent[name] {
			t.Errorf("the server heard the %s: %v", name, g.heard[name])
		}
		if !absent[name] && !strings.Contains(report.Outcomes[gossipAgain].Result, hex.EncodeToString([]byte(canaries[name]))) {
			t.Errorf("the application was not told the %s", name)
		}
	}
	events := report.Outcomes[len(report.Outcomes)-1].Events
	types := map[string]int{}
	var all strings.Builder
	for _, raw := range events {
		var event struct{ Type string }
		if err := json.Unmarshal(raw, &event); err != nil {
			t.Fatal(err)
		}
		types[event.Type]++
		if form := reveals(string(raw)); form != "" {
			t.Errorf("the trace holds %s: %s", form, raw)
		}
		all.Write(raw)
	}
	for _, kind := range []string{"request", "response", "sent", "received", "end"} {
		if types[kind] < 6 {
			t.Errorf("%d events %s of %v: too few to say anything", types[kind], kind, types)
		}
	}
	// It is still of use.
	want := []string{`"somebody"`, `"tools/call"`, "elicitation/create", "Who are you?", "gossip", "/mcp?key=(masked)", `"pin":"(masked)"`, "application/json"}
	if line == fault.Line2025 {
		want = append(want, "notifications/message")
	}
	for _, part := range want {
		if !strings.Contains(all.String(), part) {
			t.Errorf("the trace does not show %s", part)
		}
	}
	shown := strings.ToLower(all.String())
	for _, part := range []string{`["x-static-key","(masked)"]`, `["authorization","(from the token function)"]`} {
		if !strings.Contains(shown, part) {
			t.Errorf("the trace does not show that the application adds %s", part)
		}
	}
}

// reveals says which canary can be read in a text, and how; "" for none. JSON's
// escapes are undone first, base64 is decoded at each place.
func reveals(text string) string {
	texts := []string{text, unescaped(text), unescaped(unescaped(text))}
	for name, canary := range canaries {
		for _, text := range texts {
			for how, form := range map[string]string{
				"": canary, " for a query": url.QueryEscape(canary), " for a path": url.PathEscape(canary), " in hexadecimal": hex.EncodeToString([]byte(canary)),
			} {
				if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
					return "the " + name + how
				}
			}
			if slices.ContainsFunc(decoded(text), func(s string) bool { return strings.Contains(s, canary) }) {
				return "the " + name + " in base64"
			}
		}
	}
	return ""
}

// unescaped undoes the escapes of JSON strings, roughly.
func unescaped(text string) string {
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\u00fc`, "\u00fc", `\u0026`, "&", `\/`, "/").Replace(text)
}

// decoded is what base64 in a text may stand for.
func decoded(text string) []string {
	var out []string
	words := strings.FieldsFunc(strings.NewReplacer("-", "+", "_", "/").Replace(text), func(r rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", r)
	})
	for _, word := range words {
		for start := range min(4, len(word)) {
			part := word[start:]
			if len(part)%4 == 1 {
				part = part[:len(part)-1]
			}
			if raw, err := base64.RawStdEncoding.DecodeString(part); err == nil {
				out = append(out, string(raw))
			}
		}
	}
	return out
}

// What looks for canaries finds them.
func TestReveals(t *testing.T) {
	for name, canary := range canaries {
		quoted, _ := json.Marshal(canary)
		for _, form := range []string{
			canary, string(quoted), url.QueryEscape(canary), url.PathEscape(canary), hex.EncodeToString([]byte(canary)),
			base64.StdEncoding.EncodeToString([]byte(canary)),
			base64.RawURLEncoding.EncodeToString([]byte("x" + canary + "y")),
			base64.StdEncoding.EncodeToString([]byte("xy" + canary)),
		} {
			if got := reveals(`{"a":"x ` + form + ` y"}`); !strings.HasPrefix(got, "the "+name) {
				t.Errorf("%s: %q is not found, but %q", name, form, got)
			}
		}
	}
	if got := reveals(`{"a":"canary","b":[1,2,"(masked)"]}`); got != "" {
		t.Errorf("found %s", got)
	}
}
