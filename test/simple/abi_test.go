package simple

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/internal/kit"
)

// The whole program of docs/abi.md is one that runs.
func TestProgramOfTheDocument(t *testing.T) {
	top, err := kit.Root()
	if err != nil {
		t.Fatal(err)
	}
	program, err := kit.Snippet("docs/abi.md", "go", "package main", "extism.NewPlugin")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := kit.Temp("_abi") // which is no package of this module
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), "go", "run", source, startDemo(t))
	run.Dir = top
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"echo - Returns the message", "Which colour? blue", "the answer is: blue"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it printed %s, want %q in it", out, want)
		}
	}
}
