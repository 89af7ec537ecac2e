package fault

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Error numbers of JSON-RPC and MCP that this server sends.
const (
	codeInvalidRequest     = -32600
	codeMethodNotFound     = -32601
	codeInvalidParams      = -32602
	codeHeaderMismatch     = -32020
	codeUnsupportedVersion = -32022
)

// The keys of the _meta that 2026-07-28 asks for with every request.
const (
	metaVersion      = "io.modelcontextprotocol/protocolVersion"
	metaClientInfo   = "io.modelcontextprotocol/clientInfo"
	metaCapabilities = "io.modelcontextprotocol/clientCapabilities"
)

// A message is any JSON-RPC message from the client.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params params          `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// params holds what this server reads of any method's parameters.
type params struct {
	Meta            map[string]json.RawMessage `json:"_meta"`
	Name            string                     `json:"name"`
	Arguments       json.RawMessage            `json:"arguments"`
	Cursor          string                     `json:"cursor"`
	RequestID       json.RawMessage            `json:"requestId"`
	ProtocolVersion string                     `json:"protocolVersion"`
	InputResponses  map[string]json.RawMessage `json:"inputResponses"`
	RequestState    string                     `json:"requestState"`
}

// A request is one HTTP request to an endpoint.
type request struct {
	w    http.ResponseWriter
	r    *http.Request
	room *room
	line Line

	msg     message
	session string // 2025-11-25, once there is one

	// listTools, if set, answers tools/list in place of the sound list. It
	// returns the result.
	listTools func(cursor string) string
}

// serveSound answers as a server without faults, except for tools that fail.
func (q *request) serveSound() {
	switch q.r.Method {
	case http.MethodPost:
		q.post()
	case http.MethodGet:
		q.get()
	case http.MethodDelete:
		q.delete()
	default:
		http.Error(q.w, "method not allowed", http.StatusMethodNotAllowed)
	}
}

func (q *request) post() {
	body, err := io.ReadAll(q.r.Body)
	if err != nil {
		http.Error(q.w, "the request is too large or incomplete", http.StatusBadRequest)
		return
	}
	if err := json.Unmarshal(body, &q.msg); err != nil {
		q.malformed(codeInvalidRequest, "the request is not a JSON-RPC message")
		return
	}
	if q.msg.Method != "" {
		q.room.count("method." + q.msg.Method)
	}
	if fault := q.checkHeaders(); fault != "" {
		q.malformed(codeHeaderMismatch, fault)
		return
	}
	if !q.checkSession() {
		return
	}
	switch {
	case q.msg.Method == "":
		if !q.room.deliver(q.msg) {
			q.room.count("malformed")
		}
		q.w.WriteHeader(http.StatusAccepted)
	case len(q.msg.ID) == 0:
		if q.msg.Method == "notifications/cancelled" {
			q.room.cancel(q.session, q.msg.Params.RequestID)
		}
		q.w.WriteHeader(http.StatusAccepted)
	default:
		q.dispatch()
	}
}

// dispatch answers a JSON-RPC request.
func (q *request) dispatch() {
	switch q.msg.Method {
	case "initialize", "server/discover":
		q.connect()
	case "ping":
		q.answerJSON(`{}`)
	case "tools/list":
		if q.listTools != nil {
			q.answerJSON(q.listTools(q.msg.Params.Cursor))
		} else {
			q.answerJSON(`{"tools":[` + listed(Tools) + `]` + cacheable(q.line) + `}`)
		}
	case "tools/call":
		q.callTool()
	case "subscriptions/listen":
		q.listen()
	default:
		q.answerError(codeMethodNotFound, "no such method: "+q.msg.Method)
	}
}

// serverInfo and capabilities are what the server says of itself.
const (
	serverInfo   = `{"name":"fault","version":"1"}`
	capabilities = `{"tools":{"listChanged":true},"logging":{}}`
)

// connect answers the request that opens each line, and refuses the other
// line's.
func (q *request) connect() {
	switch {
	case q.line == Line2026 && q.msg.Method == "server/discover":
		q.answerJSON(`{"supportedVersions":["2026-07-28"],"capabilities":` + capabilities +
			`,"_meta":{"io.modelcontextprotocol/serverInfo":` + serverInfo + `}` + cacheable(q.line) + `}`)
	case q.line == Line2026:
		q.w.Header().Set("Content-Type", "application/json")
		q.w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(q.w, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":"unsupported protocol version","data":{"supported":["2026-07-28"],"requested":%q}}}`,
			q.msg.ID, codeUnsupportedVersion, q.msg.Params.ProtocolVersion)
	case q.msg.Method == "server/discover":
		q.answerError(codeMethodNotFound, "no such method: server/discover")
	default:
		q.w.Header().Set("Mcp-Session-Id", q.room.open())
		q.answerJSON(`{"protocolVersion":"2025-11-25","capabilities":` + capabilities + `,"serverInfo":` + serverInfo + `}`)
	}
}

