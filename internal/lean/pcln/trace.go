package pcln

import (
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Lines finds lines in a module that still has its line tables.
type Lines struct {
	table  *table
	byName map[string][]function // as traces print names
}

// Open reads a module's tables. A module that Strip made is an error.
func Open(module []byte) (*Lines, error) {
	t, err := open(module)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(t.list, function.hasLines) {
		return nil, errStripped
	}
	l := &Lines{table: t, byName: map[string][]function{}}
	for _, f := range t.list {
		name, err := t.name(f.get(funcName))
		if err != nil {
			return nil, err
		}
		l.byName[printed(name)] = append(l.byName[printed(name)], f)
	}
	return l, nil
}

// printed is a name as the runtime prints it in a trace: without the arguments of
// types, which several functions may differ in.
func printed(name string) string {
	if from, to := strings.IndexByte(name, '['), strings.LastIndexByte(name, ']'); from >= 0 && from < to {
		name = name[:from+1] + "..." + name[to:]
	}
	if name == "runtime.gopanic" {
		return "panic"
	}
	return name
}

// A frame is a call in a trace, of a function or inlined into one.
type frame struct {
	name, file string
	line       int32
}

// location is the second line of a call in a trace that has no line: what is
// before it, the offset into the function, and all that follows.
var location = regexp.MustCompile(`^(.*)\?:0((?: \+0x([0-9a-f]+))?(?: fp=.*)?)\s*$`)

// Trace returns a trace of a guest as it would be with lines: each ?:0 after a
// function that is in the module is its file and line, and before it come the
// calls that were inlined there. Other text stays as it is. The trace must be of
// the same build as the module. found is how many calls were found.
func (l *Lines) Trace(trace string) (text string, found int, err error) {
	var out []string
	for line := range strings.SplitSeq(trace, "\n") {
		match := location.FindStringSubmatch(line)
		if match == nil || len(out) == 0 {
			out = append(out, line)
			continue
		}
		offset, _ := strconv.ParseUint(match[3], 16, 32) // it is hexadecimal or empty
		before := out[len(out)-1]
		calls, err := l.find(called(before), uint32(offset))
		if err != nil {
			return "", 0, err
		}
		if calls == nil {
			out = append(out, line)
			continue
		}
		found++
		out = out[:len(out)-1]
		for i, c := range calls {
			if i == len(calls)-1 {
				out = append(out, before, fmt.Sprintf("%s%s:%d%s", match[1], c.file, c.line, match[2]))
			} else {
				indent := before[:len(before)-len(strings.TrimLeft(before, " \t"))]
				out = append(out, indent+c.name+"(...)", fmt.Sprintf("%s%s:%d", match[1], c.file, c.line))
			}
		}
	}
	return strings.Join(out, "\n"), found, nil
}

var creator = regexp.MustCompile(`created by (\S+)(?: in goroutine [0-9]+)?\s*$`)

// called is the name of the function in the first line of a call: "f(...)", or
// "created by f in goroutine 1".
func called(line string) string {
	if match := creator.FindStringSubmatch(line); match != nil {
		return match[1]
	}
	line = strings.TrimSpace(line)
	if i := strings.LastIndexByte(line, '('); i >= 0 {
		line = line[:i]
	}
	return line
}

// find returns the calls at an offset into the function of that name, the inner
// ones first and the function itself last, or nil if it is not known. Functions
// whose names are printed alike come from the same source, so they differ in
// their offsets at most: if their lines differ, the file and line name them all.
func (l *Lines) find(name string, offset uint32) ([]frame, error) {
	var found []frame
	for _, f := range l.byName[name] {
		calls, err := l.table.frames(f, offset)
		switch {
		case err != nil:
			return nil, err
		case calls == nil || slices.Equal(calls, found):
		case found == nil:
			found = calls
		default:
			found = []frame{either(found[len(found)-1], calls[len(calls)-1])}
		}
	}
	return found, nil
}

// either is a frame whose file and line are those of a or b.
func either(a, b frame) frame {
	if a != b {
		b.file = fmt.Sprintf("%s:%d or %s", a.file, a.line, b.file)
	}
	return b
}

// frames returns the calls at an offset into a function as find does. The offset
// is where the call returns to, and the line is that of the call before it.
func (t *table) frames(f function, offset uint32) ([]frame, error) {
	pc := offset
	if pc > 0 {
		pc--
	}
	var list []frame
	for {
		call, err := t.value(f.pcTable(pcInlTree), pc)
		if err != nil {
			return nil, err
		}
		nameAt, parent := f.get(funcName), uint32(0)
		if call >= 0 {
			c, err := t.tree(f, call)
			if err != nil {
				return nil, err
			}
			nameAt, parent = c.get(inlinedName), c.get(inlinedParent)
		}
		name, err := t.name(nameAt)
		if err != nil {
			return nil, err
		}
		file, line, err := t.line(f, pc)
		if err != nil || file == "" {
			return nil, err
		}
		list = append(list, frame{printed(name), file, line})
		if call < 0 {
			return list, nil
		}
		if len(list) > 1000 {
			return nil, errors.New("a tree of inlined calls has no root")
		}
		pc = parent
	}
}

// line is the file and line at a program counter of a function, or no file.
func (t *table) line(f function, pc uint32) (file string, line int32, err error) {
	index, err := t.value(f.get(funcPCFile), pc)
	if err != nil {
		return "", 0, err
	}
	line, err = t.value(f.get(funcPCLine), pc)
	if err != nil || index < 0 || line < 0 {
		return "", 0, err
	}
	unit := uint64(f.get(funcUnit)) + uint64(index)
	if (unit+1)*4 > uint64(len(t.units)) {
		return "", 0, errors.New("a file is not in its unit")
	}
	at := binary.LittleEndian.Uint32(t.units[unit*4:])
	if at == none {
		return "", 0, nil
	}
	file, err = (&table{names: t.files}).name(at)
	return file, line, err
}
