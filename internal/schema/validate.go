package schema

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// A validation is one value being checked.
type validation struct {
	schema *Schema
	left   int64 // the work that may still be done
	depth  int
	scope  []*resource // gone through, from the outside
}

// spend counts work. It panics with an *Unusable when there has been too much.
func (v *validation) spend(n int64) {
	if v.left -= n; v.left < 0 {
		panic(unusable("", "the schema takes more work to check than it may"))
	}
}

// A path is where in the value the check is.
type path struct {
	parent *path
	name   string
	index  int // used where name is not
	named  bool
}

func (p *path) property(name string) *path { return &path{parent: p, name: name, named: true} }
func (p *path) item(i int) *path           { return &path{parent: p, index: i} }

func (p *path) pointer() string {
	if p == nil {
		return ""
	}
	if p.named {
		return p.parent.pointer() + "/" + escape(p.name)
	}
	return p.parent.pointer() + "/" + strconv.Itoa(p.index)
}

// A finding is a problem whose place has not been written out yet. Most are
// forgotten: those of alternatives that another one makes good.
type finding struct {
	at            *path
	keyword, what string
}

func (f *finding) problem() *Problem {
	if f == nil {
		return nil
	}
	return &Problem{Pointer: f.at.pointer(), Keyword: f.keyword, What: f.what}
}

// seen is what of a value the schemas have looked at, for unevaluatedItems and
// unevaluatedProperties.
type seen struct {
	all   bool // of the properties, or the items
	names map[string]bool
	items map[int]bool
	first int // so many items from the beginning
}

func (s *seen) name(name string) {
	if s == nil {
		return
	}
	if s.names == nil {
		s.names = map[string]bool{}
	}
	s.names[name] = true
}

func (s *seen) item(i int) {
	if s == nil {
		return
	}
	if s.items == nil {
		s.items = map[int]bool{}
	}
	s.items[i] = true
}

func (s *seen) add(other *seen) {
	if s == nil || other == nil {
		return
	}
	s.all = s.all || other.all
	s.first = max(s.first, other.first)
	for name := range other.names {
		s.name(name)
	}
	for i := range other.items {
		s.item(i)
	}
}

// eval applies a schema. What it looked at is added to by if the value fits.
func (v *validation) eval(n *node, value any, at *path, by *seen) *finding {
	v.spend(1)
	if v.depth++; v.depth > maxEvalDepth {
		panic(unusable("", "the schema goes deeper than %d", maxEvalDepth))
	}
	defer func() { v.depth-- }()
	if n.never {
		return &finding{at, "false", "must not be there"}
	}
	if len(v.scope) == 0 || v.scope[len(v.scope)-1] != n.resource {
		v.scope = append(v.scope, n.resource)
		defer func() { v.scope = v.scope[:len(v.scope)-1] }()
	}
	var own *seen
	if v.schema.track {
		own = new(seen)
	}
	for _, part := range []func(*node, any, *path, *seen) *finding{v.references, v.simple, v.combined, v.children, v.rest} {
		if f := part(n, value, at, own); f != nil {
			return f
		}
	}
	if by != nil {
		v.spend(int64(len(own.names) + len(own.items)))
		by.add(own)
	}
	return nil
}

func (v *validation) references(n *node, value any, at *path, own *seen) *finding {
	if n.ref != nil {
		if f := v.eval(n.ref, value, at, own); f != nil {
			return f
		}
	}
	if n.dynamic == nil {
		return nil
	}
	target := n.dynamic
	if n.dynamicRef != "" {
		v.spend(int64(len(v.scope)))
		for _, res := range v.scope {
			if outer := res.dynamic[n.dynamicRef]; outer != nil {
				target = outer
				break
			}
		}
	}
	return v.eval(target, value, at, own)
}

// simple applies what looks at the value alone.
func (v *validation) simple(n *node, value any, at *path, _ *seen) *finding {
	if n.types != nil && !hasType(value, n.types) {
		return &finding{at, "type", mustBe(n.types)}
	}
	if n.enum != nil {
		found := false
		for _, allowed := range n.enum {
			if found = v.equal(allowed, value); found {
				break
			}
		}
		if !found {
			return &finding{at, "enum", "must be one of the values allowed"}
		}
	}
	if n.constant != nil && !v.equal(*n.constant, value) {
		return &finding{at, "const", "must be the value allowed"}
	}
	switch value := value.(type) {
	case json.Number:
		v.spend(int64(len(value)) / 64)
		return inBounds(n, value, at)
	case string:
		return v.text(n, value, at)
	}
	return nil
}

