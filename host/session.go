package host

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// closeTimeout bounds how long Session.Close waits for the server.
const closeTimeout = 10 * time.Second

// ConnectOptions configure a session. The zero value is ready to use.
type ConnectOptions struct {
	// ClientInfo is what the server is told of the application. Nil selects
	// remora's own name and version.
	ClientInfo *mcp.Implementation

	// Headers are added to each request to the server's own origin, and to no
	// other. Headers that belong to the protocol or the connection cannot be
	// set: Host, Accept, Content-Type, Last-Event-Id, Mcp-*, and the like.
	Headers http.Header

	// Token returns the bearer token for each request to the server's own
	// origin, and takes the place of an Authorization header in Headers; an empty
	// token adds none. It is called for every request, by
	// several goroutines at once, and should keep a token as long as that is
	// valid. Its context ends when the request is given up.
	Token func(context.Context) (string, error)

	// Auth says how an access token is got when the server wants one. Nil leaves
	// credentials to Headers and Token; a server that wants others is then
	// CodeAuthRequired. It is for a server at a URL.
	Auth *AuthOptions

	// Policy says what the session may reach. The zero value allows the
	// server's own origin only.
	Policy Policy

	// ProtocolVersion is the newest revision of the specification to ask for.
	// Empty selects the newest that remora knows; the server may choose an
	// older one.
	ProtocolVersion string

	// CacheMode is that of calls which have none of their own. Empty selects
	// CacheUse; CacheBypass keeps nothing.
	CacheMode CacheMode

	// LogLevel is the level from which on the server is to log, as
	// SetLoggingLevel says it; a server that does not log is left alone. Empty
	// leaves it to the server.
	//
	//lint:ignore SA1019 logging is deprecated as of 2026-07-28 and part of the older revisions
	LogLevel mcp.LoggingLevel

	// Handlers answer what the server asks.
	Handlers Handlers

	// Capabilities say what Handlers take besides what every server may send:
	// Elicitation.URL for pages to visit, Sampling.Context for the context of
	// servers. Nil selects forms, and sampling with tools if there is
	// Handlers.SampleWithTools. Only Elicitation and Sampling are looked at; what
	// no handler is there for is CodeLocalBadArgument.
	Capabilities *mcp.ClientCapabilities

	// Roots are the places that the server may know of: file URIs. Nil means
	// that there is no such thing, and Session.SetRoots is refused; an empty
	// list announces them.
	//
	//lint:ignore SA1019 roots are deprecated as of 2026-07-28 and part of every revision
	Roots []*mcp.Root

	// ValidateOutput says when a tool's structured content is checked against
	// the tool's OutputSchema. A result that does not fit is an error with
	// CodeRPCInvalidResult, whose Data has the result. The zero value is
	// ValidateKnown.
	ValidateOutput OutputValidation

	// Reconnect says how a lost connection is brought back.
	Reconnect Reconnect

	// KeepAlive is how often the server is sent a ping while a channel, the event
	// stream of 2024-11-05 or a standing stream is open; one that is not answered
	// for as long ends the connection, which is then brought back. 2026-07-28 has
	// no ping. 0, the default, sends none.
	KeepAlive time.Duration

	// Events are callbacks that are registered before the session is opened
	// and stay as long as it lives. Session.On registers more.
	Events Events

	group string // the server's name in its Group
}

// A Session is a connection to one MCP server. It is safe for concurrent use.
//
// If the plugin fails, or its instance is replaced, the next call opens the
// session again with the same options; state that a server kept for the old one
// is gone, and Events.State tells.
type Session struct {
	rt     *Runtime
	url    string
	opts   ConnectOptions
	net    *network        // for the plugin's requests; nil over a channel
	auth   *authorization  // nil without ConnectOptions.Auth
	dialer Dialer          // nil over HTTP
	ctx    context.Context // ends when the session is closed
	cancel context.CancelFunc

	listeners listeners
	listenMu  sync.Mutex // held while the instance is told of the listeners

	channels channelCount

	mu       sync.Mutex
	roots    []wire.Root // nil: not announced
	link     *link
	init     *mcp.InitializeResult
	opening  *opening // the session is being opened again
	closed   bool
	closeEnd chan struct{} // closed when Close is done
	closeErr error

	subscriptions map[string]bool // URIs of resources
	logLevel      string
	restores      json.RawMessage // the snapshot to begin with; nil once it is taken
}

