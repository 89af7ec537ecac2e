package pcln

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/remora-mcp/remora/internal/lean/segments"
)

// linked is a program with all of its tables, linked by the toolchain in use.
var linked = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "pcln")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "stress.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, "../stress")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
})

func module(t *testing.T) []byte {
	t.Helper()
	m, err := linked()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func tables(t *testing.T, module []byte) *table {
	t.Helper()
	table, err := open(module)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// both is the tables of the program, and of the same stripped.
func both(t *testing.T) (before, after *table) {
	t.Helper()
	stripped, err := Strip(module(t))
	if err != nil {
		t.Fatal(err)
	}
	return tables(t, module(t)), tables(t, stripped)
}

// at is where a part of memory begins.
func (t *table) at(part []byte) int {
	for i := range t.memory {
		if &t.memory[i] == &part[0] {
			return i
		}
	}
	return -1
}

// TestMemoryOutsideIsTheSame compares memory after instantiation byte for byte,
// but for the tables that are named here.
func TestMemoryOutsideIsTheSame(t *testing.T) {
	before, after := both(t)
	for _, m := range []*table{before, after} {
		for _, part := range [][]byte{m.names, m.units, m.files, m.pcs, m.data} {
			clear(part)
		}
		for _, f := range m.list {
			for _, field := range []int{funcName, funcPCSP, funcPCFile, funcPCLine, funcUnit, funcStartLine} {
				f.set(field, 0)
			}
			clear(f.pcData)
			clear(f.data)
		}
	}
	if !bytes.Equal(bytes.TrimRight(before.memory, "\x00"), bytes.TrimRight(after.memory, "\x00")) {
		t.Error("memory outside of the tables has changed")
	}
}

type step struct {
	value int32
	end   uint32
}

// steps are the values of one table.
func steps(t *testing.T, m *table, at uint32) []step {
	t.Helper()
	if at == 0 {
		return nil
	}
	var list []step
	if _, err := m.values(at, func(value int32, end uint32) { list = append(list, step{value, end}) }); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestWhatTheRuntimeReadsIsTheSame compares the tables that stay, function by
// function.
func TestWhatTheRuntimeReadsIsTheSame(t *testing.T) {
	before, after := both(t)
	whole, err := before.parts()
	if err != nil {
		t.Fatal(err)
	}
	trees := 0
	for i, f := range before.list {
		g := after.list[i]
		name, _ := before.name(f.get(funcName))
		if got, _ := after.name(g.get(funcName)); got != name {
			t.Fatalf("%s became %s", name, got)
		}
		if !slices.Equal(steps(t, before, f.get(funcPCSP)), steps(t, after, g.get(funcPCSP))) {
			t.Errorf("%s has other stack sizes", name)
		}
		for j := range len(f.pcData) / 4 {
			want := steps(t, before, f.pcTable(j))
			if j == pcUnsafePoint || j == pcArgLive || j == pcInlTree && !f.special() {
				want = nil
			}
			if !slices.Equal(steps(t, after, g.pcTable(j)), want) {
				t.Errorf("%s has other values %d", name, j)
			}
		}
		for j := range len(f.data) / 4 {
			was, is := element(f.data, j, none), element(g.data, j, none)
			if was == none || j == dataArgInfo || j == dataArgLiveInfo || j == dataInlTree && !f.special() {
				if is != none {
					t.Errorf("%s still has data %d", name, j)
				}
				continue
			}
			end := uint32(len(before.data))
			if k, _ := slices.BinarySearch(whole.starts, was); k+1 < len(whole.starts) {
				end = whole.starts[k+1]
			}
			if is%min(8, max(1, was&-was)) != 0 {
				t.Errorf("%s has data %d at %d, which was at %d", name, j, is, was)
			}
			want, got := before.data[was:end], after.data[is:is+end-was]
			if j != dataInlTree {
				if !bytes.Equal(got, want) {
					t.Errorf("%s has other data %d", name, j)
				}
				continue
			}
			trees++
			for at := 0; at < len(want); at += sizeofInlined {
				a, b := inlined(want[at:at+sizeofInlined]), inlined(got[at:at+sizeofInlined])
				nameA, _ := before.name(a.get(inlinedName))
				nameB, _ := after.name(b.get(inlinedName))
				if nameA != nameB || a[0] != b[0] || a.get(inlinedParent) != b.get(inlinedParent) {
					t.Errorf("%s has another call of %s", name, nameA)
				}
			}
		}
	}
	if trees == 0 {
		t.Error("no wrapper has a tree of inlined calls")
	}
}

func TestLinesAreGone(t *testing.T) {
	before, after := both(t)
	if !bytes.Contains(before.memory, []byte("internal/lean/stress/main.go")) {
		t.Error("the module has no names of files, so the test shows nothing")
	}
	if bytes.Contains(after.memory, []byte("internal/lean/stress/main.go")) {
		t.Error("a name of a file is still there")
	}
	for _, f := range after.list {
		if f.hasLines() {
			t.Error("a function still has lines")
		}
	}
}

// TestStrippedIsSmaller: zeros in place of the tables are left out of the module.
func TestStrippedIsSmaller(t *testing.T) {
	stripped, err := Strip(module(t))
	if err != nil {
		t.Fatal(err)
	}
	joined, err := segments.Join(module(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(stripped) > len(joined)*97/100 {
		t.Errorf("%d bytes became %d", len(joined), len(stripped))
	}
}

// TestWhatIsNotKnownIsRefused changes one thing of the format each.
func TestWhatIsNotKnownIsRefused(t *testing.T) {
	put := binary.LittleEndian.PutUint32
	withTree := func(m *table) function {
		i := slices.IndexFunc(m.list, func(f function) bool { return element(f.data, dataInlTree, none) != none })
		return m.list[i]
	}
	for name, test := range map[string]struct {
		change func(m *table)
		want   string
	}{
		"no header":            {func(m *table) { m.memory[m.at(m.names)-headerLen] ^= 1 }, "0 function tables"},
		"another size of ints": {func(m *table) { m.memory[m.at(m.names)-headerLen+7] = 4 }, "0 function tables"},
		"a part elsewhere":     {func(m *table) { m.memory[m.at(m.names)-headerLen+headerNames] ^= 8 }, "0 function tables"},
		"a longer list":        {func(m *table) { m.memory[m.at(m.names)-headerLen+headerFuncs]++ }, "0 function tables"},
		"a record elsewhere":   {func(m *table) { m.funcs[4] += 8 }, "not where it should be"},
		"another record":       {func(m *table) { m.list[1].set(funcEntry, 7) }, "of another function"},
		"more values":          {func(m *table) { m.list[1].set(funcPCData, largestPCData+1) }, "unknown field"},
		"more data":            {func(m *table) { m.list[1].record[funcFuncData] = largestFuncDat + 1 }, "unknown field"},
		"another kind":         {func(m *table) { m.list[1].record[funcID] = lastFuncID + 1 }, "unknown field"},
		"another flag":         {func(m *table) { m.list[1].record[funcFlag] = 8 }, "unknown field"},
		"padding":              {func(m *table) { m.list[1].record[funcPad] = 1 }, "unknown field"},
		"a longer record":      {func(m *table) { m.list[1].record[funcFuncData] ^= 7 }, "not where it should be"},
		"inside of a name":     {func(m *table) { m.list[1].set(funcName, m.list[1].get(funcName)+1) }, "where one begins"},
		"a name outside":       {func(m *table) { m.list[1].set(funcName, none) }, "where one begins"},
		"another first name":   {func(m *table) { m.list[0].set(funcName, m.list[1].get(funcName)) }, "not the first"},
		"preemption": {func(m *table) {
			i := bytes.Index(m.names, []byte("\x00runtime.(*inlineUnwinder)"))
			copy(m.names[i:], "\x00runtime.isAsyncSafePoint\x00")
		}, "runtime.isAsyncSafePoint"},
		"values outside":         {func(m *table) { m.list[1].set(funcPCSP, none) }, "not in the module"},
		"values without an end":  {func(m *table) { m.list[1].set(funcPCSP, uint32(len(m.pcs)-1)); m.pcs[len(m.pcs)-1] = 0x80 }, "does not end"},
		"data outside":           {func(m *table) { put(withTree(m).data[dataInlTree*4:], none-1) }, "not in the module"},
		"a tree of another form": {func(m *table) { m.data[element(withTree(m).data, dataInlTree, none)+1] = 1 }, "unknown field"},
		"a tree that is shorter": {func(m *table) {
			f := withTree(m)
			put(f.data[dataInlTree*4:], element(f.data, dataInlTree, none)+4)
		}, "the tree of inlined calls"},
		"a tree for two": {func(m *table) {
			tree := element(withTree(m).data, dataInlTree, none)
			for _, f := range m.list {
				drop(f.data, dataInlTree, tree)
			}
		}, "the same tree"},
		"a tree that is other data": {func(m *table) {
			f := withTree(m)
			put(f.data, element(f.data, dataInlTree, none))
		}, "other data too"},
	} {
		m := tables(t, module(t))
		test.change(m)
		changed, err := segments.Write(module(t), []segments.Segment{{Bytes: m.memory}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Strip(changed); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, test.want)
		}
	}
}

func TestAnotherVersionIsRefused(t *testing.T) {
	for old, replacement := range map[string]string{"go1.26": "go1.27", "producers": "productrs"} {
		changed := bytes.ReplaceAll(module(t), []byte(old), []byte(replacement))
		if bytes.Equal(changed, module(t)) {
			t.Fatalf("%q is not in the module", old)
		}
		if _, err := Strip(changed); err == nil {
			t.Errorf("with %q: no error", replacement)
		}
	}
}

func TestStrippedTwice(t *testing.T) {
	stripped, err := Strip(module(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Strip(stripped); err == nil {
		t.Error("stripped again: no error")
	}
	if _, err := Open(stripped); err == nil {
		t.Error("opened for lines: no error")
	}
}

func TestPrinted(t *testing.T) {
	for name, want := range map[string]string{
		"main.main":                         "main.main",
		"main.(*T).F":                       "main.(*T).F",
		"slices.Sort[go.shape.[]int,int]":   "slices.Sort[...]",
		"main.f[go.shape.int].func1":        "main.f[...].func1",
		"runtime.gopanic":                   "panic",
		"main.(*List[go.shape.string]).Add": "main.(*List[...]).Add",
	} {
		if got := printed(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// FuzzValues reads any bytes as a table of values.
func FuzzValues(f *testing.F) {
	f.Add([]byte{2, 1, 0}, uint32(0))
	f.Add([]byte{0, 2, 1, 0x80, 0x80, 4, 0}, uint32(1))
	f.Fuzz(func(t *testing.T, pcs []byte, at uint32) {
		m := &table{pcs: pcs}
		count := 0
		end, err := m.values(at, func(int32, uint32) { count++ })
		if err == nil && (end <= at || uint64(end) > uint64(len(pcs)) || count*2 >= int(end-at)) {
			t.Errorf("%d values from %d to %d of %d bytes", count, at, end, len(pcs))
		}
		if _, err := m.value(at, 1); err != nil && at == 0 {
			t.Error(err)
		}
	})
}

// FuzzTrace gives any text to a table without functions, which leaves it as it is.
func FuzzTrace(f *testing.F) {
	f.Add("main.f(0x1)\n\t?:0 +0x1a\ncreated by main.g in goroutine 1\n\t?:0 +0x2")
	f.Add("main.f(...)\n\t?:0\nmain.g()\n\t?:0 +0xffffffffffffffffffff fp=0x1")
	f.Fuzz(func(t *testing.T, trace string) {
		got, found, err := (&Lines{}).Trace(trace)
		if got != trace || found != 0 || err != nil {
			t.Errorf("got %q, %d, %v", got, found, err)
		}
	})
}