func hasType(value any, types []string) bool {
	for _, t := range types {
		ok := false
		switch value := value.(type) {
		case nil:
			ok = t == "null"
		case bool:
			ok = t == "boolean"
		case string:
			ok = t == "string"
		case json.Number:
			ok = t == "number" || t == "integer" && parseNumber(value).integer()
		case []any:
			ok = t == "array"
		case map[string]any:
			ok = t == "object"
		}
		if ok {
			return true
		}
	}
	return false
}

func mustBe(types []string) string {
	articles := map[string]string{"integer": "a whole number", "object": "an object", "array": "a list", "null": "null", "boolean": "true or false"}
	out := "must be "
	for i, t := range types {
		switch {
		case i == 0:
		case i == len(types)-1:
			out += " or "
		default:
			out += ", "
		}
		if words := articles[t]; words != "" {
			out += words
		} else {
			out += "a " + t
		}
	}
	return out
}

func inBounds(n *node, written json.Number, at *path) *finding {
	if n.minimum == nil && n.maximum == nil && n.above == nil && n.below == nil && n.multipleOf == nil {
		return nil
	}
	value := parseNumber(written)
	switch {
	case n.minimum != nil && value.compare(*n.minimum) < 0:
		return &finding{at, "minimum", "is too small"}
	case n.maximum != nil && value.compare(*n.maximum) > 0:
		return &finding{at, "maximum", "is too large"}
	case n.above != nil && value.compare(*n.above) <= 0:
		return &finding{at, "exclusiveMinimum", "is too small"}
	case n.below != nil && value.compare(*n.below) >= 0:
		return &finding{at, "exclusiveMaximum", "is too large"}
	case n.multipleOf != nil && !value.multipleOf(*n.multipleOf):
		return &finding{at, "multipleOf", "is not a multiple of what it must be"}
	}
	return nil
}

func (v *validation) text(n *node, value string, at *path) *finding {
	if n.minLength != nil || n.maxLength != nil {
		v.spend(int64(len(value)) / 256)
		length := utf8.RuneCountInString(value)
		switch {
		case n.minLength != nil && length < *n.minLength:
			return &finding{at, "minLength", fmt.Sprintf("must have at least %d characters", *n.minLength)}
		case n.maxLength != nil && length > *n.maxLength:
			return &finding{at, "maxLength", fmt.Sprintf("must have at most %d characters", *n.maxLength)}
		}
	}
	if n.pattern != nil && !v.matches(n.pattern, value) {
		return &finding{at, "pattern", "does not have the form that it must have"}
	}
	if v.schema.opts.Formats && n.format != "" {
		if format, known := formats[n.format]; known && !format.is(value) {
			return &finding{at, "format", format.what}
		}
	}
	return nil
}

func (v *validation) matches(p *pattern, value string) bool {
	v.spend(1 + int64(len(value))*p.size/256)
	return p.re.MatchString(value)
}

// combined applies what is made of other schemas for the same value.
func (v *validation) combined(n *node, value any, at *path, own *seen) *finding {
	for _, each := range n.allOf {
		if f := v.eval(each, value, at, own); f != nil {
			return f
		}
	}
	if n.anyOf != nil {
		fits := false
		for _, each := range n.anyOf {
			if v.eval(each, value, at, own) == nil {
				fits = true
				if own == nil {
					break
				}
			}
		}
		if !fits {
			return &finding{at, "anyOf", "fits none of the alternatives"}
		}
	}
	if n.oneOf != nil {
		count := 0
		for _, each := range n.oneOf {
			if v.eval(each, value, at, own) == nil {
				count++
			}
		}
		switch {
		case count == 0:
			return &finding{at, "oneOf", "fits none of the alternatives"}
		case count > 1:
			return &finding{at, "oneOf", "fits more than one of the alternatives"}
		}
	}
	if n.not != nil && v.eval(n.not, value, at, nil) == nil {
		return &finding{at, "not", "is what it must not be"}
	}
	if n.when != nil {
		next := n.then
		if v.eval(n.when, value, at, own) != nil {
			next = n.otherwise
		}
		if next != nil {
			if f := v.eval(next, value, at, own); f != nil {
				return f
			}
		}
	}
	if object, ok := value.(map[string]any); ok {
		for _, name := range names(n.dependentSchemas) {
			if _, has := object[name]; has {
				if f := v.eval(n.dependentSchemas[name], value, at, own); f != nil {
					return f
				}
			}
		}
	}
	return nil
}

// children applies what looks into the value.
func (v *validation) children(n *node, value any, at *path, own *seen) *finding {
	switch value := value.(type) {
	case []any:
		return v.list(n, value, at, own)
	case map[string]any:
		return v.object(n, value, at, own)
	}
	return nil
}

