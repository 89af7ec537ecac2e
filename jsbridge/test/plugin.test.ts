// The guest that is an Extism plugin, with a plugin that is played: when it is
// stepped, what of its answers goes where, and how it ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { RemoraError } from "../src/errors.js";
import { encodeBatch, type Frame, type OutFrame, outFrame, parseBatch } from "../src/frame.js";
import { Kind } from "../src/generated/wire.js";
import type { Guest } from "../src/guest.js";
import { type PluginOptions, pluginGuest } from "../src/plugin.js";

const nothing = await WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));

/** A plugin whose step is a function of the test's, speaking through WASI as the real one does. */
class Played {
  readonly memory = new WebAssembly.Memory({ initial: 4 });
  readonly steps: Frame[][] = [];
  readonly told: number[] = [];
  trapped: RemoraError | undefined;
  closed = false;
  #wasi: PluginOptions["functions"][string] = {};
  guest: Guest | undefined;
  readonly #answer: (step: number, plugin: Played) => Uint8Array | Promise<Uint8Array>;

  constructor(answer: (step: number, plugin: Played) => Uint8Array | Promise<Uint8Array>) {
    this.#answer = answer;
  }

  async start(exports: object = {}): Promise<Guest> {
    const kind = pluginGuest(async (_manifest, { functions }) => {
      this.#wasi = functions["remora_wasi_snapshot_1"] ?? {};
      return {
        call: (name: string) => this.#call(name),
        getInstance: async () => ({ exports: { memory: this.memory, remora_init() {}, step() {}, ...exports } }),
        close: async () => {
          this.closed = true;
        },
      };
    });
    this.guest = await kind.start(nothing, {
      frame: ({ kind }) => void this.told.push(kind),
      trapped: (error) => {
        this.trapped = error;
      },
    });
    return this.guest;
  }

  wasi(name: string, ...args: unknown[]): unknown {
    return this.#wasi[name]?.({}, ...args);
  }

  read(bytes: number): Uint8Array {
    new DataView(this.memory.buffer).setUint32(0, 64, true);
    new DataView(this.memory.buffer).setUint32(4, bytes, true);
    assert.equal(this.wasi("fd_read", 0, 0, 1, 8), 0);
    const got = new DataView(this.memory.buffer).getUint32(8, true);
    return new Uint8Array(this.memory.buffer).slice(64, 64 + got);
  }

  write(fd: number, bytes: Uint8Array): void {
    new Uint8Array(this.memory.buffer).set(bytes, 64);
    new DataView(this.memory.buffer).setUint32(0, 64, true);
    new DataView(this.memory.buffer).setUint32(4, bytes.length, true);
    assert.equal(this.wasi("fd_write", fd, 0, 1, 8), 0);
  }

