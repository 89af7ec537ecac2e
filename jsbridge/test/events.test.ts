import assert from "node:assert/strict";
import { test } from "node:test";
import { Listeners } from "../src/events.js";

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

test("everybody who listens is told, in order, until they stop", () => {
  const listeners = new Listeners(() => {});
  const heard: unknown[] = [];
  const a = listeners.add("log", ({ data }) => heard.push(["a", data]));
  const same = ({ level }: { level: string }) => void heard.push(["b", level]);
  const b = listeners.add("log", same);
  const again = listeners.add("log", same);
  listeners.tell("log", encode({ level: "info", data: 1 }));
  a();
  a();
  again();
  listeners.tell("log", encode({ level: "debug", data: 2 }));
  b();
  listeners.tell("log", encode({}));
  assert.deepEqual(heard, [
    ["a", 1],
    ["b", "info"],
    ["b", "info"],
    ["b", "debug"],
  ]);
});

test("data is not read when nobody listens", () => {
  const listeners = new Listeners(() => {});
  listeners.tell("log", new TextEncoder().encode("not JSON"));
  listeners.add("log", () => {})();
  listeners.tell("log", new TextEncoder().encode("not JSON"));
  assert.equal(listeners.has("log"), false);
});

test("a listener may stop itself, or others, while it is told", () => {
  const listeners = new Listeners(() => {});
  let heard = 0;
  const off = listeners.add("state", () => {
    heard++;
    off();
  });
  listeners.add("state", () => heard++);
  listeners.tell("state", encode({ state: "ready" }));
  listeners.tell("state", encode({ state: "lost" }));
  assert.equal(heard, 3);
});

test("only what the core must know of is asked for", () => {
  let changes = 0;
  const listeners = new Listeners(() => changes++);
  const offs = [
    listeners.add("progress", () => {}),
    listeners.add("state", () => {}),
    listeners.add("toolsChanged", () => {}),
    listeners.add("log", () => {}),
    listeners.add("trace", () => {}),
  ];
  assert.deepEqual(listeners.wanted(), ["log", "toolsChanged", "trace"]);
  assert.equal(changes, 3);
  for (const off of offs) off();
  assert.deepEqual(listeners.wanted(), []);
  assert.equal(changes, 6);
});

test("what is no event, or no listener, is refused", () => {
  const listeners = new Listeners(() => {});
  assert.throws(() => listeners.add("nosuch" as never, () => {}), { code: "local/bad_argument" });
  assert.throws(() => listeners.add("log", undefined as never), { code: "local/bad_argument" });
});
