package host

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// SetRoots replaces the session's roots, all of them, and tells the server if its
// revision has a word for that (before 2026-07-28; later every question for them
// is answered with those in force). It blocks until the server has been told.
// They hold for the session, also when it is opened again. Without
// [ConnectOptions].Roots it fails with CodeLocalUnsupported.
//
//lint:ignore SA1019 see ConnectOptions.Roots
func (s *Session) SetRoots(ctx context.Context, roots ...*mcp.Root) error {
	list, err := wireRoots(roots)
	if err != nil {
		return err
	}
	if list == nil {
		list = []wire.Root{}
	}
	if _, err := s.request(ctx, "setRoots", wire.SetRoots{Roots: list}, nil); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roots = list
	return nil
}

// rootsNow returns the roots in force.
func (s *Session) rootsNow() []wire.Root {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.roots
}

// wireRoots returns roots as they cross the boundary; nil stays nil.
//
//lint:ignore SA1019 see ConnectOptions.Roots
func wireRoots(roots []*mcp.Root) ([]wire.Root, error) {
	if roots == nil {
		return nil, nil
	}
	list := make([]wire.Root, 0, len(roots))
	for i, root := range roots {
		if root == nil {
			return nil, failure(CodeLocalBadArgument, "root %d is nil", i)
		}
		meta, err := encodeMeta(root.Meta)
		if err != nil {
			return nil, err
		}
		list = append(list, wire.Root{URI: root.URI, Name: root.Name, Meta: meta})
	}
	return list, nil
}
