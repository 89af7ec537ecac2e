package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Bounds of what a schema may cost. One beyond them is unusable.
const (
	// MaxBytes bounds a schema.
	MaxBytes = 1 << 20
	// maxNesting bounds how deep a schema's JSON is nested.
	maxNesting = 200
	// maxNodes bounds the schemas within a schema.
	maxNodes = 20_000
	// maxEvalDepth bounds how deep one check goes: schemas within values within
	// schemas. The nesting of the value counts too.
	maxEvalDepth = 4_000
	// baseCost and costPerByte bound the work of one check, by the size of the
	// value: one schema applied to one value is a unit of it.
	baseCost    = 100_000
	costPerByte = 8
)

// Options say how to read a schema. The zero value is ready to use.
type Options struct {
	// Formats has the formats of an elicitation checked: email, uri, date and
	// date-time. Without it, format is a remark, as draft 2020-12 has it.
	Formats bool
}

// A Schema is ready to check values. It is safe for concurrent use.
type Schema struct {
	root  *node
	track bool // some schema within looks at what others left over
	opts  Options
}

// A Problem is why a value does not fit. It never holds a part of the value,
// except the names of properties in Pointer.
type Problem struct {
	// Pointer says where in the value (RFC 6901); empty for all of it.
	Pointer string
	// Keyword is the schema's keyword that does not hold.
	Keyword string
	// What says what is wrong, to be read after the place: "must be a string".
	What string
}

// String returns the place and what is wrong there.
func (p *Problem) String() string {
	if p.Pointer == "" {
		return p.What
	}
	return p.Pointer + " " + p.What
}

// An Unusable error is why a schema cannot be used, or a value not be checked
// with it. It says nothing of the value.
type Unusable struct {
	// Pointer says where in the schema (RFC 6901).
	Pointer string
	// Why says what is the matter there.
	Why string
}

// Error returns the place and the reason.
func (e *Unusable) Error() string {
	if e.Pointer == "" {
		return e.Why
	}
	return e.Pointer + ": " + e.Why
}

func unusable(pointer, format string, args ...any) *Unusable {
	return &Unusable{Pointer: pointer, Why: fmt.Sprintf(format, args...)}
}

// Compile reads a schema. Any error is an *Unusable.
func Compile(raw []byte, o Options) (*Schema, error) {
	if len(raw) > MaxBytes {
		return nil, unusable("", "the schema is larger than %d bytes", MaxBytes)
	}
	doc, err := decode(raw)
	if err != nil {
		return nil, unusable("", "the schema is not JSON")
	}
	if !nestedWithin(doc, maxNesting) {
		return nil, unusable("", "the schema is nested more than %d deep", maxNesting)
	}
	c := &compiler{doc: doc, nodes: make(map[string]*node), resources: make(map[string]*resource)}
	root, err := c.compile()
	if err != nil {
		return nil, err
	}
	return &Schema{root: root, track: c.track, opts: o}, nil
}

// Validate checks a JSON value. A nil Problem means that it fits. An error is an
// *Unusable if the check would take more than it may, otherwise the value is not
// JSON.
func (s *Schema) Validate(raw []byte) (problem *Problem, err error) {
	value, err := decode(raw)
	if err != nil {
		return nil, errors.New("the value is not JSON")
	}
	v := &validation{schema: s, left: baseCost + costPerByte*int64(len(raw))}
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *Unusable:
			problem, err = nil, p
		default:
			panic(p)
		}
	}()
	return v.eval(s.root, value, nil, nil).problem(), nil
}

// decode reads one JSON value, with its numbers as they are written.
func decode(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(raw[d.InputOffset():])) > 0 {
		return nil, errors.New("more follows after the value")
	}
	return value, nil
}

// nestedWithin reports whether a value is nested no deeper than allowed.
func nestedWithin(value any, allowed int) bool {
	if allowed < 0 {
		return false
	}
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			if !nestedWithin(item, allowed-1) {
				return false
			}
		}
	case map[string]any:
		for _, item := range value {
			if !nestedWithin(item, allowed-1) {
				return false
			}
		}
	}
	return true
}