// Connect opens a session with the MCP server at url, an absolute http or https
// URL, or a ws or wss one for a server that is reached by WebSocket. It
// blocks until the server has answered or ctx ends, whose CallOptions apply. Nil
// options are the zero value. The caller closes the session.
//
// A WebSocket is a channel, see ConnectChannel, and the rest holds as over HTTP:
// the Policy, and Headers and Token, which go with the request that opens it. It
// follows no redirect.
func (rt *Runtime) Connect(ctx context.Context, url string, o *ConnectOptions) (*Session, error) {
	open := rt.newHTTPSession
	if isSocketURL(url) {
		open = rt.newSocketSession
	}
	s, err := open(url, o)
	if err != nil {
		return nil, err
	}
	return s.connect(ctx)
}

// newSession checks those options of a session that do not depend on how its
// server is reached.
func newSession(rt *Runtime, o *ConnectOptions) (*Session, error) {
	s := &Session{rt: rt, closeEnd: make(chan struct{})}
	if o != nil {
		s.opts = *o
	}
	var err error
	if s.roots, err = wireRoots(s.opts.Roots); err != nil {
		return nil, err
	}
	if s.opts.Handlers.Sample != nil && s.opts.Handlers.SampleWithTools != nil {
		return nil, failure(CodeLocalBadArgument, "Handlers has both Sample and SampleWithTools")
	}
	s.logLevel = string(s.opts.LogLevel)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.listeners.all = map[int]*Events{0: &s.opts.Events}
	s.listeners.next = 1
	return s, nil
}

// newHTTPSession checks the options of a session over HTTP.
func (rt *Runtime) newHTTPSession(raw string, o *ConnectOptions) (*Session, error) {
	server, err := parseServerURL(raw)
	if err != nil {
		return nil, err
	}
	s, err := newSession(rt, o)
	if err != nil {
		return nil, err
	}
	s.url = server.String()
	if s.net, err = s.newNetwork(server); err != nil || s.opts.Auth == nil {
		return s, err
	}
	learn := func(secret string) { s.net.creds.known.LearnHeader(secret, true) }
	if s.auth, err = newAuthorization(s.opts.Auth, learn); err != nil {
		return nil, err
	}
	s.net.policy.learn(s.auth.origins()...)
	return s, nil
}

// newNetwork is what the session may use of HTTP.
func (s *Session) newNetwork(server *url.URL) (*network, error) {
	p, err := newPolicy(server, s.opts.Policy)
	if err != nil {
		return nil, err
	}
	creds, err := newCredentials(s.opts.Headers, s.opts.Token, s.rt.opts.Logger)
	if err != nil {
		return nil, err
	}
	return newNetwork(p, creds, s.rt.opts.HTTP), nil
}

// clientInfo is what the server is told of the application.
func (o *ConnectOptions) clientInfo() wire.ClientInfo {
	if o.ClientInfo == nil {
		return wire.ClientInfo{}
	}
	return wire.ClientInfo{Name: o.ClientInfo.Name, Version: o.ClientInfo.Version, Title: o.ClientInfo.Title}
}

// initializeResult is what the go-sdk's session says of its server. What cannot
// be decoded is left out.
func initializeResult(c wire.Connected) *mcp.InitializeResult {
	res := &mcp.InitializeResult{
		Capabilities:    new(mcp.ServerCapabilities),
		ServerInfo:      new(mcp.Implementation),
		Instructions:    c.Instructions,
		ProtocolVersion: c.ProtocolVersion,
	}
	if len(c.Capabilities) > 0 && json.Unmarshal(c.Capabilities, res.Capabilities) != nil {
		res.Capabilities = new(mcp.ServerCapabilities)
	}
	if len(c.ServerInfo) > 0 && json.Unmarshal(c.ServerInfo, res.ServerInfo) != nil {
		res.ServerInfo = new(mcp.Implementation)
	}
	return res
}

// abandon forgets a session that could not be opened, unless Close does.
func (s *Session) abandon() {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return
	}
	s.cancel()
	s.publishState(StateClosed, "")
	s.release(context.Background())
	close(s.closeEnd)
}

