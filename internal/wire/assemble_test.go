package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
)

// piece is a frame of kind done.
func piece(id uint32, payload string, flags wire.Flags) wire.Frame {
	return wire.Frame{Kind: wire.KindDone, ID: id, Flags: flags, Payload: []byte(payload)}
}

func TestAssembler(t *testing.T) {
	t.Run("an unsplit frame passes as it is", func(t *testing.T) {
		var a wire.Assembler
		in := piece(1, "abc", 0)
		got, whole, err := a.Add(in)
		if err != nil || !whole || &got.Payload[0] != &in.Payload[0] {
			t.Errorf("got %+v, %v, %v", got, whole, err)
		}
	})
	t.Run("pieces of several frames, interleaved", func(t *testing.T) {
		var a wire.Assembler
		other := wire.Frame{Kind: wire.KindTell, ID: 1, Flags: wire.More, Payload: []byte("t")}
		first := piece(1, "a", wire.More)
		first.Header = []byte(`{"x":1}`)
		for _, f := range []wire.Frame{first, piece(2, "x", wire.More), other, piece(1, "b", wire.More), piece(1, "", wire.More)} {
			if got, whole, err := a.Add(f); whole || err != nil {
				t.Fatalf("%+v gave %+v, %v", f, got, err)
			}
		}
		// What was kept is a copy: the batch may be reused.
		copy(first.Header, "#######")
		copy(first.Payload, "#")
		for _, test := range []struct {
			last          wire.Frame
			header, whole string
		}{
			{piece(1, "c", 0), `{"x":1}`, "abc"},
			{piece(2, "", 0), "", "x"},
			{wire.Frame{Kind: wire.KindTell, ID: 1, Payload: []byte("u")}, "", "tu"},
			{piece(1, "alone", 0), "", "alone"}, // nothing is left of the first one
		} {
			got, whole, err := a.Add(test.last)
			if err != nil || !whole {
				t.Fatalf("%+v: %v, %v", test.last, whole, err)
			}
			if string(got.Payload) != test.whole || string(got.Header) != test.header || got.Flags != 0 || got.ID != test.last.ID || got.Kind != test.last.Kind {
				t.Errorf("%+v gave %+v", test.last, got)
			}
		}
	})
}

