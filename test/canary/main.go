// Command canary searches what a test run has left in dist/test for the secrets
// that its tests have noted. It exits 1 if it finds one, or if the run had none
// of some kind, so that there was nothing to find.
package main

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/remora-mcp/remora/test/internal/canary"
	"github.com/remora-mcp/remora/test/internal/kit"
)

func main() {
	count, err := search()
	if err != nil {
		fmt.Fprintln(os.Stderr, "canary:", err)
		os.Exit(1)
	}
	fmt.Printf("canary: no secret in %d files\n", count)
}

// left says which files are not searched: programs, which have what they were
// compiled from, and what the conformance suite writes of its own secrets.
func left(file string) bool {
	return file == "bin" || strings.HasPrefix(file, "conformance-server") || strings.HasPrefix(file, "conformance/") && path.Base(file) == "checks.json"
}

func search() (int, error) {
	canaries, err := canary.Noted()
	if err != nil {
		return 0, err
	}
	for _, slot := range canary.Slots {
		if !slices.ContainsFunc(canaries, func(c canary.Canary) bool { return c.Slot == slot }) {
			return 0, fmt.Errorf("the tests noted no %s, so none was looked for", slot)
		}
	}
	dir, err := kit.Temp()
	if err != nil {
		return 0, err
	}
	found, count, err := canary.NewSearch(canaries).Files(dir, left)
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("in dist/test there is\n  %s", strings.Join(found, "\n  "))
	}
	return count, err
}