// release lets go of what the session holds. It waits until its channel is gone
// or ctx ends.
func (s *Session) release(ctx context.Context) {
	if n := s.network(); n != nil {
		n.close()
	}
	if s.dialer != nil {
		s.channels.wait(ctx)
	}
	s.rt.forget(s)
}

// network is what the session may use of HTTP; nil if that is nothing.
func (s *Session) network() *network {
	if d, ok := s.dialer.(*socketDialer); ok {
		return d.net
	}
	return s.net
}

// InitializeResult describes the server and what was agreed on with it when the
// session was last opened. It must not be changed.
func (s *Session) InitializeResult() *mcp.InitializeResult {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.init
}

// Ping makes the server answer: ping, or server/discover on a revision that has
// no ping (2026-07-28). params may be nil; nothing in it is sent.
func (s *Session) Ping(ctx context.Context, params *mcp.PingParams) error {
	_, err := s.request(ctx, "ping", wire.Ping{}, nil)
	return err
}

// Close ends the session at its server and releases what it holds. Calls in
// flight end with CodeLocalClosed. It blocks until the server has answered, at
// most ten seconds; an error says that the server may still hold the session.
// Further calls of Close wait for the first and return the same.
func (s *Session) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return s.close(ctx)
}

func (s *Session) close(ctx context.Context) error { return s.end(ctx, wire.Close{}) }

func (s *Session) end(ctx context.Context, params wire.Close) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		select {
		case <-s.closeEnd:
			return s.closeErr
		case <-ctx.Done():
			return contextError(ctx, SentUnknown)
		}
	}
	s.closed = true
	l := s.link
	s.link = nil
	s.mu.Unlock()
	s.cancel() // ends an attempt to open it again

	if l != nil && l.active.Load() {
		c := newCall(ctx)
		c.link, c.closes = l, true
		if l.d.begin(c, wire.Call{Command: "close", Session: l.number}, mustJSON(params)) == nil {
			if _, e := c.wait(nil); e != nil && e.Code != CodeLocalClosed {
				s.closeErr = e
			}
		}
		l.active.Store(false)
	}
	s.release(ctx)
	s.publishState(StateClosed, "")
	close(s.closeEnd)
	return s.closeErr
}

// current returns the session's place in a living instance, nil if it has none.
func (s *Session) current() *link {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == nil || !s.link.active.Load() {
		return nil
	}
	return s.link
}

// request makes a call in the session, which is opened again first if need be,
// and returns its result as it came. meta is the request's, for its progress
// token.
func (s *Session) request(ctx context.Context, command string, params any, meta mcp.Meta) ([]byte, error) {
	o, err := callOptions(ctx)
	if err != nil {
		return nil, err
	}
	body, err := encode(params)
	if err != nil {
		return nil, asError(err, CodeLocalBadArgument)
	}
	for {
		if ctx.Err() != nil {
			return nil, contextError(ctx, SentNo)
		}
		l, err := s.bind(ctx)
		if err != nil {
			return nil, err
		}
		c := newCall(ctx)
		c.link, c.token, c.progress = l, meta["progressToken"], o.OnProgress != nil
		header := o.call(command)
		header.Session = l.number
		header.Progress = c.progress || s.listeners.has(wantsProgress)
		header.CacheMode = string(o.CacheMode)
		err = l.d.begin(c, header, body)
		if errors.Is(err, errRetired) {
			l.active.Store(false)
			continue
		}
		if err != nil {
			return nil, err
		}
		payload, e := c.wait(s.progressTo(c, o.OnProgress))
		if e != nil {
			return nil, e
		}
		return payload, nil
	}
}

// progressTo hands a call's progress events to the application.
func (s *Session) progressTo(c *call, onProgress func(*mcp.ProgressNotificationParams)) func(event, int) {
	return func(ev event, dropped int) {
		if dropped > 0 {
			s.rt.opts.Logger.Warn("progress events were dropped, because OnProgress is too slow", "events", dropped)
		}
		p, err := progressParams(ev.data, c.token, c.id)
		if err != nil {
			s.rt.opts.Logger.Warn("a progress event of the server cannot be decoded", "error", err)
			return
		}
		onProgress(p)
	}
}

// String returns the server's origin, or what its Dialer calls it, for a log.
func (s *Session) String() string {
	if s.dialer != nil {
		return s.dialer.String()
	}
	u, err := url.Parse(s.url)
	if err != nil {
		return "session"
	}
	return origin(u)
}
