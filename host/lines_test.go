package host

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/wire"
)

func TestLineReader(t *testing.T) {
	long := strings.Repeat("a", 3000) + strings.Repeat("b", 3000)
	r := newLineReader(strings.NewReader("one\r\n\n\r\ntwo\n" + long + "\r\n" + strings.Repeat("c", 5000) + "\nlast"))
	for _, want := range []struct {
		line string
		size int64
	}{{"one", 0}, {"two", 0}, {long[:wire.MaxChanEndBytes] + long[6000-wire.MaxChanEndBytes:], 6000}, {strings.Repeat("c", 5000), 0}, {"last", 0}} {
		line, size, err := r.next(5000)
		if err != nil || string(line) != want.line || size != want.size {
			t.Errorf("got %.40q, %d, %v, want %.40q, %d", line, size, err, want.line, want.size)
		}
	}
	if _, _, err := r.next(5000); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

// The lines of a stream are what is between its line ends, and nothing is kept
// of one that is too long but its ends.
func FuzzLineReader(f *testing.F) {
	f.Add([]byte("a\nb\r\n\nc"), uint16(3))
	f.Add([]byte(strings.Repeat("x", 70_000)+"\n\ny"), uint16(4000))
	f.Fuzz(func(t *testing.T, data []byte, limit uint16) {
		max := int64(limit)
		r := newLineReader(bytes.NewReader(data))
		for _, want := range bytes.Split(data, []byte("\n")) {
			if want = bytes.TrimSuffix(want, []byte("\r")); len(want) == 0 {
				continue
			}
			line, size, err := r.next(max)
			switch {
			case err != nil:
				t.Fatalf("%v before %q", err, want)
			case int64(len(want)) <= max && (size != 0 || !bytes.Equal(line, want)):
				t.Fatalf("got %q, %d, want %q", line, size, want)
			case int64(len(want)) > max && (size != int64(len(want)) || !bytes.Equal(line, ends(want))):
				t.Fatalf("got %q, %d, want the ends of %q", line, size, want)
			}
		}
		if _, _, err := r.next(max); err != io.EOF {
			t.Fatalf("at the end: %v", err)
		}
	})
}
