package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/port/porttest"
	"github.com/remora-mcp/remora/internal/wire"
)

func TestHTTPPort(t *testing.T) {
	porttest.HTTP(t, func(t *testing.T) port.HTTP { return newEmbedder(t).core.http })
}

// An embedder that sends more than it has credit for is refused; linear memory
// never shrinks.
func TestHTTPCreditIsHeld(t *testing.T) {
	for _, c := range []struct {
		name   string
		frames func(e *embedder, id uint32)
		want   string
	}{
		{"within the credit", func(e *embedder, id uint32) {
			e.frame(wire.KindHTTPHead, id, wire.HTTPHead{Status: 200}, nil)
			e.frame(wire.KindHTTPData, id, struct{}{}, make([]byte, initialCredit))
			e.frame(wire.KindHTTPEnd, id, struct{}{}, nil)
		}, ""},
		{"beyond the credit", func(e *embedder, id uint32) {
			e.frame(wire.KindHTTPHead, id, wire.HTTPHead{Status: 200}, nil)
			e.frame(wire.KindHTTPData, id, struct{}{}, make([]byte, initialCredit))
			e.frame(wire.KindHTTPData, id, struct{}{}, make([]byte, 1))
		}, "local/bad_frame"},
		{"data before the head", func(e *embedder, id uint32) {
			e.frame(wire.KindHTTPData, id, struct{}{}, make([]byte, 1))
		}, "local/bad_frame"},
		{"end before the head", func(e *embedder, id uint32) {
			e.frame(wire.KindHTTPEnd, id, struct{}{}, nil)
		}, "local/bad_frame"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEmbedder(t)
			started := make(chan uint32, 1)
			e.onStart = func(id uint32, h wire.HTTPStart) {
				if h.Credit != initialCredit {
					t.Errorf("credit %d, want %d", h.Credit, initialCredit)
				}
				c.frames(e, id)
				started <- id
			}
			resp, err := e.core.http.Do(context.Background(), &port.Request{Method: "GET", URL: "http://example.invalid"})
			<-started
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
			}
			var code wire.Code
			var werr *wire.Error
			if errors.As(err, &werr) {
				code = werr.Code
			}
			if string(code) != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if got, want := len(e.faults) > 0, c.want != ""; got != want {
				t.Errorf("faults: %v", e.faults)
			}
			if n := e.core.Open(); n != 0 {
				t.Errorf("%d open, want 0", n)
			}
		})
	}
}

// Headers that do not fit a frame fail their request, and nothing else.
func TestHTTPHeadersTooLarge(t *testing.T) {
	e := newEmbedder(t)
	_, err := e.core.http.Do(context.Background(), &port.Request{
		Method: "GET", URL: "http://example.invalid",
		Header: http.Header{"X-Large": {strings.Repeat("x", wire.MaxHeaderBytes)}},
	})
	if got := fmt.Sprint(err); !strings.HasPrefix(got, string(wire.CodeLocalTooLarge)) {
		t.Errorf("got %v, want %s", got, wire.CodeLocalTooLarge)
	}
	if n := e.core.Open(); n != 0 {
		t.Errorf("%d open, want 0", n)
	}
}
