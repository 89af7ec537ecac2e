package host

import (
	"context"
	"embed"
	"fmt"
	goruntime "runtime"

	extism "github.com/extism/go-sdk"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
)

//go:embed guest
var guestFiles embed.FS

// pluginWasm returns the embedded plugin.
func pluginWasm() ([]byte, error) {
	wasm, err := guestFiles.ReadFile("guest/remora-plugin.wasm")
	if err != nil {
		return nil, failure(CodePluginMissing, "the plugin is not built into this program: run ./build.sh "+
			"in remora's source tree, which writes host/guest/remora-plugin.wasm, and build again, "+
			"or give its bytes in Options.Wasm")
	}
	return wasm, nil
}

// compiled is the plugin as machine code, from which any number of instances
// are made.
type compiled struct {
	plugin *extism.CompiledPlugin
	cache  wazero.CompilationCache // nil when there is no folder for it
}

// compile turns o.Wasm into machine code, or takes that from the cache.
func compile(ctx context.Context, o Options) (*compiled, error) {
	dir, err := cacheFolder(o.CacheDir)
	if err != nil {
		o.Logger.Warn("the plugin is compiled without a cache, which takes seconds", "reason", err)
		return compileWith(ctx, o, nil)
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		o.Logger.Warn("the plugin is compiled without a cache, which takes seconds", "reason", err)
		return compileWith(ctx, o, nil)
	}
	c, err := compileWith(ctx, o, cache)
	if err == nil || ctx.Err() != nil {
		return c, err
	}
	// A damaged entry of the cache must not keep the program from starting; a
	// damaged plugin fails again.
	c, again := compileWith(ctx, o, nil)
	if again != nil {
		return nil, again
	}
	o.Logger.Warn("the cache of compiled plugins could not be used", "folder", dir, "reason", err)
	return c, nil
}

func compileWith(ctx context.Context, o Options, cache wazero.CompilationCache) (*compiled, error) {
	config := wazero.NewRuntimeConfig().
		WithMemoryLimitPages(o.MemoryLimitPages).
		WithCloseOnContextDone(o.HardDeadline > 0)
	if cache != nil {
		config = config.WithCompilationCache(cache)
	}
	ctx = experimental.WithCompilationWorkers(ctx, goruntime.GOMAXPROCS(0))
	// The manifest has neither a Memory (whose zero values mean zero) nor a
	// Timeout (which would turn on WithCloseOnContextDone), and no allowed host:
	// the plugin's requests do not go through Extism.
	plugin, err := extism.NewCompiledPlugin(ctx,
		extism.Manifest{Wasm: []extism.Wasm{extism.WasmData{Data: o.Wasm, Name: "main"}}},
		extism.PluginConfig{RuntimeConfig: config, EnableWasi: true},
		nil)
	if err != nil {
		if cache != nil {
			_ = cache.Close(ctx)
		}
		if ctx.Err() != nil {
			return nil, contextError(ctx, SentNo)
		}
		return nil, &Error{Code: CodePluginTrap, Message: fmt.Sprintf("the plugin cannot be compiled: %v", err), Sent: SentNo, cause: err}
	}
	return &compiled{plugin: plugin, cache: cache}, nil
}

// close frees the machine code. No instance may be running.
func (c *compiled) close(ctx context.Context) error {
	err := c.plugin.Close(ctx)
	if c.cache != nil {
		if e := c.cache.Close(ctx); err == nil {
			err = e
		}
	}
	return err
}
