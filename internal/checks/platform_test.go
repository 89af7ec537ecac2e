package checks

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A use is a name of another package that some rooms must not mention.
type use struct {
	pkg  string // import path
	name string // "*" for any
	why  string
}

const ownClock = "time comes from port.Clock: a guest has to know when it will wake next, and tests turn the clock themselves"

// notInTheCore is what internal/core and internal/exchange leave to their ports,
// although they import the package for something else.
var notInTheCore = []use{
	{"net/http", "DefaultClient", sansIO},
	{"net/http", "DefaultTransport", sansIO},
	{"net/http", "Transport", sansIO},
	{"net/http", "Get", sansIO},
	{"net/http", "Post", sansIO},
	{"net/http", "PostForm", sansIO},
	{"net/http", "Head", sansIO},
	{"net/http", "ListenAndServe", sansIO},
	{"time", "Now", ownClock},
	{"time", "Since", ownClock},
	{"time", "Until", ownClock},
	{"time", "Sleep", ownClock},
	{"time", "After", ownClock},
	{"time", "AfterFunc", ownClock},
	{"time", "NewTimer", ownClock},
	{"time", "NewTicker", ownClock},
	{"time", "Tick", ownClock},
}

// parseSource returns a Go file and the import path that each name stands for.
func parseSource(t *testing.T, name string, src any) (*token.FileSet, *ast.File, map[string]string) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string]string{}
	for _, spec := range file.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		local := path.Base(importPath)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		imports[local] = importPath
	}
	return set, file, imports
}

// findUses lists where a file mentions one of the uses.
func findUses(t *testing.T, name string, src any, uses []use) []string {
	t.Helper()
	set, file, imports := parseSource(t, name, src)
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		id, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		for _, u := range uses {
			if imports[id.Name] == u.pkg && (u.name == "*" || u.name == sel.Sel.Name) {
				out = append(out, fmt.Sprintf("%s: %s.%s: %s", set.Position(n.Pos()), u.pkg, sel.Sel.Name, u.why))
			}
		}
		return true
	})
	return out
}

func TestTheCoreUsesItsPorts(t *testing.T) {
	checked := 0
	for _, pkg := range listPackages(t, platforms[0]) {
		if !below(pkg.room(), "internal/core") && !below(pkg.room(), "internal/exchange") {
			continue
		}
		for _, name := range pkg.GoFiles {
			checked++
			for _, found := range findUses(t, filepath.Join(pkg.Dir, name), nil, notInTheCore) {
				t.Error(found)
			}
		}
	}
	if checked == 0 {
		t.Error("no file was checked")
	}
}

// packageLevelGlobals lists the package-level uses of js.Global in a file.
func packageLevelGlobals(t *testing.T, name string, src any) []string {
	t.Helper()
	set, file, imports := parseSource(t, name, src)
	var out []string
	for _, decl := range file.Decls {
		g, ok := decl.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		ast.Inspect(g, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if id, ok := sel.X.(*ast.Ident); ok && imports[id.Name] == "syscall/js" && sel.Sel.Name == "Global" {
				out = append(out, set.Position(n.Pos()).String())
			}
			return true
		})
	}
	return out
}

func TestNoPackageLevelJSGlobal(t *testing.T) {
	for _, name := range sourceFiles(t, "*.go") {
		for _, at := range packageLevelGlobals(t, filepath.Join(root, filepath.FromSlash(name)), nil) {
			t.Errorf("%s: js.Global() at package level: a constructor is given what it needs, so that two clients do not share a page's globals", at)
		}
	}
}

func TestPlatformChecksCatch(t *testing.T) {
	const src = `package x
import (
	web "net/http"
	"time"
	"syscall/js"
)
var page = js.Global().Get("document")
func f() { web.Get("x"); time.Sleep(1); _ = time.Second; js.Global() }
`
	if got := findUses(t, "x.go", src, notInTheCore); len(got) != 2 ||
		!strings.Contains(got[0], "net/http.Get") || !strings.Contains(got[1], "time.Sleep") {
		t.Errorf("got %q", got)
	}
	if got := packageLevelGlobals(t, "x.go", src); len(got) != 1 || !strings.HasPrefix(got[0], "x.go:7:") {
		t.Errorf("got %q", got)
	}
}
