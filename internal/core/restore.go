package core

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/wire"
)

// restoreSession opens the session of a snapshot. Nothing is sent.
func (c *Core) restoreSession(cl *call, params wire.Connect, origin string) ([]byte, error) {
	snapshot, err := c.readSnapshot(&params)
	if err != nil {
		return nil, err
	}
	level, extra := params.LogLevel, params.Subscriptions
	if level == "" {
		params.LogLevel = snapshot.LogLevel
	}
	params.Subscriptions = append(slices.Clone(snapshot.Subscriptions), extra...)
	params.Restore = nil
	s := c.newSession(params, origin)
	if len(s.subscriptions) > maxSubscriptions {
		s.forget()
		return nil, newError(wire.CodeLocalTooLarge, "more than %d subscriptions", maxSubscriptions)
	}
	// On a revision that keeps them, the server has to be told of what it does
	// not know yet.
	s.untold = level != "" && level != snapshot.LogLevel ||
		slices.ContainsFunc(extra, func(uri string) bool { return !slices.Contains(snapshot.Subscriptions, uri) })
	if held := snapshot.Secret; s.auth != nil && held != nil && len(held.Auth) > 0 {
		if err := s.auth.Restore(held.Auth); err != nil {
			s.forget()
			return nil, err
		}
	}
	s.setListening(params.Events)
	s.tellState(cl.id, wire.StateConnecting, "")
	cn, err := s.openRestored(cl.ctx, snapshot)
	if err != nil {
		s.forget()
		return nil, err
	}
	s.takeAnswers(snapshot.Cache)
	s.pushRoots(cn)
	s.mu.Lock()
	s.conn, s.quiet = cn, true
	s.listenLocked()
	s.mu.Unlock()
	s.tellState(cl.id, wire.StateReady, "")
	return json.Marshal(s.describe(cn))
}

// readSnapshot reads and checks the snapshot in connect's parameters: it is
// foreign input, which may have been kept anywhere. No error quotes what it
// holds, but for numbers of versions.
func (c *Core) readSnapshot(params *wire.Connect) (*wire.SnapshotResult, error) {
	raw := params.Restore
	if params.Channel != "" {
		return nil, badArgument("a snapshot is of a session over HTTP, and cannot be restored over a channel")
	}
	if len(raw) > wire.MaxSnapshotBytes {
		return nil, badArgument("the snapshot is larger than %d bytes", wire.MaxSnapshotBytes)
	}
	var mark struct {
		Remora json.Number `json:"remora"`
	}
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &mark) != nil || mark.Remora == "" {
		return nil, badArgument("not a snapshot of remora's")
	}
	if v, err := mark.Remora.Int64(); err != nil || v != wire.SnapshotVersion {
		return nil, badArgument("the snapshot is of version %s, and this is version %d: connect anew", wire.Excerpt([]byte(mark.Remora)), wire.SnapshotVersion)
	}
	var snapshot wire.SnapshotResult
	if err := json.Unmarshal(raw, &snapshot); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			return nil, badArgument("the snapshot's %s has the wrong type", wire.Excerpt([]byte(wrong.Field)))
		}
		return nil, badArgument("the snapshot is damaged")
	}
	if err := sameServer(params.URL, snapshot.Server); err != nil {
		return nil, err
	}
	if !slices.Contains(mcp.SupportedProtocolVersions(), snapshot.ProtocolVersion) {
		return nil, badArgument("the snapshot's protocolVersion is not known; known are %v", mcp.SupportedProtocolVersions())
	}
	if snapshot.LogLevel != "" && checkLogLevel(snapshot.LogLevel) != nil {
		return nil, badArgument("the snapshot's logLevel is none")
	}
	if len(snapshot.Subscriptions) > maxSubscriptions || slices.Contains(snapshot.Subscriptions, "") {
		return nil, badArgument("the snapshot's subscriptions are not up to %d URIs", maxSubscriptions)
	}
	limits := c.limitsInForce().WithDefaults()
	for _, answer := range snapshot.Cache {
		if !checkAnswer(answer, limits.MaxDepth) || snapshot.ProtocolVersion < firstModern {
			return nil, badArgument("the snapshot's cache is damaged")
		}
	}
	for _, tool := range snapshot.Tools {
		if !checkMarks(tool) {
			return nil, badArgument("the snapshot's tools are damaged")
		}
	}
	if err := restored(&snapshot).Check(limits); err != nil {
		return nil, badArgument("the snapshot is damaged: %v", err)
	}
	return &snapshot, nil
}

// sameServer returns why a snapshot's server is not the one at a URL, or nil.
func sameServer(given, kept string) error {
	a, errA := url.Parse(given)
	b, errB := url.Parse(kept)
	switch {
	case errA != nil || errB != nil || len(kept) > maxURLBytes:
		return badArgument("the snapshot's server is not a URL")
	case originOf(a) != originOf(b):
		return badArgument("the snapshot is of a server at another origin")
	case cmpPath(a) != cmpPath(b) || a.RawQuery != b.RawQuery || b.User != nil || b.Fragment != "":
		return badArgument("the snapshot is of another server at this origin")
	}
	return nil
}

// originOf is a URL's origin, with its port only if that is not the scheme's own:
// embedders write URLs differently.
func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

func cmpPath(u *url.URL) string {
	if path := u.EscapedPath(); path != "" {
		return path
	}
	return "/"
}

// openRestored makes the connection that a snapshot describes. Until it has
// succeeded nothing can go out, not even an end.
func (s *session) openRestored(ctx context.Context, snapshot *wire.SnapshotResult) (*conn, error) {
	ctx = exchange.WithCall(ctx, new(exchange.Call)) // nothing it meets is the server's
	cn, err := s.dial(ctx, snapshot.ProtocolVersion, func(transport *exchange.Transport) (mcp.Transport, error) {
		transport.Restore(restored(snapshot))
		return s.streamable(transport), nil
	})
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, err
	case err != nil:
		return nil, badArgument("the snapshot's handshake is damaged")
	case cn.version != snapshot.ProtocolVersion:
		cn.end()
		return nil, badArgument("the snapshot's handshake is not of its protocolVersion")
	}
	if len(snapshot.Tools) > 0 && cn.modern() {
		// Tools that the SDK does not take are left out, as from a server.
		if res, err := cn.sdk.ListTools(ctx, &mcp.ListToolsParams{}); err != nil || len(res.Tools) != len(snapshot.Tools) {
			cn.end()
			return nil, badArgument("the snapshot's tools are damaged")
		}
		s.marked.take(snapshot.Tools)
	}
	cn.transport.Begun()
	return cn, nil
}

// speak ends the silence of a restored session, which holds until its first call
// is over: what it listens to is opened, and the server told of what it has not
// been told. It does not block.
func (s *session) speak() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.quiet {
		return
	}
	s.quiet = false
	standing, cn := s.listenLocked(), s.conn
	if s.untold {
		s.untold = false
		go func() {
			s.awaitStanding(s.ctx, standing.Settled)
			s.restore(s.ctx, cn)
		}()
	}
}