  async #call(name: string): Promise<void> {
    assert.equal(name, "step");
    const size = new DataView(this.read(4).buffer).getUint32(0, true);
    this.steps.push(parseBatch(this.read(size)));
    const answer = await this.#answer(this.steps.length, this);
    const prefix = new Uint8Array(4);
    new DataView(prefix.buffer).setUint32(0, answer.length, true);
    this.write(1, prefix);
    this.write(1, answer);
  }

  /** Waits until the plugin has been stepped so often, and what came of it was told. */
  async stepped(times: number): Promise<void> {
    while (this.steps.length < times) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const idle = (wakeMs: number | null) => outFrame(Kind.idle, 0, { open: 0, wakeMs });
const answer = (wakeMs: number | null, ...frames: OutFrame[]) => encodeBatch([...frames, idle(wakeMs)]);
const kinds = (frames: Frame[] | undefined) => frames?.map(({ kind }) => kind);

test("what is delivered in one turn shares a step; idle is not told", async () => {
  const played = new Played(() => answer(null, outFrame(Kind.done, 1, {})));
  const guest = await played.start();
  guest.deliver([outFrame(Kind.call, 1, {}), outFrame(Kind.cancel, 1, {})]);
  guest.deliver([outFrame(Kind.reply, 1, {})]);
  await played.stepped(1);
  assert.deepEqual(played.steps.map(kinds), [[Kind.call, Kind.cancel, Kind.reply]]);
  assert.deepEqual(played.told, [Kind.done]);
});

test("one step at a time: what comes meanwhile waits for the next", async () => {
  let finish: () => void = () => {};
  const played = new Played(async (step) => {
    if (step === 1)
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
    return answer(null);
  });
  const guest = await played.start();
  guest.deliver([outFrame(Kind.call, 1, {})]);
  await played.stepped(1);
  guest.deliver([outFrame(Kind.cancel, 1, {})]);
  guest.deliver([outFrame(Kind.reply, 1, {})]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(played.steps.length, 1);
  finish();
  await played.stepped(2);
  assert.deepEqual(kinds(played.steps[1]), [Kind.cancel, Kind.reply]);
});

test("after wakeMs it is stepped with a tick, and not when there is nothing to wait for", async () => {
  const played = new Played((step) => answer(step < 3 ? step : null));
  const guest = await played.start();
  guest.deliver([outFrame(Kind.call, 1, {})]);
  await played.stepped(3);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(played.steps.map(kinds), [[Kind.call], [Kind.tick], [Kind.tick]]);
});

test("a large payload crosses in pieces of a few steps", async () => {
  let bytes = 0;
  const played = new Played(() => answer(null));
  const guest = await played.start();
  played.memory.grow(200);
  guest.deliver([outFrame(Kind.call, 1, {}, new Uint8Array(9 << 20).fill(7))]);
  await played.stepped(9);
  for (const frame of played.steps.flat()) bytes += frame.payload.length;
  assert.equal(bytes, 9 << 20);
});

test("a trap: the plugin is closed, its last words are the error's message", async () => {
  const played = new Played((_, plugin) => {
    plugin.write(2, new TextEncoder().encode("panic: out of order\n\ngoroutine 1 [running]:\n"));
    plugin.wasi("proc_exit", 2);
    throw new Error("it should not come here");
  });
  const guest = await played.start();
  guest.deliver([outFrame(Kind.call, 1, {})]);
  await played.stepped(1);
  assert.equal(played.trapped?.code, "plugin/trap");
  assert.equal(played.trapped?.message, "the core failed: panic: out of order");
  assert.match(String(played.trapped?.cause), /status 2/);
  assert.ok(played.closed);
  guest.deliver([outFrame(Kind.call, 2, {})]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(played.steps.length, 1);
});

for (const [name, wrong] of [
  ["is not a batch", Uint8Array.of(1, 2, 3)],
  ["does not end with idle", encodeBatch([outFrame(Kind.done, 1, {})])],
  ["is empty", new Uint8Array(0)],
] as const) {
  test(`an answer that ${name} ends the plugin`, async () => {
    const played = new Played(() => wrong);
    (await played.start()).deliver([outFrame(Kind.call, 1, {})]);
    await played.stepped(1);
    assert.ok(played.trapped instanceof RemoraError);
    assert.deepEqual(played.told, []);
    assert.ok(played.closed);
  });
}

test("stop: no more steps, no word to the owner", async () => {
  const played = new Played(() => answer(1, outFrame(Kind.done, 1, {})));
  const guest = await played.start();
  guest.deliver([outFrame(Kind.call, 1, {})]);
  guest.stop();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(played.steps.length, 0);
  assert.equal(played.trapped, undefined);
  assert.ok(played.closed);
});

test("a plugin that fails while it starts", async () => {
  const panics = {
    remora_init() {
      throw new Error("unreachable");
    },
  };
  const played = new Played(() => answer(null));
  await assert.rejects(played.start(panics), { code: "plugin/trap" });
  assert.ok(played.closed);
  await assert.rejects(new Played(() => answer(null)).start({ remora_init: undefined }), { code: "plugin/missing" });
});

test("the plugin's WASI", async () => {
  const played = new Played(() => answer(null));
  await played.start();
  const view = () => new DataView(played.memory.buffer);
  const bytes = (at: number, size: number) => new Uint8Array(played.memory.buffer).slice(at, at + size);

  // More than getRandomValues gives at once, and to the last byte.
  assert.equal(played.wasi("random_get", 64, 200_000), 0);
  const random = bytes(64, 200_000);
  for (let at = 0; at < 200_000; at += 50_000) {
    assert.ok(new Set(random.subarray(at, at + 50_000)).size > 200);
  }
  assert.ok(random.subarray(-64).some((byte) => byte !== 0));

  const now = Date.now();
  assert.equal(played.wasi("clock_time_get", 0, 1n, 64), 0);
  assert.ok(Math.abs(Number(view().getBigUint64(64, true) / 1_000_000n) - now) < 5000);
  played.wasi("clock_time_get", 1, 1n, 64);
  const first = view().getBigUint64(64, true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  played.wasi("clock_time_get", 1, 1n, 64);
  assert.ok(view().getBigUint64(64, true) > first);

  // Two subscriptions, of a descriptor and of a clock: the clock's is over.
  new Uint8Array(played.memory.buffer, 64, 96).fill(0);
  view().setUint8(64 + 8, 1);
  view().setBigUint64(64 + 48, 0x1234n, true);
  assert.equal(played.wasi("poll_oneoff", 64, 256, 2, 16), 0);
  assert.equal(view().getUint32(16, true), 1);
  assert.equal(view().getBigUint64(256, true), 0x1234n);
  assert.equal(view().getUint16(256 + 8, true), 0);

  for (const [name, ...args] of [
    ["fd_read", 3, 0, 1, 8],
    ["fd_write", 3, 0, 1, 8],
    ["fd_prestat_get", 3, 64],
    ["fd_fdstat_get", 3, 64],
  ] as const) {
    assert.equal(played.wasi(name, ...args), 8, name);
  }
  assert.equal(played.wasi("args_sizes_get", 0, 4), 0);
  assert.deepEqual([...bytes(0, 8)], [0, 0, 0, 0, 0, 0, 0, 0]);
});
