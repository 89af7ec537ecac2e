package drive

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/host"
)

// raw adapts a method of the session's for request.
func raw[P, R any](call func(context.Context, *P) (R, error)) func(context.Context, json.RawMessage) (any, error) {
	return func(ctx context.Context, given json.RawMessage) (any, error) {
		params := new(P)
		if len(given) > 0 {
			if err := json.Unmarshal(given, params); err != nil {
				return nil, err
			}
		}
		return call(ctx, params)
	}
}

// bare adapts a method without a result.
func bare[P any](call func(context.Context, *P) error) func(context.Context, json.RawMessage) (any, error) {
	return raw(func(ctx context.Context, params *P) (json.RawMessage, error) {
		if err := call(ctx, params); err != nil {
			return nil, err
		}
		return json.RawMessage("{}"), nil
	})
}

// request makes a request through the Go host.
func request(ctx context.Context, s *host.Session, step Step) (json.RawMessage, error) {
	call := map[string]func(context.Context, json.RawMessage) (any, error){
		"listTools":             raw(s.ListToolsRaw),
		"listResources":         raw(s.ListResourcesRaw),
		"listResourceTemplates": raw(s.ListResourceTemplatesRaw),
		"listPrompts":           raw(s.ListPromptsRaw),
		"readResource":          raw(s.ReadResourceRaw),
		"getPrompt":             raw(s.GetPromptRaw),
		"complete":              raw(s.CompleteRaw),
		"subscribeResource":     bare(s.Subscribe),
		"unsubscribeResource":   bare(s.Unsubscribe),
		"setLoggingLevel":       bare(s.SetLoggingLevel),
	}[step.Method]
	if call == nil {
		return nil, fmt.Errorf("unknown request %q", step.Method)
	}
	result, err := call(ctx, step.Params)
	if err != nil {
		return nil, err
	}
	return result.(json.RawMessage), nil
}

// list goes over a list through the Go host, or collects it.
func list(ctx context.Context, s *host.Session, step Step) ([]string, error) {
	switch step.Method {
	case "tools":
		return names(s.Tools(ctx, nil), step, func(t *mcp.Tool) string { return t.Name })
	case "resources":
		return names(s.Resources(ctx, nil), step, func(r *mcp.Resource) string { return r.URI })
	case "resourceTemplates":
		return names(s.ResourceTemplates(ctx, nil), step, func(r *mcp.ResourceTemplate) string { return r.URITemplate })
	case "prompts":
		return names(s.Prompts(ctx, nil), step, func(p *mcp.Prompt) string { return p.Name })
	}
	return nil, fmt.Errorf("unknown list %q", step.Method)
}

func names[T any](entries iter.Seq2[*T, error], step Step, name func(*T) string) (names []string, err error) {
	if step.Do == WholeList {
		all, err := host.Collect(entries, step.Most)
		if err != nil {
			return nil, err
		}
		for _, entry := range all {
			names = append(names, name(entry))
		}
		return names, nil
	}
	for entry, err := range entries {
		if err != nil {
			return names, err
		}
		names = append(names, name(entry))
	}
	return names, nil
}
