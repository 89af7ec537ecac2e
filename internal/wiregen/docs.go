package main

import (
	"fmt"
	"go/ast"
	goconstant "go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// docs holds what the source of internal/wire says about its names.
type docs struct {
	types  map[string]string   // type name -> comment
	fields map[string]string   // "Type.Field" -> comment
	consts map[string]constant // exported constant -> what it is
}

// A constant is one exported constant of internal/wire.
type constant struct {
	typeName string // "" if it is untyped
	value    goconstant.Value
	doc      string // its own comment, or ""
}

// parseDocs reads the Go files of dir, tests excepted.
func parseDocs(dir string) (*docs, error) {
	d := &docs{types: map[string]string{}, fields: map[string]string{}, consts: map[string]constant{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	for _, e := range entries {
		if !isSource(e) {
			continue
		}
		file, err := parser.ParseFile(set, filepath.Join(dir, e.Name()), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			g, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			if err := d.add(g); err != nil {
				return nil, err
			}
		}
	}
	if len(d.types) == 0 {
		return nil, fmt.Errorf("no Go source in %s", dir)
	}
	return d, nil
}

func isSource(e fs.DirEntry) bool {
	return !e.IsDir() && strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go")
}

func (d *docs) add(g *ast.GenDecl) error {
	for _, spec := range g.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			d.addType(spec, g)
		case *ast.ValueSpec:
			if g.Tok != token.CONST {
				continue
			}
			if err := d.addConst(spec, g); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *docs) addType(spec *ast.TypeSpec, g *ast.GenDecl) {
	d.types[spec.Name.Name] = commentText(spec.Doc, g.Doc)
	s, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			d.fields[spec.Name.Name+"."+name.Name] = commentText(f.Doc, f.Comment)
		}
	}
}

// addConst takes constants whose value is written out beside the name (1 << 20,
// not iota and not another constant's name), so that reading the source is
// enough to know it.
func (d *docs) addConst(spec *ast.ValueSpec, g *ast.GenDecl) error {
	for i, name := range spec.Names {
		if !name.IsExported() {
			continue
		}
		if i >= len(spec.Values) {
			return fmt.Errorf("constant %s has no value beside it", name.Name)
		}
		value, err := types.Eval(token.NewFileSet(), nil, token.NoPos, types.ExprString(spec.Values[i]))
		if err != nil || value.Value == nil {
			return fmt.Errorf("constant %s: its value cannot be read from the source: %v", name.Name, err)
		}
		c := constant{value: value.Value, doc: commentText(spec.Doc, spec.Comment)}
		if c.doc == "" && len(g.Specs) == 1 {
			c.doc = commentText(g.Doc)
		}
		if spec.Type != nil {
			c.typeName = types.ExprString(spec.Type)
		}
		d.consts[name.Name] = c
	}
	return nil
}

// commentText returns the first comment that is not empty.
func commentText(groups ...*ast.CommentGroup) string {
	for _, g := range groups {
		if text := strings.TrimSpace(g.Text()); text != "" {
			return text
		}
	}
	return ""
}

// constNames returns the exported constants of the type: numbers of a named type
// by value, all others by name.
func (d *docs) constNames(typeName string) []string {
	var out []string
	for name, c := range d.consts {
		if c.typeName == typeName {
			out = append(out, name)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := d.consts[out[i]].value, d.consts[out[j]].value
		if typeName != "" && a.Kind() == goconstant.Int && !goconstant.Compare(a, token.EQL, b) {
			return goconstant.Compare(a, token.LSS, b)
		}
		return out[i] < out[j]
	})
	return out
}
