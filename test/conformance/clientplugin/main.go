// Command clientplugin is the conformance suite's client on the Go host: it
// does what the scenario in MCP_CONFORMANCE_SCENARIO wants with the server
// whose URL is the last argument. It exits 0 if it could.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/remora-mcp/remora/host"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "client-plugin:", err)
		os.Exit(1)
	}
}

// A scenario is given the connected session. What the suite wants to see is in
// the requests that it records, so most of them only make some.
type scenario func(ctx context.Context, s host.Client) error

var scenarios = map[string]scenario{
	"initialize":                          listTools,
	"tools_call":                          then(listTools, calling("add_numbers", map[string]any{"a": 5, "b": 3})),
	"elicitation-sep1034-client-defaults": then(listTools, calling("test_client_elicitation_defaults", nil)),
	"sse-retry":                           then(listTools, calling("test_reconnection", nil)),
	"request-metadata":                    listTools,
	"json-schema-ref-no-deref":            listTools,
	"json-schema-2020-12-preservation":    echoSchema,
	"sep-2322-client-request-state": then(
		refusable("test_mrtr_echo_state", nil), refusable("test_mrtr_no_state", nil),
		refusable("test_mrtr_unrelated", nil), refusable("test_mrtr_no_result_type", nil)),
	"http-standard-headers":     callFirst,
	"http-custom-headers":       then(listTools, callGiven),
	"http-invalid-tool-headers": callAll,
}

func run(ctx context.Context) error {
	name := os.Getenv("MCP_CONFORMANCE_SCENARIO")
	do := scenarios[name]
	auth, err := authFor(name)
	if err != nil {
		return err
	}
	if auth != nil {
		do = useTool
	}
	if do == nil || len(os.Args) < 2 {
		return fmt.Errorf("usage: MCP_CONFORMANCE_SCENARIO=NAME client-plugin URL\nscenarios: auth/*, %s",
			strings.Join(slices.Sorted(maps.Keys(scenarios)), ", "))
	}
	rt, err := host.Open(ctx, host.Options{})
	if err != nil {
		return err
	}
	options := &host.ConnectOptions{
		ClientInfo: &mcp.Implementation{Name: "remora-conformance", Version: "1"},
		Handlers:   host.Handlers{Elicit: elicit},
		Auth:       auth,
	}
	if auth != nil {
		options.Events.Trace = showTrace
	}
	session, err := rt.Connect(ctx, os.Args[len(os.Args)-1], options)
	if err == nil {
		err = do(ctx, session)
		if auth != nil && err == nil {
			err = show(ctx, session, options)
		}
		err = errors.Join(err, session.Close())
	}
	return errors.Join(err, rt.Close(ctx))
}

// elicit accepts. Fields that it leaves out are filled in with the form's
// defaults.
func elicit(_ context.Context, params *mcp.ElicitParams) (*mcp.ElicitResult, error) {
	result := &mcp.ElicitResult{Action: "accept", Content: map[string]any{}}
	schema, _ := params.RequestedSchema.(map[string]any)
	properties, _ := schema["properties"].(map[string]any)
	if _, asked := properties["confirmed"]; asked {
		result.Content["confirmed"] = true
	}
	return result, nil
}

// then does one after the other, until one fails.
func then(steps ...scenario) scenario {
	return func(ctx context.Context, s host.Client) error {
		for _, step := range steps {
			if err := step(ctx, s); err != nil {
				return err
			}
		}
		return nil
	}
}

func listTools(ctx context.Context, s host.Client) error {
	_, err := s.ListTools(ctx, nil)
	return err
}

func calling(tool string, arguments any) scenario {
	return func(ctx context.Context, s host.Client) error {
		_, err := s.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
		return err
	}
}

// refusable makes a call that the suite's server, or the client's own checks,
// may refuse: that is no failure of the scenario. Anything that is not an
// answer is.
func refusable(tool string, arguments any) scenario {
	return func(ctx context.Context, s host.Client) error {
		err := calling(tool, arguments)(ctx, s)
		var e *host.Error
		if errors.As(err, &e) && slices.Contains([]host.Code{
			host.CodeRPCError, host.CodeHTTPNotMCP, host.CodeLocalBadArgument, host.CodeLocalUnsupported,
		}, e.Code) {
			fmt.Fprintln(os.Stderr, "refused:", e)
			return nil
		}
		return err
	}
}

func callFirst(ctx context.Context, s host.Client) error {
	tools, err := s.ListTools(ctx, nil)
	if err != nil {
		return err
	}
	if len(tools.Tools) == 0 {
		return errors.New("the server has no tools")
	}
	return refusable(tools.Tools[0].Name, nil)(ctx, s)
}

func callAll(ctx context.Context, s host.Client) error {
	for tool, err := range s.Tools(ctx, nil) {
		if err != nil {
			return err
		}
		if err := refusable(tool.Name, map[string]any{"region": "us-west1"})(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// callGiven makes the calls that the suite gives with the scenario.
func callGiven(ctx context.Context, s host.Client) error {
	var given struct {
		ToolCalls []struct {
			Name      string
			Arguments json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(os.Getenv("MCP_CONFORMANCE_CONTEXT")), &given); err != nil {
		return fmt.Errorf("MCP_CONFORMANCE_CONTEXT: %w", err)
	}
	for _, call := range given.ToolCalls {
		var arguments any
		if len(call.Arguments) > 0 {
			arguments = call.Arguments
		}
		if err := refusable(call.Name, arguments)(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// echoSchema sends a tool's input schema back as it came.
func echoSchema(ctx context.Context, s host.Client) error {
	for tool, err := range s.Tools(ctx, nil) {
		if err != nil {
			return err
		}
		if tool.Name == "json_schema_2020_12_tool" {
			return calling("json_schema_echo", map[string]any{"schema": tool.InputSchema})(ctx, s)
		}
	}
	return errors.New("the server has no tool json_schema_2020_12_tool")
}
