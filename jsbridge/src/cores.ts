// Which client lives in which core. Clients of the same wasm and the same
// limits share one, which is started for the first and stopped after the last.

import { Core } from "./core.js";
import { badArgument } from "./errors.js";
import type { Limits } from "./generated/wire.js";
import type { Platform } from "./platform.js";
import type { AddressRule, HttpPort } from "./port.js";
import { compileWasm, type WasmSource } from "./wasm.js";

/** A share of a core. Whoever has it calls release when done with it. */
export interface Lease {
  readonly core: Core;
  /** Idempotent. */
  release(): void;
}

interface Shared {
  core: Promise<Core>;
  users: number;
}

/** The cores of one platform. */
export class Cores {
  readonly #platform: Platform;
  readonly #places = new Map<string, Promise<WebAssembly.Module>>();
  readonly #objects = new WeakMap<object, Promise<WebAssembly.Module>>();
  readonly #shared = new WeakMap<WebAssembly.Module, Map<string, Shared>>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Makes the HTTP port of a session that brings no fetch of its own. */
  openPort(rule: AddressRule): HttpPort {
    return this.#platform.openPort(rule);
  }

  /** Gives a share of a running core. Rejects with what compiling or starting it rejects with. */
  async lease(wasm: WasmSource | Promise<WasmSource> | undefined, limits: Limits): Promise<Lease> {
    const module = await this.#module(wasm);
    let byLimits = this.#shared.get(module);
    if (byLimits === undefined) {
      byLimits = new Map();
      this.#shared.set(module, byLimits);
    }
    const cores = byLimits;
    const key = JSON.stringify(limits, Object.keys(limits).sort());
    let shared = cores.get(key);
    if (shared === undefined) {
      shared = this.#start(module, limits, (failed) => {
        if (cores.get(key) === failed) cores.delete(key);
      });
      cores.set(key, shared);
    }
    return share(shared, () => cores.get(key) === shared && cores.delete(key));
  }

  // A core that failed, or never started, is not shared any more.
  #start(module: WebAssembly.Module, limits: Limits, forget: (failed: Shared) => void): Shared {
    const { hold } = this.#platform;
    const failed = () => forget(shared);
    const shared: Shared = { core: Core.start(module, { limits, hold, failed }), users: 0 };
    shared.core.catch(failed);
    return shared;
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

  // Compiled once for each place and for each object given; a failure is not kept.
  async #module(wasm: WasmSource | Promise<WasmSource> | undefined): Promise<WebAssembly.Module> {
    const { readWasm } = this.#platform;
    const source = wasm ?? this.#beside();
    if (typeof source === "object" && source !== null && !(source instanceof URL)) {
      return remember(this.#objects, source, () => compileWasm(source, readWasm));
    }
    return remember(this.#places, String(source), () => compileWasm(source, readWasm));
  }
}

async function share(shared: Shared, forget: () => void): Promise<Lease> {
  shared.users++;
  const core = await shared.core;
  let released = false;
  return {
    core,
    release() {
      if (released) return;
      released = true;
      shared.users--;
      if (shared.users > 0) return;
      forget();
      core.stop();
    },
  };
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
