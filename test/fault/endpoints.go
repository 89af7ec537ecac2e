package fault

import (
	"io"
	"net"
	"net/http"
	"strings"
)

// An Endpoint is a way for a whole server to fail.
type Endpoint struct {
	// Name is its part of the path.
	Name string
	// Doc says what it does.
	Doc string

	serve func(*request)
}

const noCORS = "no_cors"

// Endpoints lists every endpoint. The URL of a redirect leads to the endpoint
// "mcp" of the same line and run.
var Endpoints = []Endpoint{
	{"mcp", "a sound server, whose tools are the rows of Tools", (*request).serveSound},
	{"html", "every answer is an HTML page with status 200", page("text/html; charset=utf-8",
		"<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>Not what you are looking for</h1></body></html>\n")},
	{"status_500", "every answer is status 500 with a line of text", func(q *request) {
		http.Error(q.w, "the database is on fire", http.StatusInternalServerError)
	}},
	{"json_not_rpc", "every answer is a JSON object that is no JSON-RPC message", page("application/json", `{"status":"ok","uptime":12}`)},
	{"json_scalar", "every answer is a JSON string", page("application/json", `"hello"`)},
	{"not_json", "every answer claims to be JSON and is not", page("application/json", `{"jsonrpc":"2.0",`)},
	{"empty", "every answer is status 200 with no body", page("application/json", "")},
	{noCORS, "a sound server that sends no CORS headers", (*request).serveSound},
	{"redirect_307", "status 307 to the same origin", func(q *request) { q.redirect(http.StatusTemporaryRedirect, q.r.Host) }},
	{"redirect_308", "status 308 to the same origin", func(q *request) { q.redirect(http.StatusPermanentRedirect, q.r.Host) }},
	{"redirect_302", "status 302 to the same origin, which would turn a POST into a GET", func(q *request) { q.redirect(http.StatusFound, q.r.Host) }},
	{"redirect_303", "status 303 to the same origin, which would turn a POST into a GET", func(q *request) { q.redirect(http.StatusSeeOther, q.r.Host) }},
	{"redirect_origin", "status 307 to another origin: the same port by the loopback's other name", func(q *request) {
		q.redirect(http.StatusTemporaryRedirect, otherName(q.r.Host))
	}},
	{"redirect_loop", "status 307 to itself, without end", func(q *request) {
		http.Redirect(q.w, q.r, q.r.URL.Path, http.StatusTemporaryRedirect)
	}},
	{"redirect_nowhere", "status 307 without a Location", func(q *request) { q.w.WriteHeader(http.StatusTemporaryRedirect) }},
	{"redirect_scheme", "status 307 to a URL that is not of HTTP", func(q *request) {
		q.w.Header().Set("Location", "file:///etc/passwd")
		q.w.WriteHeader(http.StatusTemporaryRedirect)
	}},
	{"stall_head", "no answer ever begins", func(q *request) { q.stall(false) }},
	{"stall_body", "every answer begins as an event stream and stops there", func(q *request) { q.stall(true) }},
	{"cut", "every connection is closed before the answer's head", func(*request) { cutHere() }},
	{"no_standing", "a sound server without a standing stream", func(q *request) {
		if q.r.Method == http.MethodGet {
			http.Error(q.w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		q.serveSound()
	}},
	{"pages", "a sound server with 250 tools on 5 pages", func(q *request) { q.listTools = pages; q.serveSound() }},
	{"cursor_same", "every page of tools/list names itself as the next", func(q *request) {
		q.listTools = func(string) string { return `{"tools":[` + listed(Tools[:1]) + `],"nextCursor":"again"}` }
		q.serveSound()
	}},
	{"cursor_loop", "the pages of tools/list lead in a circle of three", func(q *request) {
		q.listTools = func(cursor string) string {
			next := map[string]string{"": "a", "a": "b", "b": "c", "c": "a"}[cursor]
			return `{"tools":[` + listed(Tools[:1]) + `],"nextCursor":` + quoted(next) + `}`
		}
		q.serveSound()
	}},
	{"header_tools", "tools with x-mcp-header: sound ones, and ones whose annotation is invalid", func(q *request) {
		q.listTools = func(string) string { return `{"tools":[` + listed(headerTools) + `]` + cacheable(q.line) + `}` }
		q.serveSound()
	}},
}

func endpointNamed(name string) (Endpoint, bool) {
	for _, e := range Endpoints {
		if e.Name == name {
			return e, true
		}
	}
	return Endpoint{}, false
}

// page answers every request with the same body.
func page(contentType, body string) func(*request) {
	return func(q *request) { q.body(contentType, body) }
}

// redirect answers with a redirect to the endpoint "mcp" on host.
func (q *request) redirect(status int, host string) {
	parts := strings.Split(q.r.URL.Path, "/")
	parts[2] = "mcp"
	q.w.Header().Set("Location", "http://"+host+strings.Join(parts, "/"))
	q.w.WriteHeader(status)
}

// otherName returns host with "localhost" for a loopback address and 127.0.0.1
// for "localhost".
func otherName(host string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	other := "localhost"
	if name == other {
		other = "127.0.0.1"
	}
	if port == "" {
		return other
	}
	return net.JoinHostPort(other, port)
}

// stall waits until the client leaves, with the head of an event stream sent
// before or not.
func (q *request) stall(head bool) {
	// The server notices a client that leaves only once it has the whole request.
	_, _ = io.Copy(io.Discard, q.r.Body)
	if head {
		q.stream()
	}
	<-q.r.Context().Done()
}
