package exchange

import (
	"io"

	"github.com/remora-mcp/remora/internal/port"
)

// Received is told of a JSON-RPC message of the server's, before anything is
// made of it: the exchange that it came on (0 for a link), the call that it
// belongs to (0 if that is not known), and the message, which must not be kept.
// It must not block.
type Received func(exchange, call uint32, message []byte)

// Sent is told of a JSON-RPC message that goes out over a channel, where no HTTP
// exchange shows it: the call that it belongs to (0 if none), and the message,
// which must not be kept. It must not block.
type Sent func(call uint32, message []byte)

func (t *Transport) received(exchange, call uint32, message []byte) {
	if t.cfg.Received != nil {
		t.cfg.Received(exchange, call, message)
	}
}

func (t *Transport) sent(call uint32, message []byte) {
	if t.cfg.Sent != nil {
		t.cfg.Sent(call, message)
	}
}

// receivedRefusal is received for an answer that is not a success, whose body
// may be a message.
func (t *Transport) receivedRefusal(resp *port.Response, call uint32, body []byte) {
	if t.cfg.Received == nil || mediaType(resp.Header) != "application/json" {
		return
	}
	if _, err := parseIncoming(body, t.cfg.Limits.MaxDepth); err == nil {
		t.cfg.Received(resp.Exchange, call, body)
	}
}

// rest is what is left of a stream after its answer, to be read to its end. The
// messages in it are dropped.
func (s *stream) rest() io.ReadCloser {
	s.events.limit = min(s.events.limit, drainBytes)
	return &restOfStream{s}
}

type restOfStream struct{ s *stream }

// Read reads one event; of its bytes only the number is returned.
func (r *restOfStream) Read(p []byte) (int, error) {
	ev, err := r.s.events.next()
	if err != nil {
		return 0, err
	}
	if _, err := parseIncoming(ev.data, r.s.t.cfg.Limits.MaxDepth); err == nil {
		r.s.t.received(r.s.number, r.s.call.ID, ev.data)
		r.s.t.cfg.Sink.Dropped("a message that came after the answer on its stream")
	}
	return min(len(ev.data)+1, len(p)), nil
}

// Arrived reports whether all of it is there.
func (r *restOfStream) Arrived() bool { return port.Arrived(r.s.body) }

func (r *restOfStream) Close() error { return r.s.body.Close() }
