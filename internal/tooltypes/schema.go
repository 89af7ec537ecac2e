package tooltypes

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

type kind int

const (
	anything kind = iota
	nothing
	null
	boolean
	integer
	number
	text
	literal // one value: a string, a number or a boolean
	array
	object
	union // one of members
	both  // all of members
	ref
)

// A node is a type. Each place of a schema has a node of its own.
type node struct {
	kind    kind
	value   any         // literal: string, json.Number or bool
	items   *node       // array
	props   []prop      // object, by name
	rest    *node       // object: of further properties; nil if it does not speak of them
	members []*node     // union, both
	def     *definition // ref
}

// A prop is a property of an object.
type prop struct {
	name, doc string
	required  bool
	typ       *node
}

// A definition is a part of a schema that references point to, and so may hold
// itself.
type definition struct {
	role, base string // what it is part of, and the last word of the pointer
	doc        string
	typ        *node
	name       string // in the output
}

// A reader reads one schema.
type reader struct {
	role string
	root any
	defs map[string]*definition
	all  []*definition
	left *int
}

// readSchema reads a schema and the definitions that it uses. A schema that cannot
// be read is any value.
func readSchema(raw []byte, role string, left *int) (*node, []*definition) {
	r := &reader{role: role, defs: map[string]*definition{}, left: left}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&r.root) != nil {
		return &node{kind: anything}, nil
	}
	n := r.read(r.root, 0)
	breakCircles(n, r.all)
	return n, r.all
}

func (r *reader) read(schema any, depth int) *node {
	*r.left--
	if yes, is := schema.(bool); is && !yes {
		return &node{kind: nothing}
	}
	s, is := schema.(map[string]any)
	if !is || depth > maxDepth || *r.left < 0 {
		return &node{kind: anything}
	}
	if pointer, is := s["$ref"].(string); is {
		return r.reference(pointer, depth)
	}
	if value, has := s["const"]; has {
		return literalOf(value)
	}
	if values, is := s["enum"].([]any); is && len(values) > 0 && len(values) <= maxEnum {
		*r.left -= len(values)
		var members []*node
		for _, v := range values {
			members = append(members, literalOf(v))
		}
		return unionOf(members)
	}
	parts := []*node{r.byType(s, depth)}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if list, is := s[keyword].([]any); is && len(list) > 0 {
			parts = append(parts, unionOf(r.list(list, depth)))
		}
	}
	if list, is := s["allOf"].([]any); is {
		parts = append(parts, r.list(list, depth)...)
	}
	return bothOf(parts)
}

func (r *reader) list(schemas []any, depth int) []*node {
	var out []*node
	for _, s := range schemas {
		out = append(out, r.read(s, depth+1))
	}
	return out
}

// byType reads what "type" and the keywords of each type say.
func (r *reader) byType(s map[string]any, depth int) *node {
	switch t := s["type"].(type) {
	case string:
		return r.named(t, s, depth)
	case []any:
		var members []*node
		for _, name := range t {
			name, _ := name.(string)
			members = append(members, r.named(name, s, depth))
		}
		if len(members) > 0 && len(members) <= 7 { // there are seven types
			return unionOf(members)
		}
		return &node{kind: anything}
	}
	if _, is := s["properties"].(map[string]any); is {
		return r.object(s, depth)
	}
	if _, has := s["items"]; has {
		return r.array(s, depth)
	}
	return &node{kind: anything}
}

func (r *reader) named(name string, s map[string]any, depth int) *node {
	switch name {
	case "null":
		return &node{kind: null}
	case "boolean":
		return &node{kind: boolean}
	case "integer":
		return &node{kind: integer}
	case "number":
		return &node{kind: number}
	case "string":
		return &node{kind: text}
	case "array":
		return r.array(s, depth)
	case "object":
		return r.object(s, depth)
	}
	return &node{kind: anything}
}

// array reads an array. Its length and the places of its entries are not part of
// the type.
func (r *reader) array(s map[string]any, depth int) *node {
	items, has := s["items"]
	prefix, _ := s["prefixItems"].([]any)
	if list, is := items.([]any); is { // before 2020-12
		items, has = s["additionalItems"]
		prefix = list
	}
	rest := &node{kind: anything}
	if has {
		rest = r.read(items, depth+1)
	}
	if len(prefix) == 0 {
		return &node{kind: array, items: rest}
	}
	return &node{kind: array, items: unionOf(append(r.list(prefix, depth), rest))}
}