func (v *validation) list(n *node, list []any, at *path, own *seen) *finding {
	switch {
	case n.minItems != nil && len(list) < *n.minItems:
		return &finding{at, "minItems", fmt.Sprintf("must have at least %d items", *n.minItems)}
	case n.maxItems != nil && len(list) > *n.maxItems:
		return &finding{at, "maxItems", fmt.Sprintf("must have at most %d items", *n.maxItems)}
	case n.uniqueItems && !v.unique(list):
		return &finding{at, "uniqueItems", "must not have the same item twice"}
	}
	prefix := min(len(n.prefix), len(list))
	for i := range prefix {
		if f := v.eval(n.prefix[i], list[i], at.item(i), nil); f != nil {
			return f
		}
	}
	if own != nil {
		own.first = max(own.first, prefix)
	}
	if n.items != nil {
		for i := prefix; i < len(list); i++ {
			if f := v.eval(n.items, list[i], at.item(i), nil); f != nil {
				return f
			}
		}
		if own != nil {
			own.all = true
		}
	}
	if n.contains == nil {
		return nil
	}
	count := 0
	for i, item := range list {
		if v.eval(n.contains, item, at.item(i), nil) == nil {
			count++
			own.item(i)
		}
	}
	switch {
	case count < n.minContains:
		return &finding{at, "contains", fmt.Sprintf("must have at least %d items of a kind", n.minContains)}
	case n.maxContains != nil && count > *n.maxContains:
		return &finding{at, "maxContains", fmt.Sprintf("must have at most %d items of a kind", *n.maxContains)}
	}
	return nil
}

func (v *validation) object(n *node, object map[string]any, at *path, own *seen) *finding {
	v.spend(int64(len(n.required)+len(object)) / 4)
	for _, name := range n.required {
		if _, has := object[name]; !has {
			return &finding{at.property(name), "required", "is missing"}
		}
	}
	switch {
	case n.minProps != nil && len(object) < *n.minProps:
		return &finding{at, "minProperties", fmt.Sprintf("must have at least %d properties", *n.minProps)}
	case n.maxProps != nil && len(object) > *n.maxProps:
		return &finding{at, "maxProperties", fmt.Sprintf("must have at most %d properties", *n.maxProps)}
	}
	for _, name := range names(n.dependentRequired) {
		if _, has := object[name]; !has {
			continue
		}
		for _, needed := range n.dependentRequired[name] {
			if _, has := object[needed]; !has {
				return &finding{at.property(needed), "dependentRequired", "is missing"}
			}
		}
	}
	if n.properties == nil && n.patternProperties == nil && n.additional == nil && n.names == nil {
		return nil
	}
	for _, name := range names(object) {
		if f := v.member(n, name, object[name], at.property(name), own); f != nil {
			return f
		}
	}
	return nil
}

// member applies what is said of one property.
func (v *validation) member(n *node, name string, value any, at *path, own *seen) *finding {
	if n.names != nil && v.eval(n.names, name, at, nil) != nil {
		return &finding{at, "propertyNames", "has a name that is not allowed"}
	}
	known := false
	if then := n.properties[name]; then != nil {
		known = true
		own.name(name)
		if f := v.eval(then, value, at, nil); f != nil {
			return f
		}
	}
	for _, p := range n.patternProperties {
		if !v.matches(p.name, name) {
			continue
		}
		known = true
		own.name(name)
		if f := v.eval(p.then, value, at, nil); f != nil {
			return f
		}
	}
	if known || n.additional == nil {
		return nil
	}
	own.name(name)
	f := v.eval(n.additional, value, at, nil)
	if f != nil && n.additional.never {
		return &finding{at, "additionalProperties", "must not be there"}
	}
	return f
}

// rest applies unevaluatedItems and unevaluatedProperties.
func (v *validation) rest(n *node, value any, at *path, own *seen) *finding {
	switch value := value.(type) {
	case []any:
		if n.restItems == nil || own.all {
			return nil
		}
		for i := own.first; i < len(value); i++ {
			if own.items[i] {
				continue
			}
			if f := v.eval(n.restItems, value[i], at.item(i), nil); f != nil {
				return f
			}
		}
		own.all = true
	case map[string]any:
		if n.restProps == nil || own.all {
			return nil
		}
		v.spend(int64(len(value)) / 4)
		for _, name := range names(value) {
			if own.names[name] {
				continue
			}
			if f := v.eval(n.restProps, value[name], at.property(name), nil); f != nil {
				return f
			}
		}
		own.all = true
	}
	return nil
}
