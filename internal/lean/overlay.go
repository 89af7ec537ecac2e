package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
)

// standinDir is the folder of the stand-ins, beside this file.
func standinDir() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(file), "standin")
	if _, err := os.Stat(dir); !ok || err != nil {
		return "", errors.New("the stand-ins are not where this program was compiled; use `go run ./internal/lean` without -trimpath")
	}
	return dir, nil
}

// writeOverlay writes dir/overlay.json, which -overlay takes, and the cut files
// that it names below dir/src. What was in dir is replaced.
func writeOverlay(dir, standinDir string) error {
	root, err := goroot()
	if err != nil {
		return err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	replace := map[string]string{}
	if err := writeCuts(root, dir, replace); err != nil {
		return err
	}
	for _, s := range standins {
		if err := replacePackage(root, standinDir, s, replace); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "overlay.json"), append(text, '\n'), 0o644)
}

// writeCuts applies all cuts, file by file.
func writeCuts(root, dir string, replace map[string]string) error {
	byFile := map[string][]cut{}
	for _, c := range cuts {
		byFile[c.file] = append(byFile[c.file], c)
	}
	var files []string
	for file := range byFile {
		files = append(files, file)
	}
	sort.Strings(files)
	for _, file := range files {
		name := filepath.Join(root, "src", filepath.FromSlash(file))
		source, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("a cut matches no file: %w", err)
		}
		changed, err := apply(file, source, byFile[file])
		if err != nil {
			return err
		}
		to := filepath.Join(dir, "src", filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, changed, 0o644); err != nil {
			return err
		}
		replace[name] = to
	}
	return nil
}

// replacePackage takes every source file of a package away and puts the
// stand-in's one file there, under a name that upstream does not use.
func replacePackage(root, from string, s standin, replace map[string]string) error {
	pkgDir := filepath.Join(root, "src", filepath.FromSlash(s.pkg))
	entries, err := os.ReadDir(pkgDir)
	if err != nil {
		return fmt.Errorf("a stand-in matches no package: %w", err)
	}
	source := filepath.Join(from, s.from, path.Base(s.from)+".go")
	if _, err := os.Stat(source); err != nil {
		return err
	}
	const ours = "remora_standin.go"
	found := false
	for _, e := range entries {
		name := e.Name()
		switch {
		case name == ours:
			return fmt.Errorf("%s: %w", filepath.Join(s.pkg, name), fs.ErrExist)
		case e.IsDir() || strings.HasSuffix(name, "_test.go"):
		case strings.HasSuffix(name, ".go"):
			found = true
			replace[filepath.Join(pkgDir, name)] = ""
		case strings.HasSuffix(name, ".s"):
			replace[filepath.Join(pkgDir, name)] = ""
		}
	}
	if !found {
		return fmt.Errorf("a stand-in matches no package: %s has no Go files", pkgDir)
	}
	replace[filepath.Join(pkgDir, ours)] = source
	return nil
}
