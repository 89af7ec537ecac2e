package port

import "context"

// Channels opens channels: ways to a server that carry messages both ways.
type Channels interface {
	// Open opens a channel by the reference that the application registered, and
	// blocks until it is open. A failure is a *wire.Error whose Sent is "no", or
	// the context's error if that ended first; the context does not govern the
	// channel that Open returns.
	//
	// The caller closes the channel. Open is safe for concurrent use.
	Open(ctx context.Context, session uint32, channel string) (Channel, error)
}

// A Channel is an open channel. Send and Close are safe for concurrent use,
// with each other and with Receive.
type Channel interface {
	// Send sends one message, in the order of the calls. It does not wait for
	// the far side: a message that was taken may still be lost with the channel.
	// The message is not kept. After the end it returns how the channel ended.
	Send(message []byte) error
	// Receive blocks until a message is there, or the channel has ended: then it
	// returns a *wire.Error with wire.CodeChannelClosed, for good. What came
	// before the end is received first, unless this side closed the channel. It
	// is called by one goroutine at a time.
	Receive() (Message, error)
	// Close ends the channel and blocks until the embedder has ended what is
	// behind it, or ctx ends. What was sent before still goes out.
	Close(ctx context.Context) error
}

// A Message is what came over a channel.
type Message struct {
	// Data is the message; the receiver may keep it.
	Data []byte
	// Bytes is 0, or for a message beyond the limit how long it was. Data then
	// holds no more than its two ends, wire.MaxChanEndBytes of each.
	Bytes int64
}
