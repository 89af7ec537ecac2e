package host

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

// A Channel carries the messages of one session both ways: a child process's
// stdin and stdout, a WebSocket, a pipe in this program.
type Channel interface {
	// Send sends one JSON-RPC message. It may block; it is called by one
	// goroutine at a time, and may be called while Receive blocks.
	Send(ctx context.Context, message []byte) error
	// Receive blocks until a message is there and returns it. At the end it
	// returns an error; an *Error is handed to the application as it is. It is
	// called by one goroutine at a time.
	Receive(ctx context.Context) ([]byte, error)
	// Close ends the channel and what is behind it, and blocks until that is gone
	// or ctx ends. It unblocks Send and Receive. It is called once.
	Close(ctx context.Context) error
}

// A Dialer opens channels to one server. Connect opens one; another is opened if
// the session has to be opened again.
type Dialer interface {
	// Dial opens a channel and blocks until it is open or ctx ends.
	Dial(ctx context.Context) (Channel, error)
	// String names the server for a person who is asked something, and for a log.
	// It holds no secrets.
	String() string
}

// boundedChannel is a Channel that keeps no more than the ends of a message
// longer than max; size is then how long it was, otherwise 0.
type boundedChannel interface {
	receive(ctx context.Context, max int64) (message []byte, size int64, err error)
}

// ConnectChannel opens a session with the server that d reaches. It is Connect
// in all other respects, except that there is no HTTP: Headers and Token must be
// empty, and the Policy has nothing to say.
//
// A channel that ends fails what is in flight with CodeChannelClosed. The next
// call dials again.
func (rt *Runtime) ConnectChannel(ctx context.Context, d Dialer, o *ConnectOptions) (*Session, error) {
	if d == nil {
		return nil, failure(CodeLocalBadArgument, "the Dialer is nil")
	}
	s, err := rt.newChannelSession(d, o)
	if err != nil {
		return nil, err
	}
	return s.connect(ctx)
}

// newChannelSession checks the options of a session over a channel.
func (rt *Runtime) newChannelSession(d Dialer, o *ConnectOptions) (*Session, error) {
	s, err := newSession(rt, o)
	if err != nil {
		return nil, err
	}
	if len(s.opts.Headers) > 0 || s.opts.Token != nil {
		return nil, failure(CodeLocalBadArgument, "ConnectOptions.Headers and Token are for HTTP: a channel has none")
	}
	if s.opts.Auth != nil {
		return nil, failure(CodeLocalBadArgument, "ConnectOptions.Auth is for HTTP: a channel has no credentials")
	}
	s.dialer = d
	return s, nil
}

// channelRef is the reference by which the plugin asks for a session's channel.
// A session has one, so it need not tell them apart.
const channelRef = "1"

// Bounds of a channel.
const (
	// channelFlush bounds how long what was sent before the end may take to go
	// out.
	channelFlush = time.Second
	// channelClose bounds how long Channel.Close may take.
	channelClose = 10 * time.Second
)

// A channelRun is a channel made for the plugin. Two goroutines serve it: one
// opens, receives and closes, one sends.
type channelRun struct {
	d       *driver
	id      uint32
	session *Session
	start   wire.ChanOpen
	ctx     context.Context // ends when the channel is not wanted any more
	cancel  context.CancelFunc

	mu      sync.Mutex
	channel Channel
	credit  int64
	sends   [][]byte
	waiting int64         // bytes in sends
	closing bool          // nothing more is sent
	changed chan struct{} // holds one token when something changed
	more    chan struct{} // holds one token when credit was added
	sent    chan struct{} // closed when the sender has ended

	over bool // guarded by d.mu: no frame may follow
}

// onChanOpen begins a channel.
func (d *driver) onChanOpen(f wire.Frame) error {
	x := &channelRun{d: d, id: f.ID, changed: make(chan struct{}, 1), more: make(chan struct{}, 1), sent: make(chan struct{})}
	if err := header(f, &x.start); err != nil {
		return err
	}
	x.credit = max(x.start.Credit, 0)
	x.ctx, x.cancel = context.WithCancel(context.Background())
	d.mu.Lock()
	l := d.links[x.start.Session]
	d.channels[x.id] = x
	d.mu.Unlock()
	if l == nil || l.session.dialer == nil || x.start.Channel != channelRef {
		x.cancel()
		x.closed(failure(CodeChannelClosed, "the session has no such channel"))
		return nil
	}
	x.session = l.session
	x.session.channels.begin()
	go x.run()
	return nil
}

