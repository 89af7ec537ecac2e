package host

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A GroupPrompt is a prompt of a group.
type GroupPrompt struct {
	// Name is its name in the group, for GetPrompt.
	Name string
	// Server is the server that has it.
	Server string
	// Prompt is the prompt as the server sent it, with the server's own name for
	// it; nil if it cannot be decoded into the go-sdk's type.
	Prompt *mcp.Prompt
	// Raw is the prompt byte for byte as the server sent it.
	Raw json.RawMessage
}

// A GroupResource is a resource of a group. Several servers may have one of the
// same URI.
type GroupResource struct {
	// Server is the server that has it.
	Server string
	// URI is the resource's.
	URI string
	// Resource is the resource as the server sent it; nil if it cannot be decoded
	// into the go-sdk's type.
	Resource *mcp.Resource
	// Raw is the resource byte for byte as the server sent it.
	Raw json.RawMessage
}

// A GroupResourceTemplate is a resource template of a group.
type GroupResourceTemplate struct {
	// Server is the server that has it.
	Server string
	// URITemplate is the template's.
	URITemplate string
	// ResourceTemplate is the template as the server sent it; nil if it cannot be
	// decoded into the go-sdk's type.
	ResourceTemplate *mcp.ResourceTemplate
	// Raw is the template byte for byte as the server sent it.
	Raw json.RawMessage
}

// ListPrompts returns every prompt of every server that is there. It does not
// wait for servers that are lost.
func (g *Group) ListPrompts(ctx context.Context) ([]GroupPrompt, error) {
	entries, err := g.list(ctx, kindPrompts)
	out := make([]GroupPrompt, len(entries))
	for i, e := range entries {
		out[i] = GroupPrompt{Name: e.name, Server: e.server, Raw: e.raw}
		decodeInto(e.raw, &out[i].Prompt)
	}
	return out, err
}

// GetPrompt has the server that it belongs to write a prompt, by its name in the
// group; otherwise it is [Session.GetPrompt].
func (g *Group) GetPrompt(ctx context.Context, params *mcp.GetPromptParams) (*mcp.GetPromptResult, error) {
	own := *orNew(params)
	m, e, err := g.find(ctx, kindPrompts, own.Name)
	if err != nil {
		return nil, err
	}
	own.Name = e.id
	var res *mcp.GetPromptResult
	err = m.use(ctx, func(s *Session) (err error) {
		res, err = s.GetPrompt(ctx, &own)
		return err
	})
	return res, err
}

// ListResources returns every resource of every server that is there. It does
// not wait for servers that are lost.
func (g *Group) ListResources(ctx context.Context) ([]GroupResource, error) {
	entries, err := g.list(ctx, kindResources)
	out := make([]GroupResource, len(entries))
	for i, e := range entries {
		out[i] = GroupResource{Server: e.server, URI: e.id, Raw: e.raw}
		decodeInto(e.raw, &out[i].Resource)
	}
	return out, err
}

// ListResourceTemplates returns every resource template of every server that is
// there. It does not wait for servers that are lost.
func (g *Group) ListResourceTemplates(ctx context.Context) ([]GroupResourceTemplate, error) {
	entries, err := g.list(ctx, kindResourceTemplates)
	out := make([]GroupResourceTemplate, len(entries))
	for i, e := range entries {
		out[i] = GroupResourceTemplate{Server: e.server, URITemplate: e.id, Raw: e.raw}
		decodeInto(e.raw, &out[i].ResourceTemplate)
	}
	return out, err
}

// ReadResource reads a resource from the server that lists its URI, or a
// template that the URI can come from. It fails with CodeLocalBadArgument if no
// server does, or several do; the Session in [Group.Server] reads from a server
// of one's choice. Otherwise it is [Session.ReadResource].
func (g *Group) ReadResource(ctx context.Context, params *mcp.ReadResourceParams) (*mcp.ReadResourceResult, error) {
	m, err := g.holder(ctx, orNew(params).URI)
	if err != nil {
		return nil, err
	}
	var res *mcp.ReadResourceResult
	err = m.use(ctx, func(s *Session) (err error) {
		res, err = s.ReadResource(ctx, params)
		return err
	})
	return res, err
}

// holder returns the server to read a URI from.
func (g *Group) holder(ctx context.Context, uri string) (*member, error) {
	entries, err := g.list(ctx, kindResources)
	if err != nil {
		return nil, err
	}
	servers := serversOf(entries, func(id string) bool { return id == uri })
	if len(servers) == 0 {
		if entries, err = g.list(ctx, kindResourceTemplates); err != nil {
			return nil, err
		}
		servers = serversOf(entries, func(id string) bool {
			start, _, _ := strings.Cut(id, "{")
			return start != "" && strings.HasPrefix(uri, start)
		})
	}
	switch len(servers) {
	case 0:
		return nil, failure(CodeLocalBadArgument, "no server of the group that can be reached lists that resource")
	case 1:
		return g.member(servers[0])
	}
	return nil, failure(CodeLocalBadArgument, "several servers of the group have that resource: %.200s", strings.Join(servers, ", "))
}

func serversOf(entries []groupEntry, is func(id string) bool) []string {
	var out []string
	for _, e := range entries {
		if is(e.id) && !slices.Contains(out, e.server) {
			out = append(out, e.server)
		}
	}
	return out
}