// cacheable is the tail of a result that 2026-07-28 lets clients cache: not for
// any time.
func cacheable(line Line) string {
	if line == Line2026 {
		return `,"resultType":"complete","ttlMs":0,"cacheScope":"private"`
	}
	return ""
}

// checkHeaders returns what is wrong with the headers of a POST, or "".
func (q *request) checkHeaders() string {
	h := q.r.Header
	accept := strings.Join(h.Values("Accept"), ",")
	switch {
	case !strings.HasPrefix(h.Get("Content-Type"), "application/json"):
		return "Content-Type is not application/json"
	case !strings.Contains(accept, "application/json") || !strings.Contains(accept, "text/event-stream"):
		return "Accept does not name application/json and text/event-stream"
	}
	version := h.Get("Mcp-Protocol-Version")
	if q.line == Line2025 {
		opening := q.msg.Method == "initialize" || q.msg.Method == "server/discover"
		if !opening && version != string(Line2025) {
			return "Mcp-Protocol-Version is not the agreed one"
		}
		return ""
	}
	if q.msg.Method == "initialize" {
		return ""
	}
	if version != string(Line2026) {
		return "Mcp-Protocol-Version is not 2026-07-28"
	}
	if h.Get("Mcp-Session-Id") != "" {
		return "Mcp-Session-Id does not exist in 2026-07-28"
	}
	if q.msg.Method == "" {
		return ""
	}
	if h.Get("Mcp-Method") != q.msg.Method {
		return "Mcp-Method is not the body's method"
	}
	if q.msg.Method == "tools/call" && h.Get("Mcp-Name") != q.msg.Params.Name {
		return "Mcp-Name is not the body's name"
	}
	if len(q.msg.ID) == 0 {
		return ""
	}
	for _, key := range []string{metaVersion, metaClientInfo, metaCapabilities} {
		if len(q.msg.Params.Meta[key]) == 0 {
			return "_meta has no " + key
		}
	}
	return ""
}

// checkSession reads the session of a 2025-11-25 request and reports whether
// the request may go on; otherwise it has been answered.
func (q *request) checkSession() bool {
	if q.line == Line2026 || q.msg.Method == "initialize" || q.msg.Method == "server/discover" {
		return true
	}
	q.session = q.r.Header.Get("Mcp-Session-Id")
	if q.session == "" {
		q.malformed(codeInvalidRequest, "Mcp-Session-Id is missing")
		return false
	}
	if !q.room.alive(q.session) {
		http.Error(q.w, "session not found", http.StatusNotFound)
		return false
	}
	return true
}

// get serves a standing stream or resumes a cut one (2025-11-25).
func (q *request) get() {
	if q.line == Line2026 {
		http.Error(q.w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if !q.checkSession() {
		return
	}
	last := q.r.Header.Get("Last-Event-ID")
	if last == "" {
		messages, done := q.room.stand(q.session)
		defer done()
		stream := q.stream()
		stream.comment("standing")
		for {
			select {
			case message := <-messages:
				stream.event("", message)
			case <-q.r.Context().Done():
				return
			}
		}
	}
	name, _, _ := strings.Cut(last, ":")
	rest := q.room.takeCut(name)
	if rest == nil {
		http.Error(q.w, "no such stream", http.StatusBadRequest)
		return
	}
	q.room.count("resumed." + rest.tool)
	if rest.refuse {
		http.Error(q.w, "this stream cannot be resumed", http.StatusBadRequest)
		return
	}
	q.stream().event(name+":2", rest.answer)
}

// listen holds a subscription open until the client leaves (2026-07-28).
func (q *request) listen() {
	if q.line == Line2025 {
		q.answerError(codeMethodNotFound, "no such method: subscriptions/listen")
		return
	}
	q.room.count("standing")
	stream := q.stream()
	stream.event("", `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":`+
		string(q.msg.ID)+`},"notifications":{"toolsListChanged":true}}}`)
	<-q.r.Context().Done()
}

func (q *request) delete() {
	if q.line == Line2026 {
		http.Error(q.w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if !q.room.end(q.r.Header.Get("Mcp-Session-Id")) {
		http.Error(q.w, "session not found", http.StatusNotFound)
		return
	}
	q.room.count("deleted")
	q.w.WriteHeader(http.StatusNoContent)
}

// malformed answers a request that breaks the protocol's rules, and counts it:
// a sound client makes none.
func (q *request) malformed(code int, text string) {
	q.room.count("malformed")
	q.w.Header().Set("Content-Type", "application/json")
	q.w.WriteHeader(http.StatusBadRequest)
	id := q.msg.ID
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	fmt.Fprintf(q.w, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%q}}`, id, code, text)
}
