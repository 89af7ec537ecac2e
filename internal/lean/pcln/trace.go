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

// frames are the calls at one place, the inner ones first. All but the last are
// inlined.
type frames []frame

// call is a call in a trace that has no line: the function, which may have created
// a goroutine, what is between it and the line, and the offset into it. An error
// message may have the trace in one line.
var call = regexp.MustCompile(`(?:created by (\S+)(?: in goroutine [0-9]+)?|(\S+)\(([^()]*)\))(\s+)\?:0(?: \+0x([0-9a-f]+))?`)

// Trace returns a trace of a guest as it would be with lines: each ?:0 after a
// function that is in the module is its file and line, and before it come the
// calls that were inlined there. Other text stays as it is. The trace must be of
// the same build as the module. found is how many functions were found.
func (l *Lines) Trace(trace string) (text string, found int, err error) {
	var out strings.Builder
	done := 0            // how much of trace is in out
	var inlined []string // the calls just before this one that the trace says were inlined into it
	first, last := 0, 0  // where they begin and end
	for _, at := range call.FindAllStringSubmatchIndex(trace, -1) {
		part := func(group int) string {
			if at[2*group] < 0 {
				return ""
			}
			return trace[at[2*group]:at[2*group+1]]
		}
		if strings.TrimSpace(trace[last:at[0]]) != "" {
			inlined = nil
		}
		if part(3) == "..." {
			if inlined == nil {
				first = at[0]
			}
			inlined, last = append(inlined, part(2)), at[1]
			continue
		}
		offset, _ := strconv.ParseUint(part(5), 16, 32) // it is hexadecimal or empty
		calls, err := l.find(part(1)+part(2), uint32(offset))
		if err != nil {
			return "", 0, err
		}
		if calls != nil {
			found++
			from := at[0]
			if len(inlined) > 0 && slices.Equal(inlined, calls.inlined()) {
				from = first
			}
			out.WriteString(trace[done:from])
			separator := part(4)
			between := " "
			if strings.Contains(separator, "\n") {
				line := trace[:at[0]]
				line = line[strings.LastIndexByte(line, '\n')+1:]
				between = "\n" + line[:len(line)-len(strings.TrimLeft(line, " \t"))]
			}
			for _, c := range calls[:len(calls)-1] {
				fmt.Fprintf(&out, "%s(...)%s%s:%d%s", c.name, separator, c.file, c.line, between)
			}
			c := calls[len(calls)-1]
			fmt.Fprintf(&out, "%s%s:%d", trace[at[0]:at[9]], c.file, c.line)
			done = at[9] + len("?:0")
		}
		inlined = nil
	}
	out.WriteString(trace[done:])
	return out.String(), found, nil
}

// inlined are the names of the calls that are inlined.
func (c frames) inlined() []string {
	var names []string
	for _, f := range c[:len(c)-1] {
		names = append(names, f.name)
	}
	return names
}

// find returns the calls at an offset into the function of that name, the inner
// ones first and the function itself last, or nil if it is not known. Functions
// whose names are printed alike come from the same source, so they differ in
// their offsets at most: if their lines differ, the file and line name them all.
func (l *Lines) find(name string, offset uint32) (frames, error) {
	var found frames
	for _, f := range l.byName[name] {
		calls, err := l.table.calls(f, offset)
		switch {
		case err != nil:
			return nil, err
		case calls == nil || slices.Equal(calls, found):
		case found == nil:
			found = calls
		default:
			found = frames{either(found[len(found)-1], calls[len(calls)-1])}
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

// calls returns the calls at an offset into a function as find does. The offset
// is where the call returns to, and the line is that of the call before it.
func (t *table) calls(f function, offset uint32) (frames, error) {
	pc := offset
	if pc > 0 {
		pc--
	}
	var list frames
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
