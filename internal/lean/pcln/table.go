// Package pcln reads the function tables that Go's linker writes into a
// WebAssembly module for the runtime, takes those away that only traces use, and
// finds a line of a trace again in the module that still has them.
//
// For each function there is a record (runtime._func) with offsets into a table
// of values by program counter (pctab: stack sizes, which stack map holds, lines,
// files, inlined calls) and into a table of data (go:func.*: stack maps, objects
// on the stack, deferred calls, arguments, trees of inlined calls). The format is
// not stable. It is that of Go 1.26: src/runtime/symtab.go and runtime2.go read
// it, src/cmd/link/internal/ld/pcln.go and symtab.go write it. A module of another
// version, and whatever is not as these files say, is an error.
package pcln

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"

	"github.com/remora-mcp/remora/internal/lean/segments"
)

// goVersion matches how Go's linker signs a module of the version whose format
// this is.
var goVersion = regexp.MustCompile(`\x02Go.go1\.26(\.[0-9]+)?\x0c`)

// maxMemory bounds what is taken from a module: the addresses are its own.
const maxMemory = 256 << 20

// pcHeader (runtime/symtab.go) and its fields after the first word, each of 8 bytes.
const (
	headerLen      = 72
	headerFuncs    = 8
	headerFiles    = 16
	headerUnused   = 24
	headerNames    = 32 // the first of five offsets
	pcMagic        = "\xf1\xff\xff\xff\x00\x00\x01\x08"
	sizeofFuncTab  = 8
	sizeofFunc     = 44
	sizeofInlined  = 16
	none           = ^uint32(0)
	lastFuncID     = 23 // abi.FuncIDWrapper
	allFuncFlags   = 7
	largestPCData  = 5
	largestFuncDat = 8
)

// moduledata (runtime/symtab.go).
const (
	moduleNames   = 8 // the first of the slices: names, cutab, filetab, pctab, pclntable, ftab
	moduleFind    = 152
	moduleText    = 176
	moduleData    = 320 // gofunc
	moduleEnd     = 328 // epclntab
	moduleUsedLen = 336
)

// Fields of a function's record (runtime._func).
const (
	funcEntry     = 0
	funcName      = 4
	funcPCSP      = 16
	funcPCFile    = 20
	funcPCLine    = 24
	funcPCData    = 28 // how many
	funcUnit      = 32
	funcStartLine = 36
	funcID        = 40
	funcFlag      = 41
	funcPad       = 42
	funcFuncData  = 43 // how many
)

// Indexes of a function's values by program counter (abi.PCDATA_*).
const (
	pcUnsafePoint = 0
	pcInlTree     = 2
	pcArgLive     = 3
)

// Indexes of a function's data (abi.FUNCDATA_*).
const (
	dataInlTree     = 3
	dataArgInfo     = 5
	dataArgLiveInfo = 6
)

// Fields of an inlined call (runtime.inlinedCall).
const (
	inlinedName   = 4
	inlinedParent = 8
)

// A table is the function table of a module. Its parts are parts of memory.
type table struct {
	memory []byte // from address 0
	names  []byte // funcnametab: strings that end with a zero
	units  []byte // cutab: offsets into files by compilation unit
	files  []byte // filetab: strings that end with a zero
	pcs    []byte // pctab
	funcs  []byte // pclntable: ftab, then the records
	data   []byte // go:func.*
	list   []function
}

// A function is a record, with what follows it.
type function struct {
	record []byte // sizeofFunc bytes
	pcData []byte // offsets into pcs
	data   []byte // offsets into data
}

func (f function) get(field int) uint32    { return binary.LittleEndian.Uint32(f.record[field:]) }
func (f function) set(field int, v uint32) { binary.LittleEndian.PutUint32(f.record[field:], v) }

// special says whether the runtime knows the function by a number: parts of
// itself, and wrappers that the compiler made.
func (f function) special() bool { return f.record[funcID] != 0 }

// element is value i of a list of uint32, or otherwise if it is shorter.
func element(list []byte, i int, otherwise uint32) uint32 {
	if (i+1)*4 > len(list) {
		return otherwise
	}
	return binary.LittleEndian.Uint32(list[i*4:])
}

