package segments

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
)

const pages = 4

// module is a WebAssembly module with four pages of exported memory and these
// data segments.
func module(list []Segment) []byte {
	m := bytes.Clone(header)
	m = append(m, sectionMemory, 3, 1, 0, pages)
	m = append(m, 7, 7, 1, 3, 'm', 'e', 'm', 2, 0) // exported as "mem"
	body := write(list)
	m = append(m, sectionData)
	m = binary.AppendUvarint(m, uint64(len(body)))
	return append(m, body...)
}

// memory is what a WebAssembly runtime has in memory after instantiation.
func memory(t *testing.T, module []byte) []byte {
	t.Helper()
	ctx := context.Background()
	runtime := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer runtime.Close(ctx)
	instance, err := runtime.Instantiate(ctx, module)
	if err != nil {
		t.Fatal(err)
	}
	content, ok := instance.Memory().Read(0, instance.Memory().Size())
	if !ok {
		t.Fatal("the memory cannot be read")
	}
	return bytes.Clone(content)
}

// random returns segments in any order, some of them touching or empty.
func random(r *rand.Rand) []Segment {
	var list []Segment
	for at := 0; ; {
		at += []int{0, 1, 8, maxGap - 1, maxGap, maxGap + 1, r.IntN(3 * maxGap)}[r.IntN(7)]
		content := make([]byte, r.IntN(64))
		for i := range content {
			content[i] = byte(r.IntN(256))
		}
		if at+len(content) > pages<<16 {
			break
		}
		list = append(list, Segment{uint32(at), content})
		at += len(content)
	}
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

func TestMemoryIsTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		before := module(random(r))
		after, err := Join(before)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(memory(t, before), memory(t, after)) {
			t.Fatal("the memory is not the same")
		}
	}
}

