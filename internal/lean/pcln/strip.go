package pcln

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/remora-mcp/remora/internal/lean/segments"
)

// Strip returns the module without what only traces use: files, lines, arguments
// and the trees of inlined calls, with the names that only those mention. A
// trace then has a function's name and an offset into it, and ?:0 for the line.
// The tables of where a signal may preempt a goroutine go too: wasm has none.
//
// What the runtime works with stays: names of functions, stack sizes, stack maps,
// objects on the stack, deferred calls, and the trees of the functions that it
// knows by a number, because recover counts inlined calls in wrappers. No record
// moves, and outside of these tables memory is the same, byte for byte.
func Strip(module []byte) ([]byte, error) {
	t, err := open(module)
	if err != nil {
		return nil, err
	}
	if err := t.strip(); err != nil {
		return nil, err
	}
	return segments.Write(module, []segments.Segment{{Bytes: t.memory}})
}

func (t *table) strip() error {
	if !slices.ContainsFunc(t.list, function.hasLines) {
		return errStripped
	}
	parts, err := t.parts()
	if err != nil {
		return err
	}
	for _, reader := range preempting {
		if bytes.Contains(t.names, []byte("\x00"+reader+"\x00")) {
			return fmt.Errorf("it has %s, which reads tables that would be stripped", reader)
		}
	}
	for _, f := range t.list {
		f.set(funcPCFile, 0)
		f.set(funcPCLine, 0)
		f.set(funcUnit, 0)
		f.set(funcStartLine, 0)
		drop(f.pcData, pcUnsafePoint, 0)
		drop(f.pcData, pcArgLive, 0)
		drop(f.data, dataArgInfo, none)
		drop(f.data, dataArgLiveInfo, none)
		if !f.special() {
			drop(f.pcData, pcInlTree, 0)
			drop(f.data, dataInlTree, none)
		}
	}
	clear(t.units)
	clear(t.files)
	if err := t.compactValues(); err != nil {
		return err
	}
	if err := t.compactNames(parts); err != nil {
		return err
	}
	return t.compactData(parts)
}

// preempting are the functions that ask where a goroutine may be preempted by a
// signal or stopped by a debugger. Not one is linked for wasm.
var preempting = []string{"runtime.isAsyncSafePoint", "runtime.debugCallCheck"}

var errStripped = errors.New("its line tables are stripped already")

// hasLines says whether a function has a table of lines.
func (f function) hasLines() bool { return f.get(funcPCLine) != 0 }

// drop puts nothing at index i of a list that may be shorter.
func drop(list []byte, i int, nothing uint32) {
	if (i+1)*4 <= len(list) {
		binary.LittleEndian.PutUint32(list[i*4:], nothing)
	}
}

// each calls move for each offset in a list that is not nothing, and puts what it
// returns there.
func each(list []byte, nothing uint32, move func(uint32) (uint32, error)) error {
	for i := 0; i < len(list); i += 4 {
		at := binary.LittleEndian.Uint32(list[i:])
		if at == nothing {
			continue
		}
		to, err := move(at)
		if err != nil {
			return err
		}
		binary.LittleEndian.PutUint32(list[i:], to)
	}
	return nil
}

// compactValues keeps the tables of values that are still used, one after the
// other, in the order of their first use. Offset 0 means that there is none.
func (t *table) compactValues() error {
	old := *t
	old.pcs = slices.Clone(t.pcs)
	moved := map[uint32]uint32{}
	next := uint32(1)
	move := func(at uint32) (uint32, error) {
		if to, ok := moved[at]; ok {
			return to, nil
		}
		end, err := old.values(at, func(int32, uint32) {})
		if err != nil {
			return 0, err
		}
		if uint64(next)+uint64(end-at) > uint64(len(t.pcs)) {
			return 0, errors.New("tables of values overlap")
		}
		to := next
		moved[at] = to
		next += uint32(copy(t.pcs[to:], old.pcs[at:end]))
		return to, nil
	}
	for _, f := range t.list {
		if err := each(f.record[funcPCSP:funcPCSP+4], 0, move); err != nil {
			return err
		}
		if err := each(f.pcData, 0, move); err != nil {
			return err
		}
	}
	clear(t.pcs[next:])
	return nil
}

// A spans is where the parts of data are, in order: one begins at each offset
// that a function names, and ends where the next begins.
type spans struct {
	starts []uint32
	trees  map[uint32]uint32 // where each tree of inlined calls begins and ends
}

