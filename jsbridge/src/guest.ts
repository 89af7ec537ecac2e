// What a guest is, and the one that is compiled for JavaScript: memory,
// crossings, timers and traps. It knows batches of frames and nothing of what
// they say. plugin.ts has the other.

import { type Go, makeGo } from "#go-glue";
import { excerpt, RemoraError } from "./errors.js";
import { batches, batchSize, type Frame, type OutFrame, parseBatch, writeBatch } from "./frame.js";
import { guestWorld } from "./guest-globals.js";
import type { Adapt } from "./wasm.js";

/** Who owns a guest. Neither method is called while the guest runs, so both may deliver. */
export interface GuestOwner {
  /** The guest sent a frame. */
  frame(frame: Frame): void;
  /** The guest failed and is gone. Called at most once, and nothing after it. */
  trapped(error: RemoraError): void;
}

interface Exports {
  mem: WebAssembly.Memory;
  remora_alloc(bytes: number): number;
  remora_recv(pointer: number, bytes: number): void;
}

/** A running guest. */
export interface Guest {
  /**
   * Hands frames to the guest, in order, and lets it run until it waits. What it
   * sends goes to the owner, before this returns or later. Does nothing once
   * the guest is stopped or trapped.
   */
  deliver(frames: readonly OutFrame[]): void;
  /** Forgets the guest, with no word to the owner. */
  stop(): void;
}

/** How a module becomes a guest. */
export interface GuestKind {
  /** Without it the bytes stay as they are. */
  readonly adapt?: Adapt;
  /** Makes an instance and runs its init. Rejects with plugin/trap, or plugin/missing for a module that is not the core. */
  readonly start: (module: WebAssembly.Module, owner: GuestOwner) => Promise<Guest>;
}

/** The end of what a guest printed, for the message of a trap. */
export class Output {
  static readonly #max = 16 << 10;
  #text = "";

  add(text: string): void {
    this.#text = (this.#text + text).slice(-Output.#max);
  }

  /** The error of a guest that ended. */
  failure(cause: unknown): RemoraError {
    if (cause instanceof RemoraError) return cause;
    const line = /^(panic: |fatal error: |runtime: ).*$/m.exec(this.#text)?.[0] ?? "it ended unexpectedly";
    return new RemoraError("plugin/trap", `the core failed: ${excerpt(line)}`, {
      sent: "unknown",
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/** The guest that is compiled for JavaScript. */
export const jsGuest: GuestKind = { start: startGuest };

async function startGuest(module: WebAssembly.Module, owner: GuestOwner): Promise<Guest> {
  const guest = new Instance(owner);
  await guest.start(module);
  return guest;
}

class Instance implements Guest {
  readonly #owner: GuestOwner;
  readonly #output = new Output();
  readonly #world = guestWorld({
    output: (text) => this.#output.add(text),
    timer: (run) => this.#cross(run),
  });
  readonly #go: Go;
  #exports: Exports | undefined;
  #memory = new Uint8Array(0);
  #sent: Uint8Array[] = [];
  #dispatching = false;

  constructor(owner: GuestOwner) {
    this.#owner = owner;
    this.#go = makeGo(this.#world.globals);
    this.#go.exit = () => {};
  }

  async start(module: WebAssembly.Module): Promise<void> {
    const send = (pointer: number, bytes: number) => {
      this.#sent.push(this.#view().slice(pointer, pointer + bytes));
    };
    let instance: WebAssembly.Instance;
    try {
      instance = await WebAssembly.instantiate(module, {
        ...(this.#go.importObject as WebAssembly.Imports),
        remora: { send },
      });
    } catch (cause) {
      throw new RemoraError("plugin/missing", "the wasm given is not remora's core of this version", { cause });
    }
    const exports = instance.exports as unknown as Exports;
    if (typeof exports.remora_alloc !== "function" || typeof exports.remora_recv !== "function") {
      throw new RemoraError(
        "plugin/missing",
        "the wasm given is not remora's core: it lacks remora_alloc or remora_recv",
      );
    }
    this.#exports = exports;
    // run() returns at the first wait of the core's main goroutine; its promise
    // is settled only when the core ends, which it never does by itself.
    let failed: unknown;
    this.#go.run(instance).catch((error: unknown) => {
      failed = error;
      this.#trap(error);
    });
    await undefined;
    if (this.#go.exited || this.#exports === undefined) throw this.#output.failure(failed);
  }

  deliver(frames: readonly OutFrame[]): void {
    for (const batch of batches(frames)) this.#cross(() => this.#write(batch));
  }

  #write(batch: readonly OutFrame[]): void {
    const exports = this.#exports as Exports;
    const size = batchSize(batch);
    const pointer = exports.remora_alloc(size) >>> 0;
    if (pointer === 0) throw new Error(`the core has no room for a batch of ${size} bytes`);
    writeBatch(this.#view(), pointer, batch);
    exports.remora_recv(pointer, size);
    this.#go._resume();
  }

  stop(): void {
    this.#exports = undefined;
    this.#memory = new Uint8Array(0);
    this.#sent = [];
    this.#world.stop();
  }

  #cross(run: () => void): void {
    if (this.#exports === undefined) return;
    try {
      run();
    } catch (error) {
      this.#dispatch();
      this.#trap(error);
      return;
    }
    this.#dispatch();
    if (this.#go.exited) this.#trap(undefined);
  }

  // The guest cannot be entered from inside send, so its batches wait here
  // until the crossing is over. An owner that delivers while it is being told
  // of a frame makes a nested crossing; what that sends keeps its place.
  #dispatch(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    try {
      for (let batch = this.#sent.shift(); batch !== undefined; batch = this.#sent.shift()) {
        for (const frame of parseBatch(batch)) this.#owner.frame(frame);
      }
    } catch (error) {
      this.#trap(error);
    } finally {
      this.#dispatching = false;
    }
  }

  #trap(error: unknown): void {
    if (this.#exports === undefined) return;
    this.stop();
    this.#owner.trapped(this.#output.failure(error));
  }

  // A new view only when the memory has grown: the old one is then detached.
  #view(): Uint8Array {
    const buffer = (this.#exports as Exports).mem.buffer;
    if (this.#memory.buffer !== buffer) this.#memory = new Uint8Array(buffer);
    return this.#memory;
  }
}
