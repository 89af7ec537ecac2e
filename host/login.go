package host

import (
	"context"
	"encoding/json"
	"time"

	"github.com/remora-mcp/remora/internal/wire"
)

// LoginOptions configure Runtime.Login. The zero value lacks Auth, which is
// needed.
type LoginOptions struct {
	ConnectOptions
	// Again asks for a new token though there is one that is good.
	Again bool
}

// LoginStatus says what is known of the token for a server. It has no secrets.
type LoginStatus struct {
	// Authorized says that there is a token, which may have to be renewed.
	Authorized bool
	// Issuer is the authorization server.
	Issuer string
	// ClientID is the client's name there.
	ClientID string
	// Subject is who the token is for, where the authorization server said so in an
	// identity token.
	Subject string
	// Scopes are the token's.
	Scopes []string
	// Expires is when the token expires; the zero time if that was not said.
	Expires time.Time
	// Renewable says that the token can be renewed without a person.
	Renewable bool
	// Revoked says that the authorization server has taken note of a logout (RFC
	// 7009).
	Revoked bool
}

// MarshalJSON returns the status as it crosses the boundary (LoginStatus in
// docs/wire.md).
func (s LoginStatus) MarshalJSON() ([]byte, error) {
	out := wire.LoginStatus{
		Authorized: s.Authorized, Issuer: s.Issuer, ClientID: s.ClientID, Subject: s.Subject,
		Scopes: s.Scopes, Renewable: s.Renewable, Revoked: s.Revoked,
	}
	if !s.Expires.IsZero() {
		out.ExpiresMs = s.Expires.UnixMilli()
	}
	return encode(out)
}

// Login sees to it that o.Auth.Store has a token for the server at url, which
// sessions with the same store then use. It asks nobody if there is one that is
// good, or that can be renewed. It blocks until the person has come back, or ctx
// ends; the CallOptions of ctx apply, whose Timeout does not run while a person is
// asked. Of the options, Handlers and Events are not used; without Auth it is
// CodeLocalBadArgument.
func (rt *Runtime) Login(ctx context.Context, url string, o *LoginOptions) (*LoginStatus, error) {
	if o == nil {
		o = new(LoginOptions)
	}
	return rt.login(ctx, url, &o.ConnectOptions, "login", func(server wire.LoginServer) any {
		return wire.Login{LoginServer: server, Again: o.Again}
	})
}

// Logout forgets the token for the server at url that is in o.Auth.Store, and has
// the authorization server revoke it, where that can be done. Without a network it
// is forgotten all the same. See [Runtime.Login] for the options.
func (rt *Runtime) Logout(ctx context.Context, url string, o *ConnectOptions) (*LoginStatus, error) {
	return rt.login(ctx, url, o, "logout", func(server wire.LoginServer) any { return wire.Logout{LoginServer: server} })
}

// Whoami says what is known of the token for the server at url, without asking
// anybody but o.Auth.Store. See [Runtime.Login] for the options.
func (rt *Runtime) Whoami(ctx context.Context, url string, o *ConnectOptions) (*LoginStatus, error) {
	return rt.login(ctx, url, o, "whoami", func(server wire.LoginServer) any { return wire.Whoami{LoginServer: server} })
}

func (rt *Runtime) login(ctx context.Context, url string, o *ConnectOptions, command string, body func(wire.LoginServer) any) (*LoginStatus, error) {
	if o == nil || o.Auth == nil {
		return nil, failure(CodeLocalBadArgument, "%s needs ConnectOptions.Auth", command)
	}
	raw, err := rt.once(ctx, url, o, command, func(s *Session, server wire.OnceServer) any {
		return body(wire.LoginServer{OnceServer: server, Handlers: s.auth.names(), Auth: *s.auth.wire()})
	}, nil)
	if err != nil {
		return nil, err
	}
	var status wire.LoginStatus
	if err := json.Unmarshal(raw, &status); err != nil {
		return nil, trapError(err) // the core has put it together
	}
	out := &LoginStatus{
		Authorized: status.Authorized, Issuer: status.Issuer, ClientID: status.ClientID, Subject: status.Subject,
		Scopes: status.Scopes, Renewable: status.Renewable, Revoked: status.Revoked,
	}
	if status.ExpiresMs != 0 {
		out.Expires = time.UnixMilli(status.ExpiresMs)
	}
	return out, nil
}
