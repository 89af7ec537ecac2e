package core

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// The SDK answers roots/list from a list of its client's, past every handler. So
// the roots are pushed: each connection's client is given them.

const rootsChanged = "notifications/roots/list_changed"

// maxRoots bounds the roots of a session.
const maxRoots = 10_000

// checkRoots refuses roots that cannot be right. The specification asks for file
// URIs (2025-11-25 and 2026-07-28, client/roots).
func checkRoots(roots []wire.Root) error {
	if len(roots) > maxRoots {
		return badArgument("more than %d roots", maxRoots)
	}
	for i, root := range roots {
		u, err := url.Parse(root.URI)
		if err != nil || !strings.EqualFold(u.Scheme, "file") {
			return badArgument("the URI of root %d is not a file URI", i)
		}
		if meta := root.Meta; len(meta) > 0 && meta[0] != '{' {
			return badArgument("the _meta of root %d is not a JSON object", i)
		}
	}
	return nil
}

// hasRoots reports whether roots were announced to the server.
func (s *session) hasRoots() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.params.Roots != nil
}

// setRoots replaces the roots.
func (s *session) setRoots(cl *call) ([]byte, error) {
	var params wire.SetRoots
	if err := readParams(cl, &params); err != nil {
		return nil, err
	}
	if params.Roots == nil {
		return nil, badArgument("the roots are missing")
	}
	if err := checkRoots(params.Roots); err != nil {
		return nil, err
	}
	if !s.hasRoots() {
		return nil, newError(wire.CodeLocalUnsupported, "the server was not told of roots: give connect a list of them, which may be empty")
	}
	s.rootsMu.Lock() // the last one to come has the last word
	s.mu.Lock()
	s.params.Roots = params.Roots
	cn := s.conn
	s.mu.Unlock()
	told := make(chan struct{})
	go func() {
		defer close(told)
		defer s.rootsMu.Unlock()
		cn.roots.set(cn.client, params.Roots)
	}()
	select {
	case <-told:
		return emptyResult, nil
	case <-cl.ctx.Done():
		return nil, context.Cause(cl.ctx)
	}
}

// pushRoots gives a connection the roots in force, unless it has them.
func (s *session) pushRoots(cn *conn) {
	s.rootsMu.Lock()
	defer s.rootsMu.Unlock()
	s.mu.Lock()
	roots := s.params.Roots
	s.mu.Unlock()
	if !slices.EqualFunc(roots, cn.roots.list, func(a, b wire.Root) bool {
		return a.URI == b.URI && a.Name == b.Name && string(a.Meta) == string(b.Meta)
	}) {
		cn.roots.set(cn.client, roots)
	}
}

// rootList is what an SDK client has been told of the roots. set is called by
// one at a time.
type rootList struct {
	list  []wire.Root
	quiet atomic.Bool // the server is not told
}

// set gives the client new roots, and has the server told once.
func (l *rootList) set(client *mcp.Client, roots []wire.Root) {
	//lint:ignore SA1019 deprecated by 2026-07-28, and still what servers of every revision ask for
	list := make([]*mcp.Root, 0, len(roots))
	var before []string
	for _, root := range l.list {
		before = append(before, root.URI)
	}
	for _, root := range roots {
		var meta mcp.Meta
		_ = json.Unmarshal(root.Meta, &meta) // it has been checked
		//lint:ignore SA1019 see above
		list = append(list, &mcp.Root{Meta: meta, URI: root.URI, Name: root.Name})
	}
	if len(list) > 0 {
		l.quiet.Store(true) // the addition tells
	}
	//lint:ignore SA1019 see above
	client.RemoveRoots(before...)
	l.quiet.Store(false)
	//lint:ignore SA1019 see above
	client.AddRoots(list...)
	l.list = roots
}

// tellRoots lets the server hear of a change of the roots once, and not at all
// on 2026-07-28, where every request is answered with those in force.
func (cn *conn) tellRoots(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		if method == rootsChanged && (cn.roots.quiet.Load() || cn.negotiated() >= firstModern) {
			return nil, nil
		}
		return next(ctx, method, req)
	}
}
