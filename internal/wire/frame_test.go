package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
)

// unhex decodes hex digits with spaces between them.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAppendFrame(t *testing.T) {
	for _, test := range []struct {
		name  string
		frame wire.Frame
		want  string
	}{
		{"empty", wire.Frame{Kind: wire.KindTick},
			"00000000 00000000 00000000 0c 00 0000"},
		{"header and payload", wire.Frame{Kind: wire.KindCall, ID: 0x01020304, Header: []byte(`{}`), Payload: []byte("abc")},
			"02000000 03000000 04030201 02 00 0000 7b7d 616263"},
		{"more", wire.Frame{Kind: wire.KindHTTPData, Flags: wire.More, ID: 7, Payload: []byte{0xff}},
			"00000000 01000000 07000000 06 01 0000 ff"},
		{"largest id and kind", wire.Frame{Kind: 255, ID: 0xffffffff},
			"00000000 00000000 ffffffff ff 00 0000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := wire.AppendFrame([]byte("before"), test.frame)
			want := append([]byte("before"), unhex(t, test.want)...)
			if !bytes.Equal(got, want) {
				t.Fatalf("got  %x\nwant %x", got, want)
			}
			frames, err := wire.ParseBatch(got[len("before"):])
			if err != nil {
				t.Fatal(err)
			}
			if len(frames) != 1 || !reflect.DeepEqual(frames[0], test.frame) {
				t.Errorf("parsed %+v, want %+v", frames, test.frame)
			}
		})
	}
}

func TestAppendFrameSplitsLongPayloads(t *testing.T) {
	header := []byte(`{"a":1}`)
	for _, test := range []struct {
		name  string
		size  int
		flags wire.Flags
		want  []int // payload sizes
	}{
		{"one chunk exactly", wire.MaxChunkBytes, 0, []int{wire.MaxChunkBytes}},
		{"one byte more", wire.MaxChunkBytes + 1, 0, []int{wire.MaxChunkBytes, 1}},
		{"two chunks exactly", 2 * wire.MaxChunkBytes, 0, []int{wire.MaxChunkBytes, wire.MaxChunkBytes}},
		{"more to come after it", wire.MaxChunkBytes + 1, wire.More, []int{wire.MaxChunkBytes, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			payload := bytes.Repeat([]byte("0123456789abcdef"), test.size/16+1)[:test.size]
			batch := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindDone, Flags: test.flags, ID: 9, Header: header, Payload: payload})
			frames, err := wire.ParseBatch(batch)
			if err != nil {
				t.Fatal(err)
			}
			var sizes []int
			var joined []byte
			for i, f := range frames {
				sizes = append(sizes, len(f.Payload))
				joined = append(joined, f.Payload...)
				last := i == len(frames)-1
				if wantMore := !last || test.flags&wire.More != 0; (f.Flags&wire.More != 0) != wantMore {
					t.Errorf("frame %d: More is %v, want %v", i, !wantMore, wantMore)
				}
				if wantHeader := i == 0; (len(f.Header) > 0) != wantHeader {
					t.Errorf("frame %d: header %q", i, f.Header)
				}
				if f.Kind != wire.KindDone || f.ID != 9 {
					t.Errorf("frame %d: kind %v, id %d", i, f.Kind, f.ID)
				}
			}
			if !reflect.DeepEqual(sizes, test.want) {
				t.Errorf("payload sizes %v, want %v", sizes, test.want)
			}
			if !bytes.Equal(joined, payload) {
				t.Error("the payload changed on its way")
			}
		})
	}
}

func TestAppendFramePanicsOnAnOversizedHeader(t *testing.T) {
	wire.AppendFrame(nil, wire.Frame{Kind: wire.KindTell, Header: make([]byte, wire.MaxHeaderBytes)})
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	wire.AppendFrame(nil, wire.Frame{Kind: wire.KindTell, Header: make([]byte, wire.MaxHeaderBytes+1)})
}

func TestParseBatch(t *testing.T) {
	t.Run("empty", func(t *testing.T) {
		frames, err := wire.ParseBatch(nil)
		if err != nil || len(frames) != 0 {
			t.Errorf("got %v, %v", frames, err)
		}
	})
	t.Run("several frames, in order, of any kind", func(t *testing.T) {
		want := []wire.Frame{
			{Kind: wire.KindHTTPHead, ID: 1, Header: []byte(`{"status":200}`)},
			{Kind: wire.KindHTTPData, ID: 1, Payload: []byte("x")},
			{Kind: wire.KindHTTPEnd, ID: 1},
			{Kind: 200, ID: 2}, // unknown: answered with a fault, not refused here
		}
		var batch []byte
		for _, f := range want {
			batch = wire.AppendFrame(batch, f)
		}
		got, err := wire.ParseBatch(batch)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	})
	t.Run("appending to a frame does not write into the batch", func(t *testing.T) {
		batch := wire.AppendFrame(nil, wire.Frame{Kind: 1, Header: []byte("{}"), Payload: []byte("p")})
		batch = wire.AppendFrame(batch, wire.Frame{Kind: 2})
		before := bytes.Clone(batch)
		frames, err := wire.ParseBatch(batch)
		if err != nil {
			t.Fatal(err)
		}
		_ = append(frames[0].Header, '!')
		_ = append(frames[0].Payload, '!')
		if !bytes.Equal(batch, before) {
			t.Error("it did")
		}
	})
}

