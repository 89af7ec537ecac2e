package kit_test

import (
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/internal/kit"
)

func TestSnippet(t *testing.T) {
	code, err := kit.Snippet("README.md", "## Go", "go")
	if err != nil || !strings.HasPrefix(code, "package main\n") || !strings.HasSuffix(code, "\n}\n") {
		t.Errorf("%v: %q", err, code)
	}
	for _, where := range [][3]string{
		{"README.md", "## No such heading", "go"},
		{"README.md", "## Node", "go"}, // it is under the next heading
		{"NOREADME.md", "## Go", "go"},
	} {
		if code, err := kit.Snippet(where[0], where[1], where[2]); err == nil {
			t.Errorf("%v: %q", where, code)
		}
	}
}
