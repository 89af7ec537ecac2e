package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/remora-mcp/remora/internal/port"
)

// A standing stream is where the server speaks unasked: the GET of 2025-11-25
// (basic/transports, listening for messages) and subscriptions/listen of
// 2026-07-28. The SDK opens it with the session and keeps it open. Server
// operators notice unasked ones, so the SDK's request is held: it gets a stream
// that stays silent, and the request goes out only while somebody listens.
type standing struct {
	t *Transport

	mu     sync.Mutex
	wake   *sync.Cond // something to read, or closed
	req    *http.Request
	out    *outgoing // subscriptions/listen; nil for a GET
	queue  []byte    // events for the SDK
	closed bool

	wanted bool
	stop   context.CancelFunc // ends the stream that is open
	begun  chan struct{}      // closed when the stream stands, or cannot
}

// maxStandingQueue bounds what waits for the SDK; it reads at once, so only a
// flood of questions can fill it.
const maxStandingQueue = 1 << 20

func (s *standing) init(t *Transport) {
	s.t = t
	s.wake = sync.NewCond(&s.mu)
	s.begun = closedChan
}

// closedChan is what there is to wait for when there is nothing to wait for.
var closedChan = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Listen opens the standing stream, or gives it up. It does not block; the
// channel it returns is closed when the stream stands, or has been refused, or
// is not wanted. What a server says before is lost.
func (t *Transport) Listen(on bool) <-chan struct{} {
	if t.duplex != nil {
		return t.duplex.listening.want(on)
	}
	s := &t.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = on
	s.update()
	return s.begun
}

// hold keeps the SDK's request and answers it with the silent stream.
func (s *standing) hold(req *http.Request, out *outgoing) *http.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.req, s.out = req, out
	context.AfterFunc(req.Context(), s.close)
	s.update()
	return synthetic(req, http.StatusOK, "text/event-stream", s)
}

// update brings what is open in line with what is wanted. It is called with mu
// held.
func (s *standing) update() {
	want := s.wanted && !s.closed && s.req != nil
	switch {
	case want && s.stop == nil:
		ctx, stop := context.WithCancel(context.WithoutCancel(s.req.Context()))
		s.stop = stop
		s.begun = make(chan struct{})
		begun := s.begun
		go s.run(ctx, s.req, s.out, sync.OnceFunc(func() { close(begun) }))
	case !want && s.stop != nil:
		s.stop()
		s.stop = nil
		s.begun = closedChan
	}
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
	s.update()
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

// run keeps the stream open until ctx ends or the server does not want it. It
// calls begun after the first attempt.
func (s *standing) run(ctx context.Context, req *http.Request, out *outgoing, begun func()) {
	defer begun()
	t := s.t
	lastID, attempts := "", 0
	retry := resumeWait(-1, 1)
	for ctx.Err() == nil {
		r := t.resumption(req, lastID)
		if out != nil {
			r = t.request(req, out.bytes())
		}
		resp, err := t.cfg.HTTP.Do(ctx, r)
		if err == nil && (resp.Status != http.StatusOK || mediaType(resp.Header) != "text/event-stream") {
			resp.Body.Close()
			if resp.Status < 500 {
				t.cfg.Sink.Dropped("the server offers no standing stream")
				return
			}
			err = errors.New(http.StatusText(resp.Status))
		}
		begun()
		if err == nil {
			events := newEventReader(resp.Body, t.cfg.Limits.MaxEventBytes)
			for {
				ev, err := events.next()
				if err != nil {
					break
				}
				attempts = 0
				if ev.id != "" {
					lastID = ev.id
				}
				if ev.retry >= 0 {
					retry = ev.retry
				}
				s.take(ev)
			}
			resp.Body.Close()
		}
		attempts++
		if port.Sleep(ctx, t.cfg.Clock, max(retry, resumeWait(-1, attempts))) != nil {
			return
		}
	}
}

// take takes one event of the standing stream.
func (s *standing) take(ev event) {
	if len(ev.data) == 0 || (ev.name != "" && ev.name != "message") {
		return
	}
	m, err := parseIncoming(ev.data, s.t.cfg.Limits.MaxDepth)
	switch {
	case err != nil:
		s.t.cfg.Sink.Dropped("a message on the standing stream that cannot be decoded")
		return
	case m.isAnswer():
		if s.out == nil || !bytes.Equal(m.ID, s.out.ID) {
			s.t.cfg.Sink.Dropped("an answer to a request that was not made")
		}
		return
	}
	message := s.t.forward(m, ev.data, 0)
	if message == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue)+len(message) > maxStandingQueue {
		s.t.cfg.Sink.Dropped("a message on the standing stream: too many wait")
		return
	}
	s.queue = appendEvent(s.queue, message)
	s.wake.Broadcast()
}
