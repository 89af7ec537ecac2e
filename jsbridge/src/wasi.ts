// The WASI (snapshot preview 1) that the plugin sees: real clocks and
// cryptographic random numbers, standard input and output as the two ends of a
// step, and nothing of the page or the process.

import type { Output } from "./guest.js";

/** One function of WASI: it returns an errno. */
export type WasiFunction = (...args: never[]) => number;

const success = 0;
const badDescriptor = 8;

const subscriptionBytes = 48;
const eventBytes = 32;
const clockEvent = 0;
const characterDevice = 2;

// What Go asks for on behalf of files and sockets, which there are none of. A
// lean plugin imports hardly any of these, one built with LEAN=0 does.
const ofFiles = [
  "fd_fdstat_set_rights",
  "fd_filestat_get",
  "fd_filestat_set_size",
  "fd_pread",
  "fd_pwrite",
  "fd_readdir",
  "fd_seek",
  "fd_sync",
  "path_create_directory",
  "path_filestat_get",
  "path_filestat_set_times",
  "path_link",
  "path_open",
  "path_readlink",
  "path_remove_directory",
  "path_rename",
  "path_symlink",
  "path_unlink_file",
  "sock_accept",
  "sock_shutdown",
] as const;

// The most that getRandomValues gives at once.
const randomChunk = 65_536;

/** The world of one plugin. */
export class Wasi {
  /** What the plugin reads next from its standard input. */
  input = new Uint8Array(0);
  readonly #said: Output;
  readonly #decoder = new TextDecoder();
  #memory: WebAssembly.Memory | undefined;
  #written: Uint8Array[] = [];

  /** said takes what the plugin prints for people. */
  constructor(said: Output) {
    this.#said = said;
  }

  /** Must be called before the plugin runs. */
  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  /** What the plugin has written to its standard output since the last time. */
  takeOutput(): Uint8Array {
    const written = this.#written;
    this.#written = [];
    if (written.length === 1) return written[0] as Uint8Array;
    const whole = new Uint8Array(written.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of written) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  /** The functions that Go's runtime and its standard library ask for. */
  readonly functions: Readonly<Record<string, WasiFunction>> = {
    args_get: () => success,
    args_sizes_get: (count: number, bytes: number) => this.#nothing(count, bytes),
    environ_get: () => success,
    environ_sizes_get: (count: number, bytes: number) => this.#nothing(count, bytes),
    clock_time_get: (clock: number, _precision: bigint, out: number) => {
      const ms = clock === 0 ? performance.timeOrigin + performance.now() : performance.now();
      this.#view().setBigUint64(out, BigInt(Math.round(ms * 1e6)), true);
      return success;
    },
    random_get: (at: number, bytes: number) => {
      const { buffer } = this.#view();
      for (let from = 0; from < bytes; from += randomChunk) {
        crypto.getRandomValues(new Uint8Array(buffer, at + from, Math.min(randomChunk, bytes - from)));
      }
      return success;
    },
    poll_oneoff: (subscriptions: number, events: number, count: number, happened: number) =>
      this.#poll(subscriptions, events, count, happened),
    sched_yield: () => success,
    proc_exit: (status: number) => {
      throw new Error(`the plugin ended with status ${status}`);
    },
    fd_read: (fd: number, buffers: number, count: number, bytes: number) => this.#read(fd, buffers, count, bytes),
    fd_write: (fd: number, buffers: number, count: number, bytes: number) => this.#write(fd, buffers, count, bytes),
    fd_close: () => success,
    fd_fdstat_get: (fd: number, out: number) => {
      if (fd > 2) return badDescriptor;
      new Uint8Array(this.#view().buffer, out, 24).fill(0);
      this.#view().setUint8(out, characterDevice);
      return success;
    },
    fd_fdstat_set_flags: () => success,
    fd_prestat_get: () => badDescriptor,
    fd_prestat_dir_name: () => badDescriptor,
    ...Object.fromEntries(ofFiles.map((name) => [name, () => badDescriptor])),
  };

  #view(): DataView<ArrayBuffer> {
    if (this.#memory === undefined) throw new Error("the plugin runs before its memory is known");
    return new DataView(this.#memory.buffer as ArrayBuffer);
  }

  #nothing(count: number, bytes: number): number {
    const view = this.#view();
    view.setUint32(count, 0, true);
    view.setUint32(bytes, 0, true);
    return success;
  }

  // Nothing can wait here, so each clock that is waited for is over at once: Go
  // looks at the time again by itself. Descriptors are never ready.
  #poll(subscriptions: number, events: number, count: number, happened: number): number {
    const view = this.#view();
    let over = 0;
    for (let i = 0; i < count; i++) {
      const subscription = subscriptions + i * subscriptionBytes;
      if (view.getUint8(subscription + 8) !== clockEvent) continue;
      const event = events + over * eventBytes;
      new Uint8Array(view.buffer, event, eventBytes).fill(0);
      view.setBigUint64(event, view.getBigUint64(subscription, true), true);
      view.setUint8(event + 10, clockEvent);
      over++;
    }
    view.setUint32(happened, over, true);
    return success;
  }

  #read(fd: number, buffers: number, count: number, bytes: number): number {
    if (fd !== 0) return badDescriptor;
    let total = 0;
    for (const room of this.#buffers(buffers, count)) {
      const part = this.input.subarray(0, room.length);
      room.set(part);
      this.input = this.input.subarray(part.length);
      total += part.length;
    }
    this.#view().setUint32(bytes, total, true);
    return success;
  }

  #write(fd: number, buffers: number, count: number, bytes: number): number {
    if (fd !== 1 && fd !== 2) return badDescriptor;
    let total = 0;
    for (const part of this.#buffers(buffers, count)) {
      if (fd === 1) this.#written.push(part.slice());
      else this.#said.add(this.#decoder.decode(part, { stream: true }));
      total += part.length;
    }
    this.#view().setUint32(bytes, total, true);
    return success;
  }

  *#buffers(at: number, count: number): Generator<Uint8Array, void, undefined> {
    const view = this.#view();
    for (let i = 0; i < count; i++) {
      yield new Uint8Array(view.buffer, view.getUint32(at + 8 * i, true), view.getUint32(at + 8 * i + 4, true));
    }
  }
}
