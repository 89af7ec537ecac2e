package oauth

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// Bounds of the requests that lead to a token.
const (
	requestTime    = 20 * time.Second
	maxAnswerBytes = 256 << 10
	maxDepth       = 32
)

// An answer is the whole answer to a request that leads to a token.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// isJSON reports whether the answer says that it is JSON.
func (a *answer) isJSON() bool {
	mt, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	return err == nil && (mt == "application/json" || len(mt) > 5 && mt[len(mt)-5:] == "+json")
}

// fetch makes a request that leads to a token, within time and bounds. what names
// it in errors, which are *wire.Error or the context's.
func (c *Client) fetch(ctx context.Context, what, method, url string, header http.Header, body []byte) (*answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := failure(wire.CodeHTTPNetwork, "%s did not answer within %s", what, requestTime.String())
	late.Sent = wire.SentUnknown
	timer := c.cfg.Clock.AfterFunc(requestTime, func() { cancel(late) })
	defer timer.Stop()
	explain := func(err error) error {
		if errors.Is(context.Cause(ctx), late) {
			return late
		}
		var werr *wire.Error
		if ctx.Err() == nil && errors.As(err, &werr) {
			out := *werr
			out.Message = what + ": " + out.Message
			return &out
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return failure(wire.CodeHTTPNetwork, "%s: the exchange failed", what)
	}
	if header == nil {
		header = make(http.Header)
	}
	header.Set("Accept", "application/json")
	resp, err := c.cfg.HTTP.Do(ctx, &port.Request{
		Session: c.cfg.Session, Purpose: port.PurposeOAuth, Method: method, URL: url, Header: header, Body: body,
	})
	if err != nil {
		return nil, explain(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		return nil, explain(err)
	case len(data) > maxAnswerBytes:
		return nil, failure(wire.CodeAuthRequired, "%s is larger than 256 KB", what)
	case !c.cfg.Shallow(data, maxDepth):
		return nil, failure(wire.CodeAuthRequired, "%s is nested too deeply", what)
	}
	return &answer{resp.Status, resp.Header, data}, nil
}