func TestJoin(t *testing.T) {
	got, err := Join(module([]Segment{
		{maxGap + 2, []byte{2}},
		{0, []byte{1}},
		{1, []byte{9}},
		{maxGap + 2 + 1 + maxGap + 1, []byte{3}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	list, err := Read(got)
	if err != nil {
		t.Fatal(err)
	}
	first := append([]byte{1, 9}, append(make([]byte, maxGap), 2)...)
	if len(list) != 2 || list[0].Address != 0 || !bytes.Equal(list[0].Bytes, first) ||
		list[1].Address != maxGap+2+1+maxGap+1 || !bytes.Equal(list[1].Bytes, []byte{3}) {
		t.Errorf("got %v", list)
	}
	again, err := Join(got)
	if err != nil || !bytes.Equal(again, got) {
		t.Errorf("joined again it is another module (%v)", err)
	}
}

// TestLongZerosAreLeftOut: at the front, inside, at the end, and all of a segment.
func TestLongZerosAreLeftOut(t *testing.T) {
	long, short := make([]byte, maxGap+1), make([]byte, maxGap)
	content := slices.Concat(long, []byte{1}, short, []byte{2}, long, []byte{3}, long)
	before := module([]Segment{{7, content}, {3 << 16, long}})
	after, err := Join(before)
	if err != nil {
		t.Fatal(err)
	}
	list, err := Read(after)
	if err != nil {
		t.Fatal(err)
	}
	first := slices.Concat([]byte{1}, short, []byte{2})
	if len(list) != 2 || list[0].Address != 7+maxGap+1 || !bytes.Equal(list[0].Bytes, first) ||
		list[1].Address != 7+3*maxGap+4 || !bytes.Equal(list[1].Bytes, []byte{3}) {
		t.Errorf("got %d segments", len(list))
	}
	if !bytes.Equal(memory(t, before), memory(t, after)) {
		t.Error("the memory is not the same")
	}
}

func TestWriteNeedsADataSection(t *testing.T) {
	without := module(nil)
	without = without[:len(without)-3]
	if _, err := Write(without, nil); err != nil {
		t.Error(err)
	}
	if _, err := Write(without, []Segment{{0, []byte{1}}}); err == nil {
		t.Error("no error")
	}
}

func TestCustom(t *testing.T) {
	m := module(nil)
	one := append(bytes.Clone(m), sectionCustom, 4, 1, 'a', 8, 9)
	if got, err := Custom(one, "a"); err != nil || !bytes.Equal(got, []byte{8, 9}) {
		t.Errorf("got %v, %v", got, err)
	}
	for name, m := range map[string][]byte{
		"none":      m,
		"another":   append(bytes.Clone(m), sectionCustom, 2, 1, 'b'),
		"two":       append(bytes.Clone(one), sectionCustom, 2, 1, 'a'),
		"no name":   append(bytes.Clone(one), sectionCustom, 1, 2),
		"not wasm":  []byte("a"),
		"cut short": one[:len(one)-1],
	} {
		if got, err := Custom(m, "a"); err == nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestHighAddress(t *testing.T) {
	const high = 1<<32 - 16
	list, err := Read(module([]Segment{{high, []byte{1}}}))
	if err != nil || len(list) != 1 || list[0].Address != high {
		t.Errorf("got %v, %v", list, err)
	}
}

func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	valid := module([]Segment{{0, []byte{1, 2}}})
	section := func(id byte, body ...byte) []byte {
		return append(bytes.Clone(valid[:headerLen+5]), append([]byte{id, byte(len(body))}, body...)...)
	}
	for name, test := range map[string]struct {
		module []byte
		want   string
	}{
		"not wasm":               {[]byte("#!/bin/sh"), "not a WebAssembly"},
		"a component":            {append([]byte("\x00asm\x0d\x00\x01\x00"), valid[headerLen:]...), "not a WebAssembly"},
		"cut off":                {valid[:len(valid)-1], "unexpected end"},
		"segments overlap":       {module([]Segment{{0, []byte{1, 2}}, {1, []byte{3}}}), "overlap"},
		"segments are counted":   {section(sectionDataCount, 1), "counts its data segments"},
		"passive":                {section(sectionData, 1, 1, 1, 9), "not active"},
		"another memory":         {section(sectionData, 1, 2, 1, opI32Const, 0, opEnd, 0), "not active"},
		"an address of a global": {section(sectionData, 1, 0, 0x23, 0, opEnd, 0), "not active"},
		"a computed address":     {section(sectionData, 1, 0, opI32Const, 0, opI32Const, 0), "single constant"},
		"bytes after the last":   {section(sectionData, 0, 0), "goes on"},
		"a missing segment":      {section(sectionData, 1), "unexpected end"},
		"too large an integer":   {section(sectionData, 0x80, 0x80, 0x80, 0x80, 0x80, 1), "too large"},
		"too large an address":   {section(sectionData, 1, 0, opI32Const, 0x80, 0x80, 0x80, 0x80, 0x10, opEnd, 0), "too large"},
		"memory is imported":     {append(bytes.Clone(header), valid[headerLen+5:]...), "no memory of its own"},
	} {
		if got, err := Join(test.module); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %x, %v, want an error with %q", name, got, err, test.want)
		}
	}
}

// content maps addresses to bytes other than zero.
func content(list []Segment) map[uint64]byte {
	m := map[uint64]byte{}
	for _, s := range list {
		for i, b := range s.Bytes {
			if b != 0 {
				m[uint64(s.Address)+uint64(i)] = b
			}
		}
	}
	return m
}

func FuzzJoin(f *testing.F) {
	f.Add(module([]Segment{{0, []byte{1}}, {3, []byte{0, 2}}, {1 << 17, []byte{3}}}))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x0c\x01\x01"))
	f.Fuzz(func(t *testing.T, m []byte) {
		joined, err := Join(m)
		if err != nil {
			return
		}
		before, err := Read(m)
		if err != nil {
			t.Fatal(err)
		}
		after, err := Read(joined)
		if err != nil {
			t.Fatal(err)
		}
		a, b := content(before), content(after)
		if len(a) != len(b) {
			t.Fatalf("%d bytes became %d", len(a), len(b))
		}
		for address, v := range a {
			if b[address] != v {
				t.Fatalf("at %d: %d became %d", address, v, b[address])
			}
		}
	})
}
