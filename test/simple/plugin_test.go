// Package simple holds that the plugin's exports discover and run work from a
// plain Extism host: the Go SDK with nothing but a manifest.
package simple

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	extism "github.com/extism/go-sdk"
	"github.com/tetratelabs/wazero"

	"github.com/remora-mcp/remora/internal/wire"
	"github.com/remora-mcp/remora/test/internal/kit"
)

// machineCode is compiled once for every test; plugins differ in nothing else.
var machineCode = sync.OnceValue(wazero.NewCompilationCache)

// An option changes how a plugin is made.
type option func(*extism.Manifest, *extism.PluginConfig)

// hiddenHeaders is an SDK that shows no response headers, as the Go SDK does
// unless it is told otherwise.
func hiddenHeaders(_ *extism.Manifest, c *extism.PluginConfig) { c.EnableHttpResponseHeaders = false }

func config(key, value string) option {
	return func(m *extism.Manifest, _ *extism.PluginConfig) { m.Config[key] = value }
}

func allow(hosts ...string) option {
	return func(m *extism.Manifest, _ *extism.PluginConfig) { m.AllowedHosts = hosts }
}

// newPlugin makes an instance that may reach this machine.
func newPlugin(t *testing.T, options ...option) *extism.Plugin {
	t.Helper()
	path, err := kit.In("dist", "remora-plugin.wasm")
	if err != nil {
		t.Fatal(err)
	}
	manifest := extism.Manifest{
		Wasm:         []extism.Wasm{extism.WasmFile{Path: path}},
		AllowedHosts: []string{"127.0.0.1"},
		Config:       map[string]string{},
	}
	c := extism.PluginConfig{
		EnableWasi:                true,
		EnableHttpResponseHeaders: true,
		RuntimeConfig:             wazero.NewRuntimeConfig().WithCompilationCache(machineCode()),
	}
	for _, o := range options {
		o(&manifest, &c)
	}
	plugin, err := extism.NewPlugin(t.Context(), manifest, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plugin.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return plugin
}

// output is what either export gives.
type output struct {
	Result        json.RawMessage
	InputRequired *wire.InputRequired
	Error         *wire.Error
}

// call calls an export, which must neither trap nor set Extism's error.
func call(t *testing.T, p *extism.Plugin, export, input string) output {
	t.Helper()
	rc, raw, err := p.Call(export, []byte(input))
	if err != nil || rc != 0 {
		t.Fatalf("%s returned %d: %v", export, rc, err)
	}
	var out output
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("%s gave %.300q: %v", export, raw, err)
	}
	return out
}

// toolNames are the names of the tools that discover gave.
func toolNames(t *testing.T, out output) []string {
	t.Helper()
	if out.Error != nil {
		t.Fatal(out.Error)
	}
	var result wire.Discovered
	if err := json.Unmarshal(out.Result, &result); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, raw := range result.Tools {
		var tool struct{ Name string }
		if err := json.Unmarshal(raw, &tool); err != nil {
			t.Fatal(err)
		}
		names = append(names, tool.Name)
	}
	return names
}

// said is the text of a result, and whether the tool failed.
func said(t *testing.T, out output) (text string, failed bool) {
	t.Helper()
	if out.Error != nil {
		t.Fatal(out.Error)
	}
	var result struct {
		Content []struct{ Text string }
		IsError bool
	}
	if err := json.Unmarshal(out.Result, &result); err != nil || len(result.Content) == 0 {
		t.Fatalf("result %.300q: %v", out.Result, err)
	}
	return result.Content[0].Text, result.IsError
}
