package exchange

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// Config says what a Transport works with. Limits and InputAsData may be left
// out.
type Config struct {
	// HTTP is the way to the network.
	HTTP port.HTTP
	// Clock times resumption and draining.
	Clock port.Clock
	// Session is the number that every request carries to the embedder.
	Session uint32
	// Limits bound what the server sends.
	Limits wire.Limits
	// Sink takes what the server says outside of answers.
	Sink Sink
	// Answers reports whether the application answers questions of that method
	// (elicitation/create, sampling/createMessage, roots/list).
	Answers func(method string) bool
	// InputAsData leaves a tool result that asks for input to the application
	// (2026-07-28, basic/patterns/mrtr); the SDK does not see that it asks.
	InputAsData bool
	// Received, if not nil, is told of every JSON-RPC message as it comes.
	Received Received
	// Sent, if not nil, is told of every JSON-RPC message that goes out over a
	// channel.
	Sent Sent
	// Lost, if not nil, is told when the standing stream cannot be opened again:
	// the server cannot be reached, or no longer knows the session. It must not
	// block.
	Lost func(failure *wire.Error)
}

// A Sink takes what the server says outside of answers. Its methods must not
// block; they may be called from several goroutines, but for one stream in the
// order of that stream, and for a call's stream always before its answer.
type Sink interface {
	// Notification takes a notification that is not the SDK's business. The
	// params may be kept.
	Notification(method string, params json.RawMessage)
	// Dropped takes note of something that was thrown away: a message nobody
	// waits for, a notification that could not be delivered.
	Dropped(reason string)
}

// A Transport is the http.RoundTripper of one connection of the SDK, or what
// works over a Link in its place (Over). It is safe for concurrent use.
type Transport struct {
	cfg       Config
	questions questions
	standing  standing
	duplex    *Duplex // nil over HTTP
	restoring restoring

	mu        sync.Mutex
	handshake handshake
	listens   int  // requests of subscriptions/listen
	gone      bool // the server no longer knows the session
}

// handshake is the request that opened the connection and what it brought.
type handshake struct {
	method string
	url    string
	header http.Header
	body   []byte
	result json.RawMessage
}

// New returns a Transport. Close it when the connection is over.
func New(cfg Config) *Transport {
	cfg.Limits = cfg.Limits.WithDefaults()
	t := &Transport{cfg: cfg}
	t.standing.init(t)
	return t
}

// Close ends the standing stream, if one is open; exchanges under way end with
// their own contexts. Over a link it ends that, and may wait for its far side.
func (t *Transport) Close() {
	t.standing.close()
	if t.duplex != nil {
		t.duplex.Close()
	}
}

// Handshake returns the method and the raw result of the request that opened
// the connection: server/discover or initialize. The result is nil before.
func (t *Transport) Handshake() (method string, result json.RawMessage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.handshake.method, t.handshake.result
}

// Ended reports whether the link has ended over which the Transport works; false
// over HTTP.
func (t *Transport) Ended() bool {
	select {
	case <-t.End():
		return true
	default:
		return false
	}
}

// End returns a channel that is closed when the link has ended over which the
// Transport works; nil over HTTP.
func (t *Transport) End() <-chan struct{} {
	if t.duplex == nil {
		return nil
	}
	return t.duplex.done
}

// EndReason returns why the link ended, after it has.
func (t *Transport) EndReason() *wire.Error {
	t.duplex.mu.Lock()
	defer t.duplex.mu.Unlock()
	return t.duplex.ended
}

// Explain returns why a request of the SDK's failed that did not get as far as
// here, because the link had ended; any other err is returned as it is.
func (t *Transport) Explain(ctx context.Context, err error) error {
	call := callFrom(ctx)
	if err == nil || !t.Ended() || ctx.Err() != nil || call.Err() != nil {
		return err
	}
	failure := *t.EndReason()
	failure.Sent = call.Sent()
	call.fail(&failure)
	return &failure
}

// Gone reports whether the server has said that it no longer knows the session.
func (t *Transport) Gone() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gone
}

func (t *Transport) markGone() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone = true
}

// RoundTrip implements http.RoundTripper for the SDK's streamable transport. A
// call that fails is answered with a JSON-RPC error, the failure itself is kept
// in the request's Call; an error is returned only when the context ended, or
// where the SDK has to see one (the end of the handshake).
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	switch req.Method {
	case http.MethodGet:
		// The SDK asks for the standing stream as soon as a session is open
		// (2025-11-25, basic/transports). It gets one that stays silent until
		// somebody listens.
		return t.standing.hold(req, nil), nil
	case http.MethodDelete:
		return t.endSession(req)
	}
	body, err := io.ReadAll(req.Body)
	req.Body.Close()
	if err != nil {
		return nil, err
	}
	out, err := parseOutgoing(body)
	if err != nil {
		return nil, err
	}
	switch {
	case !out.isCall():
		return t.postNotice(req, out)
	case out.Method == methodListen:
		return t.standing.hold(req, out), nil
	default:
		return t.postCall(req, out)
	}
}

// endSession sends the DELETE that ends a session, unless the server has
// already forgotten it or is to keep it.
func (t *Transport) endSession(req *http.Request) (*http.Response, error) {
	t.standing.close()
	if t.Gone() || t.restoredFrom() != nil {
		return synthetic(req, http.StatusNoContent, "", nil), nil
	}
	resp, err := t.cfg.HTTP.Do(req.Context(), t.request(req, nil))
	if err != nil {
		if req.Context().Err() != nil {
			return nil, req.Context().Err()
		}
		t.cfg.Sink.Dropped("the end of the session could not be announced: " + err.Error())
		return synthetic(req, http.StatusNoContent, "", nil), nil
	}
	drain(t.cfg.Clock, resp.Body, func() {})
	return synthetic(req, resp.Status, "", nil), nil
}

// request translates a request of the SDK's for the port.
func (t *Transport) request(req *http.Request, body []byte) *port.Request {
	return &port.Request{
		Session: t.cfg.Session,
		Purpose: port.PurposeMCP,
		Method:  req.Method,
		URL:     req.URL.String(),
		Header:  req.Header,
		Body:    body,
	}
}

// synthetic makes the response that the SDK gets in place of the server's.
func synthetic(req *http.Request, status int, contentType string, body io.ReadCloser) *http.Response {
	if body == nil {
		body = http.NoBody
	}
	header := make(http.Header)
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	return &http.Response{
		Status:     http.StatusText(status),
		StatusCode: status,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     header,
		Body:       body,
		Request:    req,
	}
}

// Probe asks the server to answer, by repeating the request that opened the
// connection; 2026-07-28 has no ping. The outcome is in the context's Call.
func (t *Transport) Probe(ctx context.Context, url string) error {
	t.mu.Lock()
	h := t.handshake
	t.mu.Unlock()
	out, err := parseOutgoing(h.body)
	if err != nil {
		return err
	}
	out.ID, out.body = json.RawMessage(`"remora-ping"`), nil
	if t.duplex != nil {
		return t.duplex.probe(ctx, out)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(""))
	if err != nil {
		return err
	}
	req.Header = h.header.Clone()
	resp, err := t.postCall(req, out)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
