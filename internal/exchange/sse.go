package exchange

import (
	"bufio"
	"bytes"
	"errors"
	"io"
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
	first bool
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
		line, err := r.line(&size)
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
			if hasData {
				ev.data = append(ev.data, '\n')
			}
			ev.data = append(ev.data, value...)
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
// valid until the next call.
func (r *eventReader) line(size *int) ([]byte, error) {
	var long []byte
	for {
		part, err := r.r.ReadSlice('\n')
		*size += len(part)
		if *size > r.limit {
			return nil, errTooLarge
		}
		if r.first && len(part) > 0 {
			r.first = false
			part = bytes.TrimPrefix(part, []byte("\xef\xbb\xbf"))
		}
		// A lone CR ends a line too. Nothing but hand-written streams uses it;
		// what follows it is put back.
		if cr := bytes.IndexByte(part, '\r'); cr >= 0 && cr != len(part)-2 {
			rest := bytes.Clone(part[cr+1:])
			line := append(long, part[:cr]...)
			*size -= len(rest)
			r.r = bufio.NewReader(io.MultiReader(bytes.NewReader(rest), r.r))
			return line, nil
		}
		switch {
		case err == nil:
			part = bytes.TrimSuffix(part[:len(part)-1], []byte("\r"))
			if long == nil {
				return part, nil
			}
			return append(long, part...), nil
		case errors.Is(err, bufio.ErrBufferFull):
			long = append(long, part...)
		default:
			return nil, err
		}
	}
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
