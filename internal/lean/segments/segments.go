// Package segments joins the data segments of a WebAssembly module that Go's
// linker has written.
//
// The linker leaves runs of zeros out of the data and so cuts it into tens of
// thousands of segments, each with an address of its own. Zeros compress to
// almost nothing; addresses do not. Memory after instantiation is the same, byte
// for byte.
//
// It reads WebAssembly 1.0 as far as that needs: the section headers, and in the
// data section active segments of memory 0 at constant addresses. Anything else
// is an error.
package segments

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// maxGap is how many zeros may be written out to save a segment. Longer runs
// stay out: they would cost memory and time where the module is compiled.
const maxGap = 4096

// Identifiers of sections.
const (
	sectionCustom    = 0
	sectionMemory    = 5
	sectionData      = 11
	sectionDataCount = 12
)

// A Segment is bytes at an address of memory 0.
type Segment struct {
	Address uint32
	Bytes   []byte
}

// end is the address after the segment.
func (s Segment) end() uint64 { return uint64(s.Address) + uint64(len(s.Bytes)) }

// Join returns the module with segments that lie within maxGap of each other
// joined, and without longer runs of zeros. The module's other sections stay as
// they are.
func Join(module []byte) ([]byte, error) {
	list, err := Read(module)
	if err != nil {
		return nil, err
	}
	return Write(module, list)
}

// Write returns the module with these segments in place of its own, joined as
// Join does it.
func Write(module []byte, list []Segment) ([]byte, error) {
	sections, err := split(module)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(sections, func(s section) bool { return s.id == sectionMemory }) {
		return nil, errors.New("the module has no memory of its own, so the gaps need not be zeros")
	}
	if len(list) > 0 && !slices.ContainsFunc(sections, func(s section) bool { return s.id == sectionData }) {
		return nil, errors.New("the module has no data section")
	}
	out := bytes.Clone(module[:headerLen])
	for _, s := range sections {
		body := s.body
		if s.id == sectionData {
			joined, err := join(list)
			if err != nil {
				return nil, err
			}
			body = write(joined)
		}
		out = append(out, s.id)
		out = binary.AppendUvarint(out, uint64(len(body)))
		out = append(out, body...)
	}
	return out, nil
}

// Read returns the data segments of a module, in its order.
func Read(module []byte) ([]Segment, error) {
	sections, err := split(module)
	if err != nil {
		return nil, err
	}
	for _, s := range sections {
		if s.id == sectionData {
			return parse(s.body)
		}
	}
	return nil, nil
}

// Custom returns the content of the module's custom section of that name, or an
// error if it does not have exactly one.
func Custom(module []byte, name string) ([]byte, error) {
	sections, err := split(module)
	if err != nil {
		return nil, err
	}
	var found [][]byte
	for _, s := range sections {
		if s.id != sectionCustom {
			continue
		}
		r := reader{s.body}
		n, err := r.vector()
		if err != nil {
			return nil, fmt.Errorf("a custom section's name: %w", err)
		}
		if string(n) == name {
			found = append(found, r.rest)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("the module has %d custom sections %q", len(found), name)
	}
	return found[0], nil
}

const headerLen = 8

var header = []byte("\x00asm\x01\x00\x00\x00")

type section struct {
	id   byte
	body []byte
}

// split cuts a module into its sections.
func split(module []byte) ([]section, error) {
	if !bytes.HasPrefix(module, header) {
		return nil, errors.New("not a WebAssembly 1.0 module")
	}
	var sections []section
	for r := (reader{module[headerLen:]}); len(r.rest) > 0; {
		id, err := r.byte()
		if err != nil {
			return nil, err
		}
		body, err := r.vector()
		if err != nil {
			return nil, fmt.Errorf("section %d: %w", id, err)
		}
		if id == sectionDataCount {
			return nil, errors.New("the module counts its data segments, so its code may name them")
		}
		sections = append(sections, section{id, body})
	}
	return sections, nil
}

// parse reads the data section.
func parse(body []byte) ([]Segment, error) {
	r := reader{body}
	count, err := r.uint32()
	if err != nil {
		return nil, err
	}
	var list []Segment
	for i := range count {
		s, err := r.segment()
		if err != nil {
			return nil, fmt.Errorf("data segment %d: %w", i, err)
		}
		list = append(list, s)
	}
	if len(r.rest) > 0 {
		return nil, errors.New("the data section goes on after its last segment")
	}
	return list, nil
}

// join orders the segments by address, leaves out runs of zeros longer than
// maxGap, and fills shorter gaps with the zeros that are there anyway. Segments
// that overlap are an error: their order would matter.
func join(list []Segment) ([]Segment, error) {
	var sorted []Segment
	for _, s := range list {
		sorted = append(sorted, cut(s)...)
	}
	slices.SortFunc(sorted, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(len(a.Bytes), len(b.Bytes)))
	})
	var out []Segment
	for i, s := range sorted {
		if i == 0 {
			out = append(out, Segment{s.Address, bytes.Clone(s.Bytes)})
			continue
		}
		last := &out[len(out)-1]
		switch {
		case uint64(s.Address) < last.end():
			return nil, fmt.Errorf("two data segments overlap at address %d", s.Address)
		case uint64(s.Address)-last.end() <= maxGap:
			last.Bytes = append(last.Bytes, make([]byte, uint64(s.Address)-last.end())...)
			last.Bytes = append(last.Bytes, s.Bytes...)
		default:
			out = append(out, Segment{s.Address, bytes.Clone(s.Bytes)})
		}
	}
	return out, nil
}

