package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
)

// A standing stream is where the server speaks unasked: the GET of 2025-11-25
// (basic/transports, listening for messages) and subscriptions/listen of
// 2026-07-28. The SDK opens the GET with the session and keeps it open. Server
// operators notice unasked ones, so the SDK's request is held: it gets a stream
// that stays silent, and one goes out only while somebody listens (Listen).
type standing struct {
	t *Transport

	mu     sync.Mutex
	wake   *sync.Cond // something to read, or closed
	req    *http.Request
	out    *outgoing // the SDK's own subscriptions/listen; nil for a GET
	queue  []byte    // events for the SDK
	closed bool

	current *Standing
	begun   bool // a GET is open

	again      chan struct{} // holds a token when the server has been heard of
	resumeFrom string        // the event after which the first GET begins
	lastID     string        // the last event of the GET that is open
}

// maxStandingQueue bounds what waits for the SDK; it reads at once, so only a
// flood of questions can fill it.
const maxStandingQueue = 1 << 20

func (s *standing) init(t *Transport) {
	s.t = t
	s.wake = sync.NewCond(&s.mu)
	s.again = make(chan struct{}, 1)
}

// hold keeps the SDK's request and answers it with the silent stream.
func (s *standing) hold(req *http.Request, out *outgoing) *http.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.req, s.out = req, out
	context.AfterFunc(req.Context(), s.close)
	s.begin()
	return synthetic(req, http.StatusOK, "text/event-stream", s)
}

// cancelled takes the SDK's cancellation of the request that is held, and
// reports whether it was that one.
func (s *standing) cancelled(notice *outgoing) bool {
	var params struct {
		RequestID json.RawMessage `json:"requestId"`
	}
	if decode(notice.Params, &params) != nil {
		return false
	}
	s.mu.Lock()
	ours := s.out != nil && bytes.Equal(params.RequestID, s.out.ID)
	s.mu.Unlock()
	if ours {
		s.close()
	}
	return ours
}

// close ends the stream for good.
func (s *standing) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.current != nil {
		s.current.stop()
		s.current.settle()
		s.current = nil
	}
	s.wake.Broadcast()
}

// Read gives the SDK what came for it. It blocks until there is something.
func (s *standing) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) == 0 {
		if s.closed {
			return 0, io.EOF
		}
		s.wake.Wait()
	}
	n := copy(p, s.queue)
	s.queue = s.queue[n:]
	return n, nil
}

// Close ends the stream for good.
func (s *standing) Close() error {
	s.close()
	return nil
}

// pass hands a message to the SDK.
func (s *standing) pass(message []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue)+len(message) > maxStandingQueue {
		s.t.cfg.Sink.Dropped("a message on the standing stream: too many wait")
		return
	}
	s.queue = appendEvent(s.queue, message)
	s.wake.Broadcast()
}
