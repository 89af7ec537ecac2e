package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestDiscoverAndRunOnEveryLine(t *testing.T) {
	rt := openRuntime(t)
	for _, line := range lines {
		t.Run(line.name, func(t *testing.T) {
			url := serveMCP(t, newTestServer(), &line.opts)
			o := &ConnectOptions{ProtocolVersion: line.version}
			found, err := rt.Discover(t.Context(), url, o)
			if err != nil {
				t.Fatal(err)
			}
			if found.ServerInfo.Name != "test" || found.ProtocolVersion != line.version || found.Instructions != "add only" || len(found.Tools) != 4 {
				t.Errorf("Discover: %+v", found)
			}
			var raw map[string]json.RawMessage
			if err := json.Unmarshal(found.Raw, &raw); err != nil || raw["server"] == nil {
				t.Errorf("Raw: %s, %v", found.Raw, err)
			}
			ran, err := rt.Run(t.Context(), url, &mcp.CallToolParams{Name: "add", Arguments: addArgs{2, 3}}, o)
			if err != nil {
				t.Fatal(err)
			}
			if got := text(t, ran.Result); got != `{"sum":5}` {
				t.Errorf("add: %s", got)
			}
			steps := 0
			ctx := WithCallOptions(t.Context(), CallOptions{OnProgress: func(*mcp.ProgressNotificationParams) { steps++ }})
			if _, err := rt.Run(ctx, url, &mcp.CallToolParams{Name: "slow", Arguments: slowArgs{3}}, o); err != nil {
				t.Error(err)
			}
			if want := 3; !line.opts.JSONResponse && steps != want {
				t.Errorf("%d progress events, want %d", steps, want)
			}
		})
	}
	rt.mu.Lock()
	left := len(rt.sessions)
	rt.mu.Unlock()
	if left != 0 {
		t.Errorf("%d sessions are kept", left)
	}
}

// What a server of 2026-07-28 asks comes as data, and the answer goes with the
// next Run.
func TestRunAsksAsData(t *testing.T) {
	rt := openRuntime(t)
	url := rawServer(t, func(w http.ResponseWriter, _ *http.Request, id, params json.RawMessage) {
		var p struct {
			InputResponses map[string]mcp.ElicitResult
			RequestState   string
		}
		switch err := json.Unmarshal(params, &p); {
		case err != nil:
			t.Error(err)
		case p.RequestState == "":
			answerJSON(w, id, `{"resultType":"input_required","requestState":"s\u00e9","inputRequests":{"name":{"method":"elicitation/create","params":{"message":"your name?"}}}}`)
		default:
			answerJSON(w, id, fmt.Sprintf(`{"resultType":"complete","content":[{"type":"text","text":"%s %v, %s"}]}`,
				p.InputResponses["name"].Action, p.InputResponses["name"].Content["name"], p.RequestState))
		}
	})
	params := &mcp.CallToolParams{Name: "ask"}
	ran, err := rt.Run(t.Context(), url, params, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ran.Result != nil || ran.InputRequired == nil || len(ran.InputRequired.InputRequests) != 1 {
		t.Fatalf("Run: %+v", ran)
	}
	params.InputResponses = mcp.InputResponseMap{}
	for key, request := range ran.InputRequired.InputRequests {
		if request.Method != "elicitation/create" {
			t.Errorf("method %s", request.Method)
		}
		params.InputResponses[key] = &mcp.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ada"}}
	}
	params.RequestState = ran.InputRequired.RequestState
	if ran, err = rt.Run(t.Context(), url, params, nil); err != nil {
		t.Fatal(err)
	}
	if got := text(t, ran.Result); got != "accept Ada, sé" {
		t.Errorf("the answer: %s", got)
	}
}

func TestOnceFailures(t *testing.T) {
	rt := openRuntime(t)
	url := serveMCP(t, newTestServer(), nil)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name string
		ctx  context.Context
		url  string
		tool string
		want Code
	}{
		{"no URL", t.Context(), "nowhere", "add", CodeLocalBadURL},
		{"no tool", t.Context(), url, "", CodeLocalBadArgument},
		{"no such tool", t.Context(), url, "nosuch", CodeRPCError},
		{"nobody there", t.Context(), "http://127.0.0.1:1/mcp", "add", CodeHTTPNetwork},
		{"cancelled before", cancelled, url, "add", CodeLocalCancelled},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := rt.Run(test.ctx, test.url, &mcp.CallToolParams{Name: test.tool}, nil)
			var e *Error
			if !errors.As(err, &e) || e.Code != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
