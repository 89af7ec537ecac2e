package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// AddOptions configure one server of a group. The zero value is ready to use.
type AddOptions struct {
	// ConnectOptions are those of the server's session. Its Handlers, if there
	// is any, replace the group's. Its Events are called beside the group's.
	ConnectOptions

	// Prefix is what the default naming rule puts before the server's names.
	// Empty selects the server's name in the group.
	Prefix string

	// NoPrefix takes the server's names without a prefix.
	NoPrefix bool

	// AllowDown adds the server even if it cannot be reached now, or if names of
	// it are taken: it is tried again when the group is listed, and names that
	// are taken are left out. Otherwise Add fails, and the group stays as it was.
	AllowDown bool
}

// Add adds the server at url under a name, which is also the prefix of its
// names. It blocks until the server is connected and listed, or ctx ends, whose
// CallOptions apply. It fails as Connect does, or with CodeLocalBadArgument if
// the name, or a name of what the server has, is taken; the group is then as it
// was. See AddOptions.AllowDown. Nil options are the zero value.
func (g *Group) Add(ctx context.Context, name, url string, o *AddOptions) (*GroupServer, error) {
	return g.add(ctx, name, o, func(ctx context.Context, connect *ConnectOptions) (*Session, error) {
		return g.rt.Connect(ctx, url, connect)
	})
}

// AddCommand is Add with a server that is a program; see
// [Runtime.ConnectCommand]. A program that exits is lost as any other server is,
// and is started again when that is tried again. Removing it, or closing the
// group, ends it.
func (g *Group) AddCommand(ctx context.Context, name string, c Command, o *AddOptions) (*GroupServer, error) {
	c.Args, c.Env = slices.Clone(c.Args), slices.Clone(c.Env)
	return g.add(ctx, name, o, func(ctx context.Context, connect *ConnectOptions) (*Session, error) {
		return g.rt.ConnectCommand(ctx, c, connect)
	})
}

// AddChannel is Add with the server that d reaches; see
// [Runtime.ConnectChannel]. When the channel has ended the server is lost, and
// trying it again dials again. What a Dialer that cannot do so returns, that of
// [Transport] for instance, is then why it stays lost.
func (g *Group) AddChannel(ctx context.Context, name string, d Dialer, o *AddOptions) (*GroupServer, error) {
	return g.add(ctx, name, o, func(ctx context.Context, connect *ConnectOptions) (*Session, error) {
		return g.rt.ConnectChannel(ctx, d, connect)
	})
}

// connectOptions fills in what is the same for every server.
func (g *Group) connectOptions(name string, o *ConnectOptions) *ConnectOptions {
	out := *o
	if out.ClientInfo == nil {
		out.ClientInfo = g.opts.Connect.ClientInfo
	}
	if out.ProtocolVersion == "" {
		out.ProtocolVersion = g.opts.Connect.ProtocolVersion
	}
	if out.CacheMode == "" {
		out.CacheMode = g.opts.Connect.CacheMode
	}
	if out.LogLevel == "" {
		out.LogLevel = g.opts.Connect.LogLevel
	}
	if len(out.Handlers.names()) == 0 {
		out.Handlers = g.opts.Connect.Handlers
	}
	if out.Capabilities == nil {
		out.Capabilities = g.opts.Connect.Capabilities
	}
	if out.Roots == nil {
		out.Roots = g.opts.Connect.Roots
	}
	if out.ValidateOutput == ValidateKnown {
		out.ValidateOutput = g.opts.Connect.ValidateOutput
	}
	if out.Reconnect == (Reconnect{}) {
		out.Reconnect = g.opts.Connect.Reconnect
	}
	if out.KeepAlive == 0 {
		out.KeepAlive = g.opts.Connect.KeepAlive
	}
	if out.Auth != nil && out.Auth.Store == nil {
		// A session that takes the place of one before has its token.
		auth := *out.Auth
		auth.Store = NewMemoryStore()
		out.Auth = &auth
	}
	out.group = name
	return &out
}

func (g *Group) add(ctx context.Context, name string, o *AddOptions, open func(context.Context, *ConnectOptions) (*Session, error)) (*GroupServer, error) {
	if o == nil {
		o = new(AddOptions)
	}
	if name == "" {
		return nil, failure(CodeLocalBadArgument, "the server's name in the group is empty")
	}
	m := &member{g: g, name: name, prefix: o.Prefix, state: StateConnecting, lists: groupLists{}, stale: make(map[string]bool)}
	if m.prefix == "" && !o.NoPrefix {
		m.prefix = name
	}
	connect := g.connectOptions(name, &o.ConnectOptions)
	m.open = func(ctx context.Context) (*Session, error) {
		s, err := open(ctx, connect)
		if err == nil {
			// The group's own take their place.
			rest := m.events
			rest.State = nil
			for _, kind := range groupKinds {
				kind.drop(&rest)
			}
			s.On(rest)
		}
		return s, err
	}
	if g.opts.Events != nil {
		m.events = g.opts.Events(name)
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	if err := g.adopt(m, !o.AllowDown); err != nil {
		m.cancel()
		return nil, err
	}
	_, err := m.connected(ctx)
	if err == nil && !o.AllowDown {
		err = g.settle(m)
	}
	if err != nil && !(o.AllowDown && canHeal(err)) {
		g.drop(m)
		_ = m.close()
		return nil, err
	}
	return g.describe(m), nil
}

// canHeal reports whether a server that could not be added may be there later.
func canHeal(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case CodeLocalBadArgument, CodeLocalBadURL, CodeLocalClosed, CodeLocalCancelled, CodeLocalUnsupported:
		return false
	}
	return true
}

// adopt makes m a member. One that is new has no names until settle.
func (g *Group) adopt(m *member, isNew bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return failure(CodeLocalClosed, "the group is closed")
	}
	if g.findLocked(m.name) != nil {
		return failure(CodeLocalBadArgument, "the group has a server of that name")
	}
	m.isNew = isNew
	g.members = append(g.members, m)
	return nil
}

// settle gives a new member its names, if none of them is taken.
func (g *Group) settle(m *member) error {
	g.mu.Lock()
	m.isNew = false
	var own []GroupCollision
	for _, c := range g.routesLocked().collisions {
		if c.Server == m.name {
			own = append(own, c)
		}
	}
	if len(own) > 0 {
		m.isNew = true
		g.mu.Unlock()
		more := ""
		if len(own) > 1 {
			more = fmt.Sprintf(", and %d more", len(own)-1)
		}
		return failure(CodeLocalBadArgument, "names of the server are taken: %.80s of the server %.80s%s", own[0].Name, own[0].Holder, more)
	}
	g.mu.Unlock()
	g.listed(m, kindNames())
	return nil
}

func kindNames() []string {
	out := make([]string, len(groupKinds))
	for i, kind := range groupKinds {
		out[i] = kind.name
	}
	return out
}

// drop takes a member out.
func (g *Group) drop(m *member) {
	g.mu.Lock()
	for i, other := range g.members {
		if other == m {
			g.members = append(g.members[:i:i], g.members[i+1:]...)
			break
		}
	}
	g.rerouteLocked()
	g.mu.Unlock()
}
