package demoserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Bounds of the tools' arguments. The input schemas state the same numbers, so
// a client sees them before it calls.
const (
	// MaxSteps bounds slow's steps.
	MaxSteps = 10_000
	// MaxDelayMs bounds slow's delay between two steps, in milliseconds.
	MaxDelayMs = 60_000
	// MaxBigBytes bounds big's text, in bytes: 64 MiB.
	MaxBigBytes = 64 << 20
)

// addTools registers every tool of the demo server.
func addTools(s *mcp.Server) {
	readOnly := &mcp.ToolAnnotations{ReadOnlyHint: true}
	mcp.AddTool(s, &mcp.Tool{
		Name:        "echo",
		Title:       "Echo",
		Description: "Returns the message as it was sent.",
		Annotations: readOnly,
		InputSchema: object(`"message":{"type":"string","description":"What to send back."}`, "message"),
	}, echo)
	mcp.AddTool(s, &mcp.Tool{
		Name:        "add",
		Title:       "Add",
		Description: "Adds two numbers; the sum comes as text and as structured content.",
		Annotations: readOnly,
		InputSchema: object(`"a":{"type":"number","description":"The first number."},
			"b":{"type":"number","description":"The second number."}`, "a", "b"),
		OutputSchema: object(`"sum":{"type":"number","description":"a + b"}`, "sum"),
	}, add)
	mcp.AddTool(s, &mcp.Tool{
		Name:        "slow",
		Title:       "Slow",
		Description: "Takes its time: reports progress after each step, and stops at once when it is cancelled.",
		Annotations: readOnly,
		InputSchema: object(fmt.Sprintf(`
			"steps":{"type":"integer","minimum":1,"maximum":%d,"default":5,"description":"How many steps."},
			"delayMs":{"type":"integer","minimum":0,"maximum":%d,"default":200,"description":"How long each step takes, in milliseconds."}`,
			MaxSteps, MaxDelayMs)),
	}, slow)
	mcp.AddTool(s, &mcp.Tool{
		Name:        "ask",
		Title:       "Ask",
		Description: "Asks the person a question with a form, and returns the answer.",
		Annotations: readOnly,
		InputSchema: object(`"question":{"type":"string","minLength":1,"description":"What to ask."}`, "question"),
	}, ask)
	mcp.AddTool(s, &mcp.Tool{
		Name:        "big",
		Title:       "Big",
		Description: "Returns a text of the given length.",
		Annotations: readOnly,
		InputSchema: object(fmt.Sprintf(
			`"bytes":{"type":"integer","minimum":0,"maximum":%d,"description":"How many bytes of text."}`, MaxBigBytes), "bytes"),
	}, big)
	mcp.AddTool(s, &mcp.Tool{
		Name:        "fail",
		Title:       "Fail",
		Description: "Fails: its result has isError set.",
		Annotations: readOnly,
		InputSchema: object(``),
	}, fail)
	addPicture(s)
}

// object returns the JSON Schema of an object that has the given properties and
// no others.
func object(properties string, required ...string) json.RawMessage {
	s := `{"type":"object","properties":{` + properties + `},"additionalProperties":false`
	if len(required) > 0 {
		s += `,"required":["` + strings.Join(required, `","`) + `"]`
	}
	return json.RawMessage(s + `}`)
}

// text is a result of one text block.
func text(s string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: s}}}
}

type echoInput struct {
	Message string `json:"message"`
}

func echo(_ context.Context, _ *mcp.CallToolRequest, in echoInput) (*mcp.CallToolResult, any, error) {
	return text(in.Message), nil, nil
}

type addInput struct {
	A float64 `json:"a"`
	B float64 `json:"b"`
}

type addOutput struct {
	Sum float64 `json:"sum"`
}

func add(_ context.Context, _ *mcp.CallToolRequest, in addInput) (*mcp.CallToolResult, addOutput, error) {
	sum := in.A + in.B
	return text(strconv.FormatFloat(sum, 'g', -1, 64)), addOutput{Sum: sum}, nil
}

type slowInput struct {
	Steps   int `json:"steps"`
	DelayMs int `json:"delayMs"`
}

