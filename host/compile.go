package host

import (
	"context"
	"embed"
	"fmt"
	goruntime "runtime"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
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
	runtime wazero.Runtime
	module  wazero.CompiledModule
	cache   wazero.CompilationCache // nil when there is no folder for it
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
	c := &compiled{runtime: wazero.NewRuntimeWithConfig(ctx, config), cache: cache}
	if err := c.load(ctx, o.Wasm); err != nil {
		_ = c.close(context.WithoutCancel(ctx))
		if ctx.Err() != nil {
			return nil, contextError(ctx, SentNo)
		}
		return nil, &Error{Code: CodePluginTrap, Message: fmt.Sprintf("the plugin cannot be compiled: %v", err), Sent: SentNo, cause: err}
	}
	return c, nil
}

// load compiles the plugin, and makes what it imports.
func (c *compiled) load(ctx context.Context, wasm []byte) error {
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, c.runtime); err != nil {
		return err
	}
	module, err := c.runtime.CompileModule(experimental.WithCompilationWorkers(ctx, goruntime.GOMAXPROCS(0)), wasm)
	if err != nil {
		return err
	}
	c.module = module
	env := c.runtime.NewHostModuleBuilder(extismEnv)
	for _, f := range module.ImportedFunctions() {
		if from, name, _ := f.Import(); from == extismEnv {
			env.NewFunctionBuilder().WithGoFunction(extismFunction(name), f.ParamTypes(), f.ResultTypes()).Export(name)
		}
	}
	_, err = env.Instantiate(ctx)
	return err
}

// extismEnv is the module of what an Extism SDK gives a plugin.
const extismEnv = "extism:host/env"

// extismFunction stands for one function of an Extism SDK. The export step asks
// whether there is input the way of Extism, and is told that there is none, so it
// reads stdin; of the rest it needs nothing.
func extismFunction(name string) api.GoFunc {
	if name == "input_length" {
		return func(_ context.Context, stack []uint64) { stack[0] = 0 }
	}
	return func(context.Context, []uint64) {
		panic("the plugin needs " + name + " of an Extism SDK, which this package is not")
	}
}

// close frees the machine code. No instance may be running.
func (c *compiled) close(ctx context.Context) error {
	err := c.runtime.Close(ctx)
	if c.cache != nil {
		if e := c.cache.Close(ctx); err == nil {
			err = e
		}
	}
	return err
}
