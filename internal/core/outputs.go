package core

import (
	"bytes"
	"encoding/json"
	"sync"

	"github.com/remora-mcp/remora/internal/schema"
	"github.com/remora-mcp/remora/internal/wire"
)

// outputs holds what the tools of a session promise of their results: the
// outputSchema of each tool that has been listed. The zero value is empty.
type outputs struct {
	mu    sync.Mutex
	tools map[string]*output
	bytes int
}

// An output is one tool's outputSchema, read when it is first needed.
type output struct {
	raw  json.RawMessage // nil: the tool promises nothing
	once sync.Once
	read *schema.Schema
	err  error
}

// Bounds of what is kept. Tools beyond them are as if they had not been listed.
const (
	maxOutputs     = 50_000
	maxOutputBytes = 8 << 20
)

// learn takes a list of tools, as it came.
func (o *outputs) learn(raw json.RawMessage) {
	var list struct {
		Tools []struct {
			Name   string          `json:"name"`
			Output json.RawMessage `json:"outputSchema"`
		} `json:"tools"`
	}
	if json.Unmarshal(raw, &list) != nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.tools == nil {
		o.tools = make(map[string]*output)
	}
	for _, tool := range list.Tools {
		if !hasValue(tool.Output) {
			tool.Output = nil
		}
		before := o.tools[tool.Name]
		if before != nil && bytes.Equal(before.raw, tool.Output) {
			continue
		}
		size := len(tool.Output)
		if before != nil {
			size -= len(before.raw)
		}
		if o.bytes+size > maxOutputBytes || before == nil && len(o.tools) >= maxOutputs {
			if before != nil {
				o.bytes -= len(before.raw)
				delete(o.tools, tool.Name)
			}
			continue
		}
		o.bytes += size
		o.tools[tool.Name] = &output{raw: bytes.Clone(tool.Output)}
	}
}

// forget forgets everything: the server's tools have changed.
func (o *outputs) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tools, o.bytes = nil, 0
}

// find returns what a tool promises, and nil if it has not been listed.
func (o *outputs) find(name string) *output {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tools[name]
}

// schema returns the tool's schema, ready to be used.
func (p *output) schema() (*schema.Schema, error) {
	p.once.Do(func() { p.read, p.err = schema.Compile(p.raw, schema.Options{}) })
	return p.read, p.err
}

// checks reports whether results are to be checked, and whether they have to be.
func (s *session) checks() (wanted, needed bool) {
	switch s.params.ValidateOutput {
	case wire.ValidateOff:
		return false, false
	case wire.ValidateAlways:
		return true, true
	}
	return !s.once, false
}

// checkResult holds a tool's result against the tool's outputSchema (2025-11-25
// and 2026-07-28, server/tools). What cannot be checked is let through and
// counted, unless results have to be checked.
func (s *session) checkResult(promise *output, raw json.RawMessage) error {
	_, needed := s.checks()
	if promise == nil || promise.raw == nil {
		return nil
	}
	var result struct {
		ResultType string          `json:"resultType"`
		IsError    bool            `json:"isError"`
		Structured json.RawMessage `json:"structuredContent"`
	}
	if json.Unmarshal(raw, &result) != nil || result.IsError || result.ResultType == "input_required" {
		return nil // the first cannot be: exchange has decoded it
	}
	if result.Structured == nil {
		return invalidResult(raw, "/structuredContent", "", "/structuredContent is missing, which its outputSchema promises")
	}
	compiled, err := promise.schema()
	var problem *schema.Problem
	if err == nil {
		problem, err = compiled.Validate(result.Structured)
	}
	switch {
	case err != nil && needed:
		return invalidResult(raw, "/structuredContent", "", "it cannot be checked: "+err.Error())
	case err != nil:
		s.core.drop("a tool's outputSchema that cannot be used: " + err.Error())
	case problem != nil:
		return invalidResult(raw, "/structuredContent"+problem.Pointer, problem.Keyword, "/structuredContent"+problem.String())
	}
	return nil
}

func invalidResult(raw json.RawMessage, pointer, keyword, what string) *wire.Error {
	data, _ := json.Marshal(wire.InvalidResult{Pointer: pointer, Keyword: keyword, Result: raw}) // raw is JSON
	return &wire.Error{
		Code:    wire.CodeRPCInvalidResult,
		Message: "the tool's result does not fit its outputSchema: " + wire.Excerpt([]byte(what)),
		Data:    data,
		Sent:    wire.SentYes,
	}
}
