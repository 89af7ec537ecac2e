//go:build wasip1

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/textproto"
	"runtime"
	"strings"

	pdk "github.com/extism/go-pdk"

	"github.com/remora-mcp/remora/internal/port"
	"github.com/remora-mcp/remora/internal/wire"
)

// The imports of Extism's HTTP, declared here because go-pdk's wrapper frees
// blocks that hosts have freed before. They take and return addresses of
// Extism's memory, 0 for none.

//go:wasmimport extism:host/env http_request
func httpRequest(meta, body uint64) uint64

//go:wasmimport extism:host/env http_status_code
func httpStatusCode() int32

//go:wasmimport extism:host/env http_headers
func httpHeaders() uint64

// hostHTTP is the port.HTTP on Extism's http_request, which blocks the whole
// guest until the answer's body is complete. What the host refuses (a host that
// is not allowed, no connection, a body beyond its limit) it does not report:
// it traps the guest. Redirects are the host's affair.
type hostHTTP struct {
	// headers are the application's, names in canonical form.
	headers map[string]string
	// hidden is set when the host showed no response headers.
	hidden bool
}

// Do implements port.HTTP.
func (h *hostHTTP) Do(ctx context.Context, req *port.Request) (*port.Response, error) {
	runtime.Gosched() // a time-out that fell due during a request goes first
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	meta := struct {
		URL     string            `json:"url"`
		Method  string            `json:"method"`
		Headers map[string]string `json:"headers"`
	}{req.URL, req.Method, make(map[string]string, len(h.headers)+len(req.Header))}
	for name, value := range h.headers {
		meta.Headers[name] = value
	}
	for name, values := range req.Header {
		meta.Headers[textproto.CanonicalMIMEHeaderKey(name)] = strings.Join(values, ", ")
	}
	raw, err := json.Marshal(meta)
	if err != nil {
		return nil, &wire.Error{Code: wire.CodeLocalBadArgument, Message: "the request cannot be encoded", Sent: wire.SentNo}
	}
	// The host frees both; whatever is left goes when the export returns.
	body := uint64(0)
	if len(req.Body) > 0 {
		mem := pdk.AllocateBytes(req.Body)
		body = mem.Offset()
	}
	metaMem := pdk.AllocateBytes(raw)
	answer := pdk.FindMemory(httpRequest(metaMem.Offset(), body))
	resp := &port.Response{Status: int(httpStatusCode())}
	content := take(answer)
	resp.Body = io.NopCloser(bytes.NewReader(content))
	header := readHeaders(httpHeaders())
	if h.hidden = len(header) == 0; h.hidden {
		header["Content-Type"] = []string{guessType(content)}
	}
	resp.Header = header
	return resp, nil
}

// take copies a block of Extism's memory and frees it.
func take(mem pdk.Memory) []byte {
	if mem.Offset() == 0 || mem.Length() == 0 {
		return nil
	}
	content := mem.ReadBytes()
	mem.Free()
	return content
}

// readHeaders decodes what http_headers returned: a JSON object of names and
// values, or nothing from a host that does not show headers.
func readHeaders(at uint64) map[string][]string {
	header := make(map[string][]string)
	if at == 0 {
		return header
	}
	var said map[string]any
	if json.Unmarshal(take(pdk.FindMemory(at)), &said) != nil {
		return header
	}
	for name, value := range said {
		name = textproto.CanonicalMIMEHeaderKey(name)
		switch value := value.(type) {
		case string:
			header[name] = append(header[name], value)
		case []any:
			for _, v := range value {
				if s, ok := v.(string); ok {
					header[name] = append(header[name], s)
				}
			}
		}
	}
	return header
}

// guessType is the content type of an answer whose headers cannot be seen, as
// far as an MCP client has to tell types apart.
func guessType(content []byte) string {
	content = bytes.TrimLeft(content, " \t\r\n\ufeff")
	if len(content) == 0 {
		return ""
	}
	if content[0] == '{' || content[0] == '[' {
		return "application/json"
	}
	for _, field := range []string{"data:", "event:", "id:", "retry:", ":"} {
		if bytes.HasPrefix(content, []byte(field)) {
			return "text/event-stream"
		}
	}
	if content[0] == '<' {
		return "text/html"
	}
	return "text/plain"
}
