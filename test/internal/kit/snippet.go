package kit

import (
	"fmt"
	"os"
	"strings"
)

// Snippet returns the fenced block of a document, a path from the top of the
// tree, that holds all of these texts: the first of them.
func Snippet(document, language string, holding ...string) (string, error) {
	path, err := In(document)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	blocks := strings.Split(string(text), "```"+language+"\n")
next:
	for _, block := range blocks[1:] {
		block, _, ended := strings.Cut(block, "```\n")
		if !ended {
			break
		}
		for _, part := range holding {
			if !strings.Contains(block, part) {
				continue next
			}
		}
		return block, nil
	}
	return "", fmt.Errorf("%s has no block of %s with %q", document, language, holding)
}
