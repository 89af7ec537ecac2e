package simple

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/internal/kit"
)

// The programs of docs/guide/transports.md are ones that run.
func TestProgramsOfTransports(t *testing.T) {
	top, err := kit.Root()
	if err != nil {
		t.Fatal(err)
	}
	node, err := kit.Node(22)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := kit.Package()
	if err != nil {
		t.Fatal(err)
	}
	program, err := kit.Build(t.Context(), "remora", "./cmd/remora")
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile(filepath.Join(top, "docs", "guide", "transports.md"))
	if err != nil {
		t.Fatal(err)
	}
	path := "PATH=" + filepath.Dir(program) + string(os.PathListSeparator) + os.Getenv("PATH")
	blocks := strings.Split(string(document), "\n```")
	ran := 0
	for i := 1; i < len(blocks); i += 2 {
		kind, source, _ := strings.Cut(blocks[i], "\n")
		var run *exec.Cmd
		switch kind {
		case "js":
			source = strings.NewReplacer(
				`"remora-mcp"`, `"`+pkg+`/index.node.js"`,
				`"remora-mcp/stdio"`, `"`+pkg+`/stdio.node.js"`,
			).Replace(source)
			run = exec.CommandContext(t.Context(), node, "--no-warnings", "--input-type=module", "--eval", source)
			run.Dir = filepath.Join(top, "test") // where the SDK is found
		case "go":
			dir, err := kit.Temp("_transports") // which is no package of this module
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "main.go")
			if err := os.WriteFile(file, []byte(source), 0o644); err != nil {
				t.Fatal(err)
			}
			run = exec.CommandContext(t.Context(), "go", "run", file)
			run.Dir = top
		default:
			t.Fatalf("a block of %q", kind)
		}
		run.Env = append(os.Environ(), path)
		want := []string{"text: '5'", "5", "from the other side", "in this process", "text: '7'", "the sum is 7"}[ran]
		ran++
		if out, err := run.CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("program %d: %v, want %q in\n%s", ran, err, want, out)
		}
	}
	if ran != 6 {
		t.Errorf("%d programs, want 6", ran)
	}
}
