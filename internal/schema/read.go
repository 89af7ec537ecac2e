package schema

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A reader reads the keywords of one schema. The first error is kept.
type reader struct {
	c      *compiler
	object map[string]any
	path   string
	node   *node
	err    error
}

func (r *reader) fail(keyword, format string, args ...any) {
	if r.err == nil {
		r.err = unusable(r.path+"/"+escape(keyword), format, args...)
	}
}

func (r *reader) read() {
	n := r.node
	r.identify()
	if ref, has := r.text("$ref"); has {
		r.c.pending = append(r.c.pending, pendingRef{from: n, path: r.path, ref: ref})
		if n.resource.old {
			return // what else is there does not count
		}
	}
	if ref, has := r.text("$dynamicRef"); has {
		r.c.pending = append(r.c.pending, pendingRef{from: n, path: r.path, ref: ref, dynamic: true})
	}
	if _, has := r.object["$recursiveRef"]; has {
		r.fail("$recursiveRef", "$recursiveRef is not supported")
	}
	r.values()
	r.numbers()
	r.strings()
	r.arrays()
	r.objects()
	n.allOf, n.anyOf, n.oneOf = r.list("allOf"), r.list("anyOf"), r.list("oneOf")
	n.not, n.when, n.then, n.otherwise = r.one("not"), r.one("if"), r.one("then"), r.one("else")
	r.many("$defs")
	r.many("definitions")
}

// identify reads what names the schema.
func (r *reader) identify() {
	n, c := r.node, r.c
	if id, has := r.text("$id"); has && (!n.resource.old || r.object["$ref"] == nil) {
		u, err := url.Parse(id)
		switch {
		case err != nil:
			r.fail("$id", "an identifier is not a URI")
			return
		case n.resource.old && strings.HasPrefix(id, "#"):
			n.resource.anchors[id[1:]] = r.path
		case u.Fragment != "":
			r.fail("$id", "an identifier has a fragment")
			return
		default:
			base := n.resource.base.ResolveReference(u)
			key := withoutFragment(base)
			if other := c.resources[key]; other != nil && other.path != r.path {
				r.fail("$id", "two schemas have the same identifier")
				return
			}
			n.resource = &resource{base: base, path: r.path, old: n.resource.old, anchors: map[string]string{}, dynamic: map[string]*node{}}
			c.resources[key] = n.resource
			if r.path == "" {
				c.resources[""] = n.resource
			}
		}
	}
	for _, keyword := range []string{"$anchor", "$dynamicAnchor"} {
		name, has := r.text(keyword)
		if !has {
			continue
		}
		if at, taken := n.resource.anchors[name]; taken && at != r.path {
			r.fail(keyword, "two schemas have the same anchor")
			return
		}
		n.resource.anchors[name] = r.path
		if keyword == "$dynamicAnchor" {
			c.dynamics = append(c.dynamics, dynamicAnchor{n.resource, name, r.path})
		}
	}
}

// values reads what a value is compared with.
func (r *reader) values() {
	n := r.node
	switch t := r.object["type"].(type) {
	case nil:
		if _, has := r.object["type"]; has {
			r.fail("type", "type must name types")
		}
	case string:
		n.types = []string{t}
	case []any:
		n.types = []string{}
		for _, item := range t {
			name, _ := item.(string)
			n.types = append(n.types, name)
		}
	default:
		r.fail("type", "type must name types")
	}
	for _, name := range n.types {
		if !slices.Contains([]string{"null", "boolean", "object", "array", "number", "string", "integer"}, name) {
			r.fail("type", "there is no such type")
		}
	}
	if enum, has := r.object["enum"]; has {
		list, ok := enum.([]any)
		if !ok {
			r.fail("enum", "enum must be a list")
		}
		n.enum = append([]any{}, list...)
	}
	if constant, has := r.object["const"]; has {
		n.constant = &constant
	}
}

func (r *reader) numbers() {
	n := r.node
	for _, row := range []struct {
		keyword string
		to      **number
	}{
		{"minimum", &n.minimum}, {"maximum", &n.maximum}, {"exclusiveMinimum", &n.above}, {"exclusiveMaximum", &n.below}, {"multipleOf", &n.multipleOf},
	} {
		value, has := r.object[row.keyword]
		if !has {
			continue
		}
		written, ok := value.(json.Number)
		if !ok {
			r.fail(row.keyword, "%s must be a number", row.keyword)
			return
		}
		parsed := parseNumber(written)
		*row.to = &parsed
	}
	if n.multipleOf != nil && n.multipleOf.sign() <= 0 {
		r.fail("multipleOf", "multipleOf must be more than zero")
	}
}

func (r *reader) strings() {
	n := r.node
	n.minLength, n.maxLength = r.count("minLength"), r.count("maxLength")
	if source, has := r.text("pattern"); has {
		n.pattern = r.regexp("pattern", source)
	}
	n.format, _ = r.object["format"].(string)
}

func (r *reader) arrays() {
	n := r.node
	n.minItems, n.maxItems, n.maxContains = r.count("minItems"), r.count("maxItems"), r.count("maxContains")
	if least := r.count("minContains"); least != nil {
		n.minContains = *least
	}
	n.uniqueItems, _ = r.object["uniqueItems"].(bool)
	n.contains = r.one("contains")
	if _, list := r.object["items"].([]any); list {
		// As it was before draft 2020-12.
		if _, both := r.object["prefixItems"]; both || r.is2020() {
			r.fail("items", "items must be a schema")
			return
		}
		n.prefix, n.items = r.list("items"), r.one("additionalItems")
	} else {
		n.prefix, n.items = r.list("prefixItems"), r.one("items")
	}
	if n.restItems = r.one("unevaluatedItems"); n.restItems != nil {
		r.c.track = true
	}
}

