package core

import (
	"context"
	"errors"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/wire"
)

// Sessions whose messages go both ways over one connection: a channel, or the
// event stream of 2024-11-05.

// linkTransport is the SDK's way onto such a connection. It implements
// mcp.Transport and mcp.Connection.
type linkTransport struct {
	*exchange.Duplex
	sink sink
}

// Connect implements mcp.Transport.
func (l linkTransport) Connect(context.Context) (mcp.Connection, error) { return l, nil }

// Read implements mcp.Connection. What the SDK cannot decode does not end the
// session.
func (l linkTransport) Read(ctx context.Context) (jsonrpc.Message, error) {
	for {
		data, err := l.Duplex.Read()
		if err != nil {
			return nil, err
		}
		message, err := jsonrpc.DecodeMessage(data)
		if err == nil {
			return message, nil
		}
		l.sink.Dropped("a message of the server's that is not a request")
	}
}

// Write implements mcp.Connection.
func (l linkTransport) Write(ctx context.Context, message jsonrpc.Message) error {
	data, err := jsonrpc.EncodeMessage(message)
	if err != nil {
		return err
	}
	return l.Duplex.Write(ctx, data)
}

// Close implements mcp.Connection. The SDK calls it with locks held, so the end
// is awaited elsewhere (conn.end).
func (l linkTransport) Close() error {
	l.Finish()
	return nil
}

// SessionID implements mcp.Connection: there is none.
func (l linkTransport) SessionID() string { return "" }

// lastWithHandshake is the last revision with the handshake of initialize.
const lastWithHandshake = "2025-11-25"

// openChannel opens a connection over the session's channel. A server that ends
// upon server/discover gets a second chance with the older handshake (2026-07-28,
// basic/transports, stdio).
func (s *session) openChannel(ctx context.Context) (*conn, error) {
	opened := false
	over := func(transport *exchange.Transport) (mcp.Transport, error) {
		channel, err := s.core.chans.Open(ctx, s.id, s.params.Channel)
		if err != nil {
			return nil, err
		}
		opened = true
		return linkTransport{transport.OverChannel(channel), sink{s}}, nil
	}
	cn, err := s.dial(ctx, s.params.ProtocolVersion, over)
	if v := s.params.ProtocolVersion; err == nil || !opened || ctx.Err() != nil || v != "" && v <= lastWithHandshake {
		return cn, err
	}
	if !exchange.ForgiveEnd(ctx) {
		return nil, err
	}
	return s.dial(ctx, lastWithHandshake, over)
}

// errNotLegacy is returned for a server that does not have the transport of
// 2024-11-05 either.
var errNotLegacy = errors.New("not a server of 2024-11-05")

// openLegacy opens a connection over the transport of 2024-11-05.
func (s *session) openLegacy(ctx context.Context) (*conn, error) {
	version := s.params.ProtocolVersion
	if version == "" || version > lastWithHandshake {
		version = lastWithHandshake
	}
	cn, err := s.dial(ctx, version, func(transport *exchange.Transport) (mcp.Transport, error) {
		duplex, err := transport.Legacy(ctx, s.params.URL)
		switch {
		case err == nil:
			return linkTransport{duplex, sink{s}}, nil
		case s.legacy || asError(err).Code == wire.CodePolicyOrigin:
			return nil, err
		}
		return nil, errors.Join(errNotLegacy, err)
	})
	if err == nil {
		s.legacy = true
	}
	return cn, err
}

// watch tells when a connection ends that this side did not close.
func (s *session) watch(cn *conn) {
	if cn.transport.End() == nil {
		return
	}
	<-cn.transport.End()
	if s.ctx.Err() == nil && s.current() == cn {
		s.tellState(0, wire.StateLost, cn.transport.EndReason().Message)
		if s.holdsLink() {
			s.noticeLost(cn, cn.transport.EndReason())
		}
	}
}
