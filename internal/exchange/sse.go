package exchange

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An event is one server-sent event (WHATWG HTML, 9.2 Server-sent events).
type event struct {
	// name is the event's type; empty for "message".
	name string
	// id is the event's id; empty if it has none.
	id string
	// data is the event's data; empty if it has none.
	data []byte
	// retry is how long to wait before reconnecting; negative if not said.
	retry time.Duration
}

// An eventReader reads server-sent events off a body. No library was found that
// bounds an event and also tells the id and the retry time of each.
type eventReader struct {
	body   io.Reader
	pieces pieces // body, if it has them
	limit  int

	buf     []byte // what body is read into, if it has no pieces
	rest    []byte // read and not yet taken
	err     error  // how body ended
	first   bool   // nothing has been read
	afterCR bool   // an LF that comes next belongs to the line before
}

// pieces are what a body comes in, if it hands them over as they are.
type pieces interface {
	// Piece returns what comes next, which is then the caller's.
	Piece() ([]byte, error)
}

func newEventReader(body io.Reader, limit int64) *eventReader {
	r := &eventReader{body: body, limit: int(limit), first: true}
	r.pieces, _ = body.(pieces)
	return r
}

// maxRetry bounds what a server can make us wait.
const maxRetry = 10 * time.Minute

// next returns the next event that says anything. An event cut off by the end
// of the stream is not an event: next returns io.EOF (or the error of the body)
// instead. It returns errTooLarge when one event, its field names included,
// takes more than the limit; the reader must not be used after that.
func (r *eventReader) next() (event, error) {
	ev := event{retry: -1}
	var size int
	seen, hasData := false, false
	for {
		line, own, err := r.line(&size)
		if err != nil {
			return event{}, err
		}
		if len(line) == 0 {
			if seen {
				return ev, nil
			}
			size = 0 // stray blank lines are not part of an event
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "": // a comment
			if !seen {
				size = 0
			}
			continue
		case "data":
			switch {
			case hasData:
				ev.data = append(append(ev.data, '\n'), value...)
			case own:
				ev.data = slices.Clip(value) // what follows is not its own
			default:
				ev.data = append(make([]byte, 0, len(value)), value...)
			}
			hasData = true
		case "event":
			ev.name = string(value)
		case "id":
			if bytes.IndexByte(value, 0) >= 0 {
				continue
			}
			ev.id = string(value)
		case "retry":
			ms, err := strconv.ParseUint(string(value), 10, 32)
			if err != nil {
				continue
			}
			ev.retry = min(time.Duration(ms)*time.Millisecond, maxRetry)
		default:
			continue
		}
		seen = true
	}
}

// line returns the next line without its end (LF, CR or CRLF). The slice is
// valid until the next call, or the caller's own.
func (r *eventReader) line(size *int) (line []byte, own bool, err error) {
	var before [][]byte // what was read of the line
	copied := false     // the last of it is a copy, which can grow
	for {
		if len(r.rest) == 0 {
			if err := r.fill(); err != nil {
				return nil, false, err
			}
		}
		if r.afterCR && len(r.rest) > 0 {
			r.afterCR = false
			if r.rest[0] == '\n' {
				r.rest = r.rest[1:]
				continue
			}
		}
		end := lineEnd(r.rest)
		if end < 0 {
			if *size += len(r.rest); *size > r.limit {
				return nil, false, errTooLarge
			}
			switch {
			case copied && len(r.rest) < smallBytes:
				before[len(before)-1] = append(before[len(before)-1], r.rest...)
			case r.pieces == nil || len(r.rest) < smallBytes:
				before, copied = append(before, bytes.Clone(r.rest)), true
			default:
				before, copied = append(before, r.rest), false
			}
			r.rest = nil
			continue
		}
		if *size += end + 1; *size > r.limit {
			return nil, false, errTooLarge
		}
		line := r.rest[:end]
		r.afterCR = r.rest[end] == '\r'
		r.rest = r.rest[end+1:]
		if before != nil {
			return bytes.Join(append(before, line), nil), true, nil
		}
		return line, r.pieces != nil, nil
	}
}

// lineEnd returns where the first CR or LF is, or -1. It goes by eight bytes: the
// lines of a result are as long as the result.
func lineEnd(data []byte) int {
	const lfs, crs = ones * '\n', ones * '\r'
	at := 0
	for ; len(data)-at >= 8; at += 8 {
		w := binary.LittleEndian.Uint64(data[at:])
		lf, cr := w^lfs, w^crs
		// The lowest bit that is set belongs to the first such byte.
		if found := ((lf-ones)&^lf | (cr-ones)&^cr) & highs; found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	for ; at < len(data); at++ {
		if data[at] == '\n' || data[at] == '\r' {
			return at
		}
	}
	return -1
}

const byteOrderMark = "\xef\xbb\xbf"

// fill reads more into rest, which may still be empty.
func (r *eventReader) fill() error {
	if r.err != nil {
		return r.err
	}
	r.rest, r.err = r.read()
	if r.first && len(r.rest) > 0 {
		for r.err == nil && len(r.rest) < len(byteOrderMark) && strings.HasPrefix(byteOrderMark, string(r.rest)) {
			begun := bytes.Clone(r.rest)
			r.rest, r.err = r.read()
			r.rest = append(begun, r.rest...)
		}
		r.first = false
		r.rest = bytes.TrimPrefix(r.rest, []byte(byteOrderMark))
	}
	return nil
}

const (
	// readBytes is how much of a body without pieces is read at once.
	readBytes = 4 << 10
	// smallBytes is from where on a piece of a line is kept as it came. Of a smaller one
	// the bytes are copied: what they came in may take much more than they do.
	smallBytes = 4 << 10
)

func (r *eventReader) read() ([]byte, error) {
	if r.pieces != nil {
		return r.pieces.Piece()
	}
	if r.buf == nil {
		r.buf = make([]byte, readBytes)
	}
	n, err := r.body.Read(r.buf)
	return r.buf[:n], err
}

// appendEvent appends a message to dst as one event.
func appendEvent(dst, message []byte) []byte {
	for part := range bytes.Lines(message) {
		dst = append(dst, "data: "...)
		dst = append(dst, bytes.TrimRight(part, "\r\n")...)
		dst = append(dst, '\n')
	}
	return append(dst, '\n')
}
