package kit_test

import (
	"strings"
	"testing"

	"github.com/remora-mcp/remora/test/internal/kit"
)

func TestSnippet(t *testing.T) {
	code, err := kit.Snippet("README.md", "go", "package main", "host.Open")
	if err != nil || !strings.HasPrefix(code, "package main\n") || !strings.HasSuffix(code, "\n}\n") {
		t.Errorf("%v: %q", err, code)
	}
	for _, where := range [][3]string{
		{"README.md", "go", "no such text"},
		{"README.md", "js", "host.Open"},
		{"NOREADME.md", "go", "host.Open"},
	} {
		if code, err := kit.Snippet(where[0], where[1], where[2]); err == nil {
			t.Errorf("%v: %q", where, code)
		}
	}
}
