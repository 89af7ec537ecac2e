package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestResourcesAndPrompts(t *testing.T) {
	url := demo(t)
	folder := t.TempDir()
	runRows(t, []row{
		{"resources", "", "resources URL", "demo://about  text/markdown, 128 bytes\n    About this server\n", "", 0},
		{"templates", "", "resources URL", "demo://greeting/{name}  text/plain\n", "", 0},
		{"resources as JSON", "", "resources --json URL", `"resourceTemplates":[{`, "", 0},
		{"read", "", "read URL demo://greeting/Ada", "Hello, Ada.\n", "", 0},
		{"read on the older line", "", "read --protocol 2025-11-25 URL demo://greeting/Ada", "Hello, Ada.\n", "", 0},
		{"read a picture", "", "read URL demo://picture", "[resource demo://picture image/png, 432 bytes; --output DIR saves it]\n", "", 0},
		{"save a picture", "", "read URL demo://picture --output DIR", "saved as ", "", 0},
		{"read as JSON", "", "read --json URL demo://about", `"ttlMs":60000`, "", 0},
		{"read nothing", "", "read URL demo://nothing", "", "rpc/error", 7},
		{"no URI given", "", "read URL", "", "requires at least 1 arg(s) besides the server", 2},
		{"prompts", "", "prompts URL", "review(language, [style])\n    Review code\n", "", 0},
		{"prompts as JSON", "", "prompts --json URL", `{"prompts":[{`, "", 0},
		{"prompt", "", "prompt URL review language=go", "user:\n    Please review the following go code.\n", "", 0},
		{"prompt with a resource", "", "prompt URL tour", "user:\n    [resource: demo://about, text/markdown]\n    # The demo server\n", "", 0},
		{"prompt as JSON", "", "prompt --json URL review language=go", `"messages":[{`, "", 0},
		{"an argument without a value", "", "prompt URL review language", "", "written key=value", 2},
		{"an argument twice", "", "prompt URL review language=a language=b", "", "there twice", 2},
		{"unknown prompt", "", "prompt URL nosuch", "", "rpc/error", 7},
		{"the log", "", "call --quiet --log-level info URL fail", "this tool always fails\n", "warning: demo: fail was called\n", 1},
		{"the log on the older line", "", "call --quiet --protocol 2025-11-25 --log-level warning URL fail", "this tool always fails\n", "warning: demo: fail was called\n", 1},
		{"a level above", "", "call --quiet --log-level error URL fail", "this tool always fails\n", "", 1},
		{"no such level", "", "call --log-level loud URL fail", "", "--log-level is one of debug,", 2},
		{"inspect", "", "inspect URL", "tools         7\nresources     3, templates 1\nprompts       2\n", "", 0},
	}, []string{"URL", url, "DIR", folder}, nil)
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 1 || filepath.Ext(files[0].Name()) != ".png" {
		t.Errorf("saved %v, %v; want one picture", files, err)
	}
}

// A server may have resources and no request for templates.
func TestServerWithoutTemplates(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req struct {
			ID     json.RawMessage
			Method string
		}
		if json.NewDecoder(r.Body).Decode(&req) != nil || req.ID == nil {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		answer := `"error":{"code":-32601,"message":"no such method"}`
		switch req.Method {
		case "server/discover":
			answer = `"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"resources":{}}}`
		case "resources/list":
			answer = `"result":{"resultType":"complete","resources":[{"uri":"a:b","name":"\u001b[31mred"},7]}`
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,%s}`, req.ID, answer)
	}))
	t.Cleanup(server.Close)
	got := remora(t.Context(), "", "inspect", server.URL)
	if want := "a:b\n    \\u001b[31mred\n"; got.status != 0 || !strings.Contains(got.out, want) {
		t.Errorf("status %d, %q %q; want %q", got.status, got.out, got.err, want)
	}
}

// What the tab key offers comes from the server.
func TestCompletionOfResourcesAndPrompts(t *testing.T) {
	url := demo(t)
	for _, c := range []struct {
		words []string
		want  []string
	}{
		{[]string{"read", url, ""}, []string{"demo://about", "demo://clock", "demo://picture"}},
		{[]string{"read", "nonsense", ""}, nil},
		{[]string{"prompt", url, ""}, []string{"review", "tour"}},
		{[]string{"prompt", url, "review", ""}, []string{"language=", "style="}},
		{[]string{"prompt", url, "review", "language=go", ""}, []string{"style="}},
		{[]string{"prompt", url, "review", "language=p"}, []string{"language=python"}},
	} {
		got := remora(t.Context(), "", append([]string{"__complete"}, c.words...)...)
		var offered []string
		for _, line := range strings.Split(got.out, "\n") {
			if word, _, _ := strings.Cut(line, "\t"); word != "" && !strings.HasPrefix(word, ":") {
				offered = append(offered, word)
			}
		}
		if !slices.Equal(offered, c.want) {
			t.Errorf("%q: offered %q, want %q", c.words[1:], offered, c.want)
		}
	}
}
