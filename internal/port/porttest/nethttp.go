// Package porttest holds the contract that every port passes, and the simplest
// HTTP port, on net/http, for tests of what stands on one.
package porttest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// NetHTTP is a port.HTTP on net/http, with no policy. The zero value uses a
// transport of its own; Close lets its connections go.
type NetHTTP struct {
	transport http.Transport
}

// Close closes idle connections.
func (p *NetHTTP) Close() { p.transport.CloseIdleConnections() }

// Do implements port.HTTP.
func (p *NetHTTP) Do(ctx context.Context, r *port.Request) (*port.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, &wire.Error{Code: wire.CodeLocalBadURL, Message: "not a URL", Sent: wire.SentNo}
	}
	req.Header = r.Header.Clone()
	resp, err := p.transport.RoundTrip(req)
	if err != nil {
		return nil, failure(ctx, err)
	}
	return &port.Response{Status: resp.StatusCode, Header: resp.Header, Body: body{ctx, resp.Body}}, nil
}

// body gives a body's failures the form that the port promises.
type body struct {
	ctx context.Context
	io.ReadCloser
}

func (b body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = failure(b.ctx, err)
	}
	return n, err
}

func failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var werr *wire.Error
	if errors.As(err, &werr) {
		return werr
	}
	return &wire.Error{Code: wire.CodeHTTPNetwork, Message: err.Error(), Sent: wire.SentUnknown}
}
