package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/remora-mcp/remora/test/fault"
)

// Canaries are secrets, one for each slot in which a session can have one. None
// looks like a secret to a client, except by where it is.
var canaries = map[string]string{
	"static header":  "canary-static-b7f1",
	"token":          "canary-token-0c2e",
	"URL query":      "canary query/61+d9",
	"typed answer":   "canary typed \u00fc\"x\" 4a",
	"typed number":   "58008318",
	"marked text":    "canary-marked-e5d0",
	"marked deep":    "canary-deep-93ab",
	"named argument": "canary-named-77c4",
	"session id":     "canary-session-2f60",
	"cookie":         "canary-cookie-ab18",
	"server header":  "canary-server-40fe",
	"result token":   "canary-result-d3a9",
	"request state":  "canary-state-5b8c",
	"ticket":         "canary-ticket-1e97",
}

// A gossip is a server that says again, in every way that it can think of, what
// it was told in confidence.
type gossip struct {
	mu    sync.Mutex
	heard map[string]bool // canaries, by name
}

func newGossip() *gossip { return &gossip{heard: map[string]bool{}} }

// listen looks for canaries in what came, and says all of those it knows.
func (g *gossip) listen(r *http.Request, body string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	text := body + fmt.Sprint(r.Header) + r.URL.Query().Encode() + fmt.Sprint(r.URL.Query())
	var unquoted any
	if json.Unmarshal([]byte(body), &unquoted) == nil {
		text += fmt.Sprint(unquoted)
	}
	for name, canary := range canaries {
		if strings.Contains(text, canary) {
			g.heard[name] = true
		}
	}
	var said strings.Builder
	for _, name := range slices.Sorted(maps.Keys(g.heard)) {
		canary := canaries[name]
		quoted, _ := json.Marshal(canary) // a string always can
		for _, form := range []string{
			canary, url.QueryEscape(canary), url.PathEscape(canary), string(quoted), hex.EncodeToString([]byte(canary)),
			base64.StdEncoding.EncodeToString([]byte(canary)),
			base64.RawURLEncoding.EncodeToString([]byte("x" + canary + "y")),
			base64.StdEncoding.EncodeToString([]byte("xy" + canary)),
		} {
			fmt.Fprintf(&said, "%s is %s; ", name, form)
		}
	}
	return said.String()
}

type gossipMessage struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name           string                     `json:"name"`
		InputResponses map[string]json.RawMessage `json:"inputResponses"`
	} `json:"params"`
	Result json.RawMessage `json:"result"`
}

const gossipTools = `[{"name":"tell","inputSchema":{"type":"object","properties":{` +
	`"user":{"type":"string"},"pin":{"type":"string","format":"password"},` +
	`"more":{"type":"object","properties":{"code":{"$ref":"#/$defs/Code"}}},"apiKey":{"type":"string"}},` +
	`"$defs":{"Code":{"type":"string","writeOnly":true}}}},` +
	`{"name":"ask","inputSchema":{"type":"object"}},{"name":"give","inputSchema":{"type":"object"}},{"name":"fail","inputSchema":{"type":"object"}}]`

const gossipForm = `{"mode":"form","message":"Who are you?","requestedSchema":{"type":"object","properties":` +
	`{"name":{"type":"string"},"number":{"type":"integer"}},"required":["name","number"]}}`

// handler is the server on one protocol line.
func (g *gossip) handler(line fault.Line) http.Handler {
	answered := make(chan string, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
		h.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
		h.Set("Access-Control-Expose-Headers", "Mcp-Session-Id, X-Server-Key")
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		h.Set("Set-Cookie", "sid="+canaries["cookie"]+"; Path=/")
		h.Set("X-Server-Key", canaries["server header"])
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		said := g.listen(r, string(body))
		var m gossipMessage
		switch {
		case r.Method != http.MethodPost:
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		case json.Unmarshal(body, &m) != nil:
			w.WriteHeader(http.StatusBadRequest)
			return
		case m.Method == "" && m.Result != nil:
			w.WriteHeader(http.StatusAccepted)
			answered <- said
			return
		case m.ID == nil:
			w.WriteHeader(http.StatusAccepted)
			return
		}
		g.answer(w, line, &m, said, answered)
	})
}

func (g *gossip) answer(w http.ResponseWriter, line fault.Line, m *gossipMessage, said string, answered <-chan string) {
	asJSON := func(member string) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,%s}`, m.ID, member)
	}
	event := func(message string) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: %s\n\n", message)
		http.NewResponseController(w).Flush()
	}
	text := func(s string) string {
		quoted, _ := json.Marshal(s) // a string always can
		return `"resultType":"complete","content":[{"type":"text","text":` + string(quoted) + `}]`
	}
	quoted := func(s string) string {
		raw, _ := json.Marshal(s)
		return string(raw)
	}
	info := `"capabilities":{"tools":{}},"serverInfo":{"name":"gossip","version":"1"}`
	switch m.Method {
	case "server/discover":
		if line == fault.Line2025 {
			asJSON(`"error":{"code":-32601,"message":"Method not found"}`)
			return
		}
		asJSON(`"result":{"resultType":"complete","supportedVersions":["2026-07-28"],` + info + `}`)
	case "initialize":
		w.Header().Set("Mcp-Session-Id", canaries["session id"])
		asJSON(`"result":{"protocolVersion":"2025-11-25",` + info + `}`)
	case "tools/list":
		asJSON(`"result":{"resultType":"complete","tools":` + gossipTools + `}`)
	case "tools/call":
		switch {
		case m.Params.Name == "fail":
			asJSON(`"error":{"code":-32000,"message":` + quoted("I know that "+said) + `,"data":{"why":` + quoted(said) + `}}`)
		case m.Params.Name == "give":
			// The echo stands before what makes it a secret.
			asJSON(`"result":{` + text("your token is "+canaries["result token"]) + `,"structuredContent":{"access_token":` + quoted(canaries["result token"]) +
				`,"url":` + quoted("https://example.com/login?ticket="+canaries["ticket"]) + `}}`)
		case m.Params.Name == "ask" && line == fault.Line2025:
			event(`{"jsonrpc":"2.0","id":"question-1","method":"elicitation/create","params":` + gossipForm + `}`)
			said := <-answered
			event(`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":` + quoted(said) + `}}`)
			event(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{%s}}`, m.ID, text(said)))
		case m.Params.Name == "ask" && m.Params.InputResponses == nil:
			asJSON(`"result":{"resultType":"input_required","inputRequests":{"who":{"method":"elicitation/create","params":` + gossipForm +
				`}},"requestState":` + quoted(canaries["request state"]) + `}`)
		default:
			event(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{%s,"structuredContent":{"said":%s}}}`, m.ID, text(said), quoted(said)))
		}
	default:
		asJSON(`"result":{"resultType":"complete"}`)
	}
}