func (r *reader) object(s map[string]any, depth int) *node {
	n := &node{kind: object}
	properties, _ := s["properties"].(map[string]any)
	required := map[string]bool{}
	if names, is := s["required"].([]any); is {
		for _, name := range names {
			if name, is := name.(string); is {
				required[name] = true
			}
		}
	}
	for name, p := range properties {
		doc, _ := p.(map[string]any)
		description, _ := doc["description"].(string)
		n.props = append(n.props, prop{name: name, doc: description, required: required[name]})
	}
	slices.SortFunc(n.props, func(a, b prop) int { return strings.Compare(a.name, b.name) })
	for i := range n.props {
		n.props[i].typ = r.read(properties[n.props[i].name], depth+1)
	}
	additional, has := s["additionalProperties"]
	_, patterns := s["patternProperties"]
	switch {
	case patterns:
		n.rest = &node{kind: anything}
	case has && additional == false:
		if len(n.props) == 0 {
			n.rest = &node{kind: nothing}
		}
	case has:
		n.rest = r.read(additional, depth+1)
	case len(n.props) == 0:
		n.rest = &node{kind: anything}
	}
	return n
}

// reference reads a reference to a part of the same schema. Any other is any
// value.
func (r *reader) reference(pointer string, depth int) *node {
	if def := r.defs[pointer]; def != nil {
		return &node{kind: ref, def: def}
	}
	path, ok := strings.CutPrefix(pointer, "#")
	if !ok || path != "" && path[0] != '/' {
		return &node{kind: anything}
	}
	target, base := r.root, "Root"
	if path != "" {
		for _, step := range strings.Split(path[1:], "/") {
			if plain, err := url.PathUnescape(step); err == nil {
				step = plain
			}
			step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
			switch parent := target.(type) {
			case map[string]any:
				target = parent[step]
			case []any:
				i, err := strconv.Atoi(step)
				if err != nil || i < 0 || i >= len(parent) {
					return &node{kind: anything}
				}
				target = parent[i]
			default:
				return &node{kind: anything}
			}
			base = step
		}
	}
	def := &definition{role: r.role, base: base}
	if s, is := target.(map[string]any); is {
		def.doc, _ = s["description"].(string)
	}
	r.defs[pointer] = def
	r.all = append(r.all, def)
	def.typ = r.read(target, depth+1)
	return &node{kind: ref, def: def}
}

func literalOf(value any) *node {
	switch value.(type) {
	case string, json.Number, bool:
		return &node{kind: literal, value: value}
	case nil:
		return &node{kind: null}
	}
	return &node{kind: anything}
}

// unionOf is one of members: any value if one of them is.
func unionOf(members []*node) *node {
	var out []*node
	for _, m := range members {
		switch m.kind {
		case anything:
			return m
		case nothing:
		case union:
			out = append(out, m.members...)
		default:
			out = append(out, m)
		}
	}
	switch len(out) {
	case 0:
		return &node{kind: nothing}
	case 1:
		return out[0]
	}
	return &node{kind: union, members: out}
}

// bothOf is all of members at once.
func bothOf(members []*node) *node {
	members = slices.DeleteFunc(members, func(n *node) bool { return n.kind == anything })
	// An object that says nothing of its properties adds nothing to another.
	if len(members) > 1 {
		if first := members[0]; first.kind == object && len(first.props) == 0 && first.rest.kind == anything {
			members = members[1:]
		}
	}
	switch len(members) {
	case 0:
		return &node{kind: anything}
	case 1:
		return members[0]
	}
	return &node{kind: both, members: members}
}

// breakCircles makes any value of references that come back to their definition
// without an object or an array in between: no value is of such a type, and no
// language has one.
func breakCircles(n *node, defs []*definition) {
	const active, done = 1, 2
	state := map[*definition]int{}
	var visit func(*node)
	enter := func(def *definition) {
		if state[def] == 0 {
			state[def] = active
			visit(def.typ)
			state[def] = done
		}
	}
	visit = func(n *node) {
		switch n.kind {
		case union, both:
			for _, m := range n.members {
				visit(m)
			}
		case ref:
			if state[n.def] == active {
				*n = node{kind: anything}
				return
			}
			enter(n.def)
		}
	}
	visit(n)
	for _, def := range defs {
		enter(def)
	}
}
