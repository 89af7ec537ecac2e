// Package tooltypes writes the types of a server's tools, in TypeScript or Go,
// from their input and output schemas.
//
// Everything that it reads is foreign: no name, description or value of a schema
// can become anything but a name, a comment or a literal of the output; nothing
// is fetched, and no file is read. What a type of the language cannot say is left
// open, never refused. The output depends on what is given only, and the order of
// the tools does not matter.
package tooltypes

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const (
	// maxNodes bounds the schemas, nested ones included, that are read for one
	// file. What comes after them is any value.
	maxNodes = 100_000
	// maxDepth bounds the nesting of types. What lies deeper is any value.
	maxDepth = 64
	// maxEnum bounds the values of an enumeration that is written out.
	maxEnum = 500
	// maxDoc bounds a comment, in characters.
	maxDoc = 4000
	// maxOutput bounds the file, in bytes.
	maxOutput = 32 << 20
)

// A Tool is one of a server's tools. The schemas are JSON as the server sent it.
// Output may be empty, which stands for any value.
type Tool struct {
	Name, Title, Description string
	Input, Output            json.RawMessage
}

// A Server is what a file says of where it comes from. Origin has no path.
type Server struct{ Name, Version, Origin string }

func (s Server) describe() string {
	return oneLine(strings.TrimSpace(s.Name+" "+s.Version), 200) + ", " + oneLine(s.Origin, 200)
}

// A readTool is a tool with its types.
type readTool struct {
	Tool
	input, output *node
	defs          []*definition // of the input, then of the output
}

// doc is what a comment says of the tool.
func (t *readTool) doc() string {
	title := oneLine(t.Title, 200)
	if title == "" || strings.EqualFold(title, t.Name) || title == t.Description {
		return t.Description
	}
	return title + ".\n\n" + t.Description // the full stop keeps it from being a heading in Go
}

// readAll reads the tools, sorted by name. Of several with one name the first
// counts.
func readAll(tools []Tool) []*readTool {
	left := maxNodes
	var out []*readTool
	seen := map[string]bool{}
	for _, t := range tools {
		if !seen[t.Name] {
			seen[t.Name] = true
			out = append(out, &readTool{Tool: t})
		}
	}
	slices.SortFunc(out, func(a, b *readTool) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range out {
		var inputs, outputs []*definition
		t.input, inputs = readSchema(t.Input, "Input", &left)
		t.output, outputs = readSchema(t.Output, "Output", &left)
		if t.input.kind != object && t.input.kind != ref && t.input.kind != both && t.input.kind != union {
			t.input = &node{kind: object, rest: &node{kind: anything}} // arguments are an object
		}
		t.defs = append(inputs, outputs...)
	}
	return out
}

// errTooLarge is the error of a file that would be larger than maxOutput.
var errTooLarge = fmt.Errorf("the types would take more than %d MiB", maxOutput>>20)

// An output is a file that is being written, and does not grow beyond maxOutput.
type output struct {
	strings.Builder
	full bool
}

func (o *output) line(indent int, text string) {
	if o.Len()+indent+len(text) > maxOutput {
		o.full = true
		return
	}
	if text != "" {
		o.WriteString(strings.Repeat("\t", indent))
		o.WriteString(text)
	}
	o.WriteByte('\n')
}
