package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

const (
	maxRedirects = 5
	// readBytes is how much of a body is read at once.
	readBytes = 32 << 10
	// lingerBytes is how much of a body may wait for its end before the plugin
	// is stepped.
	lingerBytes = 32 << 10
	// maxAnswerHeaderBytes bounds an answer's headers as they are received. The
	// frame that carries them is bounded too (wire.MaxHeaderBytes).
	maxAnswerHeaderBytes = 64 << 10
)

// network is what one session may use of HTTP: its connections, its policy and
// its credentials. Connections are not shared between sessions, because a
// connection that one session's policy allowed must not serve another's.
type network struct {
	policy    *policy
	creds     *credentials
	transport *http.Transport
	resolver  *net.Resolver // nil for the default
	proxied   bool
}

func newNetwork(p *policy, c *credentials, o HTTPOptions) *network {
	n := &network{policy: p, creds: c, resolver: o.Resolver, proxied: o.Proxy != nil}
	n.transport = &http.Transport{
		Proxy:                  o.Proxy,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    o.DialTimeout,
		MaxResponseHeaderBytes: maxAnswerHeaderBytes,
	}
	if o.TLSClientConfig != nil {
		n.transport.TLSClientConfig = o.TLSClientConfig.Clone()
	}
	d := newDialer(p, o)
	if n.proxied {
		// The connection goes to the proxy, which the application chose.
		n.transport.DialContext = d.net.DialContext
	} else {
		n.transport.DialContext = d.dial
	}
	return n
}

func (n *network) close() { n.transport.CloseIdleConnections() }

// check applies the policy to one hop of a request of that purpose.
func (n *network) check(u *url.URL, purpose string) *Error {
	check := n.policy.checkURL
	if purpose == purposeOAuth {
		check = n.policy.checkTokenURL
	}
	if e := check(u); e != nil {
		return e
	}
	if n.proxied {
		return n.policy.checkLiteral(u.Hostname())
	}
	return nil
}

// An exchange is one HTTP request with its streaming answer, made for the
// plugin. Its goroutine reads the body only while it has credit, so that what
// is read and not yet taken by the plugin never exceeds the credit.
type exchange struct {
	d      *driver
	id     uint32
	start  wire.HTTPStart
	body   []byte
	net    *network
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	credit int64
	more   chan struct{} // holds one token when credit was added

	over bool // guarded by d.mu: no frame may follow
}

// addCredit lets so many further bytes of the body through.
func (x *exchange) addCredit(n int64) {
	if n <= 0 {
		return
	}
	x.mu.Lock()
	if x.credit+n > x.credit { // no overflow
		x.credit += n
	}
	x.mu.Unlock()
	select {
	case x.more <- struct{}{}:
	default:
	}
}

// takeCredit waits until there is credit and takes at most max of it. It
// returns 0 when the exchange is over.
func (x *exchange) takeCredit(max int) int {
	for {
		x.mu.Lock()
		n := int(min(int64(max), x.credit))
		x.credit -= int64(n)
		x.mu.Unlock()
		if n > 0 {
			return n
		}
		select {
		case <-x.more:
		case <-x.ctx.Done():
			return 0
		}
	}
}

// giveBack returns credit that was taken and not used.
func (x *exchange) giveBack(n int) {
	x.mu.Lock()
	x.credit += int64(n)
	x.mu.Unlock()
}

// run makes the request and delivers the answer. It is the exchange's
// goroutine.
func (x *exchange) run() {
	defer x.cancel()
	resp, target, e := x.request()
	if e != nil {
		x.fail(e)
		return
	}
	defer resp.Body.Close()
	body := x.learnFrom(resp, target)
	x.body = nil // no longer needed, while the answer may last
	header, e := answerHeader(resp)
	if e != nil {
		x.fail(e)
		return
	}
	// Head and the beginning of the body wait a moment for what comes right
	// behind them, so that a small answer is one batch.
	x.push(false, wire.Frame{Kind: wire.KindHTTPHead, ID: x.id, Header: header})
	x.deliver(body)
}