// onChannel takes a frame of a channel that is open.
func (d *driver) onChannel(f wire.Frame, tooLarge *Error) error {
	d.mu.Lock()
	x := d.channels[f.ID]
	d.mu.Unlock()
	if x == nil {
		return nil // it has just ended
	}
	switch f.Kind {
	case wire.KindChanMore:
		var h wire.ChanMore
		if err := header(f, &h); err != nil {
			return err
		}
		x.addCredit(h.Credit)
	case wire.KindChanSend:
		d.mu.Lock()
		if l := d.links[x.start.Session]; l != nil {
			l.lastStart = d.step
		}
		d.mu.Unlock()
		if tooLarge != nil {
			x.fail(tooLarge)
			return nil
		}
		x.queueSend(append([]byte(nil), f.Payload...))
	case wire.KindChanClose:
		x.finish()
	}
	return nil
}

func (x *channelRun) addCredit(n int64) {
	x.mu.Lock()
	if n > 0 && x.credit+n > x.credit { // no overflow
		x.credit += n
	}
	x.mu.Unlock()
	nudge(x.more)
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// queueSend takes a message for the far side.
func (x *channelRun) queueSend(message []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closing {
		return
	}
	if x.waiting += int64(len(message)); x.waiting > 2*x.d.limits.MaxBodyBytes {
		go x.fail(failure(CodeLocalTooLarge, "the server does not read: %d bytes wait for it", x.waiting))
		x.closing = true
		return
	}
	x.sends = append(x.sends, message)
	nudge(x.changed)
}

// run opens the channel and passes on what comes until its end.
func (x *channelRun) run() {
	channel, err := dial(x.ctx, x.session)
	if err != nil {
		x.cancel()
		close(x.sent)
		x.session.channels.end()
		e := channelError(err)
		e.Sent = SentNo
		x.closed(e)
		return
	}
	x.mu.Lock()
	x.channel = channel
	x.mu.Unlock()
	go x.send()
	x.push(wire.Frame{Kind: wire.KindChanOpened, ID: x.id})
	e := x.receive()
	// Whoever ended it, what is behind it ends now.
	x.mu.Lock()
	x.closing = true
	x.mu.Unlock()
	nudge(x.changed)
	flush := time.NewTimer(channelFlush)
	select {
	case <-x.sent:
	case <-flush.C:
	}
	flush.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), channelClose)
	closeErr := closeChannel(ctx, channel)
	cancel()
	x.cancel()
	x.session.channels.end()
	if closeErr != nil {
		x.d.logger.Warn("a channel could not be closed", "server", x.session.dialer.String(), "error", closeErr)
	}
	x.closed(e)
}

// A tellingDialer opens channels to a server that has something to say beside
// its messages, line by line: told is called one at a time and does not block.
type tellingDialer interface {
	dialTold(ctx context.Context, told func(line string)) (Channel, error)
}

// dial has the application open a session's channel.
func dial(ctx context.Context, s *Session) (channel Channel, err error) {
	defer recoverAs(&err)
	if d, ok := s.dialer.(tellingDialer); ok {
		channel, err = d.dialTold(ctx, s.saidOnStderr)
	} else {
		channel, err = s.dialer.Dial(ctx)
	}
	if err == nil && channel == nil {
		err = failure(CodeLocalBadArgument, "the Dialer returned neither a channel nor an error")
	}
	return channel, err
}

func closeChannel(ctx context.Context, c Channel) (err error) {
	defer recoverAs(&err)
	return c.Close(ctx)
}

// receive passes on what comes. It returns why it ended; nil if this side ended
// it.
func (x *channelRun) receive() *Error {
	for x.awaitCredit() {
		message, size, err := receiveMessage(x.ctx, x.channel, x.start.MaxBytes)
		switch {
		case x.ctx.Err() != nil:
			return nil
		case err != nil:
			return channelError(err)
		}
		x.mu.Lock()
		x.credit -= int64(max(len(message), 1))
		x.mu.Unlock()
		x.push(wire.Frame{Kind: wire.KindChanMessage, ID: x.id, Header: mustJSON(wire.ChanMessage{Bytes: size}), Payload: message})
	}
	return nil
}

