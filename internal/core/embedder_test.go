package core

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// An embedder drives a core in this process by frames, over net/http: the
// smallest that tests need, with no policy.
type embedder struct {
	t    testing.TB
	core *Core

	// answer answers asks; nil leaves them open.
	answer func(h wire.Ask, params []byte) (any, *wire.Error)
	// client makes the exchanges.
	client *http.Client
	// onStart, if set, takes the exchanges instead.
	onStart func(id uint32, h wire.HTTPStart)
	// onOpen, if set, takes the channels instead of far.
	onOpen func(id uint32, h wire.ChanOpen)
	// far makes the far side of a channel, by its reference.
	far map[string]farSide

	mu     sync.Mutex
	asm    wire.Assembler
	done   map[uint32]chan wire.Frame
	lastID uint32
	tells  []tell
	faults []wire.Fault
	cancel map[uint32]context.CancelFunc
	credit map[uint32]*credit
	asked  map[uint32]wire.Ask
	taken  map[uint32]string // asks that were cancelled
	chans  map[uint32]*testChannel
}

type tell struct {
	call uint32
	wire.Tell
	data string
}

// newEmbedder starts a core and greets it.
func newEmbedder(t testing.TB) *embedder {
	e := &embedder{
		t:      t,
		client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		done:   make(map[uint32]chan wire.Frame),
		cancel: make(map[uint32]context.CancelFunc),
		credit: make(map[uint32]*credit),
		asked:  make(map[uint32]wire.Ask),
		taken:  make(map[uint32]string),
		far:    make(map[string]farSide),
		chans:  make(map[uint32]*testChannel),
	}
	e.client.Transport = http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(e.client.CloseIdleConnections)
	e.core = New("test", e, port.SystemClock{})
	e.frame(wire.KindHello, 0, wire.Hello{ABI: wire.ABI, Name: "test"}, nil)
	return e
}

// frame sends one frame to the core.
func (e *embedder) frame(kind wire.Kind, id uint32, header any, payload []byte) {
	raw, err := json.Marshal(header)
	if err != nil {
		e.t.Error(err)
	}
	e.core.Receive(wire.AppendFrame(nil, wire.Frame{Kind: kind, ID: id, Header: raw, Payload: payload}))
}

// Send implements port.Outbox.
func (e *embedder) Send(batch []byte) {
	frames, err := wire.ParseBatch(bytes.Clone(batch))
	if err != nil {
		e.t.Errorf("the core sent a malformed batch: %v", err)
		return
	}
	for _, f := range frames {
		e.mu.Lock()
		whole, complete, err := e.asm.Add(f)
		if err != nil {
			e.t.Error(err)
		}
		if complete {
			e.take(whole)
		}
		e.mu.Unlock()
	}
}

// take takes one frame of the core's. It is called with mu held.
func (e *embedder) take(f wire.Frame) {
	header := func(v any) {
		if err := json.Unmarshal(f.Header, v); err != nil {
			e.t.Errorf("header of %v: %v", f.Kind, err)
		}
	}
	switch f.Kind {
	case wire.KindDone:
		e.done[f.ID] <- f
	case wire.KindTell:
		var h wire.Tell
		header(&h)
		e.tells = append(e.tells, tell{f.ID, h, string(f.Payload)})
	case wire.KindFault:
		var h wire.Fault
		header(&h)
		e.faults = append(e.faults, h)
	case wire.KindAsk:
		var h wire.Ask
		header(&h)
		e.asked[f.ID] = h
		if e.answer != nil {
			go e.reply(f.ID, h, bytes.Clone(f.Payload))
		}
	case wire.KindAskCancel:
		e.taken[f.ID] = e.asked[f.ID].Kind
	case wire.KindHTTPStart:
		var h wire.HTTPStart
		header(&h)
		if e.onStart != nil {
			go e.onStart(f.ID, h)
			return
		}
		ctx, cancel := context.WithCancel(context.Background())
		e.cancel[f.ID], e.credit[f.ID] = cancel, newCredit(h.Credit)
		go e.exchange(ctx, f.ID, h, bytes.Clone(f.Payload), e.credit[f.ID])
	case wire.KindHTTPMore:
		var h wire.HTTPMore
		header(&h)
		if c := e.credit[f.ID]; c != nil {
			c.add(h.Credit)
		}
	case wire.KindChanOpen, wire.KindChanSend, wire.KindChanMore, wire.KindChanClose:
		e.takeChannel(f)
	case wire.KindHTTPAbort:
		if cancel := e.cancel[f.ID]; cancel != nil {
			cancel()
			e.credit[f.ID].add(1) // wake it
		}
	}
}

func (e *embedder) reply(id uint32, h wire.Ask, params []byte) {
	answer, failure := e.answer(h, params)
	raw, err := json.Marshal(answer)
	if err != nil {
		e.t.Error(err)
	}
	e.frame(wire.KindReply, id, wire.Reply{Error: failure}, raw)
}