// readBuffers are what bodies are read into, between two exchanges.
var readBuffers = sync.Pool{New: func() any { return new([readBytes]byte) }}

// deliver passes the body on as far as credit allows, then its end.
func (x *exchange) deliver(body io.Reader) {
	array := readBuffers.Get().(*[readBytes]byte)
	defer readBuffers.Put(array)
	buf := array[:]
	waiting := 0
	for {
		room := x.takeCredit(len(buf))
		if room == 0 {
			return
		}
		n, err := body.Read(buf[:room])
		x.giveBack(room - n)
		if n > 0 {
			waiting += n
			urgent := waiting >= lingerBytes || n == room
			if urgent {
				waiting = 0
			}
			x.push(urgent, wire.Frame{Kind: wire.KindHTTPData, ID: x.id, Payload: buf[:n]})
		}
		switch {
		case err == io.EOF:
			x.finish(wire.Frame{Kind: wire.KindHTTPEnd, ID: x.id})
			return
		case err != nil:
			e := failure(CodeHTTPNetwork, "the connection ended in the middle of the answer: %s", describe(err))
			e.Sent = SentUnknown
			x.fail(e)
			return
		}
	}
}

func (x *exchange) push(urgent bool, f wire.Frame) { x.d.pushExchange(x, urgent, false, f) }
func (x *exchange) finish(f wire.Frame)            { x.d.pushExchange(x, true, true, f) }

// fail ends the exchange with an error, unless it was given up already.
func (x *exchange) fail(e *Error) {
	x.finish(wire.Frame{Kind: wire.KindHTTPError, ID: x.id, Header: mustJSON(wire.HTTPError{Error: e.toWire()})})
}

// request sends the request and follows redirects as far as the policy allows. It
// returns the answer and where that came from. It repeats nothing: net/http does
// so only when nothing was written.
func (x *exchange) request() (*http.Response, *url.URL, *Error) {
	target, err := url.Parse(x.start.URL)
	if err != nil {
		return nil, nil, failure(CodeLocalBadURL, "the plugin asked for a URL that cannot be parsed")
	}
	if e := x.net.check(target, x.start.Purpose); e != nil {
		return nil, nil, e
	}
	first := origin(target)
	for hops := 0; ; hops++ {
		resp, e := x.hop(target, first)
		if e != nil {
			return nil, nil, e
		}
		next, e := x.redirect(resp, target, hops)
		if e != nil {
			_ = resp.Body.Close()
			return nil, nil, e
		}
		if next == nil {
			return resp, target, nil
		}
		// Read the little that a redirect says, so that the connection can be
		// used again.
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
		_ = resp.Body.Close()
		target = next
	}
}

// hop sends the request to one URL that the policy allows. first is the origin
// that the plugin asked for.
func (x *exchange) hop(target *url.URL, first string) (*http.Response, *Error) {
	req, err := http.NewRequestWithContext(x.ctx, x.start.Method, target.String(), bytes.NewReader(x.body))
	if err != nil {
		return nil, failure(CodeLocalBadArgument, "the plugin asked for a request that cannot be made")
	}
	if len(x.body) == 0 {
		req.Body, req.GetBody, req.ContentLength = http.NoBody, nil, 0
	}
	for _, h := range x.start.Headers {
		if !isToken(h[0]) || !isFieldValue(h[1]) {
			return nil, failure(CodeLocalBadArgument, "the plugin asked for a header that cannot be sent")
		}
		req.Header.Add(h[0], h[1])
	}
	// Whatever the plugin says, these belong to the connection.
	for _, name := range []string{"Host", "Content-Length", "Connection", "Transfer-Encoding", "Upgrade", "Idempotency-Key", "X-Idempotency-Key"} {
		req.Header.Del(name)
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "remora/"+wire.Version)
	}
	switch {
	case x.start.Purpose == purposeOAuth:
		x.net.locate(x.ctx)
		if origin(target) != first {
			dropCredentials(req.Header)
		}
	case x.net.policy.isOwn(target):
		if e := x.net.creds.add(x.ctx, req.Header); e != nil {
			return nil, e
		}
	default:
		// Another origin that the policy allows: what is meant for the server
		// must not get there.
		dropCredentials(req.Header)
	}
	// Until a connection is had, nothing can have left.
	var connected bool
	var mu sync.Mutex
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		mu.Lock()
		connected = true
		mu.Unlock()
	}}
	resp, err := x.net.transport.RoundTrip(req.WithContext(httptrace.WithClientTrace(x.ctx, trace)))
	if err == nil {
		return resp, nil
	}
	var denied *Error
	if errors.As(err, &denied) {
		return nil, denied
	}
	mu.Lock()
	defer mu.Unlock()
	if !connected {
		e := failure(CodeHTTPNetwork, "no connection to %s: %s", origin(target), describe(err))
		e.Retryable = true
		return nil, e
	}
	e := failure(CodeHTTPNetwork, "the connection to %s ended before the answer: %s", origin(target), describe(err))
	e.Sent = SentUnknown
	return nil, e
}

