package wire

// A channel carries messages both ways: a child process's stdin and stdout, a
// WebSocket, a port between two contexts of a browser. One message is one
// JSON-RPC message, without delimiters. The embedder opens channels by a
// reference that the application registered with it; the core never names a
// program, a file or an address.

// ChanOpen is the header of a chan.open frame. The embedder answers with
// chan.opened, or with chan.closed if the channel cannot be had.
type ChanOpen struct {
	// Session is the session on whose behalf the channel is opened.
	Session uint32 `json:"session"`
	// Channel is the reference that connect was given, as it is.
	Channel string `json:"channel"`
	// MaxBytes bounds one message from the far side. Of a longer one the
	// embedder delivers the two ends (ChanMessage.Bytes).
	MaxBytes int64 `json:"maxBytes"`
	// Credit is how many bytes of messages may be delivered: a message may be
	// begun as long as any is left, and takes as much as it is long, at least 1.
	Credit int64 `json:"credit"`
}

// ChanMessage is the header of a chan.message frame, whose payload is one
// message from the far side.
type ChanMessage struct {
	// Bytes is set for a message longer than MaxBytes: how long it was. The
	// payload then holds its first MaxChanEndBytes and its last MaxChanEndBytes
	// bytes and nothing between, so that the call it answers can be told.
	Bytes int64 `json:"bytes,omitempty"`
}

// MaxChanEndBytes is how much of each end of a too long message is delivered.
const MaxChanEndBytes = 1 << 10

// ChanClosed is the header of a chan.closed frame, the last of its id: the
// channel is gone, and with it all that was on its way.
type ChanClosed struct {
	// Error says why, with CodeChannelClosed; absent if the core had asked for
	// it.
	Error *Error `json:"error,omitempty"`
}

// ChanMore is the header of a chan.more frame: room for more messages.
type ChanMore struct {
	// Credit adds so many bytes to what may be delivered.
	Credit int64 `json:"credit"`
}