// slow sends one progress notification after each step, if the caller gave a
// progress token. It returns early when ctx ends: the call was cancelled, its
// connection was closed (2026-07-28), or the server is shutting down.
func slow(ctx context.Context, req *mcp.CallToolRequest, in slowInput) (*mcp.CallToolResult, any, error) {
	token := req.Params.GetProgressToken()
	log(ctx, req, "info", fmt.Sprintf("slow begins with %d steps", in.Steps))
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for step := 1; step <= in.Steps; step++ {
		timer.Reset(time.Duration(in.DelayMs) * time.Millisecond)
		select {
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("cancelled after %d of %d steps", step-1, in.Steps)
		case <-timer.C:
		}
		if token == nil {
			continue
		}
		err := req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
			ProgressToken: token,
			Progress:      float64(step),
			Total:         float64(in.Steps),
			Message:       fmt.Sprintf("step %d of %d", step, in.Steps),
		})
		if err != nil {
			return nil, nil, fmt.Errorf("reporting progress: %w", err)
		}
	}
	log(ctx, req, "info", "slow is done")
	return text(fmt.Sprintf("done after %d steps", in.Steps)), nil, nil
}

// log logs, if the client wants to hear it.
//
//lint:ignore SA1019 see Handler
func log(ctx context.Context, req *mcp.CallToolRequest, level mcp.LoggingLevel, what string) {
	//lint:ignore SA1019 see Handler
	_ = req.Session.Log(ctx, &mcp.LoggingMessageParams{Level: level, Logger: "demo", Data: what}) // nobody may be there
}

type askInput struct {
	Question string `json:"question"`
}

const (
	// askKey names the one input request of ask.
	askKey = "answer"
	// askState is the request state that ask hands out with its question; a
	// client has to bring it back unchanged with the answer.
	askState = "asked"
)

// askForm is the form that ask shows.
var askForm = object(`"answer":{"type":"string","title":"Answer","minLength":1}`, "answer")

// ask returns its question as an input request. On 2026-07-28 the client
// answers it by calling again (multi-round-trip request); on earlier revisions
// the SDK asks with elicitation/create during the call and then runs ask again.
func ask(_ context.Context, req *mcp.CallToolRequest, in askInput) (*mcp.CallToolResult, any, error) {
	response, answered := req.Params.InputResponses[askKey]
	if !answered {
		if caps := req.ClientCapabilities(); caps == nil || caps.Elicitation == nil {
			return nil, nil, errors.New("this tool asks the person a question, and the client has not announced the elicitation capability")
		}
		return &mcp.CallToolResult{
			InputRequests: mcp.InputRequestMap{askKey: &mcp.ElicitParams{
				Mode:            "form",
				Message:         in.Question,
				RequestedSchema: askForm,
			}},
			RequestState: askState,
		}, nil, nil
	}
	if req.Params.RequestState != askState {
		return nil, nil, errors.New("the answer came without the requestState that was given with the question")
	}
	result, ok := response.(*mcp.ElicitResult)
	if !ok {
		return nil, nil, fmt.Errorf("the answer to an elicitation is a %T", response)
	}
	switch result.Action {
	case "accept":
		answer, ok := result.Content["answer"].(string)
		if !ok || answer == "" {
			return nil, nil, errors.New(`the form came back without its required field "answer"`)
		}
		return text("the answer is: " + answer), nil, nil
	case "decline", "cancel":
		return text("no answer: " + result.Action), nil, nil
	}
	return nil, nil, fmt.Errorf("unknown elicitation action %q", result.Action)
}

type bigInput struct {
	Bytes int `json:"bytes"`
}

// bigPattern is what big's text repeats: 64 bytes that need no escape in JSON.
const bigPattern = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

func big(_ context.Context, _ *mcp.CallToolRequest, in bigInput) (*mcp.CallToolResult, any, error) {
	s := strings.Repeat(bigPattern, in.Bytes/len(bigPattern)) + bigPattern[:in.Bytes%len(bigPattern)]
	return text(s), nil, nil
}

func fail(ctx context.Context, req *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
	log(ctx, req, "warning", "fail was called")
	return nil, nil, errors.New("this tool always fails")
}
