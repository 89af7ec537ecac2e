package guide

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/test/internal/kit"
)

const authorizationGuide = "authorization.md"

// ofAuthorization are the blocks of that guide.
var ofAuthorization = regexp.MustCompile("(?ms)^```(ts|go|sh|html|text)\n(.*?)^```$")

// TestAuthorization runs the programs of the guide about authorization, each
// against a protected server of its own: they print what the text after them says.
// The person who logs in presses the button that allows it. A program that keeps
// the login is run a second time, where there is no browser.
func TestAuthorization(t *testing.T) {
	path, err := kit.In("docs", "guide", authorizationGuide)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := kit.Plugin(); err != nil {
		t.Fatal(err)
	}
	type program struct{ language, source string }
	var waiting []program
	ran, commands, pages := 0, 0, 0
	for _, m := range ofAuthorization.FindAllStringSubmatch(string(text), -1) {
		switch kind, body := m[1], m[2]; kind {
		case "ts", "go":
			waiting = append(waiting, program{kind, body})
		case "text":
			for _, p := range waiting {
				ran++
				t.Run(p.language+"/"+strings.Fields(body)[0], func(t *testing.T) {
					url := startProtected(t)
					person(t, true)
					source := strings.ReplaceAll(p.source, address, url)
					top, err := kit.Root()
					if err != nil {
						t.Fatal(err)
					}
					if got := run(t, top, "authorization", p.language, source); got != body {
						t.Fatalf("it prints\n%s\nwant\n%s", got, body)
					}
					if strings.Contains(source, "oopback") {
						person(t, false)
						if got := run(t, top, "authorization", p.language, source); got != body {
							t.Errorf("the second time it prints\n%s\nwant\n%s", got, body)
						}
					}
				})
			}
			waiting = nil
		case "sh":
			if strings.Contains(body, address) {
				commands++
				t.Run("commands", func(t *testing.T) { runCommands(t, body) })
			}
		case "html":
			pages++
			t.Run("page", func(t *testing.T) { runPage(t, body) })
		}
	}
	if ran != 6 || commands != 1 || pages != 1 {
		t.Errorf("%d programs, %d lists of commands and %d pages, want 6, 1 and 1", ran, commands, pages)
	}
}

// startProtected starts a protected server and returns its URL.
func startProtected(t *testing.T) string {
	t.Helper()
	server, err := demoserver.StartAuth("127.0.0.1:0", "guide", demoserver.AuthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	// Logins are kept here, not where the person who runs the tests has theirs, nor
	// in what is searched for secrets.
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	return server.URL()
}

// person puts a browser into the environment whose person allows everything, or
// one that cannot be opened.
func person(t *testing.T, there bool) {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\nexit 1\n"
	if there {
		browser, err := kit.Build(t.Context(), "person", "./test/guide/person")
		if err != nil {
			t.Fatal(err)
		}
		script = "#!/bin/sh\nexec '" + browser + "' \"$1\"\n"
	}
	for _, name := range []string{"xdg-open", "x-www-browser", "www-browser"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("DISPLAY", ":0")
}

// runCommands runs the lines of a shell block one after the other.
func runCommands(t *testing.T, lines string) {
	url := startProtected(t)
	person(t, true)
	top, err := kit.Root()
	if err != nil {
		t.Fatal(err)
	}
	remora, err := kit.Build(t.Context(), "remora", "./cmd/remora")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(strings.ReplaceAll(lines, address, url)) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "go run ./cmd/remora ")
		if !ok {
			t.Fatalf("%q is no command of remora's", line)
		}
		args := append(strings.Fields(rest), "--store", "file")
		out, err := kit.RunIn(t.Context(), top, remora, args, nil)
		if err != nil || len(out) == 0 {
			t.Errorf("%s: %v\n%s", rest, err, out)
		}
		if strings.HasPrefix(rest, "call") && !strings.HasPrefix(string(out), "row 1 of reef\n") {
			t.Errorf("%s prints %q", rest, out)
		}
	}
}

// runPage opens a page in Chromium, clicks its button, and allows what the window
// asks for.
func runPage(t *testing.T, html string) {
	url := startProtected(t)
	if _, err := kit.Package(); err != nil {
		t.Fatal(err)
	}
	node, err := kit.Node(22)
	if err != nil {
		t.Fatal(err)
	}
	script, err := kit.In("test", "guide", "page.js")
	if err != nil {
		t.Fatal(err)
	}
	out, err := kit.Filter(t.Context(), strings.NewReader(strings.ReplaceAll(html, address, url)), node, []string{script}, nil)
	if err != nil || string(out) != "row 1 of reef" {
		t.Errorf("the page shows %q, %v; want row 1 of reef", out, err)
	}
}