func TestParseBatchRefusesMalformedBatchesWhole(t *testing.T) {
	good := "00000000 00000000 01000000 0c 00 0000"
	for _, test := range []struct{ name, batch, want string }{
		{"one byte", "00", "at byte 0: the batch ends inside a frame's first 16 bytes"},
		{"one byte short of a prefix", good[:len(good)-2], "at byte 0: the batch ends inside a frame's first 16 bytes"},
		{"a byte after a frame", good + "00", "at byte 16: the batch ends inside a frame's first 16 bytes"},
		{"header missing", "02000000 00000000 01000000 02 00 0000 7b", "at byte 0: the batch ends inside a frame"},
		{"payload missing", "02000000 02000000 01000000 02 00 0000 7b7d 00", "at byte 0: the batch ends inside a frame"},
		{"header above the limit", "01000100 00000000 01000000 02 00 0000", "header of 65537 bytes, the limit is 65536"},
		{"payload above the limit", "00000000 01001000 01000000 02 00 0000", "payload of 1048577 bytes, the limit is 1048576"},
		{"largest lengths", "ffffffff ffffffff 01000000 02 00 0000", "header of 4294967295 bytes"},
		{"unknown flag", "00000000 00000000 01000000 02 02 0000", "unknown flags 0x02"},
		{"unknown flag beside a known one", "00000000 00000000 01000000 02 81 0000", "unknown flags 0x81"},
		{"byte 14 not zero", "00000000 00000000 01000000 02 00 0100", "bytes 14 and 15 are not zero"},
		{"byte 15 not zero", "00000000 00000000 01000000 02 00 0001", "bytes 14 and 15 are not zero"},
		{"good frame, then a bad one", good + "00000000 00000000 01000000 02 04 0000", "at byte 16: unknown flags 0x04"},
	} {
		t.Run(test.name, func(t *testing.T) {
			frames, err := wire.ParseBatch(unhex(t, test.batch))
			if frames != nil {
				t.Errorf("got frames %+v", frames)
			}
			if !errors.Is(err, &wire.Error{Code: wire.CodeLocalBadFrame}) {
				t.Fatalf("got error %v, want code %s", err, wire.CodeLocalBadFrame)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %q, want one that says %q", err, test.want)
			}
			var e *wire.Error
			if errors.As(err, &e) && e.Sent != wire.SentNo {
				t.Errorf("sent is %q, want %q", e.Sent, wire.SentNo)
			}
		})
	}
}

// FuzzParseBatch: no input panics; what is accepted has frames within their
// limits and encodes to the same bytes again.
func FuzzParseBatch(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(unhex(f, "02000000 03000000 04030201 02 00 0000 7b7d 616263"))
	f.Add(unhex(f, "00000000 00000000 01000000 0c 00 0000 00000000 01000000 07000000 06 01 0000 ff"))
	f.Add(unhex(f, "ffffffff ffffffff ffffffff ff ff ffff"))
	f.Fuzz(func(t *testing.T, batch []byte) {
		frames, err := wire.ParseBatch(batch)
		if err != nil {
			if !errors.Is(err, &wire.Error{Code: wire.CodeLocalBadFrame}) || frames != nil {
				t.Fatalf("got %d frames and error %v", len(frames), err)
			}
			return
		}
		var again []byte
		for _, frame := range frames {
			if len(frame.Header) > wire.MaxHeaderBytes || len(frame.Payload) > wire.MaxChunkBytes {
				t.Fatalf("accepted a frame with a header of %d and a payload of %d bytes", len(frame.Header), len(frame.Payload))
			}
			again = wire.AppendFrame(again, frame)
		}
		if !bytes.Equal(again, batch) {
			t.Fatalf("encoded again\n%x, was\n%x", again, batch)
		}
	})
}

func BenchmarkParseBatch(b *testing.B) {
	var batch []byte
	for id := range uint32(8) {
		batch = wire.AppendFrame(batch, wire.Frame{Kind: wire.KindHTTPData, ID: id, Payload: make([]byte, 512)})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.ParseBatch(batch); err != nil {
			b.Fatal(err)
		}
	}
}
