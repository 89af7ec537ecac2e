// The guest that is an Extism plugin, loaded by the application's own SDK:
// steps, and the time between them. docs/abi.md describes both.

import { excerpt, RemoraError } from "./errors.js";
import { batches, batchSize, type OutFrame, outFrame, parseBatch, writeBatch } from "./frame.js";
import { type Idle, Kind } from "./generated/wire.js";
import { type Guest, type GuestKind, type GuestOwner, Output } from "./guest.js";
import { adaptPlugin, HTTP, INIT, WASI } from "./plugin-module.js";
import { Wasi } from "./wasi.js";
import type { WasmModule } from "./wasm.js";

/** A plugin as Extism's SDKs make it, as far as it is used here. */
export interface ExtismPlugin {
  /** Calls an export. */
  call(name: string): Promise<unknown>;
  /** The instance, which must live on this thread. */
  getInstance(): Promise<object>;
  close(): Promise<void>;
}

/** What the plugin is made of. */
export interface PluginManifest {
  wasm: { module: WasmModule }[];
}

/** Options that the plugin must be made with. Others may be added, but not runInWorker. */
export interface PluginOptions {
  functions: Record<string, Record<string, (context: unknown, ...args: unknown[]) => unknown>>;
}

/** createPlugin of an Extism SDK, or a function around it. */
export type CreatePlugin = (manifest: PluginManifest, options: PluginOptions) => Promise<ExtismPlugin>;

/** The guest that this function makes. */
export function pluginGuest(createPlugin: CreatePlugin): GuestKind {
  return {
    adapt: adaptPlugin,
    start: async (module, owner) => {
      const plugin = new Instance(owner);
      await plugin.start(module, createPlugin);
      return plugin;
    },
  };
}

interface Exports {
  memory?: WebAssembly.Memory;
  [INIT]?: () => void;
  step?: () => number;
}

const decoder = new TextDecoder();
const tick = [outFrame(Kind.tick, 0)];

// As long as a timer can wait, in milliseconds. The plugin asks for an hour at most.
const longest = 0x7fffffff;

class Instance implements Guest {
  readonly #owner: GuestOwner;
  readonly #output = new Output();
  readonly #wasi = new Wasi(this.#output);
  #plugin: ExtismPlugin | undefined;
  #queue: OutFrame[] = [];
  #running = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(owner: GuestOwner) {
    this.#owner = owner;
  }

  async start(module: WebAssembly.Module, createPlugin: CreatePlugin): Promise<void> {
    let plugin: ExtismPlugin | undefined;
    let exports: Exports;
    try {
      plugin = await createPlugin({ wasm: [{ module }] }, { functions: this.#functions() });
      exports = (((await plugin.getInstance()) as WebAssembly.Instance).exports ?? {}) as Exports;
    } catch (cause) {
      void close(plugin);
      if (cause instanceof RemoraError) throw cause;
      const why = cause instanceof Error ? excerpt(cause.message) : "";
      throw new RemoraError("plugin/missing", `Extism's SDK cannot make the plugin on this thread: ${why}`, { cause });
    }
    const { memory, [INIT]: init, step } = exports;
    if (memory === undefined || init === undefined || step === undefined) {
      void close(plugin);
      const message = "createPlugin did not make the plugin from the manifest and the options that it was given";
      throw new RemoraError("plugin/missing", message);
    }
    this.#wasi.attach(memory);
    try {
      init();
    } catch (cause) {
      void close(plugin);
      throw this.#output.failure(cause);
    }
    this.#plugin = plugin;
  }

  // What the plugin imports besides what every SDK has.
  #functions(): PluginOptions["functions"] {
    const wasi: PluginOptions["functions"][string] = {};
    for (const [name, run] of Object.entries(this.#wasi.functions)) {
      wasi[name] = (_context, ...args) => run(...(args as never[]));
    }
    const refused = () => {
      throw new Error("step makes no requests of its own");
    };
    return { [WASI]: wasi, "extism:host/env": { [HTTP]: refused, http_status_code: () => 0, http_headers: () => 0n } };
  }

  deliver(frames: readonly OutFrame[]): void {
    if (this.#plugin === undefined) return;
    this.#queue.push(...frames);
    if (this.#running) return;
    this.#running = true;
    // What is delivered until then shares the step.
    queueMicrotask(() => void this.#run());
  }

  stop(): void {
    const plugin = this.#plugin;
    this.#plugin = undefined;
    this.#queue = [];
    clearTimeout(this.#timer);
    void close(plugin);
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    let wakeMs: number | null = null;
    try {
      while (this.#queue.length > 0) {
        for (const batch of batches(this.#queue.splice(0))) {
          const plugin = this.#plugin;
          if (plugin === undefined) return;
          wakeMs = await this.#step(plugin, batch);
        }
      }
    } catch (error) {
      this.#trap(error);
      return;
    } finally {
      this.#running = false;
    }
    if (this.#plugin !== undefined && wakeMs !== null) this.#wakeIn(wakeMs);
  }

  // One step. What the plugin says goes to the owner, but for the last frame,
  // whose wakeMs is returned.
  async #step(plugin: ExtismPlugin, batch: readonly OutFrame[]): Promise<number | null> {
    const size = batchSize(batch);
    const input = new Uint8Array(4 + size);
    new DataView(input.buffer).setUint32(0, size, true);
    writeBatch(input, 4, batch);
    this.#wasi.input = input;
    await plugin.call("step");
    const output = this.#wasi.takeOutput();
    const frames = parseBatch(output.subarray(4));
    const idle = frames.pop();
    if (idle?.kind !== Kind.idle) throw new Error("the plugin's answer does not end with idle");
    for (const frame of frames) {
      if (this.#plugin === undefined) break;
      this.#owner.frame(frame);
    }
    return (JSON.parse(decoder.decode(idle.header)) as Idle).wakeMs ?? null;
  }

  #wakeIn(ms: number): void {
    this.#timer = setTimeout(() => this.deliver(tick), Math.min(ms, longest));
    // As with the timers of the other guest, it does not keep a process alive.
    const timer: unknown = this.#timer;
    if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") {
      timer.unref();
    }
  }

  #trap(error: unknown): void {
    if (this.#plugin === undefined) return;
    this.stop();
    this.#owner.trapped(this.#output.failure(error));
  }
}

async function close(plugin: ExtismPlugin | undefined): Promise<void> {
  try {
    await plugin?.close();
  } catch {
    // Nobody waits for it any more.
  }
}