// cut leaves out the runs of zeros in a segment that are longer than maxGap.
func cut(s Segment) []Segment {
	var out []Segment
	from, zeros := 0, 0 // what is not in out yet, and how many zeros are before i
	add := func(to int) {
		if to > from || len(s.Bytes) == 0 {
			out = append(out, Segment{s.Address + uint32(from), s.Bytes[from:to]})
		}
	}
	for i, b := range s.Bytes {
		if b == 0 {
			zeros++
			continue
		}
		if zeros > maxGap {
			add(i - zeros)
			from = i
		}
		zeros = 0
	}
	if zeros > maxGap {
		add(len(s.Bytes) - zeros)
		return out
	}
	add(len(s.Bytes))
	return out
}

// Instructions of a constant address.
const (
	opI32Const = 0x41
	opEnd      = 0x0b
)

// write is the data section with these segments.
func write(list []Segment) []byte {
	out := binary.AppendUvarint(nil, uint64(len(list)))
	for _, s := range list {
		out = append(out, 0, opI32Const) // active, memory 0
		out = appendSigned(out, int32(s.Address))
		out = append(out, opEnd)
		out = binary.AppendUvarint(out, uint64(len(s.Bytes)))
		out = append(out, s.Bytes...)
	}
	return out
}

// appendSigned appends the signed LEB128 form of v.
func appendSigned(out []byte, v int32) []byte {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

var (
	errShort   = errors.New("unexpected end")
	errInteger = errors.New("integer too large")
)

// A reader takes values from the front of rest.
type reader struct{ rest []byte }

func (r *reader) byte() (byte, error) {
	if len(r.rest) == 0 {
		return 0, errShort
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b, nil
}

func (r *reader) uint32() (uint32, error) {
	v, n := binary.Uvarint(r.rest)
	switch {
	case n == 0:
		return 0, errShort
	case n < 0 || n > 5 || v > 1<<32-1:
		return 0, errInteger
	}
	r.rest = r.rest[n:]
	return uint32(v), nil
}

func (r *reader) int32() (int32, error) {
	var v int64
	for shift := 0; shift < 35; shift += 7 {
		b, err := r.byte()
		if err != nil {
			return 0, err
		}
		v |= int64(b&0x7f) << shift
		if b&0x80 != 0 {
			continue
		}
		if b&0x40 != 0 {
			v |= -1 << (shift + 7)
		}
		if v != int64(int32(v)) {
			return 0, errInteger
		}
		return int32(v), nil
	}
	return 0, errInteger
}

// vector reads a byte count and as many bytes.
func (r *reader) vector() ([]byte, error) {
	n, err := r.uint32()
	if err != nil {
		return nil, err
	}
	if uint64(n) > uint64(len(r.rest)) {
		return nil, errShort
	}
	v := r.rest[:n]
	r.rest = r.rest[n:]
	return v, nil
}

// segment reads an active segment of memory 0 at a constant address.
func (r *reader) segment() (Segment, error) {
	kind, err := r.byte()
	if err != nil {
		return Segment{}, err
	}
	op, err := r.byte()
	if err != nil {
		return Segment{}, err
	}
	if kind != 0 || op != opI32Const {
		return Segment{}, errors.New("it is not active at a constant address of memory 0")
	}
	address, err := r.int32()
	if err != nil {
		return Segment{}, err
	}
	end, err := r.byte()
	if err != nil {
		return Segment{}, err
	}
	if end != opEnd {
		return Segment{}, errors.New("its address is not a single constant")
	}
	content, err := r.vector()
	return Segment{uint32(address), content}, err
}
