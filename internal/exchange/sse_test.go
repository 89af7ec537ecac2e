package exchange

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// readEvents reads all events, written down.
func readEvents(r io.Reader, limit int64) (out []string, err error) {
	events := newEventReader(r, limit)
	for {
		ev, err := events.next()
		if err != nil {
			return out, err
		}
		out = append(out, fmt.Sprintf("%s|%s|%s|%d", ev.name, ev.id, ev.data, ev.retry/time.Millisecond))
	}
}

// piecewise hands over what it reads.
type piecewise struct{ io.Reader }

func (p piecewise) Piece() ([]byte, error) {
	piece := make([]byte, 7)
	n, err := p.Read(piece)
	return piece[:n], err
}

func TestEventReader(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"plain", "data: a\n\ndata: b\n\n", []string{"||a|0", "||b|0"}},
		{"fields", "event: message\nid: 4\nretry: 250\ndata: x\n\n", []string{"message|4|x|250"}},
		{"several lines of data", "data: a\ndata: b\n\n", []string{"||a\nb|0"}},
		{"an empty line of data first", "data:\ndata: b\n\n", []string{"||\nb|0"}},
		{"CRLF", "id: 1\r\ndata: a\r\n\r\ndata: b\r\n\r\n", []string{"|1|a|0", "||b|0"}},
		{"CR alone", "data: a\r\rdata: b\r\r", []string{"||a|0", "||b|0"}},
		{"comments and unknown fields", ": hi\n\nwhat: ever\n\ndata: a\n: hi\n\n", []string{"||a|0"}},
		{"only one space is taken off", "data:  a\n\ndata:b\n\n", []string{"|| a|0", "||b|0"}},
		{"byte order mark", "\xef\xbb\xbfdata: a\n\n", []string{"||a|0"}},
		{"priming event", "id: 1\ndata:\n\n", []string{"|1||0"}},
		{"retry alone", "retry: 5\n\n", []string{"|||5"}},
		{"retry that is no number", "retry: soon\ndata: a\n\n", []string{"||a|0"}},
		{"retry beyond reason", "retry: 4000000000\n\n", []string{fmt.Sprintf("|||%d", maxRetry/time.Millisecond)}},
		{"an id with a zero byte", "id: a\x00b\ndata: x\n\n", []string{"||x|0"}},
		{"an event cut off", "data: a\n\ndata: b\n", []string{"||a|0"}},
		{"a line cut off", "data: a\n\ndata: b", []string{"||a|0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"whole":        strings.NewReader(c.in),
				"byte by byte": iotest.OneByteReader(strings.NewReader(c.in)),
				"with its end": iotest.DataErrReader(strings.NewReader(c.in)),
				"in pieces":    piecewise{strings.NewReader(c.in)},
			} {
				got, err := readEvents(r, 1<<20)
				for i := range got { // an event without a retry says -1
					got[i] = strings.Replace(got[i], "|-0", "|0", 1)
				}
				if fmt.Sprint(got) != fmt.Sprint(c.want) || err != io.EOF {
					t.Errorf("%s: got %q, %v; want %q", name, got, err, c.want)
				}
			}
		})
	}
}

func TestEventReaderBounds(t *testing.T) {
	for _, c := range []struct{ name, in string }{
		{"a long line", "data: " + strings.Repeat("x", 200) + "\n\n"},
		{"many lines", strings.Repeat("data: x\n", 30) + "\n"},
		{"an endless line", strings.Repeat("x", 10_000)},
		{"an endless comment within an event", "data: x\n" + strings.Repeat(": x\n", 50)},
		{"lines that mean nothing", strings.Repeat("x: y\n", 50)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := readEvents(strings.NewReader(c.in), 100); !errors.Is(err, errTooLarge) {
				t.Errorf("got %v, want errTooLarge", err)
			}
		})
	}
	// The bound is on one event, not on the stream.
	in := strings.Repeat(": keep-alive\n\ndata: x\n\n", 1000)
	if got, err := readEvents(strings.NewReader(in), 100); len(got) != 1000 || err != io.EOF {
		t.Errorf("got %d events, %v", len(got), err)
	}
}

// dribble hands over one byte after the other, each in a large piece.
type dribble struct {
	io.Reader
	left int
	done func()
}

func (d *dribble) Piece() ([]byte, error) {
	if d.left == 0 {
		d.done()
		return nil, io.EOF
	}
	d.left--
	return append(make([]byte, 0, 64<<10), 'x'), nil
}

// A line that comes byte by byte does not hold what each of them came in.
func TestDribbledLine(t *testing.T) {
	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before, after := heap(), uint64(0)
	_, err := readEvents(&dribble{left: 1000, done: func() { after = heap() }}, 1<<20)
	if err != io.EOF || after > before+16<<20 {
		t.Errorf("%v; 1,000 bytes hold %d", err, after-before)
	}
}

// However a stream is cut into reads, the events are the same; and what is
// written by appendEvent is read back.
func FuzzEventReader(f *testing.F) {
	f.Add([]byte("id: 1\r\ndata: a\rdata: b\n\n: c\n\n"))
	f.Add([]byte("\xef\xbb\xbfdata: {}\n\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		whole, err1 := readEvents(strings.NewReader(string(in)), 1<<10)
		for _, r := range []io.Reader{iotest.OneByteReader(strings.NewReader(string(in))), piecewise{strings.NewReader(string(in))}} {
			if parts, err2 := readEvents(r, 1<<10); fmt.Sprint(whole, err1) != fmt.Sprint(parts, err2) {
				t.Errorf("whole %q, %v; %T %q, %v", whole, err1, r, parts, err2)
			}
		}
		message := strings.NewReplacer("\r", "", "\n", "").Replace(string(in))
		if message == "" || len(message) > 1<<9 {
			return
		}
		got, err := readEvents(strings.NewReader(string(appendEvent(nil, []byte(message)))), 1<<10)
		if len(got) != 1 || err != io.EOF || !strings.HasPrefix(got[0], "||"+message+"|") {
			t.Errorf("wrote %q, read %q, %v", message, got, err)
		}
	})
}
