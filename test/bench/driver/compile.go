package main

import (
	"context"
	"os"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/remora-mcp/remora/host"
)

// compilers measure how long it takes to make machine code of a plugin.
var compilers = map[string]func(context.Context) (time.Duration, error){
	"compile":       compileHost,
	"compile-plain": compilePlain,
}

// compileHost opens a runtime with an empty cache, which also makes an instance.
func compileHost(ctx context.Context) (time.Duration, error) {
	cache, err := os.MkdirTemp("", "remora-bench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(cache)
	from := time.Now()
	runtime, err := host.Open(ctx, host.Options{CacheDir: cache})
	took := time.Since(from)
	if err != nil {
		return 0, err
	}
	return took, runtime.Close(ctx)
}

// compilePlain compiles with one worker, as wazero does unless it is told otherwise.
func compilePlain(ctx context.Context) (time.Duration, error) {
	wasm, err := os.ReadFile(os.Getenv("REMORA_BENCH_PLAIN"))
	if err != nil {
		return 0, err
	}
	runtime := wazero.NewRuntime(ctx)
	from := time.Now()
	_, err = runtime.CompileModule(ctx, wasm)
	took := time.Since(from)
	if err != nil {
		return 0, err
	}
	return took, runtime.Close(ctx)
}
