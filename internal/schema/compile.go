package schema

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A node is one schema within a schema, ready to be applied.
type node struct {
	never    bool // the schema false
	resource *resource

	ref        *node
	dynamicRef string // the anchor to look for in the resources gone through
	dynamic    *node  // what $dynamicRef means if none has it

	types    []string // nil for any
	enum     []any
	constant *any

	minimum, maximum, above, below, multipleOf *number

	minLength, maxLength *int
	pattern              *pattern
	format               string

	prefix               []*node
	items, contains      *node
	minContains          int
	maxContains          *int
	minItems, maxItems   *int
	uniqueItems          bool
	restItems, restProps *node // unevaluatedItems, unevaluatedProperties

	properties         map[string]*node
	patternProperties  []patternProperty
	additional         *node
	names              *node
	required           []string
	dependentRequired  map[string][]string
	dependentSchemas   map[string]*node
	minProps, maxProps *int

	allOf, anyOf, oneOf        []*node
	not, when, then, otherwise *node
}

type patternProperty struct {
	name *pattern
	then *node
}

// A resource is a schema with a URI of its own, within which anchors are known.
type resource struct {
	base    *url.URL
	path    string // where it is in the document, a JSON pointer
	anchors map[string]string
	dynamic map[string]*node // by $dynamicAnchor
	old     bool             // draft-07 or before: $ref stands alone
}

// A compiler makes nodes of one document.
type compiler struct {
	doc       any
	nodes     map[string]*node     // by pointer into the document
	resources map[string]*resource // by URI
	dynamics  []dynamicAnchor
	pending   []pendingRef
	track     bool
}

type dynamicAnchor struct {
	resource *resource
	name     string
	path     string
}

// A pendingRef is a reference to be followed once everything is known.
type pendingRef struct {
	from    *node
	path    string // of the schema that it is in
	ref     string
	dynamic bool
}

const (
	draft2020 = "https://json-schema.org/draft/2020-12/schema"
	draft2019 = "https://json-schema.org/draft/2019-09/schema"
)

// isOld reports whether a $schema names draft-07 or draft-06.
func isOld(dialect string) bool {
	_, rest, _ := strings.Cut(dialect, "://")
	return rest == "json-schema.org/draft-07/schema" || rest == "json-schema.org/draft-06/schema"
}

func (c *compiler) compile() (*node, error) {
	root := &resource{base: &url.URL{}, anchors: map[string]string{}, dynamic: map[string]*node{}}
	if object, ok := c.doc.(map[string]any); ok {
		dialect, _ := object["$schema"].(string)
		dialect = strings.TrimSuffix(dialect, "#")
		switch {
		case dialect == "", dialect == draft2020, dialect == draft2019:
		case isOld(dialect):
			root.old = true
		default:
			return nil, unusable("/$schema", "the schema is written in a dialect that is not known")
		}
	}
	c.resources[""] = root
	node, err := c.schema(c.doc, "", root)
	if err != nil {
		return nil, err
	}
	for len(c.pending) > 0 { // following one can find more
		ref := c.pending[0]
		c.pending = c.pending[1:]
		if err := c.follow(ref); err != nil {
			return nil, err
		}
	}
	for _, anchor := range c.dynamics {
		anchor.resource.dynamic[anchor.name] = c.nodes[anchor.path]
	}
	return node, nil
}

// schema makes the node of the schema at path.
func (c *compiler) schema(value any, path string, in *resource) (*node, error) {
	if n := c.nodes[path]; n != nil {
		return n, nil
	}
	if len(c.nodes) >= maxNodes {
		return nil, unusable("", "more than %d schemas within the schema", maxNodes)
	}
	n := &node{resource: in, minContains: 1}
	c.nodes[path] = n
	switch value := value.(type) {
	case bool:
		n.never = !value
		return n, nil
	case map[string]any:
		r := &reader{c: c, object: value, path: path, node: n}
		r.read()
		if r.err != nil {
			return nil, r.err
		}
		return n, nil
	}
	return nil, unusable(path, "a schema must be an object or a boolean")
}

// follow resolves a reference.
func (c *compiler) follow(ref pendingRef) error {
	in := ref.from.resource
	target, err := url.Parse(ref.ref)
	if err != nil {
		return unusable(ref.path, "a reference is not a URI")
	}
	target = in.base.ResolveReference(target)
	fragment := target.Fragment
	res := c.resources[withoutFragment(target)]
	if res == nil {
		return unusable(ref.path, "a reference leads out of the schema, and nothing is fetched")
	}
	path := ""
	anchor := fragment != "" && fragment[0] != '/'
	if anchor {
		at, has := res.anchors[fragment]
		if !has {
			return unusable(ref.path, "a reference names an anchor that is not there")
		}
		path = at
	} else {
		path = res.path + fragment
	}
	n := c.nodes[path]
	if n == nil {
		value, in, found := c.lookup(path)
		if !found {
			return unusable(ref.path, "a reference leads to nothing")
		}
		if n, err = c.schema(value, path, in); err != nil {
			return err
		}
	}
	switch {
	case !ref.dynamic:
		ref.from.ref = n
	default:
		ref.from.dynamic = n
		if anchor && slices.ContainsFunc(c.dynamics, func(a dynamicAnchor) bool { return a.path == path && a.name == fragment }) {
			ref.from.dynamicRef = fragment
		}
	}
	return nil
}

func withoutFragment(u *url.URL) string {
	bare := *u
	bare.Fragment, bare.RawFragment = "", ""
	return bare.String()
}

// lookup finds what a pointer into the document leads to, and the resource it is
// in.
func (c *compiler) lookup(path string) (value any, in *resource, found bool) {
	value, in = c.doc, c.resources[""]
	at := ""
	for _, token := range strings.Split(path, "/")[min(1, len(path)):] {
		if path == "" {
			break
		}
		switch parent := value.(type) {
		case map[string]any:
			if value, found = parent[unescape(token)]; !found {
				return nil, nil, false
			}
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(parent) {
				return nil, nil, false
			}
			value = parent[i]
		default:
			return nil, nil, false
		}
		at += "/" + token
		if n := c.nodes[at]; n != nil {
			in = n.resource
		}
	}
	return value, in, true
}

func escape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}

func unescape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}
