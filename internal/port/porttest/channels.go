package porttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// A FarSide is what is behind a channel: receive blocks for a message and
// returns nil when this side closed the channel, send sends one. Its result ends
// the channel.
type FarSide = func(receive func() []byte, send func(message []byte)) *wire.Error

// Channels runs the contract of port.Channels against the ports that open
// returns, a fresh one for each case, which reaches each far side by its name.
func Channels(t *testing.T, open func(t *testing.T, far map[string]FarSide) port.Channels) {
	echo := func(receive func() []byte, send func([]byte)) *wire.Error {
		for message := receive(); message != nil; message = receive() {
			send(message)
		}
		return nil
	}
	ended := &wire.Error{Code: wire.CodeChannelClosed, Message: "it ended", Sent: wire.SentUnknown}
	far := map[string]FarSide{
		"echo":   echo,
		"silent": func(receive func() []byte, _ func([]byte)) *wire.Error { receive(); return nil },
		"short": func(_ func() []byte, send func([]byte)) *wire.Error {
			send([]byte("the last"))
			return ended
		},
		"flood": func(receive func() []byte, send func([]byte)) *wire.Error {
			for range 200 {
				send([]byte(strings.Repeat("x", 64<<10)))
			}
			receive()
			return nil
		},
	}
	mustOpen := func(t *testing.T, p port.Channels, name string) port.Channel {
		t.Helper()
		c, err := p.Open(deadline(t), 1, name)
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		return c
	}
	isClosed := func(err error) bool {
		var werr *wire.Error
		return errors.As(err, &werr) && werr.Code == wire.CodeChannelClosed
	}
	for _, c := range []struct {
		name string
		run  func(t *testing.T, p port.Channels)
	}{
		{"carries messages in order, byte for byte", func(t *testing.T, p port.Channels) {
			c := mustOpen(t, p, "echo")
			for i := range 100 {
				if err := c.Send(fmt.Appendf(nil, "%d \x00\xff", i)); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 100 {
				message, err := c.Receive()
				if want := fmt.Sprintf("%d \x00\xff", i); err != nil || string(message.Data) != want || message.Bytes != 0 {
					t.Fatalf("message %d is %q, %v", i, message.Data, err)
				}
			}
			if err := c.Close(deadline(t)); err != nil {
				t.Error(err)
			}
		}},
		{"what came before the end is received", func(t *testing.T, p port.Channels) {
			c := mustOpen(t, p, "short")
			if message, err := c.Receive(); err != nil || string(message.Data) != "the last" {
				t.Errorf("%q, %v", message.Data, err)
			}
			for range 2 {
				if _, err := c.Receive(); !isClosed(err) || !strings.Contains(err.Error(), "it ended") {
					t.Errorf("after the end: %v", err)
				}
			}
			if err := c.Send([]byte("x")); !isClosed(err) {
				t.Errorf("Send after the end: %v", err)
			}
			if err := c.Close(deadline(t)); err != nil {
				t.Error(err)
			}
		}},
		{"what cannot be opened is a wire error", func(t *testing.T, p port.Channels) {
			var werr *wire.Error
			if _, err := p.Open(deadline(t), 1, "nobody"); !errors.As(err, &werr) || !isClosed(err) || werr.Sent != wire.SentNo {
				t.Errorf("%v", err)
			}
		}},
		{"the context ends Open", func(t *testing.T, p port.Channels) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if _, err := p.Open(ctx, 1, "echo"); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
		}},
		{"Close unblocks Receive and ends the far side", func(t *testing.T, p port.Channels) {
			c := mustOpen(t, p, "silent")
			received := make(chan error)
			go func() {
				_, err := c.Receive()
				received <- err
			}()
			if err := c.Close(deadline(t)); err != nil {
				t.Error(err)
			}
			if err := <-received; !isClosed(err) {
				t.Errorf("%v", err)
			}
		}},
		{"more than the credit waits, and arrives", func(t *testing.T, p port.Channels) {
			c := mustOpen(t, p, "flood")
			for i := range 200 {
				if message, err := c.Receive(); err != nil || len(message.Data) != 64<<10 {
					t.Fatalf("message %d: %d bytes, %v", i, len(message.Data), err)
				}
			}
			if err := c.Close(deadline(t)); err != nil {
				t.Error(err)
			}
		}},
		{"a channel is opened as often as wanted", func(t *testing.T, p port.Channels) {
			for range 3 {
				if err := mustOpen(t, p, "echo").Close(deadline(t)); err != nil {
					t.Error(err)
				}
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t, far)) })
	}
}
