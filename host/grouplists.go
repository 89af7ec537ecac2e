package host

import (
	"context"
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// A groupKind is one kind of thing that servers list and a group aggregates.
type groupKind struct {
	// name is the kind's, and the member of a list's result that holds it.
	name string
	// named says that the naming rule names it; otherwise its id is its name.
	named bool
	// id is the member of one thing by which its server calls it.
	id string
	// offers reports whether a server lists it, and says when the list changes.
	offers func(*mcp.ServerCapabilities) (lists, tellsChanges bool)
	// page lists one page.
	page func(ctx context.Context, s *Session, cursor string) (json.RawMessage, error)
	// changed returns the application's callback for a changed list, or nil.
	changed func(*Events) func()
	// drop takes that callback out.
	drop func(*Events)
	// listen asks for the event that says that the list changed.
	listen func(changed func()) Events
}

// The kinds, by the names of the members that hold them.
const (
	kindTools             = "tools"
	kindPrompts           = "prompts"
	kindResources         = "resources"
	kindResourceTemplates = "resourceTemplates"
)

// groupKinds has one row for each kind.
var groupKinds = []groupKind{
	{
		name: kindTools, named: true, id: "name",
		offers: func(c *mcp.ServerCapabilities) (bool, bool) {
			return c.Tools != nil, c.Tools != nil && c.Tools.ListChanged
		},
		page: func(ctx context.Context, s *Session, cursor string) (json.RawMessage, error) {
			return s.ListToolsRaw(ctx, &mcp.ListToolsParams{Cursor: cursor})
		},
		changed: func(e *Events) func() { return e.ToolsChanged },
		drop:    func(e *Events) { e.ToolsChanged = nil },
		listen:  func(changed func()) Events { return Events{ToolsChanged: changed} },
	},
	{
		name: kindPrompts, named: true, id: "name",
		offers: func(c *mcp.ServerCapabilities) (bool, bool) {
			return c.Prompts != nil, c.Prompts != nil && c.Prompts.ListChanged
		},
		page: func(ctx context.Context, s *Session, cursor string) (json.RawMessage, error) {
			return s.ListPromptsRaw(ctx, &mcp.ListPromptsParams{Cursor: cursor})
		},
		changed: func(e *Events) func() { return e.PromptsChanged },
		drop:    func(e *Events) { e.PromptsChanged = nil },
		listen:  func(changed func()) Events { return Events{PromptsChanged: changed} },
	},
	{
		name: kindResources, id: "uri",
		offers: offersResources,
		page: func(ctx context.Context, s *Session, cursor string) (json.RawMessage, error) {
			return s.ListResourcesRaw(ctx, &mcp.ListResourcesParams{Cursor: cursor})
		},
		changed: func(e *Events) func() { return e.ResourcesChanged },
		drop:    func(e *Events) { e.ResourcesChanged = nil },
		listen:  func(changed func()) Events { return Events{ResourcesChanged: changed} },
	},
	{
		name: kindResourceTemplates, id: "uriTemplate",
		offers: offersResources,
		page: func(ctx context.Context, s *Session, cursor string) (json.RawMessage, error) {
			return s.ListResourceTemplatesRaw(ctx, &mcp.ListResourceTemplatesParams{Cursor: cursor})
		},
		changed: func(*Events) func() { return nil }, // told with the resources
		drop:    func(*Events) {},
		listen:  func(changed func()) Events { return Events{ResourcesChanged: changed} },
	},
}

func offersResources(c *mcp.ServerCapabilities) (lists, tellsChanges bool) {
	return c.Resources != nil, c.Resources != nil && c.Resources.ListChanged
}

// A groupEntry is one thing of a server, with its name in the group.
type groupEntry struct {
	name, server string
	id           string // what its server calls it by
	raw          json.RawMessage
}

// groupLists holds what a server listed, by kind.
type groupLists map[string][]groupEntry

// listAll returns every page of a kind.
func (k *groupKind) listAll(ctx context.Context, s *Session) ([]groupEntry, error) {
	// What is kept from before is what changed.
	o, err := callOptions(ctx)
	if err != nil {
		return nil, err
	}
	o.CacheMode, o.OnProgress = CacheRefresh, nil
	ctx = WithCallOptions(ctx, o)
	var out []groupEntry
	seen := map[string]bool{"": true}
	for cursor := ""; ; {
		raw, err := k.page(ctx, s, cursor)
		if err != nil {
			return nil, err
		}
		var page map[string]json.RawMessage
		var things []json.RawMessage
		if json.Unmarshal(raw, &page) != nil || json.Unmarshal(page[k.name], &things) != nil {
			return nil, &Error{Code: CodeHTTPNotMCP, Message: "the server's list of " + k.name + " cannot be read", Sent: SentYes}
		}
		for _, raw := range things {
			var members map[string]json.RawMessage
			var id string
			if json.Unmarshal(raw, &members) == nil && json.Unmarshal(members[k.id], &id) == nil {
				out = append(out, groupEntry{id: id, raw: raw})
			}
		}
		cursor = ""
		_ = json.Unmarshal(page["nextCursor"], &cursor) // none is the end
		if cursor == "" {
			return out, nil
		}
		if seen[cursor] || len(seen) == wire.MaxListPages {
			return nil, &Error{Code: CodeHTTPNotMCP, Message: "the server's list of " + k.name + " does not end: a cursor comes back, or there are too many pages", Sent: SentYes}
		}
		seen[cursor] = true
	}
}

// A GroupCollision is two things of one name. The holder has it; the other
// cannot be reached by name.
type GroupCollision struct {
	// Kind is what has the name: "tools" or "prompts".
	Kind string
	// Name is the name in the group.
	Name string
	// Server is the server whose thing is left out.
	Server string
	// Holder is the server whose thing has the name.
	Holder string
}

// groupRoutes says which name leads where.
type groupRoutes struct {
	byName     map[string]map[string]groupEntry // by kind, then name
	order      map[string][]string              // names by kind, in the order of the servers and their lists
	collisions []GroupCollision
}

// route finds out which name leads where. Who had a name before keeps it;
// otherwise who comes first has it.
func route(lists []groupLists, before *groupRoutes) *groupRoutes {
	r := &groupRoutes{byName: make(map[string]map[string]groupEntry), order: make(map[string][]string)}
	for _, kind := range groupKinds {
		if !kind.named {
			continue // a URI is what it is, whoever has it
		}
		holders := make(map[string]*groupEntry)
		var all []*groupEntry
		for _, list := range lists {
			for i := range list[kind.name] {
				e := &list[kind.name][i]
				all = append(all, e)
				if had, ok := before.byName[kind.name][e.name]; ok && had.server == e.server && holders[e.name] == nil {
					holders[e.name] = e
				}
			}
		}
		routes := make(map[string]groupEntry)
		for _, e := range all {
			holder := holders[e.name]
			if holder == nil {
				holders[e.name], holder = e, e
			}
			if holder != e {
				r.collisions = append(r.collisions, GroupCollision{Kind: kind.name, Name: e.name, Server: e.server, Holder: holder.server})
				continue
			}
			routes[e.name] = *e
			r.order[kind.name] = append(r.order[kind.name], e.name)
		}
		r.byName[kind.name] = routes
	}
	return r
}