// parts finds the parts of data. A tree has no gap after it: the linker orders
// the parts by alignment, the largest first, and a tree's is four bytes.
func (t *table) parts() (spans, error) {
	s := spans{trees: map[uint32]uint32{}}
	others := map[uint32]bool{}
	for _, f := range t.list {
		for i := range len(f.data) / 4 {
			at := element(f.data, i, none)
			if at == none {
				continue
			}
			if uint64(at) >= uint64(len(t.data)) {
				return spans{}, errors.New("a function's data is not in the module")
			}
			s.starts = append(s.starts, at)
			if i != dataInlTree {
				others[at] = true
			} else if _, ok := s.trees[at]; ok {
				return spans{}, errors.New("two functions have the same tree of inlined calls")
			} else {
				s.trees[at] = 0
			}
		}
	}
	slices.Sort(s.starts)
	s.starts = slices.Compact(s.starts)
	for at := range s.trees {
		i, _ := slices.BinarySearch(s.starts, at)
		if others[at] || i+1 == len(s.starts) {
			return spans{}, fmt.Errorf("the tree of inlined calls at %d is other data too, or the last", at)
		}
		s.trees[at] = s.starts[i+1]
		if err := t.checkTree(t.data[at:s.starts[i+1]]); err != nil {
			return spans{}, fmt.Errorf("the tree of inlined calls at %d: %w", at, err)
		}
	}
	return s, nil
}

// checkTree says whether data is a tree of inlined calls and nothing else.
func (t *table) checkTree(data []byte) error {
	if len(data)%sizeofInlined != 0 {
		return errors.New("its length is not that of calls")
	}
	for c := range slices.Chunk(data, sizeofInlined) {
		if c[0] > lastFuncID || c[1] != 0 || c[2] != 0 || c[3] != 0 {
			return errors.New("a call has an unknown field")
		}
		if _, err := t.name(inlined(c).get(inlinedName)); err != nil {
			return err
		}
	}
	return nil
}

// compactNames keeps the names of functions and of the inlined calls in the trees
// that stay. Offset 0 is no name for the runtime, and stays the first function's.
func (t *table) compactNames(s spans) error {
	if t.list[0].get(funcName) != 0 {
		return errors.New("the first function's name is not the first")
	}
	old := slices.Clone(t.names)
	moved := map[uint32]uint32{}
	next := 0
	move := func(field []byte) error {
		at := binary.LittleEndian.Uint32(field)
		to, ok := moved[at]
		if !ok {
			name, err := (&table{names: old}).name(at)
			if err != nil {
				return err
			}
			if next+len(name)+1 > len(t.names) {
				return errors.New("names overlap")
			}
			to = uint32(next)
			moved[at] = to
			next += copy(t.names[next:], name)
			t.names[next] = 0
			next++
		}
		binary.LittleEndian.PutUint32(field, to)
		return nil
	}
	for _, f := range t.list {
		if err := move(f.record[funcName : funcName+4]); err != nil {
			return err
		}
		at := element(f.data, dataInlTree, none)
		if at == none {
			continue
		}
		for c := range slices.Chunk(t.data[at:s.trees[at]], sizeofInlined) {
			if err := move(c[inlinedName : inlinedName+4]); err != nil {
				return err
			}
		}
	}
	clear(t.names[next:])
	return nil
}

// compactData keeps the parts of data that are still named, one after the other,
// each as well aligned as it was to 8. The last one stays where it is: nothing
// says where it ends.
func (t *table) compactData(s spans) error {
	if len(s.starts) == 0 {
		return nil
	}
	named := map[uint32]bool{}
	for _, f := range t.list {
		for i := range len(f.data) / 4 {
			named[element(f.data, i, none)] = true
		}
	}
	last := s.starts[len(s.starts)-1]
	old := slices.Clone(t.data[:last])
	moved := map[uint32]uint32{last: last}
	clear(t.data[:last])
	next := uint32(0)
	for i, at := range s.starts[:len(s.starts)-1] {
		if !named[at] {
			continue
		}
		align := min(8, at&-at)
		if at == 0 {
			align = 8
		}
		next = (next + align - 1) &^ (align - 1)
		moved[at] = next
		next += uint32(copy(t.data[next:last], old[at:s.starts[i+1]]))
	}
	for _, f := range t.list {
		err := each(f.data, none, func(at uint32) (uint32, error) {
			to, ok := moved[at]
			if !ok {
				return 0, errors.New("a part of the data is lost")
			}
			return to, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
