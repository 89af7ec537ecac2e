package host

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/remora-mcp/remora/internal/wire"
)

// A lineReader splits a stream into lines: the messages of the stdio transport
// (2026-07-28, basic/transports, stdio).
type lineReader struct{ r *bufio.Reader }

func newLineReader(r io.Reader) *lineReader { return &lineReader{bufio.NewReaderSize(r, 64<<10)} }

// next returns the next line that is not empty, without its end. Of one longer
// than max it keeps the first and the last wire.MaxChanEndBytes bytes, and says
// how long it was; otherwise size is 0. A last line that does not end is a line.
func (l *lineReader) next(max int64) (line []byte, size int64, err error) {
	for {
		line, size, err = l.read(max)
		if len(line) > 0 || err != nil {
			return line, size, err
		}
	}
}

func (l *lineReader) read(max int64) (line []byte, size int64, err error) {
	var total int64
	for {
		piece, err := l.r.ReadSlice('\n')
		total += int64(len(piece))
		line = append(line, piece...)
		if n := len(line); int64(n) > max+2 && n > 2*wire.MaxChanEndBytes+2 { // the end of a line may take two
			line = append(line[:wire.MaxChanEndBytes], line[n-wire.MaxChanEndBytes-2:]...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && (total == 0 || !errors.Is(err, io.EOF)):
			return nil, 0, err
		}
		break
	}
	kept := len(line)
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	total -= int64(kept - len(line))
	if total <= max {
		return line, 0, nil
	}
	return ends(line), total, nil
}
