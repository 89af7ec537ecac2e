package kit

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Build compiles a package of this module into dist/test and returns the
// program's path. Building what is up to date takes a moment only, so callers
// build each time.
func Build(ctx context.Context, name, pkg string) (string, error) {
	dir, err := Temp("bin")
	if err != nil {
		return "", err
	}
	top, err := Root()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	program := filepath.Join(dir, name)
	build := exec.CommandContext(ctx, "go", "build", "-o", program, pkg)
	build.Dir = top
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return program, nil
}
