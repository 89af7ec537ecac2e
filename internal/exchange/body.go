package exchange

import (
	"errors"
	"io"
	"time"

	"github.com/remora-mcp/remora/internal/port"
)

var errTooLarge = errors.New("larger than the limit")

// readAll reads a body to its end, and returns errTooLarge with the first limit
// bytes if there is more.
func readAll(body io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if int64(len(data)) > limit {
		return data[:limit], errTooLarge
	}
	return data, err
}

// After an answer, the rest of its stream is read so that the connection can be
// used again; but a server that keeps it open does not hold us.
const (
	drainBytes = 64 << 10
	drainTime  = 2 * time.Second
)

// drain reads what is left of body, in the background and within bounds, then
// closes it and calls done.
func drain(clock port.Clock, body io.ReadCloser, done func()) {
	go func() {
		defer done()
		timer := clock.AfterFunc(drainTime, func() { body.Close() })
		defer timer.Stop()
		defer body.Close()
		// Whatever it is and however it ends, nobody waits for it.
		_, _ = io.Copy(io.Discard, io.LimitReader(body, drainBytes))
	}()
}
