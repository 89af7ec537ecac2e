package drive

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/remora-mcp/remora/test/internal/kit"
)

// Node is the npm package in Node of that major version.
func Node(major int) Embedder {
	return Embedder{
		Name: fmt.Sprintf("node%d", major),
		Run: func(ctx context.Context, scripts []Script) ([]Report, error) {
			return javascript(ctx, major, scripts, "node.js")
		},
	}
}

// Page is the npm package in a page of Chromium, under the content security
// policy script-src 'self' 'wasm-unsafe-eval'.
func Page() Embedder {
	return Embedder{Name: "page", Browser: true, Run: func(ctx context.Context, scripts []Script) ([]Report, error) {
		return javascript(ctx, browserNode, scripts, "browser.js", "page")
	}}
}

// Worker is the npm package in a web worker of such a page.
func Worker() Embedder {
	return Embedder{Name: "worker", Browser: true, Run: func(ctx context.Context, scripts []Script) ([]Report, error) {
		return javascript(ctx, browserNode, scripts, "browser.js", "worker")
	}}
}

// browserNode is the Node that drives the browser.
const browserNode = 22

// javascript runs a program of test/drive.
func javascript(ctx context.Context, major int, scripts []Script, program string, args ...string) ([]Report, error) {
	if _, err := kit.Package(); err != nil {
		return nil, err
	}
	node, err := kit.Node(major)
	if err != nil {
		return nil, err
	}
	file, err := kit.In("test", "drive", program)
	if err != nil {
		return nil, err
	}
	input, err := json.Marshal(scripts)
	if err != nil {
		return nil, err
	}
	out, err := kit.Filter(ctx, bytes.NewReader(input), node, append([]string{file}, args...), nil)
	if err != nil {
		return nil, err
	}
	var reports []Report
	if err := json.Unmarshal(out, &reports); err != nil {
		return nil, fmt.Errorf("%s: %w in %.200q", program, err, out)
	}
	return reports, nil
}
