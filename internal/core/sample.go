package core

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/exchange"
	"github.com/remora-mcp/remora/internal/wire"
)

// firstLists is the first revision in which a message may have several content
// blocks (client/sampling).
const firstLists = "2025-11-25"

// sampleHandler answers the SDK's requests for a message.
//
//lint:ignore SA1019 deprecated by 2026-07-28, and still what servers of every revision ask for
func (s *session) sampleHandler(cn *conn) func(context.Context, *mcp.CreateMessageWithToolsRequest) (*mcp.CreateMessageWithToolsResult, error) {
	//lint:ignore SA1019 see above
	return func(ctx context.Context, req *mcp.CreateMessageWithToolsRequest) (*mcp.CreateMessageWithToolsResult, error) {
		meta, err := s.question(ctx, cn, req.Params.GetMeta(), func(ctx context.Context, q exchange.Question) (json.RawMessage, error) {
			return s.sample(ctx, q, cn.negotiated())
		})
		if err != nil {
			return nil, err
		}
		//lint:ignore SA1019 see above
		return &mcp.CreateMessageWithToolsResult{Meta: meta, Role: "assistant", Content: []mcp.Content{&mcp.TextContent{}}}, nil
	}
}

// sample asks the application, and returns its answer as it goes to the server.
func (s *session) sample(ctx context.Context, q exchange.Question, version string) (json.RawMessage, error) {
	var params wire.Sample
	if err := json.Unmarshal(q.Params, &params); err != nil {
		return nil, notAsked("the parameters of a sampling request are not of their form")
	}
	said := s.params.Capabilities.Sampling
	tools := hasValue(params.Tools) || hasValue(params.ToolChoice)
	if tools && (said == nil || said.Tools == nil) {
		return nil, notAsked("a sampling request with tools, which were not announced")
	}
	answer, err := s.ask(ctx, "sample", q.Call, q.Params)
	if err != nil {
		return nil, err
	}
	return readSampled(answer, tools, version)
}

func hasValue(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// readSampled checks an answer to sample. A list of one block becomes the block
// for a server that knows no lists.
func readSampled(answer []byte, tools bool, version string) (json.RawMessage, error) {
	wrong := func(what string) error { return unanswered(badArgument("the answer to sample %s", what)) }
	var fields map[string]json.RawMessage
	if json.Unmarshal(answer, &fields) != nil || fields == nil {
		return nil, wrong("is not an object")
	}
	var role string
	if json.Unmarshal(fields["role"], &role) != nil || role != "assistant" && role != "user" {
		return nil, wrong("has a role that is not assistant")
	}
	var model, reason *string
	if json.Unmarshal(fields["model"], &model) != nil || model == nil {
		return nil, wrong("does not name its model")
	}
	if raw := fields["stopReason"]; raw != nil && json.Unmarshal(raw, &reason) != nil {
		return nil, wrong("has a stopReason that is not a string")
	}
	content := bytes.TrimSpace(fields["content"])
	blocks := []json.RawMessage{content}
	list := len(content) > 0 && content[0] == '['
	if list {
		blocks = nil
		_ = json.Unmarshal(content, &blocks) // it has been decoded before
	}
	for _, raw := range blocks {
		var block struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(raw, &block) != nil || block.Type == "" {
			return nil, wrong("has content that is not a content block, nor a list of them")
		}
		if block.Type == "tool_result" || block.Type == "tool_use" && !tools {
			return nil, wrong("uses a tool, which the server does not offer")
		}
	}
	if !list || version >= firstLists {
		return answer, nil
	}
	if len(blocks) != 1 {
		return nil, wrong("has several content blocks, and the server's revision takes one")
	}
	fields["content"] = blocks[0]
	return json.Marshal(fields)
}
