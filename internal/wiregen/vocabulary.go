package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/remora-mcp/remora/internal/wire"
)

// A vocabulary is internal/wire as the renderers see it: its tables, the types
// that they reach, and what its comments say.
type vocabulary struct {
	structs map[string]*structType // by Go name
	docs    *docs
}

// A structType is one struct of internal/wire.
type structType struct {
	Name   string
	Doc    string
	Fields []field
}

// A field is one field of a struct, in the struct's order.
type field struct {
	GoName   string
	Name     string // on the wire
	Doc      string
	Type     typeRef
	Optional bool // may be absent
}

// A shape says how a value looks in JSON.
type shape int

const (
	shapeAny    shape = iota + 1 // any JSON: json.RawMessage
	shapeString                  // including the named strings of enums
	shapeBool
	shapeInteger
	shapeNumber
	shapeStruct
	shapeList
	shapeTuple
	shapeTexts // an object of strings
)

// A typeRef is the type of a field.
type typeRef struct {
	Shape    shape
	Name     string   // of a struct or a named string
	Elem     *typeRef // of a list or tuple
	Len      int      // of a tuple
	Unsigned bool     // of an integer
	Nullable bool     // may be null where it is present
}

// enums are the named strings: the set of their values is known.
var enums = map[reflect.Type]string{
	reflect.TypeFor[wire.Code]():      "Code",
	reflect.TypeFor[wire.Sent]():      "Sent",
	reflect.TypeFor[wire.TraceType](): "TraceType",
}

// load reads the tables and the comments in dir, the folder of internal/wire.
func load(dir string) (*vocabulary, error) {
	d, err := parseDocs(dir)
	if err != nil {
		return nil, err
	}
	v := &vocabulary{structs: map[string]*structType{}, docs: d}
	for _, root := range roots() {
		if root.value == nil {
			continue
		}
		if err := v.addStruct(reflect.TypeOf(root.value)); err != nil {
			return nil, fmt.Errorf("%s: %w", root.where, err)
		}
	}
	if err := checkConstants(d); err != nil {
		return nil, err
	}
	return v, checkOrder()
}

// A root is a type that a table names.
type root struct {
	where string
	value any
}

func roots() []root {
	var all []root
	for _, k := range wire.Kinds {
		all = append(all, root{"kind " + k.Name, k.Header})
	}
	for _, c := range wire.Commands {
		all = append(all, root{"command " + c.Name, c.Params}, root{"command " + c.Name, c.Result})
	}
	for _, a := range wire.Asks {
		all = append(all, root{"ask " + a.Name, a.Params}, root{"ask " + a.Name, a.Answer})
	}
	for _, t := range wire.Tells {
		all = append(all, root{"tell " + t.Name, t.Data})
	}
	for _, e := range wire.Exports {
		all = append(all, root{"export " + e.Name, e.Input}, root{"export " + e.Name, e.Output})
	}
	for _, d := range wire.Details {
		all = append(all, root{"data of " + string(d.Code), d.Data})
	}
	return all
}

// checkConstants holds the tables complete: a kind or code that has a constant
// has a row, and a row has a constant. It also refuses a constant of a type that
// the generator does not know.
func checkConstants(d *docs) error {
	rows := map[string]bool{}
	for _, r := range wire.Kinds {
		rows[fmt.Sprintf("Kind %d", r.Kind)] = true
	}
	for _, r := range wire.Codes {
		rows[fmt.Sprintf("Code %q", string(r.Code))] = true
	}
	for name, c := range d.consts {
		switch c.typeName {
		case "Kind", "Code":
			key := c.typeName + " " + c.value.ExactString()
			if !rows[key] {
				return fmt.Errorf("constant %s (%s) has no row in the tables", name, key)
			}
			delete(rows, key)
		case "Sent", "TraceType", "Flags", "":
		default:
			return fmt.Errorf("constant %s: no translation for constants of type %s", name, c.typeName)
		}
	}
	for key := range rows {
		return fmt.Errorf("the tables have a row for %s, which has no constant", key)
	}
	return nil
}

// checkOrder holds the order that the tables promise.
func checkOrder() error {
	for i := 1; i < len(wire.Kinds); i++ {
		if wire.Kinds[i-1].Kind >= wire.Kinds[i].Kind {
			return fmt.Errorf("wire.Kinds is not sorted by number at %q", wire.Kinds[i].Name)
		}
	}
	for _, table := range []struct {
		name string
		rows []string
	}{
		{"Commands", names(wire.Commands, func(r wire.CommandRow) string { return r.Name })},
		{"Asks", names(wire.Asks, func(r wire.AskRow) string { return r.Name })},
		{"Tells", names(wire.Tells, func(r wire.TellRow) string { return r.Name })},
		{"Exports", names(wire.Exports, func(r wire.ExportRow) string { return r.Name })},
	} {
		for i := 1; i < len(table.rows); i++ {
			if table.rows[i-1] >= table.rows[i] {
				return fmt.Errorf("wire.%s is not sorted by name at %q", table.name, table.rows[i])
			}
		}
	}
	return nil
}

