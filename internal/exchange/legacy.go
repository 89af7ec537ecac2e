package exchange

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// legacyLink is the transport of 2024-11-05 (basic/transports, HTTP with SSE):
// a GET whose event stream carries all that the server says, and names in its
// first event where messages are to be posted.
type legacyLink struct {
	t        *Transport
	endpoint string
	body     io.ReadCloser
	events   *eventReader
	ctx      context.Context // of the stream and of every post
	cancel   context.CancelFunc
}

// MayBeLegacy reports whether the last failure of the context's Call is how a
// server answers a handshake that has only the transport of 2024-11-05
// (2025-11-25, basic/transports, backwards compatibility).
func MayBeLegacy(ctx context.Context) bool {
	failure := callFrom(ctx).Err()
	if failure == nil {
		return false
	}
	switch failure.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed:
		return true
	}
	return false
}

// Legacy opens the event stream of a server of 2024-11-05 and makes the
// Transport one that works over it; see Over. It blocks until the server has
// named its endpoint, which has to be at the same origin. A failure is a
// *wire.Error, or the context's error.
func (t *Transport) Legacy(ctx context.Context, server string) (*Duplex, error) {
	base, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	l := &legacyLink{t: t}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	detach := context.AfterFunc(ctx, l.cancel)
	err = l.open(base)
	if !detach() && err == nil {
		l.body.Close()
		err = ctx.Err()
	}
	if err != nil {
		l.cancel()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var failure *wire.Error
		if errors.As(err, &failure) && failure.Code == wire.CodePolicyOrigin {
			callFrom(ctx).fail(failure) // it says more than that the POST was refused
		}
		return nil, err
	}
	d := t.over(l)
	d.slow = true
	go d.run()
	return d, nil
}

func (l *legacyLink) open(base *url.URL) error {
	r := l.request(http.MethodGet, base.String(), nil)
	r.Header = http.Header{"Accept": {"text/event-stream"}}
	resp, err := l.t.cfg.HTTP.Do(l.ctx, r)
	if err != nil {
		return portFailure(err)
	}
	if resp.Status != http.StatusOK || mediaType(resp.Header) != "text/event-stream" {
		body, _ := readAll(resp.Body, maxRefusalBytes)
		resp.Body.Close()
		if resp.Status/100 == 2 {
			return notMCP(resp.Status, mediaType(resp.Header), "not an event stream", body)
		}
		return statusFailure(resp.Status, resp.Header, body, false)
	}
	l.body = resp.Body
	l.events = newEventReader(resp.Body, l.t.cfg.Limits.MaxEventBytes)
	if err := l.findEndpoint(base); err != nil {
		resp.Body.Close()
		return err
	}
	return nil
}

// findEndpoint reads the first event.
func (l *legacyLink) findEndpoint(base *url.URL) error {
	ev, err := l.events.next()
	switch {
	case errors.Is(err, errTooLarge):
		return tooLarge("an event of the server's", l.t.cfg.Limits.MaxEventBytes)
	case err != nil:
		return portFailure(err)
	case ev.name != "endpoint":
		return notMCP(http.StatusOK, "text/event-stream", "an event stream that does not begin with its endpoint", ev.data)
	}
	endpoint, err := base.Parse(string(ev.data))
	if err != nil {
		return notMCP(http.StatusOK, "text/event-stream", "its endpoint is not a URL", nil)
	}
	endpoint.Fragment, endpoint.RawFragment = "", ""
	if endpoint.Scheme != base.Scheme || endpoint.Host != base.Host || endpoint.User != nil {
		return &wire.Error{
			Code:    wire.CodePolicyOrigin,
			Message: "the server names an endpoint that is not at its own origin",
			Sent:    wire.SentNo,
		}
	}
	l.endpoint = endpoint.String()
	return nil
}

func (l *legacyLink) request(method, url string, body []byte) *port.Request {
	return &port.Request{
		Session: l.t.cfg.Session,
		Purpose: port.PurposeMCP,
		Method:  method,
		URL:     url,
		Header:  http.Header{"Accept": {"application/json, text/event-stream"}, "Content-Type": {"application/json"}},
		Body:    body,
	}
}

// Send posts a message.
func (l *legacyLink) Send(ctx context.Context, message []byte) *wire.Error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	return l.t.deliver(ctx, l.request(http.MethodPost, l.endpoint, message), false)
}

// Receive returns the next message of the stream.
func (l *legacyLink) Receive() (port.Message, *wire.Error) {
	for {
		ev, err := l.events.next()
		switch {
		case errors.Is(err, errTooLarge):
			l.cancel()
			return port.Message{}, tooLarge("an event of the server's", l.t.cfg.Limits.MaxEventBytes)
		case err != nil:
			l.cancel()
			why := "the server's event stream ended"
			if !errors.Is(err, io.EOF) {
				why += ": " + PlainMessage(err)
			}
			return port.Message{}, lostAnswer(why)
		case len(ev.data) > 0 && (ev.name == "" || ev.name == "message"):
			return port.Message{Data: ev.data}, nil
		}
	}
}

// Close gives the stream up.
func (l *legacyLink) Close() {
	l.cancel()
	l.body.Close()
}
