package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// channelLink is a channel of the embedder's.
type channelLink struct {
	t       *Transport
	channel port.Channel
}

// OverChannel makes the Transport one that works over a channel; see Over. The
// Transport's Close closes the channel.
func (t *Transport) OverChannel(channel port.Channel) *Duplex {
	return t.Over(channelLink{t, channel})
}

func (l channelLink) Send(ctx context.Context, message []byte) *wire.Error {
	l.t.sent(CallID(ctx), message)
	if err := l.channel.Send(message); err != nil {
		failure := channelFailure(err)
		failure.Sent = wire.SentNo
		return failure
	}
	return nil
}

func (l channelLink) Receive() (port.Message, *wire.Error) {
	message, err := l.channel.Receive()
	if err != nil {
		return port.Message{}, channelFailure(err)
	}
	return message, nil
}

// channelCloseTime bounds how long the end of a channel is awaited. A process is
// given two times two seconds before it is killed.
const channelCloseTime = 10 * time.Second

func (l channelLink) Close() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	timer := l.t.cfg.Clock.AfterFunc(channelCloseTime, cancel)
	defer timer.Stop()
	_ = l.channel.Close(ctx) // it ends by itself if it takes longer
}

// channelFailure makes a failure of a channel the application's.
func channelFailure(err error) *wire.Error {
	var werr *wire.Error
	if errors.As(err, &werr) {
		failure := *werr
		return &failure
	}
	return &wire.Error{Code: wire.CodeChannelClosed, Message: PlainMessage(err), Sent: wire.SentUnknown}
}

// ForgiveEnd reports whether the context's Call failed because its channel ended
// before the server had answered anything well; the Call forgets it then.
func ForgiveEnd(ctx context.Context) bool {
	call := callFrom(ctx)
	failure := call.Err()
	if failure == nil || failure.Code != wire.CodeChannelClosed || call.Result() != nil {
		return false
	}
	call.begin()
	return true
}
