package core

import (
	"bytes"
	"encoding/json"
	"sync"

	"github.com/remora-mcp/remora/internal/wire"
)

// A farSide is what is behind a channel of a test's embedder. It runs in a
// goroutine of its own: receive blocks for a message of the core's and returns
// nil at the end, send sends one. Its result ends the channel.
type farSide func(receive func() []byte, send func(message []byte)) *wire.Error

// testChannel is the embedder's side of a channel.
type testChannel struct {
	room *credit

	mu     sync.Mutex
	wake   *sync.Cond
	sent   [][]byte // by the core
	closed bool
}

// takeChannel takes a frame of a channel. It is called with mu held.
func (e *embedder) takeChannel(f wire.Frame) {
	x := e.chans[f.ID]
	if x == nil && f.Kind != wire.KindChanOpen {
		return // the far side has just ended it
	}
	switch f.Kind {
	case wire.KindChanOpen:
		var h wire.ChanOpen
		if err := json.Unmarshal(f.Header, &h); err != nil {
			e.t.Error(err)
		}
		if e.onOpen != nil {
			go e.onOpen(f.ID, h)
			return
		}
		x = &testChannel{room: newCredit(h.Credit)}
		x.wake = sync.NewCond(&x.mu)
		e.chans[f.ID] = x
		go e.runFar(f.ID, x, e.far[h.Channel], h)
	case wire.KindChanMore:
		var h wire.ChanMore
		if err := json.Unmarshal(f.Header, &h); err != nil {
			e.t.Error(err)
		}
		x.room.add(h.Credit)
	case wire.KindChanSend, wire.KindChanClose:
		x.mu.Lock()
		if f.Kind == wire.KindChanClose {
			x.closed = true
			x.room.add(1 << 40) // wake it
		} else {
			x.sent = append(x.sent, bytes.Clone(f.Payload))
		}
		x.wake.Broadcast()
		x.mu.Unlock()
	}
}

func (x *testChannel) receive() []byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.sent) == 0 {
		if x.closed {
			return nil
		}
		x.wake.Wait()
	}
	message := x.sent[0]
	x.sent = x.sent[1:]
	return message
}

func (e *embedder) runFar(id uint32, x *testChannel, far farSide, h wire.ChanOpen) {
	closed := wire.ChanClosed{}
	if far == nil {
		closed.Error = &wire.Error{Code: wire.CodeChannelClosed, Message: "nothing is there", Sent: wire.SentNo}
	} else {
		e.frame(wire.KindChanOpened, id, struct{}{}, nil)
		closed.Error = far(x.receive, func(message []byte) {
			header := wire.ChanMessage{}
			if int64(len(message)) > h.MaxBytes {
				header.Bytes = int64(len(message))
				message = append(bytes.Clone(message[:wire.MaxChanEndBytes]), message[len(message)-wire.MaxChanEndBytes:]...)
			}
			x.room.take()
			x.room.add(-int64(max(len(message), 1)))
			x.mu.Lock()
			gone := x.closed
			x.mu.Unlock()
			if !gone {
				e.frame(wire.KindChanMessage, id, header, message)
			}
		})
	}
	e.mu.Lock()
	delete(e.chans, id)
	e.mu.Unlock()
	e.frame(wire.KindChanClosed, id, closed, nil)
}
