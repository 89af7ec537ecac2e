package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/remora-mcp/remora/internal/wire"
)

// socketProtocol is the subprotocol that MCP's WebSockets name, as those of the
// TypeScript SDK.
const socketProtocol = "mcp"

// socketGrace bounds how long a WebSocket's far side may take to answer that it
// is closed.
const socketGrace = 2 * time.Second

// isSocketURL reports whether a server is named by a ws or wss URL.
func isSocketURL(raw string) bool {
	scheme, _, _ := strings.Cut(raw, ":")
	return strings.EqualFold(scheme, "ws") || strings.EqualFold(scheme, "wss")
}

// newSocketSession checks the options of a session over a WebSocket.
func (rt *Runtime) newSocketSession(raw string, o *ConnectOptions) (*Session, error) {
	// What is opened is an HTTP request: the rules for that hold.
	_, rest, _ := strings.Cut(raw, ":")
	scheme := "http:"
	if strings.EqualFold(raw[:len(raw)-len(rest)-1], "wss") {
		scheme = "https:"
	}
	server, err := parseServerURL(scheme + rest)
	if err != nil {
		return nil, err
	}
	s, err := newSession(rt, o)
	if err != nil {
		return nil, err
	}
	n, err := s.newNetwork(server)
	if err != nil {
		return nil, err
	}
	n.transport.ForceAttemptHTTP2 = false // HTTP/2 has no upgrade
	if c := n.transport.TLSClientConfig; c != nil {
		c.NextProtos = nil
	}
	s.dialer = &socketDialer{net: n, server: server}
	return s, nil
}

// socketDialer opens WebSockets to one server. It is a Dialer.
type socketDialer struct {
	net    *network
	server *url.URL // http or https
}

// String returns the origin of the WebSocket.
func (d *socketDialer) String() string {
	return "ws" + strings.TrimPrefix(origin(d.server), "http")
}

// Dial opens a WebSocket, as far as the policy allows. A redirect is not
// followed.
func (d *socketDialer) Dial(ctx context.Context) (Channel, error) {
	if e := d.net.check(d.server, purposeMCP); e != nil {
		return nil, e
	}
	header := http.Header{"User-Agent": {"remora/" + wire.Version}}
	if e := d.net.creds.add(ctx, header); e != nil {
		return nil, e
	}
	conn, resp, err := websocket.Dial(ctx, d.server.String(), &websocket.DialOptions{
		HTTPClient: &http.Client{
			Transport:     d.net.transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPHeader:   header,
		Subprotocols: []string{socketProtocol},
	})
	if err != nil {
		return nil, d.refused(resp, err)
	}
	conn.SetReadLimit(-1) // receive has a bound of its own
	c := &socketChannel{conn: conn, closed: make(chan struct{})}
	c.life, c.kill = context.WithCancel(context.Background())
	return c, nil
}

// refused says why there is no WebSocket.
func (d *socketDialer) refused(resp *http.Response, err error) *Error {
	var denied *Error
	if errors.As(err, &denied) {
		return denied
	}
	e := &Error{Code: CodeChannelClosed, Sent: SentNo, Retryable: true, cause: err}
	if resp == nil {
		var failed *url.Error // its message has the whole URL
		if errors.As(err, &failed) {
			err = failed.Err
		}
		e.Message = fmt.Sprintf("no connection to %s: %s", d, describe(err))
		return e
	}
	e.Status, e.Retryable = resp.StatusCode, resp.StatusCode >= http.StatusInternalServerError
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		e.Message = fmt.Sprintf("%s does not speak the protocol of WebSockets", d)
	case resp.StatusCode == http.StatusUnauthorized:
		e.Code, e.Message = CodeAuthRequired, fmt.Sprintf("%s wants credentials (status 401)", d)
	case resp.StatusCode == http.StatusForbidden:
		e.Code, e.Message = CodeAuthDenied, fmt.Sprintf("%s refuses this caller (status 403)", d)
	case resp.StatusCode/100 == 3:
		e.Code, e.Message = CodePolicyRedirect, fmt.Sprintf("%s redirects (status %d), which no WebSocket follows", d, resp.StatusCode)
	default:
		e.Code, e.Message = CodeHTTPStatus, fmt.Sprintf("%s answers with status %d: no WebSocket", d, resp.StatusCode)
	}
	return e
}

// socketChannel is a Channel on a WebSocket.
type socketChannel struct {
	conn *websocket.Conn
	life context.Context // of the connection; its end breaks that
	kill context.CancelFunc

	closing sync.Once
	closed  chan struct{} // the connection is gone
}

// Send sends one text message.
func (c *socketChannel) Send(ctx context.Context, message []byte) error {
	defer context.AfterFunc(ctx, c.kill)()
	return c.conn.Write(c.life, websocket.MessageText, message)
}

// Receive returns the next message.
func (c *socketChannel) Receive(ctx context.Context) ([]byte, error) {
	message, _, err := c.receive(ctx, wire.DefaultMaxBodyBytes)
	return message, err
}

func (c *socketChannel) receive(ctx context.Context, max int64) ([]byte, int64, error) {
	// Whoever no longer waits closes the channel, and the far side hears of it.
	defer context.AfterFunc(ctx, c.beginClose)()
	_, r, err := c.conn.Reader(c.life)
	if err == nil {
		var message []byte
		var size int64
		if message, size, err = readEnds(r, max); err == nil {
			return message, size, nil
		}
	}
	if ctx.Err() != nil {
		return nil, 0, ctx.Err()
	}
	return nil, 0, socketEnd(err)
}

// socketEnd says how a WebSocket ended.
func socketEnd(err error) *Error {
	e := &Error{Code: CodeChannelClosed, Sent: SentUnknown, cause: err}
	var end websocket.CloseError
	switch {
	case errors.As(err, &end) && end.Reason != "":
		e.Message = fmt.Sprintf("the WebSocket was closed with %d: %s", end.Code, wire.Excerpt([]byte(end.Reason)))
	case errors.As(err, &end):
		e.Message = fmt.Sprintf("the WebSocket was closed with %d", end.Code)
	default:
		e.Message = "the WebSocket ended: " + describe(err)
	}
	return e
}

// readEnds reads to the end. Of more than max bytes it keeps the first and the
// last wire.MaxChanEndBytes, and says how many there were; otherwise size is 0.
func readEnds(r io.Reader, max int64) (kept []byte, size int64, err error) {
	buf := make([]byte, readBytes)
	var total int64
	for {
		n, err := r.Read(buf)
		total += int64(n)
		kept = append(kept, buf[:n]...)
		if total > max && len(kept) > 2*wire.MaxChanEndBytes {
			kept = ends(kept)
		}
		switch {
		case err == io.EOF && total > max:
			return kept, total, nil
		case err == io.EOF:
			return kept, 0, nil
		case err != nil:
			return nil, 0, err
		}
	}
}

// beginClose says goodbye, in the background, and breaks the connection if that
// is not answered.
func (c *socketChannel) beginClose() {
	c.closing.Do(func() {
		late := time.AfterFunc(socketGrace, c.kill)
		go func() {
			// The far side may have gone before: then there is nobody to tell.
			_ = c.conn.Close(websocket.StatusNormalClosure, "")
			late.Stop()
			c.kill()
			close(c.closed)
		}()
	})
}

// Close ends the WebSocket.
func (c *socketChannel) Close(ctx context.Context) error {
	c.beginClose()
	select {
	case <-c.closed:
		return nil
	case <-ctx.Done():
		c.kill()
		return errors.New("the WebSocket does not end")
	}
}
