package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// GroupOptions configure a group. The zero value is ready to use.
type GroupOptions struct {
	// Connect holds what is the same for every server, where AddOptions say
	// nothing. Headers, Token, Auth, Policy and Events are not used: credentials belong
	// to one server.
	Connect ConnectOptions

	// Naming names what the servers have. It gets the name that the server gave,
	// and the server's name in the group; what it returns is taken as it is. Nil
	// selects PrefixedName with the server's prefix.
	Naming func(name, server string) string

	// Events returns the callbacks for what happens in one server, and is called
	// when that is added. ToolsChanged and its like are called when the group's
	// list changed because of that server, and is there; State with the server's
	// state in the group. Nil means none.
	Events func(server string) Events

	// Collision is called when a name is taken and what else would have it is
	// left out. Nil means that nobody is told; Group.Servers has it too.
	Collision func(GroupCollision)
}

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

// A GroupServer is a server of a group, as it was when it was asked for.
type GroupServer struct {
	// Name is its name in the group.
	Name string
	// State is StateReady, or why it is not. What a lost server has is not
	// listed.
	State SessionState
	// Err is why it is not ready, or why its lists are not fresh.
	Err error
	// Collisions are its names that are left out, because others have them.
	Collisions []GroupCollision
	// Session is for what concerns this server alone; nil until it was reached.
	// The group closes it.
	Session *Session
}

// A GroupTool is a tool of a group.
type GroupTool struct {
	// Name is its name in the group, for CallTool.
	Name string
	// Server is the server that has it.
	Server string
	// Tool is the tool as the server sent it, with the server's own name for it;
	// nil if it cannot be decoded into the go-sdk's type.
	Tool *mcp.Tool
	// Raw is the tool byte for byte as the server sent it.
	Raw json.RawMessage
}

// A Group is several servers as one. Servers are added and removed while it is
// in use. One that cannot be reached leaves the others as they are: what it has
// is not listed until it is there again. It is tried again by Reconnect, by each
// call of what it had, and in the background whenever the group is listed.
//
// It is safe for concurrent use. Its callbacks, those of the servers' logging
// and progress excepted, run one at a time on a goroutine of the group.
type Group struct {
	rt        *Runtime
	opts      GroupOptions
	callbacks callbacks

	mu      sync.Mutex
	closed  bool
	members []*member // in the order in which they were added
	routes  *groupRoutes
}