func TestAssemblerBounds(t *testing.T) {
	tooLarge := &wire.Error{Code: wire.CodeLocalTooLarge}
	t.Run("exactly the limit fits", func(t *testing.T) {
		a := wire.Assembler{MaxBytes: 4}
		if _, _, err := a.Add(piece(1, "ab", wire.More)); err != nil {
			t.Fatal(err)
		}
		got, whole, err := a.Add(piece(1, "cd", 0))
		if err != nil || !whole || string(got.Payload) != "abcd" {
			t.Errorf("got %q, %v, %v", got.Payload, whole, err)
		}
	})
	t.Run("one byte more does not, and its room is free again", func(t *testing.T) {
		a := wire.Assembler{MaxBytes: 4}
		if _, _, err := a.Add(piece(1, "abcd", wire.More)); err != nil {
			t.Fatal(err)
		}
		if _, whole, err := a.Add(piece(1, "e", 0)); whole || !errors.Is(err, tooLarge) {
			t.Fatalf("got %v, %v", whole, err)
		}
		if _, _, err := a.Add(piece(2, "abcd", wire.More)); err != nil {
			t.Errorf("the room of the refused frame is still taken: %v", err)
		}
	})
	t.Run("it is said once, and the rest is thrown away", func(t *testing.T) {
		a := wire.Assembler{MaxBytes: 4}
		if _, _, err := a.Add(piece(1, "abcde", wire.More)); !errors.Is(err, tooLarge) {
			t.Fatalf("got %v", err)
		}
		for _, rest := range []wire.Frame{piece(1, "f", wire.More), piece(1, "ghijk", wire.More), piece(1, "l", 0)} {
			if got, whole, err := a.Add(rest); whole || err != nil {
				t.Fatalf("a later piece gave %+v, %v, %v", got, whole, err)
			}
		}
		if got, whole, err := a.Add(piece(1, "next", 0)); err != nil || !whole || string(got.Payload) != "next" {
			t.Errorf("the next frame: got %+v, %v, %v", got, whole, err)
		}
	})
	t.Run("the limit is for all unfinished frames together", func(t *testing.T) {
		a := wire.Assembler{MaxBytes: 4}
		if _, _, err := a.Add(piece(1, "abc", wire.More)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := a.Add(piece(2, "de", wire.More)); !errors.Is(err, tooLarge) {
			t.Fatalf("got %v", err)
		}
		// The first one goes on.
		if got, whole, err := a.Add(piece(1, "d", 0)); err != nil || !whole || string(got.Payload) != "abcd" {
			t.Errorf("got %q, %v, %v", got.Payload, whole, err)
		}
	})
	t.Run("the number of unfinished frames is bounded, whatever their payload", func(t *testing.T) {
		var a wire.Assembler
		for id := range uint32(1024) {
			if _, _, err := a.Add(piece(id, "", wire.More)); err != nil {
				t.Fatalf("frame %d: %v", id, err)
			}
		}
		if _, whole, err := a.Add(piece(1024, "", wire.More)); whole || !errors.Is(err, tooLarge) {
			t.Fatalf("got %v, %v", whole, err)
		}
		if _, whole, err := a.Add(piece(1024, "alone", 0)); !whole || err != nil {
			t.Errorf("an unsplit frame: got %v, %v", whole, err)
		}
		if _, whole, err := a.Add(piece(7, "end", 0)); !whole || err != nil {
			t.Fatalf("the end of a frame that was begun: got %v, %v", whole, err)
		}
		if _, _, err := a.Add(piece(1024, "", wire.More)); err != nil {
			t.Errorf("there is room again: %v", err)
		}
	})
	t.Run("zero selects the default", func(t *testing.T) {
		var a wire.Assembler
		chunk := piece(1, string(make([]byte, wire.MaxChunkBytes)), wire.More)
		for range wire.DefaultMaxBodyBytes/wire.MaxChunkBytes - 1 {
			if _, _, err := a.Add(chunk); err != nil {
				t.Fatal(err)
			}
		}
		chunk.Payload = append(chunk.Payload, 0)
		if _, _, err := a.Add(chunk); !errors.Is(err, tooLarge) {
			t.Errorf("got %v", err)
		}
	})
}

// FuzzAssembler cuts data into pieces as the other bytes say, sends them
// interleaved with another frame's, and expects both to come out whole.
func FuzzAssembler(f *testing.F) {
	f.Add([]byte("hello, world"), []byte{3, 200, 1, 0})
	f.Add([]byte(nil), []byte{0})
	f.Add(bytes.Repeat([]byte{0xff}, 300), []byte{7, 130, 7, 131, 255})
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		a := wire.Assembler{MaxBytes: int64(2*len(data)) + 64*int64(len(cuts)+4)*64}
		var sent [2][]byte
		rest := data
		for _, c := range cuts {
			id := uint32(c >> 7) // the top bit chooses the frame
			n := min(int(c&0x7f), len(rest))
			if _, whole, err := a.Add(piece(id, string(rest[:n]), wire.More)); whole || err != nil {
				t.Fatalf("piece of %d bytes: %v, %v", n, whole, err)
			}
			sent[id] = append(sent[id], rest[:n]...)
			rest = rest[n:]
		}
		for id, want := range sent {
			got, whole, err := a.Add(piece(uint32(id), "", 0))
			if err != nil || !whole {
				t.Fatalf("last piece of %d: %v, %v", id, whole, err)
			}
			if !bytes.Equal(got.Payload, want) {
				t.Errorf("frame %d: got %x, want %x", id, got.Payload, want)
			}
		}
	})
}
