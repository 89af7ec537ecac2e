// The plugin's wasm with other names in it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { RemoraError } from "../src/errors.js";
import { Output } from "../src/guest.js";
import { adaptPlugin } from "../src/plugin-module.js";
import { Wasi } from "../src/wasi.js";

const resolve = createRequire(import.meta.url).resolve;
const plugin = readFileSync(resolve("remora-mcp/remora-plugin.wasm"));
const core = readFileSync(resolve("remora-mcp/remora.wasm"));

const missing = (error: unknown) => error instanceof RemoraError && error.code === "plugin/missing";

test("three names change, and nothing else", async () => {
  const before = await WebAssembly.compile(plugin);
  const bytes = adaptPlugin(plugin);
  assert.equal(bytes.length, plugin.length);
  const after = await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  const renamed = WebAssembly.Module.imports(before).map(({ module, name, kind }) => ({
    module: module === "wasi_snapshot_preview1" ? "remora_wasi_snapshot_1" : module,
    name: name === "http_request" ? "http_refused" : name,
    kind,
  }));
  assert.deepEqual(WebAssembly.Module.imports(after), renamed);
  assert.ok(renamed.some(({ name }) => name === "http_refused"));
  assert.deepEqual(
    WebAssembly.Module.exports(after),
    WebAssembly.Module.exports(before).map((each) =>
      each.name === "_initialize" ? { ...each, name: "remora_init" } : each,
    ),
  );
  let differ = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== plugin[at]) differ++;
  const most = renamed.filter(({ module }) => module.startsWith("remora")).length * 22 + 12 + 11;
  assert.ok(differ > 0 && differ <= most, `${differ} bytes differ`);
});

test("what is given stays as it is", () => {
  const given = Buffer.from(plugin);
  adaptPlugin(given);
  assert.ok(given.equals(plugin));
});

test("other wasm is plugin/missing", () => {
  const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
  for (const wasm of [core, empty, new Uint8Array(0), new Uint8Array(100), new Uint8Array(100).fill(0xff)]) {
    assert.throws(() => adaptPlugin(wasm), missing);
  }
});

test("the plugin cut short is plugin/missing or a module that does not compile", () => {
  for (let size = 0; size < 6000; size += 7) {
    const cut = plugin.subarray(0, size);
    try {
      assert.equal(WebAssembly.validate(adaptPlugin(cut) as Uint8Array<ArrayBuffer>), false, `${size} bytes`);
    } catch (error) {
      assert.ok(missing(error), String(error));
    }
  }
});

test("a number that does not end is plugin/missing", () => {
  assert.throws(
    () => adaptPlugin(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80)),
    missing,
  );
  assert.throws(
    () => adaptPlugin(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 2, 5, 0xff, 0xff, 0xff, 0xff, 15)),
    missing,
  );
});

test("every function of WASI that the plugin imports is there", async () => {
  const { functions } = new Wasi(new Output());
  const imports = WebAssembly.Module.imports(await WebAssembly.compile(plugin));
  const wanted = imports.filter(({ module }) => module === "wasi_snapshot_preview1").map(({ name }) => name);
  assert.ok(wanted.includes("fd_write"));
  assert.deepEqual(
    wanted.filter((name) => functions[name] === undefined),
    [],
  );
});
