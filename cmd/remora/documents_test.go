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

// shownCommands returns the arguments of each line of a document that begins with
// prefix and calls the demo server, with url in the place of that.
func shownCommands(t *testing.T, name, prefix, url string) [][]string {
	t.Helper()
	const shown = "http://127.0.0.1:8931/mcp"
	var out [][]string
	for _, line := range strings.Split(document(t, name), "\n") {
		command, ok := strings.CutPrefix(line, prefix)
		if !ok || !strings.Contains(command, shown) {
			continue
		}
		command, _, _ = strings.Cut(command, " | ")
		out = append(out, strings.Fields(strings.Replace(command, shown, url, 1)))
	}
	return out
}

// TestReadmeCommands runs what the README shows, against a server of its own.
func TestReadmeCommands(t *testing.T) {
	commands := shownCommands(t, "README.md", "go run ./cmd/remora ", demo(t))
	for _, args := range commands {
		if got := remora(t.Context(), "", args...); got.status != 0 || got.out == "" {
			t.Errorf("%v: status %d, %q %q", args, got.status, got.out, got.err)
		}
	}
	if len(commands) < 3 {
		t.Errorf("only %d commands found in README.md", len(commands))
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
