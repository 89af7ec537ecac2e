package core

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/oauth"
	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// A session is what the application calls a session. The connection under it
// may be replaced when the server has forgotten it.
type session struct {
	core   *Core
	id     uint32
	params wire.Connect
	origin string
	once   bool // nobody is there to answer or listen (Once)
	legacy bool // the server has only the transport of 2024-11-05

	ctx    context.Context // ends when the session is closed
	cancel context.CancelCauseFunc

	tracer tracer
	auth   *oauth.Client // nil if the application sees to credentials itself

	mu        sync.Mutex
	conn      *conn
	recovery  recovery
	standing  *exchange.Standing
	listening []string

	rootsMu      sync.Mutex // held while a connection is told of the roots
	elicitations elicitations
	outputs      outputs

	subscriptions []string // URIs of resources, sorted; replaced, not changed
	logLevel      string

	cache       cache
	subscribing chan struct{} // holds one token while a subscription is made

	marked markedTools
	quiet  bool // restored, and no call is over yet: nothing stands
	untold bool // the server of a restored session has something to be told
}

// A conn is one connection of a session: the SDK's session and what carries it.
type conn struct {
	client    *mcp.Client
	sdk       *mcp.ClientSession
	transport *exchange.Transport
	version   string
	agreed    atomic.Value // version, for what may run before open is done
	roots     rootList
	restored  atomic.Bool        // the server has been told what the session stands for
	unkept    context.CancelFunc // ends what keeps it alive; nil if nothing does
}

// negotiated returns the revision that was agreed on, empty before.
func (cn *conn) negotiated() string {
	version, _ := cn.agreed.Load().(string)
	return version
}

// firstModern is the first revision without a handshake and a session.
const firstModern = "2026-07-28"

func (cn *conn) modern() bool { return cn.version >= firstModern }

// capabilities are the server's.
func (cn *conn) capabilities() *mcp.ServerCapabilities {
	if caps := cn.sdk.InitializeResult().Capabilities; caps != nil {
		return caps
	}
	return new(mcp.ServerCapabilities)
}

func (c *Core) newSession(params wire.Connect, origin string) *session {
	ctx, cancel := context.WithCancelCause(context.Background())
	s := &session{core: c, params: params, origin: origin, ctx: ctx, cancel: cancel, subscribing: make(chan struct{}, 1)}
	s.cache.clock = c.clock
	s.logLevel = params.LogLevel
	s.subscriptions = slices.Compact(slices.Sorted(slices.Values(params.Subscriptions)))
	c.mu.Lock()
	defer c.mu.Unlock()
	defer s.authorize() // it has a number then
	for c.lastSess++; c.lastSess == 0 || c.sessions[c.lastSess] != nil; c.lastSess++ {
	}
	s.id = c.lastSess
	c.sessions[s.id] = s
	return s
}

func (c *Core) findSession(id uint32) (*session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.sessions[id]; s != nil {
		return s, nil
	}
	return nil, newError(wire.CodeLocalClosed, "no session %d is open", id)
}

// forget ends a session on this side. It blocks while something is under way that
// would be lost, at most closeTime.
func (s *session) forget() {
	s.settle()
	s.core.mu.Lock()
	delete(s.core.sessions, s.id)
	s.core.mu.Unlock()
	s.cancel(newError(wire.CodeLocalClosed, "the session was closed"))
}

func (s *session) current() *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn
}

// do runs one request of the SDK's and returns the server's raw result. A
// request that was certainly not executed is sent again when the connection is
// back: once if the server has forgotten the session, and as often as is tried
// to reconnect if it did not reach the server.
func (s *session) do(cl *call, request func(ctx context.Context, cn *conn) error) ([]byte, error) {
	stop := context.AfterFunc(s.ctx, func() { cl.cancel(context.Cause(s.ctx)) })
	defer stop()
	defer s.speak()
	ctx := exchange.WithCall(cl.ctx, cl.exchange)
	visits, gone, unsent := 0, 0, 0
	for {
		cn := s.current()
		if cn.transport.Ended() {
			if err := s.awaitConnection(ctx, cl, cn); err != nil {
				return nil, err
			}
			cn = s.current()
		}
		err := cn.transport.Explain(ctx, request(ctx, cn))
		if err == nil {
			s.heard()
			return cl.exchange.Result(), nil
		}
		seen := cl.exchange.Err()
		if visits < maxVisits {
			repeat, failed := s.visit(ctx, cl, cn, seen)
			if failed != nil {
				return nil, failed
			}
			if repeat {
				visits++
				gone = 0
				continue
			}
		}
		switch {
		case cl.ctx.Err() != nil || seen == nil:
			return nil, err
		case seen.Code == wire.CodeHTTPSessionGone && gone == 0:
			gone++
		case s.repeatsUnsent(seen) && unsent < s.backoff().attempts:
			unsent++
		default:
			return nil, err
		}
		if err := s.awaitConnection(ctx, cl, cn); err != nil {
			return nil, err
		}
	}
}