// pcTable is the offset of the function's table of values i, or 0.
func (f function) pcTable(i int) uint32 { return element(f.pcData, i, 0) }

// open finds the tables of a module.
func open(module []byte) (*table, error) {
	producers, err := segments.Custom(module, "producers")
	if err != nil {
		return nil, err
	}
	if !goVersion.Match(producers) {
		return nil, errors.New("it is not signed by Go 1.26, whose tables are the ones that are known here")
	}
	memory, err := image(module)
	if err != nil {
		return nil, err
	}
	t, err := find(memory)
	if err != nil {
		return nil, err
	}
	return t, t.read()
}

// image is the memory of a module after its instantiation, to the end of its
// last segment.
func image(module []byte) ([]byte, error) {
	list, err := segments.Read(module)
	if err != nil {
		return nil, err
	}
	var memory []byte
	for _, s := range list {
		end := uint64(s.Address) + uint64(len(s.Bytes))
		if end > maxMemory {
			return nil, fmt.Errorf("a data segment ends at %d, and memory is read to %d only", end, maxMemory)
		}
		if n := int(end) - len(memory); n > 0 {
			memory = append(memory, make([]byte, n)...)
		}
		copy(memory[s.Address:], s.Bytes)
	}
	return memory, nil
}

// find looks for the one header that a moduledata points to.
func find(memory []byte) (*table, error) {
	var found []*table
	for at := range aligned(memory, []byte(pcMagic)) {
		pointer := binary.LittleEndian.AppendUint64(nil, uint64(at))
		for module := range aligned(memory, pointer) {
			if t, err := layout(memory, at, module); err == nil {
				found = append(found, t)
			}
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d function tables are in its memory, not one", len(found))
	}
	return found[0], nil
}

// aligned yields where pattern is in memory, at multiples of 8.
func aligned(memory, pattern []byte) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for at := 0; ; at++ {
			i := bytes.Index(memory[at:], pattern)
			if i < 0 {
				return
			}
			at += i
			if at%8 == 0 && !yield(at) {
				return
			}
		}
	}
}

// layout takes the parts of a table from its header and its moduledata, which
// must say the same.
func layout(memory []byte, header, module int) (*table, error) {
	if header+headerLen > len(memory) || module+moduleUsedLen > len(memory) {
		return nil, errors.New("it is cut off")
	}
	inHeader := func(field int) uint64 { return binary.LittleEndian.Uint64(memory[header+field:]) }
	inModule := func(field int) uint64 { return binary.LittleEndian.Uint64(memory[module+field:]) }
	t := &table{memory: memory}
	after := uint64(header + headerLen)
	for i, part := range []struct {
		to   *[]byte
		size uint64
	}{{&t.names, 1}, {&t.units, 4}, {&t.files, 1}, {&t.pcs, 1}, {&t.funcs, 1}} {
		field := moduleNames + 24*i
		at, n := inModule(field), inModule(field+8)
		if n > maxMemory || n != inModule(field+16) || at != uint64(header)+inHeader(headerNames+8*i) ||
			at < after || at+n*part.size > uint64(len(memory)) {
			return nil, fmt.Errorf("part %d is not where it should be", i)
		}
		after = at + n*part.size
		*part.to = memory[at:after:after]
	}
	const ftab = moduleNames + 24*5
	count := inHeader(headerFuncs)
	if inModule(ftab) != after-uint64(len(t.funcs)) || inModule(ftab+8) != count+1 || inModule(ftab+16) != count+1 ||
		count == 0 || count*sizeofFuncTab+4 > uint64(len(t.funcs)) {
		return nil, errors.New("the list of functions is not where it should be")
	}
	data, end := inModule(moduleData), min(inModule(moduleFind), inModule(moduleEnd))
	if data < after || end < data || end > uint64(len(memory)) {
		return nil, errors.New("the functions' data is not where it should be")
	}
	if inHeader(headerUnused) != 0 || inHeader(headerFiles) > uint64(len(t.files)) || inModule(moduleText) != 0 {
		return nil, errors.New("the header is not as it should be")
	}
	t.data = memory[data:end:end]
	t.list = make([]function, count)
	return t, nil
}

