// Command notice writes the file NOTICE: the licences of everything that is
// linked into what remora ships, besides its own.
//
//	go run ./internal/checks/notice          writes NOTICE
//	go run ./internal/checks/notice -check   fails if it would change
//
// Which modules those are is asked of the go command, for each of the programs
// and guests; the texts are read from the modules themselves. The Apache License
// is the project's own and stands in LICENSE, so its terms are not repeated.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// shipped is what remora ships, with the platform that it is built for. Go
// programs embed host on every platform; their modules are listed for Linux.
var shipped = []struct{ name, goos, goarch, pkg string }{
	{"remora-js.wasm", "js", "wasm", "./wasm/js"},
	{"remora-plugin.wasm", "wasip1", "wasm", "./wasm/plugin"},
	{"package host", "linux", "amd64", "./host"},
	{"command remora", "linux", "amd64", "./cmd/remora"},
}

// A module is one of another project.
type module struct {
	path, version, dir string
	in                 []string // names of shipped
}

func main() {
	check := flag.Bool("check", false, "write nothing; exit with status 1 if NOTICE is not up to date")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "notice:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	modules, err := linked()
	if err != nil {
		return err
	}
	text, err := render(modules)
	if err != nil {
		return err
	}
	have, err := os.ReadFile("NOTICE")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	switch {
	case bytes.Equal(have, text):
		return nil
	case check:
		return errors.New("NOTICE is not up to date: run `make generate`")
	}
	fmt.Println("wrote NOTICE")
	return os.WriteFile("NOTICE", text, 0o644)
}

// linked asks the go command for the modules of everything shipped, by path.
func linked() ([]module, error) {
	found := map[string]*module{}
	for _, s := range shipped {
		cmd := exec.Command("go", "list", "-deps", "-json=Module", s.pkg)
		cmd.Env = append(os.Environ(), "GOOS="+s.goos, "GOARCH="+s.goarch, "CGO_ENABLED=0")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list %s: %w\n%s", s.pkg, err, &stderr)
		}
		seen := map[string]bool{}
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var pkg struct {
				Module *struct {
					Path, Version, Dir string
					Main               bool
				}
			}
			err := d.Decode(&pkg)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			m := pkg.Module
			if m == nil || m.Main || seen[m.Path] {
				continue
			}
			seen[m.Path] = true
			if found[m.Path] == nil {
				found[m.Path] = &module{path: m.Path, version: m.Version, dir: m.Dir}
			}
			found[m.Path].in = append(found[m.Path].in, s.name)
		}
	}
	var all []module
	for _, m := range found {
		all = append(all, *m)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].path < all[j].path })
	return all, nil
}

const preamble = `remora
Copyright the remora authors

Licensed under the Apache License, Version 2.0; see the file LICENSE.

What remora ships contains work of others, under the licences below. This file
is written by internal/checks/notice. DO NOT EDIT.
`

func render(modules []module) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(preamble)
	section := func(title, in string) {
		fmt.Fprintf(&out, "\n%s\n%s\nin: %s\n\n", strings.Repeat("=", 80), title, in)
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	license, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "LICENSE"))
	if err != nil {
		return nil, err
	}
	section("The Go standard library, runtime and lib/wasm/wasm_exec.js", "everything, and the npm package")
	out.WriteString(clean(license))
	for _, m := range modules {
		section(m.path+" "+m.version, strings.Join(m.in, ", "))
		text, err := texts(m)
		if err != nil {
			return nil, err
		}
		out.WriteString(text)
	}
	return out.Bytes(), nil
}

var (
	licenseFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice)(\.(md|txt))?$`)
	// The terms of the Apache License, without what a project adds around them.
	apacheTerms = regexp.MustCompile(`(?s)[ \t]*Apache License\s+Version 2\.0, January 2004.*?END OF TERMS AND CONDITIONS\n*`)
	apacheHowTo = regexp.MustCompile(`(?s)[ \t]*APPENDIX: How to apply the Apache License to your work\..*?same "printed page" as the copyright notice for easier\s+identification within third-party archives\.\n*`)
)

// texts returns what a module's licence files say. A module without one is an
// error: then nobody knows whether it may be shipped. In a repository of several
// modules the file may be in a folder above.
func texts(m module) (string, error) {
	if m.dir == "" {
		return "", fmt.Errorf("%s is not downloaded", m.path)
	}
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return "", err
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() || !licenseFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(m.dir, e.Name()))
		if err != nil {
			return "", err
		}
		out = append(out, clean(text))
	}
	if len(out) == 0 {
		return "", fmt.Errorf("%s %s has no licence file in %s", m.path, m.version, m.dir)
	}
	return strings.Join(out, "\n"), nil
}

// clean normalizes line ends and leaves out the terms that stand in LICENSE.
func clean(text []byte) string {
	s := strings.ReplaceAll(string(text), "\r\n", "\n")
	s = apacheTerms.ReplaceAllString(s, "Apache License, Version 2.0: see the file LICENSE.\n\n")
	s = apacheHowTo.ReplaceAllString(s, "")
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\f")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n") + "\n"
}
