package host

import (
	"context"
	"encoding/json"
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
