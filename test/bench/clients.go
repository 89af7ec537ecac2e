package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/remora-mcp/remora/test/internal/kit"
)

// A client is one that is measured: on a platform, through a driver.
type client struct {
	name  string
	title string
	// command returns the program that drives it, and its arguments before the server's URL.
	command func(b *bench) (program string, args []string)
}

// The clients, by name: where they run, and what they are.
const (
	nodeSDK        = "node/sdk"
	nodeRemora     = "node/remora"
	nodeAlone      = "node/alone"
	nodeFetch      = "node/fetch"
	nodeExtism     = "node/extism"
	chromiumSDK    = "chromium/sdk"
	chromiumRemora = "chromium/remora"
	chromiumFetch  = "chromium/fetch"
	goSDK          = "go/sdk"
	goHost         = "go/host"
	goPool         = "go/pool"
)

var clientTable = []client{
	{nodeSDK, "the TypeScript SDK, version 2, in Node", nodeDriver("sdk")},
	{nodeRemora, "the npm package in Node", nodeDriver("remora")},
	{nodeAlone, "the npm package in Node over an HTTP that answers at once", nodeDriver("alone")},
	{nodeFetch, "fetch by hand in Node", nodeDriver("fetch")},
	{nodeExtism, "the plugin in Extism's JavaScript SDK in Node", nodeDriver("extism")},
	{chromiumSDK, "the TypeScript SDK, version 2, bundled, in a page", pageDriver("sdk")},
	{chromiumRemora, "the npm package, bundled, in a page", pageDriver("remora")},
	{chromiumFetch, "fetch by hand in a page", pageDriver("fetch")},
	{goSDK, "the go-sdk, natively", goDriver("go-sdk")},
	{goHost, "package host: the plugin, one instance", goDriver("host")},
	{goPool, "package host: an instance of the plugin for each processor", goDriver("pool")},
	{goCompile, "package host without a cache", goDriver("compile")},
	{goCompilePlain, "wazero, one worker, the plugin with LEAN=0", goDriver("compile-plain")},
}

// matches says whether a word of --clients means the client.
func (c client) matches(word string) bool { return strings.HasPrefix(c.name, word) }

func goDriver(name string) func(*bench) (string, []string) {
	return func(b *bench) (string, []string) { return b.goDriver, []string{name} }
}

// nodeDriver runs in Node; with --profiles it writes a CPU profile when it ends.
func nodeDriver(name string) func(*bench) (string, []string) {
	return func(b *bench) (string, []string) {
		args := []string{"--expose-gc"}
		if b.profiles != "" {
			args = append(args, "--cpu-prof", "--cpu-prof-dir="+b.profiles, "--cpu-prof-name=node-"+name+".cpuprofile")
		}
		return b.nodeProgram, append(args, filepath.Join("test", "bench", "driver", "node.js"), name)
	}
}

func pageDriver(name string) func(*bench) (string, []string) {
	return func(b *bench) (string, []string) {
		return b.nodeProgram, []string{filepath.Join("test", "bench", "driver", "browser.js"), name}
	}
}

// named returns a client of the table.
func named(name string) client {
	for _, c := range clientTable {
		if c.name == name {
			return c
		}
	}
	panic("no client " + name)
}

// prepareClients builds what the clients that are asked for need.
func (b *bench) prepareClients() error {
	if err := kit.Plugin(); err != nil {
		return err
	}
	if _, err := kit.Package(); err != nil {
		return err
	}
	var err error
	if b.nodeProgram, err = kit.Node(b.node); err != nil {
		return err
	}
	if b.goDriver, err = kit.Build(b.ctx, "bench-driver", "./test/bench/driver"); err != nil {
		return fmt.Errorf("the driver: %w", err)
	}
	if b.wanted(goCompilePlain) && slices.ContainsFunc(compileWorks, b.chosen) {
		return b.buildPlain()
	}
	return nil
}

// buildPlain builds the plugin as LEAN=0 ./build.sh does.
func (b *bench) buildPlain() error {
	dir, err := kit.Temp("bench")
	if err != nil {
		return err
	}
	b.plain = filepath.Join(dir, "plain-plugin.wasm")
	_, err = kit.Run(b.ctx, "go", []string{
		"build", "-trimpath", "-buildvcs=false", "-tags=nethttpomithttp2", "-ldflags=-s -w",
		"-buildmode=c-shared", "-o", b.plain, "./wasm/plugin",
	}, []string{"GOOS=wasip1", "GOARCH=wasm"})
	return err
}

// Which clients do what.
var (
	callers   = []string{nodeSDK, nodeRemora, nodeFetch, nodeExtism, chromiumSDK, chromiumRemora, chromiumFetch, goSDK, goHost}
	small     = append(slices.Clone(callers), nodeAlone)
	flights   = append(slices.Clone(callers), goPool)
	listers   = []string{nodeSDK, nodeRemora, nodeExtism, chromiumSDK, chromiumRemora, goSDK, goHost}
	openers   = []string{nodeSDK, nodeRemora, nodeExtism, goSDK, goHost}
	residents = []string{nodeSDK, nodeRemora, nodeFetch, nodeExtism, goSDK, goHost}
	guests    = []string{nodeRemora, nodeExtism, goHost}
)
