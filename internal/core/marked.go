package core

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"sync"

	"github.com/remora-mcp/remora/internal/wire"
)

// markedTools are the tools that want arguments repeated in headers, as they
// were last listed. The zero value is empty.
type markedTools struct {
	mu    sync.Mutex
	tools map[string][][]string // wire.SnapshotTool.Marks
	bytes int
}

// maxMarkedBytes bounds what is kept of tools. One that is left out costs a
// call of it, in a restored session, a refusal and a list of tools.
const maxMarkedBytes = 64 << 10

// headerMark is how a schema says that an argument is repeated in a header.
var headerMark = []byte("x-mcp-header")

// learn takes a list of tools, as it came.
func (m *markedTools) learn(raw json.RawMessage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.tools) == 0 && !bytes.Contains(raw, headerMark) {
		return
	}
	var list struct {
		Tools []struct {
			Name   string          `json:"name"`
			Schema json.RawMessage `json:"inputSchema"`
		} `json:"tools"`
	}
	if json.Unmarshal(raw, &list) != nil {
		return
	}
	for _, tool := range list.Tools {
		m.setLocked(tool.Name, marksOf(tool.Schema))
	}
}

// take takes tools as list returns them.
func (m *markedTools) take(tools []wire.SnapshotTool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, tool := range tools {
		m.setLocked(tool.Name, tool.Marks)
	}
}

func (m *markedTools) setLocked(name string, marks [][]string) {
	if before, had := m.tools[name]; had {
		m.bytes -= markedSize(name, before)
		delete(m.tools, name)
	}
	size := markedSize(name, marks)
	if len(marks) == 0 || m.bytes+size > maxMarkedBytes {
		return
	}
	if m.tools == nil {
		m.tools = make(map[string][][]string)
	}
	m.tools[name] = marks
	m.bytes += size
}

func markedSize(name string, marks [][]string) int {
	size := len(name)
	for _, mark := range marks {
		for _, word := range mark {
			size += len(word) + 1
		}
	}
	return size
}

// forget forgets everything: the server's tools have changed.
func (m *markedTools) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tools, m.bytes = nil, 0
}

// list returns the tools, sorted by name.
func (m *markedTools) list() []wire.SnapshotTool {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []wire.SnapshotTool
	for name, marks := range m.tools {
		list = append(list, wire.SnapshotTool{Name: name, Marks: marks})
	}
	slices.SortFunc(list, func(a, b wire.SnapshotTool) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// marking is what of a schema says which arguments are repeated in headers
// (2026-07-28, basic/transports).
type marking struct {
	Type       string              `json:"type"`
	Header     any                 `json:"x-mcp-header,omitempty"`
	Properties map[string]*marking `json:"properties,omitempty"`
}

// marksOf returns which arguments a tool's schema wants repeated in headers,
// sorted; none if that cannot be told.
func marksOf(schema json.RawMessage) [][]string {
	var m marking
	if !bytes.Contains(schema, headerMark) || json.Unmarshal(schema, &m) != nil {
		return nil
	}
	marks := m.collect(nil, nil)
	slices.SortFunc(marks, slices.Compare)
	return marks
}

func (m *marking) collect(path []string, marks [][]string) [][]string {
	for name, property := range m.Properties {
		if property == nil {
			continue
		}
		path := append(slices.Clone(path), name)
		if header, ok := property.Header.(string); ok {
			marks = append(marks, append([]string{property.Type, header}, path...))
		}
		marks = property.collect(path, marks)
	}
	return marks
}

// maxMarkPath bounds the names that lead to an argument; the schema that is made
// of them nests as deeply.
const maxMarkPath = 64

// checkMarks reports whether a tool of a snapshot is one.
func checkMarks(tool wire.SnapshotTool) bool {
	return tool.Name != "" && len(tool.Marks) > 0 && !slices.ContainsFunc(tool.Marks, func(mark []string) bool {
		return len(mark) < 3 || len(mark) > 2+maxMarkPath
	})
}

// schemasOf makes a list of tools whose schemas have the marks, and nothing else.
func schemasOf(tools []wire.SnapshotTool) json.RawMessage {
	type listed struct {
		Name   string   `json:"name"`
		Schema *marking `json:"inputSchema"`
	}
	list := make([]listed, 0, len(tools))
	for _, tool := range tools {
		schema := &marking{Type: "object"}
		for _, mark := range tool.Marks {
			at := schema
			for _, name := range mark[2:] {
				if at.Properties == nil {
					at.Properties = make(map[string]*marking)
				}
				if at.Properties[name] == nil {
					at.Properties[name] = &marking{Type: "object"}
				}
				at = at.Properties[name]
			}
			at.Type, at.Header = mark[0], mark[1]
		}
		list = append(list, listed{tool.Name, schema})
	}
	raw, _ := json.Marshal(list) // strings always can
	return raw
}
