package host

import (
	"context"
	"sync/atomic"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Transport returns a Dialer for any transport of the go-sdk: one half of
// mcp.NewInMemoryTransports, an mcp.IOTransport, an application's own. Such a
// transport can be connected once, so a session that is lost stays lost. name is
// what a person is shown as the server.
//
// The go-sdk's messages keep what is in params and results byte for byte; what
// else a message has is lost in them.
func Transport(name string, t mcp.Transport) Dialer { return &transportDialer{name: name, t: t} }

type transportDialer struct {
	name string
	t    mcp.Transport
	used atomic.Bool
}

func (d *transportDialer) String() string { return d.name }

func (d *transportDialer) Dial(ctx context.Context) (Channel, error) {
	if d.used.Swap(true) {
		return nil, failure(CodeChannelClosed, "the transport was used, and can be connected only once")
	}
	conn, err := d.t.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return transportChannel{conn}, nil
}

// transportChannel is a Channel on a connection of the go-sdk's.
type transportChannel struct{ conn mcp.Connection }

func (c transportChannel) Send(ctx context.Context, message []byte) error {
	m, err := jsonrpc.DecodeMessage(message)
	if err != nil {
		return err
	}
	return c.conn.Write(ctx, m)
}

func (c transportChannel) Receive(ctx context.Context) ([]byte, error) {
	m, err := c.conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	return jsonrpc.EncodeMessage(m)
}

func (c transportChannel) Close(context.Context) error { return c.conn.Close() }
