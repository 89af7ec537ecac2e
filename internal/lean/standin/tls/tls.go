// Package tls stands in for crypto/tls where TLS is spoken by somebody else: it
// has the types that net/http mentions, and no connection that works. Each
// operation fails, closes what it was given, and sends nothing in the clear.
package tls

import (
	"context"
	"errors"
	"net"
	"time"
)

var errAbsent = errors.New("tls: not in this build: TLS is spoken by the embedder")

// Config has the fields that net/http reads and sets; nothing acts on them.
type Config struct {
	ServerName         string
	NextProtos         []string
	Certificates       []Certificate
	GetCertificate     func(*ClientHelloInfo) (*Certificate, error)
	GetConfigForClient func(*ClientHelloInfo) (*Config, error)
}

// Clone returns a shallow copy, or nil for nil.
func (c *Config) Clone() *Config {
	if c == nil {
		return nil
	}
	clone := *c
	return &clone
}

// Certificate is never loaded.
type Certificate struct{}

// ClientHelloInfo is never received.
type ClientHelloInfo struct{}

// ConnectionState has the fields that net/http reads; no connection has one but
// the zero one.
type ConnectionState struct {
	NegotiatedProtocol         string
	NegotiatedProtocolIsMutual bool
}

// RecordHeaderError is never returned.
type RecordHeaderError struct {
	Msg          string
	RecordHeader [5]byte
	Conn         net.Conn
}

// Error is the message.
func (e RecordHeaderError) Error() string { return "tls: " + e.Msg }

// LoadX509KeyPair fails.
func LoadX509KeyPair(_, _ string) (Certificate, error) { return Certificate{}, errAbsent }

// Conn is a connection that has been closed.
type Conn struct{ conn net.Conn }

// Client closes conn: nothing may pass through it unencrypted.
func Client(conn net.Conn, _ *Config) *Conn {
	conn.Close()
	return &Conn{conn}
}

// NewListener closes inner: nothing may be accepted from it unencrypted.
func NewListener(inner net.Listener, _ *Config) net.Listener {
	inner.Close()
	return listener{inner.Addr()}
}

type listener struct{ addr net.Addr }

func (listener) Accept() (net.Conn, error) { return nil, errAbsent }
func (listener) Close() error              { return nil }
func (l listener) Addr() net.Addr          { return l.addr }

// HandshakeContext fails.
func (*Conn) HandshakeContext(context.Context) error { return errAbsent }

// ConnectionState is the zero one: nothing was negotiated.
func (*Conn) ConnectionState() ConnectionState { return ConnectionState{} }

// NetConn returns the connection that was closed.
func (c *Conn) NetConn() net.Conn { return c.conn }

// Read fails.
func (*Conn) Read([]byte) (int, error) { return 0, errAbsent }

// Write fails.
func (*Conn) Write([]byte) (int, error) { return 0, errAbsent }

// Close does nothing: the connection is closed.
func (*Conn) Close() error { return nil }

// LocalAddr is the closed connection's.
func (c *Conn) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr is the closed connection's.
func (c *Conn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// SetDeadline fails.
func (*Conn) SetDeadline(time.Time) error { return errAbsent }

// SetReadDeadline fails.
func (*Conn) SetReadDeadline(time.Time) error { return errAbsent }

// SetWriteDeadline fails.
func (*Conn) SetWriteDeadline(time.Time) error { return errAbsent }