// read takes the records apart. They follow each other without a gap, each at a
// multiple of 8.
func (t *table) read() error {
	next := len(t.list)*sizeofFuncTab + 4
	for i := range t.list {
		next = (next + 7) &^ 7
		entry := binary.LittleEndian.Uint32(t.funcs[i*sizeofFuncTab:])
		at := binary.LittleEndian.Uint32(t.funcs[i*sizeofFuncTab+4:])
		if uint64(at) != uint64(next) || next+sizeofFunc > len(t.funcs) {
			return fmt.Errorf("the record of function %d is not where it should be", i)
		}
		f := &t.list[i]
		f.record = t.funcs[next : next+sizeofFunc]
		next += sizeofFunc
		pcData, data := f.get(funcPCData), uint32(f.record[funcFuncData])
		switch {
		case f.get(funcEntry) != entry:
			return fmt.Errorf("the record of function %d is of another function", i)
		case pcData > largestPCData || data > largestFuncDat || f.record[funcID] > lastFuncID ||
			f.record[funcFlag] > allFuncFlags || f.record[funcPad] != 0:
			return fmt.Errorf("the record of function %d has an unknown field", i)
		case next+int(pcData+data)*4 > len(t.funcs):
			return fmt.Errorf("the record of function %d is cut off", i)
		}
		f.pcData = t.funcs[next : next+int(pcData)*4]
		next += len(f.pcData)
		f.data = t.funcs[next : next+int(data)*4]
		next += len(f.data)
		if _, err := t.name(f.get(funcName)); err != nil {
			return fmt.Errorf("function %d: %w", i, err)
		}
	}
	if (next+7)&^7 != len(t.funcs) {
		return errors.New("the records go on after the last function")
	}
	return nil
}

// name is the string at an offset of names.
func (t *table) name(at uint32) (string, error) {
	if uint64(at) >= uint64(len(t.names)) || at > 0 && t.names[at-1] != 0 {
		return "", errors.New("its name is not where one begins")
	}
	s, _, ok := bytes.Cut(t.names[at:], []byte{0})
	if !ok {
		return "", errors.New("its name does not end")
	}
	return string(s), nil
}

// An inlined is a call in a function's tree of inlined calls.
type inlined []byte

// tree returns call i of the function's tree of inlined calls.
func (t *table) tree(f function, i int32) (inlined, error) {
	at := uint64(element(f.data, dataInlTree, none)) + uint64(i)*sizeofInlined
	if i < 0 || at+sizeofInlined > uint64(len(t.data)) {
		return nil, errors.New("a call is not in the tree of inlined calls")
	}
	return t.data[at : at+sizeofInlined], nil
}

func (c inlined) get(field int) uint32 { return binary.LittleEndian.Uint32(c[field:]) }

// values calls yield for each value of the table at an offset of pcs, which holds
// from where the one before ends until the program counter end, counted from the
// function's entry. It returns the offset after the table.
func (t *table) values(at uint32, yield func(value int32, end uint32)) (uint32, error) {
	if uint64(at) >= uint64(len(t.pcs)) {
		return 0, errors.New("a table of values is not in the module")
	}
	r := t.pcs[at:]
	value, pc := int32(-1), uint32(0)
	for first := true; ; first = false {
		delta, n := binary.Uvarint(r)
		if n <= 0 || delta > 1<<32-1 {
			return 0, errors.New("a table of values does not end")
		}
		r = r[n:]
		if delta == 0 && !first {
			return uint32(len(t.pcs) - len(r)), nil
		}
		value += int32(-(uint32(delta) & 1) ^ uint32(delta)>>1)
		step, n := binary.Uvarint(r)
		if n <= 0 || step > 1<<32-1 {
			return 0, errors.New("a table of values does not end")
		}
		r = r[n:]
		pc += uint32(step)
		yield(value, pc)
	}
}

// value is what the table at an offset of pcs says for a program counter, or -1.
func (t *table) value(at, pc uint32) (int32, error) {
	if at == 0 {
		return -1, nil
	}
	found, done := int32(-1), false
	_, err := t.values(at, func(value int32, end uint32) {
		if !done && pc < end {
			found, done = value, true
		}
	})
	return found, err
}
