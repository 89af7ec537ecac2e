package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadmeCommands runs what the README shows, against a server of its own.
func TestReadmeCommands(t *testing.T) {
	const prefix, shown = "go run ./cmd/remora ", "http://127.0.0.1:8931/mcp"
	url := demo(t)
	found := 0
	for _, line := range strings.Split(document(t, "README.md"), "\n") {
		command, ok := strings.CutPrefix(line, prefix)
		if !ok || !strings.Contains(command, shown) {
			continue
		}
		found++
		command, _, _ = strings.Cut(command, " | ")
		args := strings.Fields(strings.Replace(command, shown, url, 1))
		if got := remora(t.Context(), "", args...); got.status != 0 || got.out == "" {
			t.Errorf("%s: status %d, %q %q", command, got.status, got.out, got.err)
		}
	}
	if found < 3 {
		t.Errorf("only %d commands found in README.md", found)
	}
}

// TestDocumentedStatuses: docs/cli.md lists the statuses that the help lists.
func TestDocumentedStatuses(t *testing.T) {
	text := document(t, "docs/cli.md")
	listed := 0
	for _, line := range strings.Split(exitHelp, "\n") {
		status, _, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			continue
		}
		listed++
		if !strings.Contains(text, fmt.Sprintf("\n| %s |", status)) {
			t.Errorf("docs/cli.md does not say what %s means", status)
		}
	}
	if listed != 10 {
		t.Errorf("the help lists %d statuses, want 10", listed)
	}
}