func names[T any](rows []T, name func(T) string) []string {
	var out []string
	for _, r := range rows {
		out = append(out, name(r))
	}
	return out
}

// sorted returns the structs by name.
func (v *vocabulary) sorted() []*structType {
	all := make([]*structType, 0, len(v.structs))
	for _, s := range v.structs {
		all = append(all, s)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

// addStruct adds t and every struct that its fields reach.
func (v *vocabulary) addStruct(t reflect.Type) error {
	if t.Kind() != reflect.Struct || t.Name() == "" {
		return fmt.Errorf("%v is not a named struct", t)
	}
	if v.structs[t.Name()] != nil {
		return nil
	}
	doc := v.docs.types[t.Name()]
	if doc == "" {
		return fmt.Errorf("type %s has no doc comment", t.Name())
	}
	s := &structType{Name: t.Name(), Doc: doc}
	v.structs[s.Name] = s
	return v.addFields(s, t)
}

// addFields adds the fields of t to s. Those of an embedded struct come in its
// place, as encoding/json writes them.
func (v *vocabulary) addFields(s *structType, t reflect.Type) error {
	for i := range t.NumField() {
		sf := t.Field(i)
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct && sf.Tag == "" {
			if err := v.addFields(s, sf.Type); err != nil {
				return err
			}
			continue
		}
		f, err := v.newField(t, sf)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", t.Name(), sf.Name, err)
		}
		s.Fields = append(s.Fields, f)
	}
	return nil
}

func (v *vocabulary) newField(t reflect.Type, sf reflect.StructField) (field, error) {
	tag, options, _ := strings.Cut(sf.Tag.Get("json"), ",")
	if !sf.IsExported() || sf.Anonymous || tag == "" || tag == "-" {
		return field{}, fmt.Errorf("a field of the wire is exported, not embedded, and has a json name")
	}
	f := field{GoName: sf.Name, Name: tag, Doc: v.docs.fields[t.Name()+"."+sf.Name]}
	if f.Doc == "" {
		return field{}, fmt.Errorf("no doc comment")
	}
	switch options {
	case "":
	case "omitempty", "omitzero":
		f.Optional = true
	default:
		return field{}, fmt.Errorf("unknown json option %q", options)
	}
	var err error
	f.Type, err = v.ref(sf.Type)
	// A pointer to a scalar that is always written may be null. One to a struct
	// may not: the header's contract says that it is there.
	if sf.Type.Kind() == reflect.Pointer && !f.Optional && f.Type.Shape != shapeStruct {
		f.Type.Nullable = true
	}
	return f, err
}

// ref translates a type. Whatever is not listed here is an error.
func (v *vocabulary) ref(t reflect.Type) (typeRef, error) {
	if name, ok := enums[t]; ok {
		return typeRef{Shape: shapeString, Name: name}, nil
	}
	if t == reflect.TypeFor[json.RawMessage]() {
		return typeRef{Shape: shapeAny}, nil
	}
	if t.Kind() == reflect.Struct {
		return typeRef{Shape: shapeStruct, Name: t.Name()}, v.addStruct(t)
	}
	if t.Name() != "" && t.PkgPath() != "" {
		return typeRef{}, fmt.Errorf("no translation for the named type %v", t)
	}
	switch t.Kind() {
	case reflect.Map:
		if t == reflect.TypeFor[map[string]string]() {
			return typeRef{Shape: shapeTexts}, nil
		}
	case reflect.String:
		return typeRef{Shape: shapeString}, nil
	case reflect.Bool:
		return typeRef{Shape: shapeBool}, nil
	case reflect.Int, reflect.Int32, reflect.Int64:
		return typeRef{Shape: shapeInteger}, nil
	case reflect.Uint8, reflect.Uint32:
		return typeRef{Shape: shapeInteger, Unsigned: true}, nil
	case reflect.Float64:
		return typeRef{Shape: shapeNumber}, nil
	case reflect.Pointer:
		if t.Elem().Kind() == reflect.Pointer {
			break
		}
		return v.ref(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 { // would be base64
			break
		}
		elem, err := v.ref(t.Elem())
		return typeRef{Shape: shapeList, Elem: &elem}, err
	case reflect.Array:
		elem, err := v.ref(t.Elem())
		return typeRef{Shape: shapeTuple, Elem: &elem, Len: t.Len()}, err
	}
	return typeRef{}, fmt.Errorf("no translation for the type %v", t)
}

func goTypeName(value any) string { return reflect.TypeOf(value).Name() }
