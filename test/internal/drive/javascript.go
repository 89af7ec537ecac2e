package drive

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/remora-mcp/remora/test/internal/kit"
)

// Node is the npm package in Node of that major version.
func Node(major int) Embedder {
	return Embedder{
		Name: fmt.Sprintf("node%d", major),
		Run: func(ctx context.Context, scripts []Script) ([]Report, error) {
			return javascript(ctx, major, nil, scripts, "node.js")
		},
	}
}

// NodeAnyCertificate is Node, which takes every server's certificate.
func NodeAnyCertificate(major int) Embedder {
	e := Node(major)
	e.Run = func(ctx context.Context, scripts []Script) ([]Report, error) {
		return javascript(ctx, major, []string{"NODE_TLS_REJECT_UNAUTHORIZED=0"}, scripts, "node.js")
	}
	return e
}

// Page is the npm package in a page of Chromium, under the content security
// policy script-src 'self' 'wasm-unsafe-eval'.
func Page() Embedder {
	return Embedder{Name: "page", Browser: true, Run: func(ctx context.Context, scripts []Script) ([]Report, error) {
		return javascript(ctx, browserNode, nil, scripts, "browser.js", "page")
	}}
}

// Worker is the npm package in a web worker of such a page.
func Worker() Embedder {
	return Embedder{Name: "worker", Browser: true, Run: func(ctx context.Context, scripts []Script) ([]Report, error) {
		return javascript(ctx, browserNode, nil, scripts, "browser.js", "worker")
	}}
}

// Tabs is such a page for each script, all at the same time and in one profile:
// what the origin keeps is theirs together.
func Tabs() Embedder {
	return Embedder{Name: "tabs", Browser: true, Run: func(ctx context.Context, scripts []Script) ([]Report, error) {
		return javascript(ctx, browserNode, nil, scripts, "browser.js", "tabs")
	}}
}

// lines are the npm packages of Extism's JavaScript SDK, by the line's version.
var lines = map[string]string{"1.0.3": "extism-1", "2.0.0-rc13": "@extism/extism"}

// ExtismNode is the npm package in Node of that major version, over the plugin
// in Extism's JavaScript SDK of that version.
func ExtismNode(version string, major int) Embedder {
	return Embedder{
		Name: fmt.Sprintf("%s-node%d", name(version), major),
		Run: func(ctx context.Context, scripts []Script) ([]Report, error) {
			return overExtism(ctx, version, major, scripts, "node.js")
		},
	}
}

// ExtismPage is the same in a page of Chromium, under the policy of Page.
func ExtismPage(version string) Embedder {
	return Embedder{
		Name:    name(version) + "-page",
		Browser: true,
		Run: func(ctx context.Context, scripts []Script) ([]Report, error) {
			return overExtism(ctx, version, browserNode, scripts, "browser.js", "page")
		},
	}
}

// name is a version's part of an embedder's name, which stands in URLs.
func name(version string) string { return "extism-" + strings.ReplaceAll(version, ".", "-") }

func overExtism(ctx context.Context, version string, major int, scripts []Script, program string, args ...string) ([]Report, error) {
	pkg, ok := lines[version]
	if !ok {
		return nil, fmt.Errorf("no Extism SDK of version %s", version)
	}
	if _, err := kit.NPM(pkg, "package.json"); err != nil {
		return nil, err
	}
	return javascript(ctx, major, nil, scripts, program, append(args, pkg)...)
}

// browserNode is the Node that drives the browser.
const browserNode = 22

// javascript runs a program of test/drive, with env added to its environment.
func javascript(ctx context.Context, major int, env []string, scripts []Script, program string, args ...string) ([]Report, error) {
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
	out, err := kit.Filter(ctx, bytes.NewReader(input), node, append([]string{file}, args...), env)
	if err != nil {
		return nil, err
	}
	var reports []Report
	if err := json.Unmarshal(out, &reports); err != nil {
		return nil, fmt.Errorf("%s: %w in %.200q", program, err, out)
	}
	return reports, nil
}
