package main

import (
	"fmt"
	"path/filepath"
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

// The clients, by name.
const (
	goSDK  = "go/sdk"
	goHost = "go/host"
)

var clientTable = []client{
	{goSDK, "the go-sdk, natively", goDriver("go-sdk")},
	{goHost, "package host: the plugin, one instance", goDriver("host")},
	{goCompile, "package host without a cache", goDriver("compile")},
	{goCompilePlain, "wazero, one worker, the plugin with LEAN=0", goDriver("compile-plain")},
}

// matches says whether a word of --clients means the client.
func (c client) matches(word string) bool { return strings.HasPrefix(c.name, word) }

func goDriver(name string) func(*bench) (string, []string) {
	return func(b *bench) (string, []string) { return b.goDriver, []string{name} }
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
	var err error
	if b.goDriver, err = kit.Build(b.ctx, "bench-driver", "./test/bench/driver"); err != nil {
		return fmt.Errorf("the driver: %w", err)
	}
	if b.wanted(goCompilePlain) && b.chosen("compile") {
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
	callers   = []string{goSDK, goHost}
	listers   = []string{goSDK, goHost}
	starters  = []string{goSDK, goHost}
	residents = []string{goSDK, goHost}
	guests    = []string{goHost}
)
