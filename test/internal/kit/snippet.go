package kit

import (
	"fmt"
	"os"
	"strings"
)

// Snippet returns the first block of code of a language ("js", "go") that a
// document of the tree has after a heading, such as "## Node". Documents show
// what runs: a test runs it.
func Snippet(document, heading, language string) (string, error) {
	path, err := In(strings.Split(document, "/")...)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	_, section, found := strings.Cut(string(text), "\n"+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	_, rest, fenced := strings.Cut(section, "\n```"+language+"\n")
	code, _, ended := strings.Cut(rest, "\n```\n")
	if !found || !fenced || !ended {
		return "", fmt.Errorf("%s has no %s under %q", document, language, heading)
	}
	return code + "\n", nil
}
