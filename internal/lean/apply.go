package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
)

// An edit replaces source[from:to].
type edit struct {
	from, to int
	text     string
}

// apply makes the cuts of one file: it replaces the bodies or lets them be inlined,
// takes away the imports that only they used, and adds what the new ones need. Lines
// keep their numbers, so that traces name upstream's. Each cut must match exactly
// one function.
func apply(file string, source []byte, cuts []cut) ([]byte, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var edits []edit
	add := map[string]bool{}
	for _, c := range cuts {
		fn, err := find(tree, c)
		if err != nil {
			return nil, err
		}
		if c.inline {
			e, err := inlining(set, fn)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			edits = append(edits, e)
			continue
		}
		from, to := set.Position(fn.Body.Lbrace).Offset, set.Position(fn.Body.Rbrace).Offset+1
		edits = append(edits, replaceLines(source, from, to, "{ "+c.body+" }"))
		if c.uses != "" {
			add[c.uses] = true
		}
	}
	before := used(tree)
	changed := splice(source, edits)

	set = token.NewFileSet()
	tree, err = parser.ParseFile(set, file, changed, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("%s: after its cuts: %w", file, err)
	}
	after := used(tree)
	edits = nil
	for _, spec := range tree.Imports {
		importPath, name := importOf(spec)
		switch {
		case before[name] && !after[name]:
			from, to := set.Position(spec.Pos()).Offset, set.Position(spec.End()).Offset
			edits = append(edits, edit{from, to, ""})
		case spec.Name == nil:
			delete(add, importPath)
		}
	}
	var extra string
	for _, importPath := range sortedKeys(add) {
		extra += "; import " + strconv.Quote(importPath)
	}
	if end := set.Position(tree.Name.End()).Offset; extra != "" {
		edits = append(edits, edit{end, end, extra})
	}
	return splice(changed, edits), nil
}

// inlining is the edit that lets a function be inlined.
func inlining(set *token.FileSet, fn *ast.FuncDecl) (edit, error) {
	const directive = "//go:noinline"
	if fn.Doc != nil {
		for _, comment := range fn.Doc.List {
			if comment.Text == directive {
				from := set.Position(comment.Pos()).Offset
				return edit{from, from + len(directive), "//"}, nil
			}
		}
	}
	return edit{}, fmt.Errorf("%s has no %s to take away", nameOf(fn), directive)
}

// find returns the one function that a cut names.
func find(tree *ast.File, c cut) (*ast.FuncDecl, error) {
	var found []*ast.FuncDecl
	for _, decl := range tree.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Body != nil && nameOf(fn) == c.fn {
			found = append(found, fn)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%s: the cut of %s matches %d functions", c.file, c.fn, len(found))
	}
	return found[0], nil
}

// nameOf is a function's name as cuts write it.
func nameOf(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) != 1 {
		return fn.Name.Name
	}
	switch t := fn.Recv.List[0].Type.(type) {
	case *ast.StarExpr:
		if id, ok := t.X.(*ast.Ident); ok {
			return "(*" + id.Name + ")." + fn.Name.Name
		}
	case *ast.Ident:
		return t.Name + "." + fn.Name.Name
	}
	return ""
}

// used is the set of names before a dot in a file: each use of an import is one.
func used(tree *ast.File) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(tree, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok {
				names[id.Name] = true
			}
		}
		return true
	})
	return names
}

var version = regexp.MustCompile(`^v[0-9]+$`)

// importOf returns an import's path and the name that it has in its file.
func importOf(spec *ast.ImportSpec) (importPath, name string) {
	importPath, _ = strconv.Unquote(spec.Path.Value) // the parser has checked it
	if spec.Name != nil {
		return importPath, spec.Name.Name
	}
	name = path.Base(importPath)
	if version.MatchString(name) {
		name = path.Base(path.Dir(importPath))
	}
	return importPath, name
}

// replaceLines is the edit that puts a line of text in place of source[from:to],
// with as many line ends as were there.
func replaceLines(source []byte, from, to int, text string) edit {
	lines := bytes.Count(source[from:to], []byte("\n"))
	return edit{from, to, text[:len(text)-1] + string(bytes.Repeat([]byte("\n"), lines)) + text[len(text)-1:]}
}

// splice makes edits that do not overlap.
func splice(source []byte, edits []edit) []byte {
	slices.SortFunc(edits, func(a, b edit) int { return a.from - b.from })
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(append(out, source[at:e.from]...), e.text...)
		at = e.to
	}
	return append(out, source[at:]...)
}

func sortedKeys(m map[string]bool) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
