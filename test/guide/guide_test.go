package guide

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/cmd/remora/demoserver"
	"github.com/remora-mcp/remora/test/internal/kit"
)

// address stands for the server in every program.
const address = "http://127.0.0.1:8931/mcp"

var block = regexp.MustCompile("(?ms)^```(ts|go|text)\n(.*?)^```$")

// leastGuides is how many guides there were when this was written.
const leastGuides = 9

// TestPrograms runs the programs of docs/guide: a guide with a block of text says
// there what its program in TypeScript and the one in Go print.
func TestPrograms(t *testing.T) {
	top, err := kit.Root()
	if err != nil {
		t.Fatal(err)
	}
	if err := kit.Plugin(); err != nil {
		t.Fatal(err)
	}
	count := 0
	guides, err := filepath.Glob(filepath.Join(top, "docs", "guide", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler())
	t.Cleanup(server.Close)
	demo, err := demoserver.Start("127.0.0.1:0", "guide")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := demo.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, guide := range guides {
		if filepath.Base(guide) == authorizationGuide {
			continue // TestAuthorization
		}
		text, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		url := server.URL + "/mcp"
		if strings.Contains(string(text), "`go run ./cmd/remora demo-server`") {
			url = demo.URL()
		}
		programs, prints := map[string]string{}, ""
		for _, m := range block.FindAllStringSubmatch(string(text), -1) {
			if m[1] == "text" {
				prints = m[2]
			} else if strings.Contains(m[2], address) {
				programs[m[1]] = strings.ReplaceAll(m[2], address, url)
			}
		}
		if prints == "" {
			continue
		}
		count++
		name := strings.TrimSuffix(filepath.Base(guide), ".md")
		for _, language := range []string{"ts", "go"} {
			t.Run(name+"/"+language, func(t *testing.T) {
				if programs[language] == "" {
					t.Fatal("the guide says what is printed, and has no program that prints it")
				}
				if got := run(t, top, name, language, programs[language]); got != prints {
					t.Errorf("it prints\n%s\nwant\n%s", got, prints)
				}
			})
		}
	}
	if count < leastGuides {
		t.Errorf("%d guides have programs, want at least %d", count, leastGuides)
	}
}

// run runs a program and returns what it prints.
func run(t *testing.T, top, name, language, program string) string {
	t.Helper()
	dir, err := kit.Temp("_guide", name, language) // which is no package of this module
	if err != nil {
		t.Fatal(err)
	}
	write := func(file string) string {
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, []byte(program), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if language == "go" {
		out, err := kit.RunIn(t.Context(), top, "go", []string{"run", write("main.go")}, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	npm, err := kit.Package()
	if err != nil {
		t.Fatal(err)
	}
	node, err := kit.Node(24)
	if err != nil {
		t.Fatal(err)
	}
	install(t, dir, "remora-mcp", npm)
	out, err := kit.RunIn(t.Context(), dir, node, []string{write("main.mts")}, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// install makes a package known to the programs of a folder by its name, as an
// application imports it.
func install(t *testing.T, dir, name, from string) {
	t.Helper()
	link := filepath.Join(dir, "node_modules", filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if err := os.Symlink(from, link); err != nil {
		t.Fatal(err)
	}
}