// receiveMessage receives one message, cut if it is longer than max.
func receiveMessage(ctx context.Context, c Channel, max int64) (message []byte, size int64, err error) {
	defer recoverAs(&err)
	if bounded, ok := c.(boundedChannel); ok {
		return bounded.receive(ctx, max)
	}
	message, err = c.Receive(ctx)
	if n := int64(len(message)); n > max {
		return ends(message), n, err
	}
	return message, 0, err
}

// ends keeps of a long message what is to be delivered.
func ends(message []byte) []byte {
	const n = wire.MaxChanEndBytes
	if len(message) <= 2*n {
		return message
	}
	return slices.Concat(message[:n], message[len(message)-n:])
}

// awaitCredit waits until a message may be delivered. It reports false when the
// channel is not wanted any more.
func (x *channelRun) awaitCredit() bool {
	for {
		x.mu.Lock()
		room := x.credit > 0
		x.mu.Unlock()
		if room {
			return x.ctx.Err() == nil
		}
		select {
		case <-x.more:
		case <-x.ctx.Done():
			return false
		}
	}
}

// send sends what waits, until there is nothing more to come.
func (x *channelRun) send() {
	defer close(x.sent)
	// Messages that were taken before the end still go out.
	ctx, cancel := context.WithCancel(context.WithoutCancel(x.ctx))
	defer cancel()
	defer context.AfterFunc(x.ctx, func() { time.AfterFunc(channelFlush, cancel) })()
	for {
		x.mu.Lock()
		if len(x.sends) == 0 {
			closing := x.closing
			x.mu.Unlock()
			if closing {
				return
			}
			<-x.changed
			continue
		}
		message := x.sends[0]
		x.sends = x.sends[1:]
		x.waiting -= int64(len(message))
		x.mu.Unlock()
		if err := sendMessage(ctx, x.channel, message); err != nil {
			return // receive learns why it ended
		}
	}
}

func sendMessage(ctx context.Context, c Channel, message []byte) (err error) {
	defer recoverAs(&err)
	return c.Send(ctx, message)
}

// finish ends the channel because the plugin is done with it.
func (x *channelRun) finish() {
	x.mu.Lock()
	x.closing = true
	channel := x.channel
	x.mu.Unlock()
	nudge(x.changed)
	if channel == nil {
		x.cancel() // it is being opened
		return
	}
	go func() {
		flush := time.NewTimer(channelFlush)
		defer flush.Stop()
		select {
		case <-x.sent:
		case <-flush.C:
		}
		x.cancel()
	}()
}

// fail ends the channel with an error of this side's.
func (x *channelRun) fail(e *Error) {
	x.closed(e)
	x.finish()
}

// closed says that the channel has ended, once.
func (x *channelRun) closed(e *Error) {
	h := wire.ChanClosed{}
	if e != nil {
		h.Error = e.toWire()
	}
	x.d.mu.Lock()
	defer x.d.mu.Unlock()
	if x.over {
		return
	}
	x.over = true
	delete(x.d.channels, x.id)
	x.d.enqueueLocked(true, wire.Frame{Kind: wire.KindChanClosed, ID: x.id, Header: mustJSON(h)})
}

func (x *channelRun) push(f wire.Frame) {
	x.d.mu.Lock()
	defer x.d.mu.Unlock()
	if !x.over {
		x.d.enqueueLocked(true, f)
	}
}

// channelError is what the application is told of an error of a channel's.
func channelError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		copied := *e
		return &copied
	}
	return &Error{Code: CodeChannelClosed, Message: "the channel ended: " + describe(err), Sent: SentUnknown, cause: err}
}

// channelCount counts the channels of a session that are not gone: one, or
// beside it an old one that is ending.
type channelCount struct {
	mu   sync.Mutex
	n    int
	none chan struct{} // closed while there are none; nil before the first
}

func (c *channelCount) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == 0 {
		c.none = make(chan struct{})
	}
	c.n++
}

func (c *channelCount) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 {
		close(c.none)
	}
}

// wait waits until there are none or ctx ends.
func (c *channelCount) wait(ctx context.Context) {
	c.mu.Lock()
	none := c.none
	c.mu.Unlock()
	if none == nil {
		return
	}
	select {
	case <-none:
	case <-ctx.Done():
	}
}

// processEnd is the data of CodeChannelClosed for a process.
type processEnd struct {
	ExitCode *int   `json:"exitCode,omitempty"`
	Signal   string `json:"signal,omitempty"`
	Stderr   string `json:"stderr,omitempty"`
}

func (p processEnd) json() json.RawMessage { return mustJSON(p) }