// NewGroup makes a group with no servers. Nil options are the zero value. The
// caller closes it, or the Runtime.
func (rt *Runtime) NewGroup(o *GroupOptions) *Group {
	g := &Group{rt: rt, routes: &groupRoutes{}}
	g.callbacks.logger = rt.opts.Logger
	if o != nil {
		g.opts = *o
	}
	return g
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

// Remove removes a server and closes its session, for which it blocks as
// Session.Close does and returns the same. It fails with CodeLocalBadArgument if
// there is no server of that name.
func (g *Group) Remove(name string) error {
	m, err := g.member(name)
	if err != nil {
		return err
	}
	g.drop(m)
	err = m.close()
	g.tellListsChanged(m, m.had())
	return err
}

// Reconnect tries now to reach a server that is lost, and to list it. It returns
// what keeps it from being there. On one that is ready it makes sure of that.
func (g *Group) Reconnect(ctx context.Context, name string) error {
	m, err := g.member(name)
	if err != nil {
		return err
	}
	return m.retry().await(ctx)
}

// Servers describes the servers, in the order in which they were added.
func (g *Group) Servers() []GroupServer {
	g.mu.Lock()
	members := append([]*member(nil), g.members...)
	g.mu.Unlock()
	out := make([]GroupServer, len(members))
	for i, m := range members {
		out[i] = *g.describe(m)
	}
	return out
}

// Server describes one server; it reports false if there is none of that name.
func (g *Group) Server(name string) (*GroupServer, bool) {
	m, err := g.member(name)
	if err != nil {
		return nil, false
	}
	return g.describe(m), true
}

// ListTools returns every tool of every server that is there. It does not wait
// for servers that are lost.
func (g *Group) ListTools(ctx context.Context) ([]GroupTool, error) {
	entries, err := g.list(ctx, kindTools)
	if err != nil {
		return nil, err
	}
	out := make([]GroupTool, len(entries))
	for i, e := range entries {
		out[i] = GroupTool{Name: e.name, Server: e.server, Raw: e.raw}
		decodeInto(e.raw, &out[i].Tool)
	}
	return out, nil
}

// decodeInto decodes raw into a new value, or leaves *to nil.
func decodeInto[T any](raw json.RawMessage, to **T) {
	v := new(T)
	if json.Unmarshal(raw, v) == nil {
		*to = v
	}
}

// CallTool calls a tool by its name in the group; otherwise it is
// [Session.CallTool].
func (g *Group) CallTool(ctx context.Context, params *mcp.CallToolParams) (*mcp.CallToolResult, error) {
	var res *mcp.CallToolResult
	err := g.callTool(ctx, params, func(s *Session, own *mcp.CallToolParams) (err error) {
		res, err = s.CallTool(ctx, own)
		return err
	})
	return res, err
}

// CallToolRaw is CallTool with the result byte for byte as the server sent it.
func (g *Group) CallToolRaw(ctx context.Context, params *mcp.CallToolParams) (json.RawMessage, error) {
	var raw json.RawMessage
	err := g.callTool(ctx, params, func(s *Session, own *mcp.CallToolParams) (err error) {
		raw, err = s.CallToolRaw(ctx, own)
		return err
	})
	return raw, err
}

func (g *Group) callTool(ctx context.Context, params *mcp.CallToolParams, call func(*Session, *mcp.CallToolParams) error) error {
	if params == nil {
		params = new(mcp.CallToolParams)
	}
	m, e, err := g.find(ctx, kindTools, params.Name)
	if err != nil {
		return err
	}
	own := *params
	own.Name = e.id
	return m.use(ctx, func(s *Session) error { return call(s, &own) })
}

// Close closes every session. It blocks as Session.Close does, and returns the
// first error.
func (g *Group) Close() error {
	g.mu.Lock()
	members := g.members
	g.closed, g.members, g.routes = true, nil, &groupRoutes{}
	g.mu.Unlock()
	errs := make(chan error)
	for _, m := range members {
		go func() { errs <- m.close() }()
	}
	var first error
	for range members {
		if err := <-errs; first == nil {
			first = err
		}
	}
	return first
}

func (g *Group) findLocked(name string) *member {
	for _, m := range g.members {
		if m.name == name {
			return m
		}
	}
	return nil
}

func (g *Group) member(name string) (*member, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, failure(CodeLocalClosed, "the group is closed")
	}
	if m := g.findLocked(name); m != nil {
		return m, nil
	}
	return nil, failure(CodeLocalBadArgument, "the group has no server of that name")
}

func (g *Group) describe(m *member) *GroupServer {
	m.mu.Lock()
	out := &GroupServer{Name: m.name, State: m.state, Err: m.err, Session: m.session}
	m.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.routes.collisions {
		if c.Server == m.name {
			out.Collisions = append(out.Collisions, c)
		}
	}
	return out
}

// nameOf is the name in the group of what a server calls id.
func (g *Group) nameOf(m *member, id string) (name string, err error) {
	if g.opts.Naming == nil {
		return PrefixedName(m.prefix, id), nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Code: CodeLocalBadArgument, Message: "the naming rule panicked", Sent: SentNo, cause: fmt.Errorf("panic: %v", p)}
		}
	}()
	if name = g.opts.Naming(id, m.name); name == "" {
		return "", failure(CodeLocalBadArgument, "the naming rule must return a text that is not empty")
	}
	return name, nil
}

