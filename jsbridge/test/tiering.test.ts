// The budget of V8's that is raised while the core is compiled.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { test } from "node:test";
import { withLateTiering } from "../src/tiering.node.js";

const v8 = createRequire(import.meta.url)("node:v8") as typeof import("node:v8");

/** Runs something with v8.setFlagsFromString replaced, and returns what it was given. */
async function flagsOf(run: () => Promise<unknown>): Promise<string[]> {
  const original = v8.setFlagsFromString;
  const flags: string[] = [];
  v8.setFlagsFromString = (flag) => {
    flags.push(flag);
  };
  try {
    await run();
  } finally {
    v8.setFlagsFromString = original;
  }
  return flags;
}

const raised = "--wasm-tiering-budget=60000000";

test("the budget is raised, and then what it is by default", async () => {
  const options = execFileSync(process.execPath, ["--v8-options"], { encoding: "utf8" });
  const normal = /default: (--wasm-tiering-budget=\d+)/.exec(options)?.[1];
  assert.ok(normal, "this Node's V8 has no such flag");
  const flags = await flagsOf(() => withLateTiering(async () => {}));
  assert.deepEqual(flags, [raised, normal]);
});

test("it is lowered when the last of several is compiled, also by failing", async () => {
  const flags = await flagsOf(async () => {
    let finish: (() => void) | undefined;
    const slow = withLateTiering(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    await assert.rejects(
      withLateTiering(() => Promise.reject(new Error("no wasm"))),
      /no wasm/,
    );
    finish?.();
    await slow;
  });
  assert.equal(flags.length, 2);
});

test("a budget that somebody chose stays", async () => {
  const before = process.env["NODE_OPTIONS"];
  process.env["NODE_OPTIONS"] = "--wasm_tiering_budget=1";
  try {
    assert.deepEqual(await flagsOf(() => withLateTiering(async () => {})), []);
  } finally {
    if (before === undefined) delete process.env["NODE_OPTIONS"];
    else process.env["NODE_OPTIONS"] = before;
  }
});

test("a V8 without the flag compiles all the same", async () => {
  const original = v8.setFlagsFromString;
  v8.setFlagsFromString = () => {
    throw new Error("illegal flag");
  };
  try {
    assert.equal(await withLateTiering(async () => "module"), "module");
  } finally {
    v8.setFlagsFromString = original;
  }
});
