package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// config writes a configuration with these servers and returns the file.
func config(t *testing.T, servers string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mcp.json")
	if err := os.WriteFile(file, []byte(`{"mcpServers":{`+servers+`},"other":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConfigExpands(t *testing.T) {
	t.Setenv("REMORA_TEST_HOST", "h.example")
	t.Setenv("REMORA_TEST_KEY", "canary")
	file := config(t, `
		"a": {"type":"http","url":"https://${REMORA_TEST_HOST}/${REMORA_TEST_NONE:-mcp}","headers":{"Authorization":"Bearer ${env:REMORA_TEST_KEY}","X":"$plain"}},
		"b": {"url":"https://${REMORA_TEST_NONE}/"},
		"c": {"url":"https://h.example/${input:key}"},
		"d": {"type":"carrier-pigeon","url":"https://h.example/"},
		"e": {"url":"https://h.example/","disabled":true},
		"f": {"url":7},
		"g": {},
		"h": {"url":"https://h.example/","headers":{"a b":"c"}},
		"i": {"url":"https://h.example/","command":"npx"},
		"j": {"url":"https://h.example/","type":"stdio"},
		"k": {"command":"npx","type":"streamable-http"},
		"l": {"command":"npx","headers":{"a":"b"}},
		"m": {"command":"npx","args":["${REMORA_TEST_NONE}"]},
		"n": {"command":"npx","args":"one two"},
		"o": {"command":"npx","env":{"A=B":"c"}},
		"p": {"type":"sse","url":"https://h.example/"},
		"q": {"type":"streamable-http","url":"https://h.example/"},
		"r": {"type":"stdio","command":"${REMORA_TEST_NONE:-npx}","args":["-y","${REMORA_TEST_KEY}","$HOME"],"cwd":"/${REMORA_TEST_HOST}",
			"env":{"TOKEN":"t-${REMORA_TEST_KEY}","LEVEL":"own-canary"}}`)
	c, err := readConfiguration(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.names(), "a, b, c, d, f, g, h, i, j, k, l, m, n, o, p, q, r"; got != want {
		t.Errorf("servers %s, want %s", got, want)
	}
	a := c.servers[0]
	if a.err != nil || a.url != "https://h.example/mcp" || a.headers.Get("Authorization") != "Bearer canary" || a.headers.Get("X") != "$plain" {
		t.Errorf("%+v", a)
	}
	r := c.servers[len(c.servers)-1]
	if r.err != nil || r.program.Path != "npx" || r.program.Dir != "/h.example" || !slices.Equal(r.program.Args, []string{"-y", "canary", "$HOME"}) {
		t.Fatalf("%+v", r)
	}
	if want := append(os.Environ(), "LEVEL=own-canary", "TOKEN=t-canary"); !slices.Equal(r.program.Env, want) {
		t.Errorf("environment %q, want %q", r.program.Env, want)
	}
	for _, secret := range []string{"canary", "own-canary", "t-canary"} {
		if got := newRedactor(c.secrets).text("said " + secret + "!"); got != "said [redacted]!" {
			t.Errorf("%s: %s", secret, got)
		}
	}
	if _, err := c.server("e"); err == nil || !strings.Contains(err.Error(), "disabled in") {
		t.Errorf("a server that is disabled: %v", err)
	}
	for _, at := range []int{len(c.servers) - 3, len(c.servers) - 2} {
		if s := c.servers[at]; s.err != nil || s.url != "https://h.example/" {
			t.Errorf("%+v", s)
		}
	}
	for i, want := range map[int]string{
		1:  "no environment variable REMORA_TEST_NONE",
		2:  "not a variable of the environment",
		3:  "local/unsupported",
		4:  "another type",
		5:  `no "url" and no "command"`,
		6:  "not a header's name",
		7:  `both "url" and "command"`,
		8:  `"stdio", which needs a "command"`,
		9:  `"streamable-http", which needs a "url"`,
		10: `has "headers"`,
		11: "no environment variable REMORA_TEST_NONE",
		12: "another type",
		13: "not a variable's name",
	} {
		if err := c.servers[i].err; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", c.servers[i].name, err, want)
		}
	}
}

func TestConfigCommands(t *testing.T) {
	url := demo(t)
	both := config(t, fmt.Sprintf(`"one":{"url":%q},"two":{"url":%q},"off":{"type":"carrier-pigeon","url":"http://127.0.0.1/"}`, url, url))
	dead := config(t, `"dead":{"url":"http://127.0.0.1:1/mcp"}`)
	noFile := filepath.Join(t.TempDir(), "none.json")
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte(`{"servers":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name     string
		args     []string
		out, err string
		status   int
	}{
		{"tools of all", []string{"tools", "--config", both}, "two__add(a: number, b: number)", `the server "off"`, 0},
		{"tools of one", []string{"tools", "--config", both, "one"}, "one__add(", "", 0},
		{"tools of none", []string{"tools", "--config", both, "three"}, "", "it has: off, one, two", 2},
		{"call", []string{"call", "--config", both, "two__add", "a=2", "b=3"}, "5", "", 0},
		{"call of no tool", []string{"call", "--config", both, "two__nosuch", "a=2"}, "", "has no tool", 2},
		{"call of no server", []string{"call", "--config", dead, "dead__x", "{}"}, "", `the server "dead": http/network`, 4},
		{"a tool that fails", []string{"call", "--config", both, "one__fail", "{}"}, "", "", 1},
		{"inspect", []string{"inspect", "--config", both, "one"}, "remora-demo-server", "", 0},
		{"inspect of what cannot be used", []string{"inspect", "--config", both, "off"}, "", "local/unsupported", 3},
		{"no file", []string{"tools", "--config", noFile}, "", "--config", 2},
		{"another file", []string{"tools", "--config", broken}, "", "mcpServers", 2},
		{"headers for nobody", []string{"tools", "--config", both, "-H", "a: b"}, "", "--header", 2},
		{"no tool", []string{"call", "--config", both}, "", "requires at least 1", 2},
		{"neither URL nor file", []string{"tools"}, "", "a server is missing", 2},
		{"inspect without a name", []string{"inspect", "--config", both}, "", "needs the name of one server", 2},
		{"inspect of two", []string{"inspect", "--config", both, "one", "two"}, "", "accepts 0 arg(s) besides the server", 2},
		{"both a file and a program", []string{"inspect", "--config", both, "--", "x"}, "", "give one of them", 2},
		{"read of no resource", []string{"read", "--config", both, "one"}, "", "requires at least 1 arg(s) besides the server", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := remora(t.Context(), "", test.args...)
			if got.status != test.status || !strings.Contains(got.out, test.out) || !strings.Contains(got.err, test.err) {
				t.Errorf("status %d, want %d\n%s\n%s", got.status, test.status, got.out, got.err)
			}
			if test.status == 0 && test.err == "" && got.err != "" {
				t.Errorf("it says %q", got.err)
			}
		})
	}

	got := remora(t.Context(), "", "tools", "--json", "--config", both, "one", "two")
	var listed struct {
		Tools []struct {
			Name, Server string
			Tool         mcp.Tool
		}
	}
	if err := json.Unmarshal([]byte(got.out), &listed); err != nil || len(listed.Tools) < 12 {
		t.Fatalf("%v: %s", err, got.out)
	}
	for i, l := range listed.Tools {
		if want := []string{"one", "two"}[2*i/len(listed.Tools)]; l.Server != want {
			t.Errorf("tool %d is of %s, want %s", i, l.Server, want)
		}
		if l.Name != l.Server+"__"+l.Tool.Name {
			t.Errorf("%+v", l)
		}
	}
}

// Each server gets its own headers, and only servers that can have the tool are
// asked.
func TestConfigHeaders(t *testing.T) {
	t.Setenv("REMORA_TEST_KEY", "first-secret")
	server := mcp.NewServer(&mcp.Implementation{Name: "s", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "x"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "done"}}}, nil, nil
	})
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
	var mu sync.Mutex
	keys := map[string]map[string]bool{}
	serve := func(name string) string {
		keys[name] = map[string]bool{}
		ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			keys[name][r.Header.Get("X-Key")] = true
			mu.Unlock()
			handler.ServeHTTP(w, r)
		}))
		t.Cleanup(ts.Close)
		return ts.URL
	}
	file := config(t, fmt.Sprintf(`"one":{"url":%q,"headers":{"X-Key":"${REMORA_TEST_KEY}"}},"two":{"url":%q}`, serve("one"), serve("two")))
	if got := remora(t.Context(), "", "tools", "--config", file); got.status != 0 {
		t.Fatalf("%+v", got)
	}
	if !keys["one"]["first-secret"] || len(keys["one"]) != 1 || !keys["two"][""] || len(keys["two"]) != 1 {
		t.Errorf("keys %v", keys)
	}
	clear(keys["two"])
	if got := remora(t.Context(), "", "call", "--config", file, "one__x"); got.status != 0 || got.out != "done\n" {
		t.Errorf("%+v", got)
	}
	if len(keys["two"]) != 0 {
		t.Error("a server was asked that cannot have the tool")
	}
}
