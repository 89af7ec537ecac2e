package e2e

import (
	"net/url"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/fault"
	"github.com/remora-mcp/remora/test/internal/drive"
)

// at sets the script's URL.
func at(url string) func(*drive.Script) {
	return func(s *drive.Script) { s.URL = url }
}

// connectRows fail before there is a session.
var connectRows = []row{
	{name: "no URL", set: at(""), dead: true, connect: fails("local/bad_url", "no")},
	{name: "not a URL", set: at("here"), dead: true, connect: fails("local/bad_url", "no")},
	{name: "unknown scheme", set: at("ftp://127.0.0.1/mcp"), dead: true, connect: fails("local/bad_url", "no")},
	{name: "credentials in the URL", set: at("http://user:hunter2@127.0.0.1:9/mcp"), dead: true,
		connect: all(fails("local/bad_url", "no"), silentAbout("hunter2"))},
	{name: "nobody listens", set: at("http://127.0.0.1:9/mcp"), dead: true,
		// A page cannot tell this from a server without CORS headers.
		connect: inBrowser(fails("http/network|http/cors", "no|unknown"), fails("http/network", "no"))},
	{name: "HTML page", endpoint: "html", dead: true,
		connect: fails("http/not_mcp", "yes", "200", "text/html", "<!DOCTYPE html>")},
	{name: "status 500", endpoint: "status_500", dead: true, connect: status(500, "the database is on fire")},
	{name: "JSON that is not JSON-RPC", endpoint: "json_not_rpc", dead: true,
		connect: fails("http/not_mcp", "yes", "200", "application/json", `{"status":"ok"`)},
	{name: "a JSON string", endpoint: "json_scalar", dead: true, connect: fails("http/not_mcp", "yes", `"hello"`)},
	{name: "not JSON", endpoint: "not_json", dead: true, connect: fails("http/not_mcp", "yes", `{"jsonrpc":"2.0",`)},
	{name: "empty answer", endpoint: "empty", dead: true, connect: fails("http/not_mcp", "yes|unknown")},
	{name: "no CORS headers", endpoint: "no_cors", dead: true,
		connect: inBrowser(fails("http/cors", "no|unknown", "Access-Control-Allow-Origin"), succeeds)},
	{name: "the head never comes", endpoint: "stall_head", dead: true, set: impatient,
		connect: fails("local/timeout", "unknown")},
	{name: "the body never comes", endpoint: "stall_body", dead: true, set: impatient,
		connect: fails("local/timeout", "unknown|yes")},
	{name: "connection closed", endpoint: "cut", dead: true,
		connect: inBrowser(fails("http/network|http/cors", "unknown"), fails("http/network", "unknown"))},

	// Redirects. A page never sees where one leads.
	{name: "redirect 307", endpoint: "redirect_307", dead: true, connect: inBrowser(fails("policy/redirect", "yes|no|unknown"), succeeds),
		steps: []step{{drive.Call("echo", `{"message":"hi"}`), inBrowser(ignored, says("hi"))}}},
	{name: "redirect 308", endpoint: "redirect_308", dead: true, connect: inBrowser(fails("policy/redirect", "yes|no|unknown"), succeeds),
		steps: []step{{drive.Call("echo", `{"message":"hi"}`), inBrowser(ignored, says("hi"))}}},
	{name: "redirect 302", endpoint: "redirect_302", dead: true, connect: fails("policy/redirect", "yes|no|unknown"),
		steps: []step{counters(map[string]int{"at.mcp": 0})}},
	{name: "redirect 303", endpoint: "redirect_303", dead: true, connect: fails("policy/redirect", "yes|no|unknown"),
		steps: []step{counters(map[string]int{"at.mcp": 0})}},
	{name: "redirect to another origin", endpoint: "redirect_origin", dead: true,
		connect: inBrowser(fails("policy/redirect", "yes|no|unknown"), fails("policy/origin", "yes")),
		steps:   []step{counters(map[string]int{"at.mcp": 0})}},
	{name: "redirect to another origin that is allowed", endpoint: "redirect_origin", dead: true,
		set: func(s *drive.Script) {
			s.Origins = []string{otherOrigin(s.URL)}
			s.Headers = map[string]string{"Authorization": "Bearer hunter2"}
		},
		connect: inBrowser(fails("policy/redirect", "yes|no|unknown"), succeeds),
		steps:   []step{counters(map[string]int{"authorization.localhost": 0})}},
	{name: "redirect without end", endpoint: "redirect_loop", dead: true, connect: fails("policy/redirect", "yes|no|unknown"),
		steps: []step{{drive.Step{Do: drive.Counters}, func(t *testing.T, _ place, got drive.Outcome) {
			// Each of the requests that connect makes, and five hops of it.
			if n := got.Counters["at.redirect_loop"]; n < 1 || n > 18 {
				t.Errorf("%d requests, want 18 at most", n)
			}
		}}}},
	{name: "redirect without a location", endpoint: "redirect_nowhere", dead: true,
		connect: fails("policy/redirect|http/status", "yes|no|unknown")},
	{name: "redirect to a file", endpoint: "redirect_scheme", dead: true,
		connect: fails("policy/redirect|policy/origin", "yes|no|unknown")},

	// Lists.
	{name: "pages", endpoint: "pages", dead: true, steps: []step{{drive.Step{Do: drive.AllTools}, func(t *testing.T, at place, got drive.Outcome) {
		succeeds(t, at, got)
		if len(got.Names) != 250 || got.Names[0] != "tool_000" || got.Names[249] != "tool_249" {
			t.Errorf("%d tools: %.200q", len(got.Names), got.Names)
		}
	}}}},
	{name: "a cursor that comes back at once", endpoint: "cursor_same", dead: true,
		steps: []step{{drive.Step{Do: drive.AllTools}, fails("http/not_mcp", "yes", "cursor")}}},
	{name: "cursors in a circle", endpoint: "cursor_loop", dead: true,
		steps: []step{{drive.Step{Do: drive.AllTools}, fails("http/not_mcp", "yes", "cursor")}}},
	{name: "header parameters", endpoint: "header_tools", lines: []fault.Line{fault.Line2026}, dead: true, steps: []step{
		{drive.Step{Do: drive.AllTools}, func(t *testing.T, at place, got drive.Outcome) {
			succeeds(t, at, got)
			if len(got.Names) != 1 || got.Names[0] != "region" {
				t.Errorf("tools %v, want only region: the others' annotations are invalid", got.Names)
			}
		}},
		{drive.Call("region", `{"region":"eu"}`), says("region eu")},
	}},
	{name: "header parameters, not listed before", endpoint: "header_tools", lines: []fault.Line{fault.Line2026}, dead: true,
		steps: []step{{drive.Call("region", `{"region":"eu"}`), says("region eu")}}},
	{name: "query in the URL", endpoint: "html", dead: true, set: func(s *drive.Script) { s.URL += "?key=hunter2" },
		connect: all(fails("http/not_mcp", "yes"), silentAbout("hunter2"))},
}

func ignored(*testing.T, place, drive.Outcome) {}

// impatient gives connect half a second.
func impatient(s *drive.Script) { s.ConnectTimeoutMs = 500 }

// silentAbout checks that an error does not hold a secret.
func silentAbout(secret string) check {
	return func(t *testing.T, _ place, got drive.Outcome) {
		t.Helper()
		if got.Error != nil && (strings.Contains(got.Error.Message, secret) || strings.Contains(string(got.Error.Data), secret)) {
			t.Errorf("the error tells the secret: %v", got.Error)
		}
	}
}

// otherOrigin is the origin to which redirect_origin leads.
func otherOrigin(server string) string {
	u, err := url.Parse(server)
	if err != nil {
		return ""
	}
	return "http://localhost:" + u.Port()
}
