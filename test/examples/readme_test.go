package examples

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/internal/kit"
)

// snippet returns the README's program that holds a text, for this server.
func snippet(t *testing.T, language, holding, server string) string {
	t.Helper()
	const shown = "http://127.0.0.1:8931/mcp"
	code, err := kit.Snippet("README.md", language, shown, holding)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(code, shown, server)
}

func TestReadmeNode(t *testing.T) {
	demo, _ := startDemo(t)
	node, err := kit.Node(22)
	if err != nil {
		t.Fatal(err)
	}
	install(t)
	dir, err := kit.In("examples", "node") // which has the package
	if err != nil {
		t.Fatal(err)
	}
	r := startIn(t, dir, []string{node, "--input-type=module", "--eval", snippet(t, "js", `from "remora-mcp";`, demo)})
	want{out: "4 of 4\n[ { type: 'text', text: 'done after 4 steps' } ]\n"}.check(t, r)
}

func TestReadmeGo(t *testing.T) {
	demo, _ := startDemo(t)
	dir, err := kit.Temp("_readme") // which is no package of this module
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte(snippet(t, "go", "host.Open", demo)), 0o644); err != nil {
		t.Fatal(err)
	}
	want{out: "5\n"}.check(t, start(t, []string{"go", "run", source}))
}
