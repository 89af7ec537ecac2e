import assert from "node:assert/strict";
import { test } from "node:test";
import { makeGo } from "#go-glue";
import { guestWorld } from "../src/guest-globals.js";

const quiet = { output: () => {}, timer: (run: () => void) => run() };

test("the guest's global object holds what Go's runtime needs, and nothing of the page", () => {
  const { globals } = guestWorld(quiet);
  const scope = globals.globalThis as Record<string, unknown>;
  assert.deepEqual(Object.keys(scope).sort(), [
    "Array",
    "Date",
    "Error",
    "Object",
    "TextDecoder",
    "TextEncoder",
    "Uint8Array",
    "crypto",
    "fs",
    "path",
    "performance",
    "process",
  ]);
  const before = Reflect.ownKeys(globalThis).length;
  makeGo(globals);
  assert.equal(Reflect.ownKeys(globalThis).length, before);
  assert.equal(typeof scope["Go"], "function", "the glue defines its class there");
});

test("every world is its own", () => {
  const a = guestWorld(quiet);
  const b = guestWorld(quiet);
  makeGo(a.globals);
  assert.equal("Go" in (b.globals.globalThis as object), false);
});

test("what the guest prints goes to the watcher", () => {
  let text = "";
  const world = guestWorld({ ...quiet, output: (more) => (text += more) });
  const fs = world.globals.fs as { writeSync(fd: number, bytes: Uint8Array): number };
  const bytes = new TextEncoder().encode("panic: é\n");
  fs.writeSync(2, bytes.subarray(0, 8));
  fs.writeSync(2, bytes.subarray(8));
  assert.equal(text, "panic: é\n");
});

test("files are not there", () => {
  const { globals } = guestWorld(quiet);
  const fs = globals.fs as Record<string, (...args: unknown[]) => void>;
  let code: unknown;
  fs["open"]?.("/etc/passwd", 0, 0, (error: { code: string }) => {
    code = error.code;
  });
  assert.equal(code, "ENOSYS");
});

test("timers go through the watcher, and end with the world", async () => {
  const ran: string[] = [];
  const watched = (run: () => void) => {
    ran.push("watched");
    run();
  };
  const world = guestWorld({ ...quiet, timer: watched });
  const set = world.globals.setTimeout as (run: () => void, ms: number) => unknown;
  const clear = world.globals.clearTimeout as (timer: unknown) => void;
  set(() => ran.push("first"), 1);
  clear(set(() => ran.push("cleared"), 1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(ran, ["watched", "first"]);
  set(() => ran.push("after the end"), 1);
  world.stop();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(ran.length, 2);
});
