// Command wiregen turns the tables of internal/wire into what the other
// languages read: the TypeScript types, the JSON Schema and docs/wire.md.
//
//	go run ./internal/wiregen          writes the files
//	go run ./internal/wiregen -check   fails if one of them would change
//
// Names, types and values come from the imported package, by reflection; the
// words come from its doc comments, by parsing. The output depends on nothing
// else, so that it is the same on every machine. A type that the generator has
// no translation for is an error: it never becomes "any".
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const modulePath = "github.com/remora-mcp/remora"

// An output is one generated file.
type output struct {
	path   string // from the repository's root, with slashes
	render func(*vocabulary) ([]byte, error)
}

var outputs = []output{
	{"docs/wire.md", renderMarkdown},
	{"docs/wire.schema.json", renderSchema},
	{"jsbridge/src/generated/wire.ts", renderTypeScript},
}

func main() {
	check := flag.Bool("check", false, "write nothing; exit with status 1 if a file is not up to date")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "wiregen:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	v, err := load(filepath.Join(root, "internal", "wire"))
	if err != nil {
		return err
	}
	var stale []error
	for _, out := range outputs {
		text, err := out.render(v)
		if err != nil {
			return fmt.Errorf("%s: %w", out.path, err)
		}
		path := filepath.Join(root, filepath.FromSlash(out.path))
		have, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if bytes.Equal(have, text) {
			continue
		}
		if check {
			stale = append(stale, fmt.Errorf("%s is not up to date: run `make generate`", out.path))
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
		fmt.Println("wrote", out.path)
	}
	return errors.Join(stale...)
}

// moduleRoot walks up from the working directory to remora's go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(text, []byte("module "+modulePath+"\n")) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod of %s in the working directory or above it", modulePath)
		}
		dir = parent
	}
}
