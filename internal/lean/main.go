package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/remora-mcp/remora/internal/lean/pcln"
	"github.com/remora-mcp/remora/internal/lean/segments"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "lean:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) >= 2 && args[0] == "lines" {
		return lines(args[1], args[2:])
	}
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
			return change(args[1], segments.Join)
		case "strip":
			return change(args[1], pcln.Strip)
		}
	}
	return errors.New("usage: lean overlay DIR | lean segments FILE | lean strip FILE | lean lines FILE [TRACE...]")
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

// change replaces a file by what f makes of it.
func change(name string, f func([]byte) ([]byte, error)) error {
	module, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	changed, err := f(module)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(name, changed, 0o644)
}

// lines prints traces, from files or from the standard input, with the lines that
// the module in the file has for them.
func lines(name string, traces []string) error {
	module, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	table, err := pcln.Open(module)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(traces) == 0 {
		traces = []string{os.Stdin.Name()}
	}
	found := 0
	for _, trace := range traces {
		text, err := os.ReadFile(trace)
		if err != nil {
			return err
		}
		with, n, err := table.Trace(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Print(with)
		found += n
	}
	if found == 0 {
		return fmt.Errorf("no call of the trace is in %s: is it the same build, and are its lines ?:0", name)
	}
	return nil
}
