package core

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/oauth"
	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// checkAuth refuses what cannot be right about authorization.
func checkAuth(params *wire.Connect) error {
	if params.Auth == nil {
		return nil
	}
	if params.Channel != "" {
		return badArgument("auth is for a server over HTTP, and this one is behind a channel")
	}
	if err := oauth.Check(params.Auth, params.Handlers); err != nil {
		return err
	}
	return nil
}

// network is the session's way to the network: with tokens, if the session gets
// some.
func (s *session) network() port.HTTP {
	if s.auth != nil {
		return s.auth
	}
	return tracedHTTP{s, s.core.http}
}

// authorize gives the session what gets its tokens. It does not block.
func (s *session) authorize() {
	if s.params.Auth == nil {
		return
	}
	s.auth = oauth.New(oauth.Config{
		Server:     s.params.URL,
		Auth:       *s.params.Auth,
		ClientName: s.params.ClientInfo.Name,
		Context:    s.ctx,
		HTTP:       tracedHTTP{s, s.core.http},
		Clock:      s.core.clock,
		Session:    s.id,
		Answers:    func(kind string) bool { return slices.Contains(s.params.Handlers, kind) },
		Ask:        s.askAuth,
		Waits:      s.waitsForToken,
		Shallow:    exchange.Shallow,
		Peers:      &s.core.peers,
	})
}

// askAuth asks the application what no call in particular asks.
func (s *session) askAuth(ctx context.Context, kind string, params, answer any) error {
	raw, err := json.Marshal(params)
	if err != nil {
		return err
	}
	said, err := s.ask(ctx, kind, 0, raw)
	if err != nil {
		return err
	}
	if json.Unmarshal(said, answer) != nil {
		return badArgument("the answer to %s is not of its form", kind)
	}
	return nil
}

// waitsForToken stops the clock of silence of the context's call while it waits
// for a token: a person may be asked.
func (s *session) waitsForToken(ctx context.Context) (over func()) {
	cl := s.core.findCall(exchange.CallID(ctx))
	if cl == nil {
		return func() {}
	}
	cl.beginAsk()
	return cl.endAsk
}

// settle waits until nothing of the authorization would be lost if the session
// ended, at most closeTime.
func (s *session) settle() {
	if s.auth == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	timer := s.core.clock.AfterFunc(closeTime, cancel)
	defer timer.Stop()
	s.auth.Settle(ctx)
}

// login sees to it that there is a token.
func (c *Core) login(cl *call) ([]byte, error) {
	var params wire.Login
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	return c.withAuth(cl, params.LoginServer, func(s *session) (wire.LoginStatus, error) {
		if params.Again {
			s.auth.Again()
		}
		// The handshake has the server say what it wants.
		handshake := &call{ctx: cl.ctx, exchange: &exchange.Call{ID: cl.id}}
		cn, err := s.open(exchange.WithCall(cl.ctx, handshake.exchange))
		if err != nil {
			return wire.LoginStatus{}, handshake.failure(err)
		}
		s.mu.Lock()
		s.conn = cn
		s.mu.Unlock()
		defer s.endOnce()
		return s.auth.Login(exchange.WithCall(cl.ctx, cl.exchange))
	})
}

// logout forgets the token.
func (c *Core) logout(cl *call) ([]byte, error) {
	var params wire.Logout
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	return c.withAuth(cl, params.LoginServer, func(s *session) (wire.LoginStatus, error) { return s.auth.Logout(cl.ctx) })
}

// whoami says what is known of the token.
func (c *Core) whoami(cl *call) ([]byte, error) {
	var params wire.Whoami
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	return c.withAuth(cl, params.LoginServer, func(s *session) (wire.LoginStatus, error) { return s.auth.Whoami(cl.ctx) })
}

// withAuth does something about the token for a server, in a session that ends
// with it.
func (c *Core) withAuth(cl *call, server wire.LoginServer, work func(*session) (wire.LoginStatus, error)) ([]byte, error) {
	params := wire.Connect{
		URL: server.Server, ProtocolVersion: server.ProtocolVersion, ClientInfo: server.ClientInfo,
		Handlers: server.Handlers, Auth: &server.Auth,
	}
	origin, err := checkConnect(&params)
	if err != nil {
		return nil, err
	}
	s := c.newSession(params, origin)
	s.once = true
	defer s.forget()
	s.tellState(cl.id, wire.StateConnecting, "")
	status, err := work(s)
	if err != nil {
		return nil, err
	}
	return json.Marshal(status)
}
