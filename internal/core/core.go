package core

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"

	fastjson "github.com/segmentio/encoding/json"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/oauth"
	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// A Core is one instance of the client. It is safe for concurrent use; on the
// guests, where nothing runs in parallel, the locks cost next to nothing.
type Core struct {
	name  string
	clock port.Clock
	http  port.HTTP
	chans port.Channels

	workers workers

	outMu sync.Mutex
	out   port.Outbox

	mu        sync.Mutex
	greeted   bool
	limits    wire.Limits
	assembler wire.Assembler
	calls     map[uint32]*call
	asks      map[uint32]*ask
	exchanges map[uint32]*httpExchange
	channels  map[uint32]*channel
	sessions  map[uint32]*session
	peers     oauth.Peers
	lastID    uint32 // of asks, exchanges and channels
	lastSess  uint32
	dropped   uint64

	lastDropped string
}

// New returns a Core that speaks into out. The name is what it calls itself in
// hello ("remora-js", "remora-plugin").
func New(name string, out port.Outbox, clock port.Clock) *Core {
	c := &Core{
		name:      name,
		clock:     clock,
		out:       out,
		limits:    wire.Limits{}.WithDefaults(),
		calls:     make(map[uint32]*call),
		asks:      make(map[uint32]*ask),
		exchanges: make(map[uint32]*httpExchange),
		channels:  make(map[uint32]*channel),
		sessions:  make(map[uint32]*session),
	}
	c.http, c.chans = httpPort{c}, chanPort{c}
	return c
}

// Receive takes one batch of frames and returns at once; what the frames ask
// for goes on in goroutines. It takes over the slice. A malformed batch is
// answered with one fault, and nothing of it is dispatched.
func (c *Core) Receive(batch []byte) {
	frames, err := wire.ParseBatch(batch)
	if err != nil {
		c.fault(0, err)
		return
	}
	for _, f := range frames {
		c.mu.Lock()
		whole, complete, err := c.assembler.Add(f)
		c.mu.Unlock()
		switch {
		case err != nil && f.Kind == wire.KindCall:
			c.emit(wire.KindDone, f.ID, wire.Done{Error: asError(err)}, nil)
		case err != nil && c.refuseMessage(f, err):
		case err != nil:
			c.fault(f.ID, err)
		case complete:
			c.dispatch(whole)
		}
	}
}

func (c *Core) dispatch(f wire.Frame) {
	if f.Kind == wire.KindHello {
		c.hello(f)
		return
	}
	c.mu.Lock()
	greeted := c.greeted
	c.mu.Unlock()
	if !greeted {
		c.fault(f.ID, badFrame("a %v frame before hello", f.Kind))
		return
	}
	switch f.Kind {
	case wire.KindCall:
		c.startCall(f)
	case wire.KindCancel:
		c.cancelCall(f)
	case wire.KindReply:
		c.takeReply(f)
	case wire.KindHTTPHead, wire.KindHTTPData, wire.KindHTTPEnd, wire.KindHTTPError:
		c.takeHTTP(f)
	case wire.KindTick:
	case wire.KindChanOpened, wire.KindChanMessage, wire.KindChanClosed:
		c.takeChannel(f)
	default:
		c.fault(f.ID, badFrame("a %v frame is not for the core", f.Kind))
	}
}

// hello answers the embedder's hello, or refuses it.
func (c *Core) hello(f wire.Frame) {
	var h wire.Hello
	if err := readHeader(f, &h); err != nil {
		c.fault(f.ID, err)
		return
	}
	if h.ABI[0] != wire.ABI[0] {
		c.fault(f.ID, &wire.Error{
			Code:    wire.CodeLocalABIMismatch,
			Message: fmt.Sprintf("the embedder speaks ABI %d.%d, this core %d.%d", h.ABI[0], h.ABI[1], wire.ABI[0], wire.ABI[1]),
			Sent:    wire.SentNo,
		})
		return
	}
	c.mu.Lock()
	c.greeted = true
	c.limits = h.Limits.WithDefaults()
	c.assembler.MaxBytes = c.limits.MaxBodyBytes
	limits := c.limits
	c.mu.Unlock()
	c.emit(wire.KindCoreHello, 0, wire.Hello{ABI: wire.ABI, Name: c.name, Version: wire.Version, Limits: limits}, nil)
}

// Open counts the calls, asks, exchanges and channels that are not finished.
func (c *Core) Open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.openLocked()
}

func (c *Core) openLocked() int {
	return len(c.calls) + len(c.asks) + len(c.exchanges) + len(c.channels)
}

// nextID returns an id that no ask, exchange or channel has. It is called with
// mu held.
func (c *Core) nextID() uint32 {
	for {
		c.lastID++
		if c.lastID != 0 && c.asks[c.lastID] == nil && c.exchanges[c.lastID] == nil && c.channels[c.lastID] == nil {
			return c.lastID
		}
	}
}

// drop notes something that nobody waits for.
func (c *Core) drop(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropLocked(what)
}

func (c *Core) dropLocked(what string) {
	c.dropped++
	c.lastDropped = wire.Excerpt([]byte(what))
}

// emit sends one frame.
func (c *Core) emit(kind wire.Kind, id uint32, header any, payload []byte) {
	raw, err := encodeHeader(header)
	if err != nil || len(raw) > wire.MaxHeaderBytes {
		// Headers are bounded where they are built.
		raw, payload = []byte(`{}`), nil
	}
	c.send(wire.Frame{Kind: kind, ID: id, Header: raw, Payload: payload})
}

func (c *Core) send(f wire.Frame) {
	frames := 1 + len(f.Payload)/wire.MaxChunkBytes
	batch := wire.AppendFrame(make([]byte, 0, frames*wire.PrefixSize+len(f.Header)+len(f.Payload)), f)
	c.outMu.Lock()
	defer c.outMu.Unlock()
	c.out.Send(batch)
}

func (c *Core) fault(id uint32, err error) {
	c.emit(wire.KindFault, id, wire.Fault{Error: asError(err)}, nil)
}

// encodeHeader encodes a frame's header. What each call sends is not worth
// reflection.
func encodeHeader(header any) ([]byte, error) {
	switch h := header.(type) {
	case wire.Done:
		if h == (wire.Done{}) {
			return []byte(`{}`), nil
		}
	case wire.HTTPMore:
		return append(strconv.AppendInt([]byte(`{"credit":`), h.Credit, 10), '}'), nil
	}
	return json.Marshal(header)
}

// readHeader decodes a frame's header; unknown fields are ignored.
func readHeader(f wire.Frame, v any) error {
	if len(f.Header) == 0 {
		return nil
	}
	if err := decodeJSON(f.Header, v); err != nil {
		return badFrame("the header of a %v frame: %v", f.Kind, err)
	}
	return nil
}

// decodeJSON is json.Unmarshal for what each call has, by the quicker decoder. That
// one recurses into what it only keeps; encoding/json does not.
func decodeJSON(data []byte, v any) error {
	if !exchange.Shallow(data, wire.DefaultMaxDepth) {
		return json.Unmarshal(data, v)
	}
	return fastjson.Unmarshal(data, v)
}