// use makes cn the session's connection. An error means that it is lost again.
func (s *session) use(ctx context.Context, cn *conn) error {
	go s.watch(cn)
	s.keepAlive(cn)
	s.mu.Lock()
	s.conn, s.quiet, s.untold = cn, false, false
	s.recovery.since = s.core.clock.Now()
	standing := s.listenLocked()
	s.mu.Unlock()
	s.pushRoots(cn) // they may have changed while it was opened
	s.awaitStanding(ctx, standing.Settled)
	return s.restore(ctx, cn)
}

// closeTime bounds how long the server is given to hear of the end.
const closeTime = 5 * time.Second

// end closes a connection, in the background: requests still under way on it
// may finish. It returns a channel that is closed when it is over.
func (cn *conn) end() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if cn.unkept != nil {
			cn.unkept()
		}
		_ = cn.sdk.Close() // what it could not say is not worth a failure
		cn.transport.Close()
	}()
	return done
}

// closeCommand ends the session. Calls in flight end with local/closed.
func (s *session) closeCommand(cl *call) ([]byte, error) {
	var params wire.Close
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	s.forget()
	if params.Keep {
		s.current().transport.Forget()
	}
	done := s.current().end()
	timeout, stop := port.After(s.core.clock, closeTime)
	defer stop()
	select {
	case <-done:
	case <-timeout:
	case <-cl.ctx.Done():
	}
	s.tellState(cl.id, wire.StateClosed, "")
	return emptyResult, nil
}

// listen takes the set of events that somebody listens to.
func (s *session) listen(cl *call) ([]byte, error) {
	var params wire.Listen
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	if err := checkEvents(params.Events); err != nil {
		return nil, err
	}
	s.setListening(params.Events)
	s.mu.Lock()
	standing := s.listenLocked()
	s.mu.Unlock()
	s.awaitStanding(cl.ctx, standing.Settled)
	return emptyResult, nil
}

// listenLocked brings the standing stream in line with what somebody listens to
// and is subscribed to. It is called with mu held, and does not block.
func (s *session) listenLocked() *exchange.Standing {
	cn := s.conn
	listens := func(event string) bool { return slices.Contains(s.listening, event) }
	want := exchange.Wanted{
		// Before 2026-07-28 log messages come on it too, and questions may: who
		// answers them listens.
		Unasked:               s.answers("elicitation/create") || s.answers("sampling/createMessage") || s.params.Roots != nil || listens("log"),
		ToolsListChanged:      listens("toolsChanged"),
		PromptsListChanged:    listens("promptsChanged"),
		ResourcesListChanged:  listens("resourcesChanged"),
		ResourceSubscriptions: s.subscriptions,
	}
	if s.quiet {
		want = exchange.Wanted{}
	}
	if cn.modern() { // only what the server has; older ones are not always exact
		caps := cn.capabilities()
		want.ToolsListChanged = want.ToolsListChanged && caps.Tools != nil && caps.Tools.ListChanged
		want.PromptsListChanged = want.PromptsListChanged && caps.Prompts != nil && caps.Prompts.ListChanged
		want.ResourcesListChanged = want.ResourcesListChanged && caps.Resources != nil && caps.Resources.ListChanged
	}
	s.standing = cn.transport.Listen(want)
	return s.standing
}

func (s *session) standingNow() *exchange.Standing {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.standing
}

// standingTime bounds the wait for the standing stream: some servers send its
// head with its first event.
const standingTime = time.Second

// awaitStanding waits until the standing stream stands or is refused, because
// what a server says before is lost.
func (s *session) awaitStanding(ctx context.Context, begun <-chan struct{}) {
	timeout, stop := port.After(s.core.clock, standingTime)
	defer stop()
	select {
	case <-begun:
	case <-timeout:
	case <-ctx.Done():
	}
}

func (s *session) listensTo(event string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.listening, event)
}
