package mask

import (
	"bytes"
	"encoding/json"
	"strings"
)

// secretArguments are the arguments of a tool that its schema marks as secret.
type secretArguments struct {
	all   bool // which ones cannot be told
	names map[string]bool
}

// has reports whether values of that name are secret. A nil one has none.
func (a *secretArguments) has(name string) bool { return a != nil && (a.all || a.names[name]) }

// LearnTools takes a result of tools/list and remembers which arguments the
// tools' schemas mark as secret: writeOnly, or of the format password.
func (m *Masker) LearnTools(result []byte) {
	if !marked(result) {
		return
	}
	var list struct {
		Tools []struct {
			Name        string          `json:"name"`
			InputSchema json.RawMessage `json:"inputSchema"`
		} `json:"tools"`
	}
	if json.Unmarshal(result, &list) != nil {
		return
	}
	for _, tool := range list.Tools {
		if !marked(tool.InputSchema) {
			continue
		}
		args := readSchema(tool.InputSchema)
		m.mu.Lock()
		if m.tools == nil {
			m.tools = make(map[string]*secretArguments)
		}
		if _, again := m.tools[tool.Name]; again || len(m.tools) < maxTools {
			m.tools[strings.Clone(tool.Name)] = args
		} else {
			m.allTools = true
		}
		m.mu.Unlock()
	}
}

// argumentsOf returns the secret arguments of a tool, nil if it has none.
func (m *Masker) argumentsOf(tool string) *secretArguments {
	m.mu.Lock()
	defer m.mu.Unlock()
	if args := m.tools[tool]; args != nil {
		return args
	}
	if m.allTools {
		return &secretArguments{all: true}
	}
	return nil
}

// marked reports whether a schema can mark anything, whichever way it is
// written.
func marked(schema []byte) bool {
	return bytes.Contains(schema, []byte("writeOnly")) || bytes.Contains(schema, []byte(`password`)) || bytes.Contains(schema, []byte(`\u`))
}

// maxSchemaNodes bounds the work that one schema can make.
const maxSchemaNodes = 20_000

// readSchema finds the names of the properties that a schema marks, at whatever
// depth. If it cannot be followed, every argument counts as marked.
func readSchema(raw []byte) *secretArguments {
	r := schemaReader{found: &secretArguments{names: make(map[string]bool)}, left: maxSchemaNodes}
	if json.Unmarshal(raw, &r.root) != nil {
		r.found.all = true
		return r.found
	}
	r.walk(r.root, "", 0)
	return r.found
}

type schemaReader struct {
	root  any
	found *secretArguments
	left  int
}

// walk takes the schema of a value that is called name; "" is the arguments as a
// whole.
func (r *schemaReader) walk(schema any, name string, refs int) {
	if r.left--; r.left < 0 || refs > 32 {
		r.found.all = true
		return
	}
	switch schema := schema.(type) {
	case []any: // of anyOf, prefixItems
		for _, s := range schema {
			r.walk(s, name, refs)
		}
	case map[string]any:
		if schema["writeOnly"] == true || schema["format"] == "password" {
			if name == "" {
				r.found.all = true
			}
			r.found.names[name] = true
		}
		if ref, ok := schema["$ref"].(string); ok {
			target, ok := r.resolve(ref)
			if !ok {
				r.found.all = true
				return
			}
			r.walk(target, name, refs+1)
		}
		for key, below := range schema {
			switch key {
			case "properties", "patternProperties":
				properties, _ := below.(map[string]any)
				for property, s := range properties {
					if key == "patternProperties" {
						property = name // which names it fits is not looked into
					}
					r.walk(s, property, refs)
				}
			case "items", "prefixItems", "additionalItems", "additionalProperties", "unevaluatedProperties",
				"unevaluatedItems", "contains", "anyOf", "allOf", "oneOf", "if", "then", "else", "not":
				r.walk(below, name, refs)
			case "dependentSchemas":
				schemas, _ := below.(map[string]any)
				for _, s := range schemas {
					r.walk(s, name, refs)
				}
			}
		}
	}
}

// resolve follows a reference inside of the schema (RFC 6901).
func (r *schemaReader) resolve(ref string) (any, bool) {
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil, false
	}
	at := r.root
	for i, step := range strings.Split(path, "/") {
		if i == 0 {
			if step != "" {
				return nil, false // an anchor
			}
			continue
		}
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		object, ok := at.(map[string]any)
		if !ok {
			return nil, false
		}
		if at, ok = object[step]; !ok {
			return nil, false
		}
	}
	return at, true
}