// list returns what the servers that are there have of a kind.
func (g *Group) list(ctx context.Context, kind string) ([]groupEntry, error) {
	if err := g.fresh(ctx); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, failure(CodeLocalClosed, "the group is closed")
	}
	there := make(map[string]bool, len(g.members))
	for _, m := range g.members {
		there[m.name] = m.counts()
	}
	var out []groupEntry
	for _, m := range g.members {
		if row := kindRow(kind); !row.named && !m.isNew && there[m.name] {
			m.mu.Lock()
			out = append(out, m.lists[kind]...)
			m.mu.Unlock()
		}
	}
	for _, name := range g.routes.order[kind] {
		if e := g.routes.byName[kind][name]; there[e.server] {
			out = append(out, e)
		}
	}
	return out, nil
}

func kindRow(name string) *groupKind {
	i := slices.IndexFunc(groupKinds, func(k groupKind) bool { return k.name == name })
	return &groupKinds[i]
}

// fresh waits for the lists of the servers that are there, and has the others
// tried again in the background.
func (g *Group) fresh(ctx context.Context) error {
	if ctx.Err() != nil {
		return contextError(ctx, SentNo)
	}
	g.mu.Lock()
	closed, members := g.closed, append([]*member(nil), g.members...)
	g.mu.Unlock()
	if closed {
		return failure(CodeLocalClosed, "the group is closed")
	}
	for _, m := range members {
		if m.lost() {
			m.retry()
		}
	}
	for _, m := range members { // their requests are under way at the same time
		if m.counts() {
			m.begin()
		}
	}
	for _, m := range members {
		if m.counts() {
			m.fresh(ctx)
		}
	}
	if ctx.Err() != nil {
		return contextError(ctx, SentNo)
	}
	return nil
}

// find returns what has a name.
func (g *Group) find(ctx context.Context, kind, name string) (*member, groupEntry, error) {
	look := func() (*member, groupEntry, bool) {
		g.mu.Lock()
		defer g.mu.Unlock()
		e, ok := g.routes.byName[kind][name]
		return g.findLocked(e.server), e, ok
	}
	m, e, ok := look()
	if !ok {
		if err := g.fresh(ctx); err != nil {
			return nil, e, err
		}
		m, e, ok = look()
	}
	if ok && m != nil {
		return m, e, nil
	}
	lost := 0
	for _, s := range g.Servers() {
		if s.State != StateReady && s.State != StateReconnecting {
			lost++
		}
	}
	perhaps := ""
	if lost > 0 {
		perhaps = fmt.Sprintf(" that can be reached (%d cannot)", lost)
	}
	return nil, e, failure(CodeLocalBadArgument, "no server of the group%s has that name among its %s", perhaps, kind)
}

// routesLocked finds out which name leads where now.
func (g *Group) routesLocked() *groupRoutes {
	var lists []groupLists
	for _, m := range g.members {
		if m.isNew {
			continue
		}
		m.mu.Lock()
		lists = append(lists, m.lists)
		m.mu.Unlock()
	}
	return route(lists, g.routes)
}

func (g *Group) rerouteLocked() {
	if g.closed {
		return
	}
	type key struct{ kind, name, server string }
	before := make(map[key]bool)
	for _, c := range g.routes.collisions {
		before[key{c.Kind, c.Name, c.Server}] = true
	}
	g.routes = g.routesLocked()
	for _, c := range g.routes.collisions {
		if !before[key{c.Kind, c.Name, c.Server}] && g.opts.Collision != nil {
			g.callbacks.push(func() { g.opts.Collision(c) })
		}
	}
}

// listed learns that a member's lists of these kinds were fetched.
func (g *Group) listed(m *member, kinds []string) {
	g.mu.Lock()
	if m.isNew || g.findLocked(m.name) != m {
		g.mu.Unlock()
		return
	}
	g.rerouteLocked()
	g.mu.Unlock()
	g.tellListsChanged(m, kinds)
}

func (g *Group) tellListsChanged(m *member, kinds []string) {
	for _, kind := range groupKinds {
		for _, name := range kinds {
			if changed := kind.changed(&m.events); name == kind.name && changed != nil {
				g.callbacks.push(changed)
			}
		}
	}
}
