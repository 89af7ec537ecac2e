package demoserver

import (
	"context"
	"fmt"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// addPrompts registers every prompt of the demo server.
func addPrompts(s *mcp.Server) {
	s.AddPrompt(&mcp.Prompt{
		Name: "review", Title: "Review code", Description: "Asks for a review of a piece of code.",
		Arguments: []*mcp.PromptArgument{
			{Name: "language", Title: "Language", Description: "The language it is written in.", Required: true},
			{Name: "style", Title: "Style", Description: "How to put it; it can be completed once the language is known."},
		},
	}, review)
	s.AddPrompt(&mcp.Prompt{
		Name: "tour", Title: "A tour", Description: "Shows a message of each kind.",
	}, tour)
}

func review(_ context.Context, req *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	language, style := req.Params.Arguments["language"], req.Params.Arguments["style"]
	text := fmt.Sprintf("Please review the following %s code.", language)
	if style != "" {
		text += " Keep to this style: " + style + "."
	}
	return &mcp.GetPromptResult{
		Description: "A review of " + language + " code",
		Messages:    []*mcp.PromptMessage{{Role: "user", Content: &mcp.TextContent{Text: text}}},
	}, nil
}

func tour(context.Context, *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	return &mcp.GetPromptResult{
		Description: "A message of each kind",
		Messages: []*mcp.PromptMessage{
			{Role: "user", Content: &mcp.EmbeddedResource{Resource: &mcp.ResourceContents{URI: aboutURI, MIMEType: "text/markdown", Text: about}}},
			{Role: "user", Content: &mcp.TextContent{Text: "What is there to try?"}},
			{Role: "assistant", Content: &mcp.TextContent{Text: "Tools, resources and prompts."}},
		},
	}, nil
}

// styles are what an argument may be: the languages, and what goes with each.
var styles = map[string][]string{
	"go":         {"effective go", "table tests"},
	"javascript": {"no semicolons", "standard"},
	"python":     {"black", "pep 8"},
	"typescript": {"strict", "standard"},
}

// names are whom the template greets.
var names = []string{"Ada", "Barbara", "Edsger", "Grace", "Margaret"}

// complete completes the arguments of review and of the template.
func complete(_ context.Context, req *mcp.CompleteRequest) (*mcp.CompleteResult, error) {
	var all []string
	switch ref, arg := req.Params.Ref, req.Params.Argument.Name; {
	case ref.Name == "review" && arg == "language":
		all = []string{"go", "javascript", "python", "typescript"}
	case ref.Name == "review" && arg == "style" && req.Params.Context != nil:
		all = styles[req.Params.Context.Arguments["language"]]
	case ref.URI == greetingTemplate && arg == "name":
		all = names
	}
	values := []string{}
	for _, v := range all {
		if strings.HasPrefix(v, req.Params.Argument.Value) {
			values = append(values, v)
		}
	}
	return &mcp.CompleteResult{Completion: mcp.CompletionResultDetails{Values: values, Total: len(values)}}, nil
}