func (e *embedder) exchange(ctx context.Context, id uint32, h wire.HTTPStart, body []byte, room *credit) {
	fail := func(err error, sent wire.Sent) {
		failure := new(wire.Error) // of a transport of the test's
		if !errors.As(err, &failure) {
			failure = &wire.Error{Code: wire.CodeHTTPNetwork, Message: err.Error(), Sent: sent}
		}
		if ctx.Err() == nil {
			e.frame(wire.KindHTTPError, id, wire.HTTPError{Error: failure}, nil)
		}
	}
	req, err := http.NewRequestWithContext(ctx, h.Method, h.URL, bytes.NewReader(body))
	if err != nil {
		fail(err, wire.SentNo)
		return
	}
	for _, pair := range h.Headers {
		req.Header.Add(pair[0], pair[1])
	}
	resp, err := e.client.Do(req)
	if err != nil {
		sent := wire.SentUnknown
		if dial := new(net.OpError); errors.As(err, &dial) && dial.Op == "dial" {
			sent = wire.SentNo
		}
		fail(err, sent)
		return
	}
	defer resp.Body.Close()
	head := wire.HTTPHead{Status: resp.StatusCode, Headers: headerPairs(resp.Header)}
	e.frame(wire.KindHTTPHead, id, head, nil)
	for {
		// The core keeps what it gets, so each piece has its own slice.
		buf := make([]byte, min(32<<10, room.take()))
		n, err := resp.Body.Read(buf)
		room.add(-int64(n))
		if n > 0 && ctx.Err() == nil {
			e.frame(wire.KindHTTPData, id, struct{}{}, buf[:n])
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == io.EOF:
			e.frame(wire.KindHTTPEnd, id, struct{}{}, nil)
			return
		case err != nil:
			fail(err, wire.SentUnknown)
			return
		}
	}
}

// credit counts how much of a body may be delivered.
type credit struct {
	mu   sync.Mutex
	more *sync.Cond
	left int64
}

func newCredit(n int64) *credit {
	c := &credit{left: n}
	c.more = sync.NewCond(&c.mu)
	return c
}

// add adds to what may be delivered.
func (c *credit) add(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left += n
	c.more.Broadcast()
}

// take waits until something may be delivered, and returns how much.
func (c *credit) take() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.left <= 0 {
		c.more.Wait()
	}
	return c.left
}

// start starts a command and returns its id and where its done comes.
func (e *embedder) start(h wire.Call, params any) (uint32, <-chan wire.Frame) {
	raw, ok := params.(json.RawMessage)
	if !ok {
		var err error
		if raw, err = json.Marshal(params); err != nil {
			e.t.Fatal(err)
		}
	}
	e.mu.Lock()
	e.lastID++
	id, done := e.lastID, make(chan wire.Frame, 1)
	e.done[id] = done
	e.mu.Unlock()
	e.frame(wire.KindCall, id, h, raw)
	return id, done
}

// await waits for a command's outcome.
func (e *embedder) await(done <-chan wire.Frame) (string, *wire.Error) {
	e.t.Helper()
	select {
	case f := <-done:
		var h wire.Done
		if err := json.Unmarshal(f.Header, &h); err != nil {
			e.t.Fatal(err)
		}
		if h.Error != nil && h.DataInPayload {
			h.Error.Data = f.Payload
		}
		return string(f.Payload), h.Error
	case <-time.After(20 * time.Second):
		e.t.Fatal("no done within 20 s")
		return "", nil
	}
}

// run runs a command to its end.
func (e *embedder) run(h wire.Call, params any) (string, *wire.Error) {
	e.t.Helper()
	_, done := e.start(h, params)
	return e.await(done)
}

// connect opens a session, or fails the test.
func (e *embedder) connect(params wire.Connect) wire.Connected {
	e.t.Helper()
	result, failure := e.run(wire.Call{Command: "connect"}, params)
	if failure != nil {
		e.t.Fatalf("connect: %v", failure)
	}
	var connected wire.Connected
	if err := json.Unmarshal([]byte(result), &connected); err != nil {
		e.t.Fatal(err)
	}
	return connected
}

// tellsOf returns the data of a session's events of that name.
func (e *embedder) tellsOf(event string) []tell {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []tell
	for _, t := range e.tells {
		if t.Event == event {
			out = append(out, t)
		}
	}
	return out
}

// eventually waits until cond holds.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if cond() {
			return
		}
	}
	t.Fatalf("not within 10 s: %s", what)
}

// serve starts a server for the time of the test.
func serve(t testing.TB, h http.Handler) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.CloseClientConnections() // a test that failed may have left a stream open
		s.Close()
	})
	return s
}
