package main

import (
	"encoding/json"
	"slices"
	"strings"
)

// A schema is as much of a JSON Schema as the command line uses: to read
// arguments, to name them, and to ask for the fields of a form. What it does not
// understand, or what is malformed, it takes as no restriction: the server
// checks.
type schema struct {
	Type                 typeNames          `json:"type"`
	Title                string             `json:"title"`
	Description          string             `json:"description"`
	Properties           map[string]*schema `json:"properties"`
	Required             []string           `json:"required"`
	AdditionalProperties json.RawMessage    `json:"additionalProperties"`
	Items                *schema            `json:"items"`
	Enum                 []json.RawMessage  `json:"enum"`
	EnumNames            []string           `json:"enumNames"`
	Const                json.RawMessage    `json:"const"`
	OneOf                []*schema          `json:"oneOf"`
	AnyOf                []*schema          `json:"anyOf"`
	Ref                  string             `json:"$ref"`
	Defs                 map[string]*schema `json:"$defs"`
	Definitions          map[string]*schema `json:"definitions"`
	Default              json.RawMessage    `json:"default"`
	Format               string             `json:"format"`
	MinLength            *float64           `json:"minLength"`
	MaxLength            *float64           `json:"maxLength"`
	Minimum              *float64           `json:"minimum"`
	Maximum              *float64           `json:"maximum"`
	MinItems             *float64           `json:"minItems"`
	MaxItems             *float64           `json:"maxItems"`
}

// UnmarshalJSON never fails: a schema that is no object, or malformed, is empty.
func (s *schema) UnmarshalJSON(raw []byte) error {
	type plain schema
	var p plain
	if json.Unmarshal(raw, &p) == nil {
		*s = schema(p)
	}
	return nil
}

// parseSchema reads a schema. It never returns nil.
func parseSchema(raw []byte) *schema {
	s := new(schema)
	_ = json.Unmarshal(raw, s) // a schema that cannot be read restricts nothing
	return s
}

// typeNames is the value of "type": one name or several.
type typeNames []string

// UnmarshalJSON reads either form.
func (t *typeNames) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*t = typeNames{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(raw, &many); err != nil {
		return err
	}
	*t = many
	return nil
}

const (
	// maxReferences bounds how many references are followed in a row.
	maxReferences = 8
	// maxAlternatives bounds how many schemas are looked at for one type: a
	// server's references can go in circles.
	maxAlternatives = 1000
)

// resolve follows references inside of root, which are the only ones followed.
func (s *schema) resolve(root *schema) *schema {
	for range maxReferences {
		if s == nil || s.Ref == "" {
			break
		}
		name, found := strings.CutPrefix(s.Ref, "#/$defs/")
		defs := root.Defs
		if !found {
			name, found = strings.CutPrefix(s.Ref, "#/definitions/")
			defs = root.Definitions
		}
		if !found || defs[name] == nil {
			break
		}
		s = defs[name]
	}
	if s == nil {
		return new(schema)
	}
	return s
}

// types returns the names of the JSON types that s allows; none for any.
func (s *schema) types(root *schema) []string {
	left := maxAlternatives
	return s.typesWithin(root, &left)
}

// typesWithin is types that looks at no more than left schemas.
func (s *schema) typesWithin(root *schema, left *int) []string {
	*left--
	s = s.resolve(root)
	switch {
	case len(s.Type) > 0:
		return s.Type
	case s.Const != nil:
		return []string{typeOf(s.Const)}
	case len(s.Enum) > 0:
		var out []string
		for _, v := range s.Enum {
			out = append(out, typeOf(v))
		}
		return distinct(out)
	case *left <= 0:
		return nil
	}
	var out []string
	for _, alternative := range append(slices.Clone(s.OneOf), s.AnyOf...) {
		types := alternative.typesWithin(root, left)
		if types == nil {
			return nil // one that allows anything
		}
		out = append(out, types...)
	}
	return distinct(out)
}

// typeOf names the type of a JSON value.
func typeOf(v json.RawMessage) string {
	switch {
	case len(v) == 0:
		return "null"
	case v[0] == '"':
		return "string"
	case v[0] == '{':
		return "object"
	case v[0] == '[':
		return "array"
	case v[0] == 't' || v[0] == 'f':
		return "boolean"
	case v[0] == 'n':
		return "null"
	case isInteger(string(v)):
		return "integer"
	}
	return "number"
}

func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// names returns the properties: required ones first, in the order in which the
// schema requires them, then the others by name.
func (s *schema) names() []string {
	var out []string
	for _, name := range s.Required {
		if s.Properties[name] != nil && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	required := len(out)
	for name, p := range s.Properties {
		if p != nil && !slices.Contains(out[:required], name) {
			out = append(out, name)
		}
	}
	slices.Sort(out[required:])
	return out
}

// isClosed reports whether s allows no properties but its own.
func (s *schema) isClosed() bool { return string(s.AdditionalProperties) == "false" }

// typeName is what a person is told of the type.
func (s *schema) typeName(root *schema) string {
	types := s.types(root)
	if len(types) == 0 {
		return "any"
	}
	var out []string
	for _, t := range types {
		out = append(out, oneLine(t, 20))
	}
	return strings.Join(out, " or ")
}