// dropCredentials takes off what only the server that it is meant for may get.
func dropCredentials(h http.Header) {
	for _, name := range []string{"Authorization", "Cookie", "Dpop"} {
		h.Del(name)
	}
}

// redirect returns where resp leads, nil if it is no redirect, or why that may
// not be followed. Only a GET or HEAD follows 301, 302 and 303, since those
// change the method of the others.
func (x *exchange) redirect(resp *http.Response, from *url.URL, hops int) (*url.URL, *Error) {
	var keepsMethod bool
	switch resp.StatusCode {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		keepsMethod = true
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
	default:
		return nil, nil
	}
	location := resp.Header.Get("Location")
	if location == "" {
		return nil, nil
	}
	refuse := func(code Code, format string, args ...any) *Error {
		e := failure(code, format, args...)
		e.Status, e.Sent = resp.StatusCode, SentYes
		return e
	}
	if x.start.Purpose == purposeOAuth && x.start.Method != http.MethodGet {
		return nil, refuse(CodePolicyRedirect, "%s redirects a request that leads to a token", origin(from))
	}
	target, err := from.Parse(location)
	if err != nil {
		return nil, refuse(CodePolicyRedirect, "%s redirects to something that is not a URL", origin(from))
	}
	target.Fragment, target.RawFragment = "", ""
	switch {
	case !keepsMethod && x.start.Method != http.MethodGet && x.start.Method != http.MethodHead:
		return nil, refuse(CodePolicyRedirect, "%s answers %s with the redirect %d, which would change the method",
			origin(from), x.start.Method, resp.StatusCode)
	case hops == maxRedirects:
		return nil, refuse(CodePolicyRedirect, "%s redirects more than %d times", origin(from), maxRedirects)
	case from.Scheme == "https" && target.Scheme == "http":
		return nil, refuse(CodePolicyRedirect, "%s redirects from https to http", origin(from))
	}
	if e := x.net.check(target, x.start.Purpose); e != nil {
		return nil, refuse(e.Code, "%s redirects: %s", origin(from), e.Message)
	}
	return target, nil
}

// answerHeader returns the header of the http.head frame: all headers of the
// answer but Set-Cookie, since there is no cookie jar.
func answerHeader(resp *http.Response) ([]byte, *Error) {
	head := wire.HTTPHead{Status: resp.StatusCode}
	for name, values := range resp.Header {
		if name == "Set-Cookie" || name == "Set-Cookie2" {
			continue
		}
		for _, v := range values {
			head.Headers = append(head.Headers, [2]string{name, v})
		}
	}
	header, err := json.Marshal(head)
	if err != nil || len(header) > wire.MaxHeaderBytes {
		e := failure(CodeLocalTooLarge, "the answer's headers take more than %d bytes", wire.MaxHeaderBytes)
		e.Status, e.Sent = resp.StatusCode, SentYes
		return nil, e
	}
	return header, nil
}

// describe returns what a network error says, bounded, because net/http quotes
// what a server sent.
func describe(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return "closed by the server"
	}
	return wire.Excerpt([]byte(err.Error()))
}