// is2020 reports whether the document says that it is written in draft 2020-12,
// or says nothing.
func (r *reader) is2020() bool {
	object, _ := r.c.doc.(map[string]any)
	dialect, _ := object["$schema"].(string)
	return dialect == "" || strings.TrimSuffix(dialect, "#") == draft2020
}

func (r *reader) objects() {
	n := r.node
	n.minProps, n.maxProps = r.count("minProperties"), r.count("maxProperties")
	if value, has := r.object["required"]; has {
		n.required = r.texts("required", value)
	}
	n.properties = r.many("properties")
	for _, source := range sorted(r.object["patternProperties"]) {
		re := r.regexp("patternProperties", source)
		r.child("patternProperties", source)
		n.patternProperties = append(n.patternProperties, patternProperty{re, r.c.nodes[r.path+"/patternProperties/"+escape(source)]})
	}
	n.additional, n.names = r.one("additionalProperties"), r.one("propertyNames")
	n.dependentSchemas = r.many("dependentSchemas")
	for _, keyword := range []string{"dependentRequired", "dependencies"} {
		object, _ := r.object[keyword].(map[string]any)
		for _, name := range sorted(r.object[keyword]) {
			if list, ok := object[name].([]any); ok {
				if n.dependentRequired == nil {
					n.dependentRequired = map[string][]string{}
				}
				n.dependentRequired[name] = r.texts(keyword, list)
				continue
			}
			if keyword == "dependentRequired" {
				r.fail(keyword, "%s must have lists of names", keyword)
				return
			}
			if n.dependentSchemas == nil {
				n.dependentSchemas = map[string]*node{}
			}
			n.dependentSchemas[name] = r.child(keyword, name)
		}
	}
	if n.restProps = r.one("unevaluatedProperties"); n.restProps != nil {
		r.c.track = true
	}
}

func (r *reader) text(keyword string) (string, bool) {
	value, has := r.object[keyword]
	if !has {
		return "", false
	}
	text, ok := value.(string)
	if !ok {
		r.fail(keyword, "%s must be a string", keyword)
	}
	return text, ok
}

func (r *reader) texts(keyword string, value any) []string {
	list, ok := value.([]any)
	if !ok {
		r.fail(keyword, "%s must be a list of names", keyword)
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		name, ok := item.(string)
		if !ok {
			r.fail(keyword, "%s must be a list of names", keyword)
		}
		out = append(out, name)
	}
	return out
}

func (r *reader) count(keyword string) *int {
	value, has := r.object[keyword]
	if !has {
		return nil
	}
	written, ok := value.(json.Number)
	if ok {
		var n int
		if n, ok = natural(written); ok {
			return &n
		}
	}
	r.fail(keyword, "%s must be a whole number, not below zero", keyword)
	return nil
}

func (r *reader) regexp(keyword, source string) *pattern {
	p, err := compilePattern(source)
	if err != nil {
		r.fail(keyword, "%v", err)
	}
	return p
}

// one reads a keyword that is a schema.
func (r *reader) one(keyword string) *node {
	value, has := r.object[keyword]
	if !has || r.err != nil {
		return nil
	}
	n, err := r.c.schema(value, r.path+"/"+escape(keyword), r.node.resource)
	if err != nil {
		r.err = err
	}
	return n
}

// list reads a keyword that is a list of schemas.
func (r *reader) list(keyword string) []*node {
	value, has := r.object[keyword]
	if !has || r.err != nil {
		return nil
	}
	list, ok := value.([]any)
	if !ok {
		r.fail(keyword, "%s must be a list of schemas", keyword)
		return nil
	}
	out := make([]*node, 0, len(list))
	for i, item := range list {
		n, err := r.c.schema(item, r.path+"/"+escape(keyword)+"/"+strconv.Itoa(i), r.node.resource)
		if err != nil {
			r.err = err
			return nil
		}
		out = append(out, n)
	}
	return out
}

// many reads a keyword that has schemas by name.
func (r *reader) many(keyword string) map[string]*node {
	value, has := r.object[keyword]
	if !has || r.err != nil {
		return nil
	}
	if _, ok := value.(map[string]any); !ok {
		r.fail(keyword, "%s must have schemas by name", keyword)
		return nil
	}
	out := map[string]*node{}
	for _, name := range sorted(value) {
		out[name] = r.child(keyword, name)
	}
	return out
}

// child reads the schema of one name under a keyword.
func (r *reader) child(keyword, name string) *node {
	if r.err != nil {
		return nil
	}
	object, _ := r.object[keyword].(map[string]any)
	n, err := r.c.schema(object[name], r.path+"/"+escape(keyword)+"/"+escape(name), r.node.resource)
	if err != nil {
		r.err = err
	}
	return n
}

// sorted returns the names of an object; none if value is no object.
func sorted(value any) []string {
	object, _ := value.(map[string]any)
	return names(object)
}

// names returns a map's names in order, so that of several mistakes it is always
// the same that is reported.
func names[T any](of map[string]T) []string {
	return slices.Sorted(maps.Keys(of))
}
