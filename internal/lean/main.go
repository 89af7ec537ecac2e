package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/remora-mcp/remora/internal/lean/segments"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "lean:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 2 {
		switch args[0] {
		case "overlay":
			standins, err := standinDir()
			if err != nil {
				return err
			}
			if err := writeOverlay(args[1], standins); err != nil {
				return err
			}
			root, err := os.Getwd()
			if err != nil {
				return err
			}
			dir, err := filepath.Abs(args[1])
			if err != nil {
				return err
			}
			return writeModules(root, dir)
		case "segments":
			return joinSegments(args[1])
		}
	}
	return errors.New("usage: lean overlay DIR | lean segments FILE")
}

// goroot is the folder of the toolchain in use; build.sh has made sure that it is
// the pinned one.
func goroot() (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

func joinSegments(name string) error {
	module, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	joined, err := segments.Join(module)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(name, joined, 0o644)
}
