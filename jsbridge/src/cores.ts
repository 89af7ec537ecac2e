// Which client lives in which core. Clients of the same wasm and the same
// limits share one, which is started for the first and stopped after the last.

import { Core } from "./core.js";
import type { Limits } from "./generated/wire.js";
import { Modules } from "./modules.js";
import type { Platform } from "./platform.js";
import type { AddressRule, HttpPort } from "./port.js";
import type { WasmSource } from "./wasm.js";

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
  readonly #modules: Modules;
  readonly #shared = new WeakMap<WebAssembly.Module, Map<string, Shared>>();

  /** modules may be shared with other platforms that compile the same way. */
  constructor(platform: Platform, modules = new Modules(platform)) {
    this.#platform = platform;
    this.#modules = modules;
  }

  /** Makes the HTTP port of a session that brings no fetch of its own. */
  openPort(rule: AddressRule): HttpPort {
    return this.#platform.openPort(rule);
  }

  /** Gives a share of a running core. Rejects with what compiling or starting it rejects with. */
  async lease(wasm: WasmSource | Promise<WasmSource> | undefined, limits: Limits): Promise<Lease> {
    const module = await this.#modules.get(wasm);
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
    const { guest, hold } = this.#platform;
    const failed = () => forget(shared);
    const core = Core.start((owner) => guest.start(module, owner), { limits, hold, failed });
    const shared: Shared = { core, users: 0 };
    shared.core.catch(failed);
    return shared;
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
