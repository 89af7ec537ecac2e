package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const upstream = `// Package x is an example.
package x

import (
	"errors"
	"fmt"
	"math/rand/v2"
	other "os"
	_ "unsafe"
)

// A T is a receiver.
type T struct{}

func (t *T) Do(n int) error {
	if n > rand.Int() {
		return fmt.Errorf("no: %s", other.Args)
	}
	return nil
}

func (T) Do(n int) {}

func Do() error { return errors.New("kept") }

func after() {}
`

func TestApply(t *testing.T) {
	got, err := apply("x/x.go", []byte(upstream), []cut{{file: "x/x.go", fn: "(*T).Do", body: `return io.EOF`, uses: "io"}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `// Package x is an example.
package x; import "io"

import (
	"errors"
	
	
	
	_ "unsafe"
)

// A T is a receiver.
type T struct{}

func (t *T) Do(n int) error { return io.EOF 




}

func (T) Do(n int) {}

func Do() error { return errors.New("kept") }

func after() {}
`
	if string(got) != want {
		t.Errorf("got:\n%s", got)
	}
	if line(t, got, "after") != line(t, []byte(upstream), "after") {
		t.Error("the lines have other numbers")
	}
}

// line is the number of a function's line.
func line(t *testing.T, source []byte, fn string) int {
	t.Helper()
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, "x.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	decl, err := find(tree, cut{fn: fn})
	if err != nil {
		t.Fatal(err)
	}
	return set.Position(decl.Pos()).Line
}

func TestApplyKeepsWhatIsImported(t *testing.T) {
	got, err := apply("x/x.go", []byte(upstream), []cut{{file: "x/x.go", fn: "(*T).Do", body: `return errors.New("cut")`, uses: "errors"}})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(got), `"errors"`) != 1 {
		t.Errorf("errors is not imported once:\n%s", got)
	}
}

func TestApplyLetsInline(t *testing.T) {
	const source = "package x\n\n// f is small.\n//\n//go:nosplit\n//go:noinline\nfunc f() int { return 1 }\n\n//go:noinline\nfunc g() {}\n"
	got, err := apply("x/x.go", []byte(source), inlined("x/x.go", "", "f"))
	if want := strings.Replace(source, "//go:noinline", "//", 1); err != nil || string(got) != want {
		t.Errorf("%v, got:\n%s", err, got)
	}
}

// TestACutMustMatch says what a change upstream leads to.
func TestACutMustMatch(t *testing.T) {
	for name, test := range map[string]struct {
		source, want string
		cut          cut
	}{
		"no such function":       {upstream, "matches 0 functions", cut{fn: "gone"}},
		"another receiver":       {upstream, "matches 0 functions", cut{fn: "(*U).Do"}},
		"no body":                {"package x\nfunc f()\n", "matches 0 functions", cut{fn: "f"}},
		"two of the same name":   {"package x\nfunc init() {}\nfunc init() {}\n", "matches 2 functions", cut{fn: "init"}},
		"inlined already":        {upstream, "has no //go:noinline", cut{fn: "after", inline: true}},
		"not Go":                 {"package", "expected", cut{fn: "f"}},
		"the body is not Go":     {upstream, "after its cuts", cut{fn: "after", body: "return }{"}},
		"the body ends too soon": {upstream, "after its cuts", cut{fn: "after", body: "}"}},
	} {
		test.cut.file = "x/x.go"
		got, err := apply("x/x.go", []byte(test.source), []cut{test.cut})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q\n%s", name, err, test.want, got)
		}
	}
}

func TestEachCutHasAReason(t *testing.T) {
	for _, c := range cuts {
		if len(c.why) < 20 || strings.Contains(c.body, "\n") {
			t.Errorf("%s of %s: no reason, or more than one line", c.fn, c.file)
		}
	}
	for _, s := range standins {
		if len(s.why) < 20 {
			t.Errorf("%s: no reason", s.pkg)
		}
	}
}

func TestAStandinMustMatch(t *testing.T) {
	root, err := goroot()
	if err != nil {
		t.Fatal(err)
	}
	from, err := standinDir()
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	for _, pkg := range []string{"encoding/gone", "testdata"} {
		if err := replacePackage(root, from, standin{pkg: pkg, from: "gob"}, replace); err == nil {
			t.Errorf("%s: no error", pkg)
		}
	}
	if err := replacePackage(root, from, standin{pkg: "encoding/gob", from: "gone"}, replace); err == nil {
		t.Error("a stand-in without a file: no error")
	}
	if len(replace) > 0 {
		t.Errorf("replaced %v", replace)
	}
}

// overlayFlag finds the go command's flag, not words that end in it.
var overlayFlag = regexp.MustCompile(`(^|[^\w.-])-{1,2}overlay\b|overlay\.json`)

// TestOnlyTheGuestsAreBuiltLean looks for other ways in which the overlay could
// get into a build: only build.sh may name it.
func TestOnlyTheGuestsAreBuiltLean(t *testing.T) {
	root := filepath.Join("..", "..")
	var users []string
	err := filepath.WalkDir(root, func(name string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case entry.IsDir() && (rel == ".git" || rel == "dist" || rel == "internal/lean" || rel == "docs" || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case entry.IsDir() || !entry.Type().IsRegular() || filepath.Ext(rel) == ".wasm" || filepath.Ext(rel) == ".md":
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if overlayFlag.Match(text) {
			users = append(users, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(users) != 1 || users[0] != "build.sh" {
		t.Errorf("these use an overlay: %q, want only build.sh", users)
	}
}
