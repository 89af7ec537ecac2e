package exchange

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
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
	r     *bufio.Reader
	limit int

	rest    []byte // read and not yet taken; in the buffer of r
	err     error  // how r ended
	first   bool   // nothing has been read
	afterCR bool   // an LF that comes next belongs to the line before
}

func newEventReader(body io.Reader, limit int64) *eventReader {
	return &eventReader{r: bufio.NewReader(body), limit: int(limit), first: true}
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
				ev.data = value
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
	var long []byte // what was read of the line before the buffer was full
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
			long, r.rest = appendLong(long, r.rest), nil
			continue
		}
		if *size += end + 1; *size > r.limit {
			return nil, false, errTooLarge
		}
		line := r.rest[:end]
		r.afterCR = r.rest[end] == '\r'
		r.rest = r.rest[end+1:]
		if long != nil {
			return appendLong(long, line), true, nil
		}
		return line, false, nil
	}
}

// lineEnd returns where the first CR or LF is, or -1.
func lineEnd(data []byte) int {
	end := bytes.IndexByte(data, '\n')
	if end < 0 {
		return bytes.IndexByte(data, '\r')
	}
	if cr := bytes.IndexByte(data[:end], '\r'); cr >= 0 {
		return cr
	}
	return end
}

// appendLong is append for what grows to any length: the room doubles, so that
// little is copied.
func appendLong(long, more []byte) []byte {
	if len(long)+len(more) > cap(long) {
		long = slices.Grow(long, max(len(more), cap(long)))
	}
	return append(long, more...)
}

// fill reads more into rest. A stream that ends its lines by CR alone is taken
// only as fast as the buffer fills; nobody writes one.
func (r *eventReader) fill() error {
	if r.err != nil {
		return r.err
	}
	r.rest, r.err = r.r.ReadSlice('\n')
	if errors.Is(r.err, bufio.ErrBufferFull) {
		r.err = nil
	}
	if r.first && len(r.rest) > 0 {
		r.first = false
		r.rest = bytes.TrimPrefix(r.rest, []byte("\xef\xbb\xbf"))
	}
	return nil
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
