// From what the application gives, or what comes with the package, to a
// compiled module: once for each place and for each object given.

import { badArgument } from "./errors.js";
import type { Platform } from "./platform.js";
import { compileWasm, type WasmSource } from "./wasm.js";

/** The compiled modules of one platform. */
export class Modules {
  readonly #platform: Platform;
  readonly #places = new Map<string, Promise<WebAssembly.Module>>();
  readonly #objects = new WeakMap<object, Promise<WebAssembly.Module>>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Gives the module. Rejects with what compileWasm rejects with; a failure is not kept. */
  async get(wasm: WasmSource | Promise<WasmSource> | undefined): Promise<WebAssembly.Module> {
    const { readWasm, guest, compiling } = this.#platform;
    const source = wasm ?? this.#beside();
    if (typeof source === "object" && source !== null && !(source instanceof URL)) {
      return remember(this.#objects, source, () => compiling(() => compileWasm(source, readWasm, guest.adapt)));
    }
    return remember(this.#places, String(source), () => compiling(() => compileWasm(source, readWasm, guest.adapt)));
  }

  #beside(): URL {
    const { wasm } = this.#platform;
    if (wasm === undefined) throw badArgument("options.wasm must be given: this entry of the package brings no wasm");
    try {
      return wasm();
    } catch {
      throw badArgument("options.wasm must be given: in this format nothing tells where the package's own wasm is");
    }
  }
}

interface Memory<K> {
  get(key: K): Promise<WebAssembly.Module> | undefined;
  set(key: K, value: Promise<WebAssembly.Module>): unknown;
  delete(key: K): boolean;
}

function remember<K>(memory: Memory<K>, key: K, make: () => Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
  let module = memory.get(key);
  if (module === undefined) {
    module = make();
    memory.set(key, module);
    module.catch(() => memory.delete(key));
  }
  return module;
}
