package core

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/internal/wire"
)

// What the application gives may be nested as deeply as it likes: that is an
// error of its call.
func TestDeepArguments(t *testing.T) {
	e := newEmbedder(t)
	server := serve(t, sdkServer(&mcp.StreamableHTTPOptions{Stateless: true}))
	session := e.connect(wire.Connect{URL: server.URL}).Session
	for _, depth := range []int{wire.DefaultMaxDepth, 200_000} {
		deep := strings.Repeat("[", depth) + strings.Repeat("]", depth)
		params := json.RawMessage(`{"name":"echo","arguments":{"message":` + deep + `}}`)
		if _, failure := e.run(wire.Call{Command: "callTool", Session: session}, params); failure == nil {
			t.Errorf("%d deep: no error", depth)
		}
		if text, failure := e.run(wire.Call{Command: "callTool", Session: session}, json.RawMessage(`{"name":"echo","arguments":{"message":"x"}}`)); failure != nil {
			t.Errorf("the call after: %v %s", failure, text)
		}
	}
}
