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

// drain reads what is left of body within bounds, in the background unless it is
// there already, then closes it and calls done.
func drain(clock port.Clock, body io.ReadCloser, done func()) {
	rest := func() {
		defer done()
		defer body.Close()
		// Whatever it is and however it ends, nobody waits for it.
		_, _ = io.Copy(io.Discard, io.LimitReader(body, drainBytes))
	}
	if port.Arrived(body) {
		rest()
		return
	}
	go func() {
		timer := clock.AfterFunc(drainTime, func() { body.Close() })
		defer timer.Stop()
		rest()
	}()
}
