package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// clientHeaders has the go-sdk's client send messages, and looks at the headers
// that repeat parts of them (2026-07-28, basic/transports).
func clientHeaders(ctx context.Context) error {
	var seen http.Header
	transport := &mcp.StreamableClientTransport{
		Endpoint: "http://server.example/",
		HTTPClient: &http.Client{Transport: roundTripper(func(r *http.Request) *http.Response {
			seen = r.Header
			body := io.NopCloser(strings.NewReader(`{"jsonrpc":"2.0","id":"1","result":{}}`))
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: body, Request: r}
		})},
	}
	conn, err := transport.Connect(ctx)
	if err != nil {
		return err
	}
	id, err := jsonrpc.MakeID("1")
	if err != nil {
		return err
	}
	for _, test := range []struct{ method, params, want string }{
		{"tools/call", `{"name":"t\u00fcl","arguments":{"name":"x","a":[{"_meta":1}]},` + modern + `}`, "2026-07-28 tools/call tül"},
		{"tools/call", `{` + modern + `,"arguments":12345678901234567890,"name":""}`, "2026-07-28 tools/call "},
		{"tools/call", `{"name":7,` + modern + `}`, "2026-07-28 tools/call "},
		{"prompts/get", `{"arguments":{"uri":"x"},"name":"p",` + modern + `}`, "2026-07-28 prompts/get p"},
		{"resources/read", `{"name":"n","uri":"x:y",` + modern + `}`, "2026-07-28 resources/read x:y"},
		{"tools/list", `{"name":"n",` + modern + `}`, "2026-07-28 tools/list "},
		{"tools/call", `{"name":"t"}`, "  "},
		{"tools/call", `{"name":"t","_meta":{"io.modelcontextprotocol/protocolVersion":7}}`, "  "},
		{"tools/call", `{"name":"t","_meta":null}`, "  "},
		{"ping", ``, "  "},
	} {
		if err := conn.Write(ctx, &jsonrpc.Request{ID: id, Method: test.method, Params: []byte(test.params)}); err != nil {
			return err
		}
		if _, err := conn.Read(ctx); err != nil {
			return err
		}
		got := strings.Join([]string{seen.Get("MCP-Protocol-Version"), seen.Get("Mcp-Method"), seen.Get("Mcp-Name")}, " ")
		if got != test.want {
			return fmt.Errorf("%s %s: headers %q, want %q", test.method, test.params, got, test.want)
		}
	}
	return nil
}
