// What starts, what is shared, what ends, and what happens when the core fails.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { connect, RemoraError, type WasmSource } from "remora-mcp";
import { connect as connectSlim } from "remora-mcp/slim";
import { certificateFile, mcpServer, result, serve, type TestServer } from "./support/servers.js";

const legacy = { protocolVersion: "2025-11-25" };
const wasmFile = createRequire(import.meta.url).resolve("remora-mcp/remora.wasm");
const failing = await WebAssembly.compile(await readFile(new URL("../../failing.wasm", import.meta.url)));

let server: TestServer;
before(async () => {
  server = await mcpServer((rpc, response) => result(response, rpc, '{"content":[],"tools":[]}'));
});
after(() => server.close());

let instances = 0;
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = ((...args: Parameters<typeof instantiate>) => {
  instances++;
  return instantiate(...args);
}) as typeof instantiate;
beforeEach(() => {
  instances = 0;
});

test("clients share a core; after the last one a new one is made", async () => {
  const [a, b] = await Promise.all([connect(server.url, legacy), connect(server.url, legacy)]);
  assert.equal(instances, 1);
  await a.close();
  const c = await connect(server.url, legacy);
  assert.equal(instances, 1);
  await b.ping();
  await Promise.all([b.close(), c.close()]);
  const d = await connect(server.url, { ...legacy, limits: {} });
  assert.equal(instances, 2);
  const e = await connect(server.url, { ...legacy, limits: { maxCalls: 3 } });
  assert.equal(instances, 3, "other limits, another core");
  await Promise.all([d.close(), e.close()]);
});

test("a connect that fails leaves no core behind", async () => {
  await assert.rejects(connect("http://127.0.0.1:1/mcp"), { code: "http/network" });
  assert.equal(instances, 1);
  const client = await connect(server.url, legacy);
  assert.equal(instances, 2);
  await client.close();
});

test("the wasm may be given in every form", async (t) => {
  const bytes = await readFile(wasmFile);
  const files = await serve((request, response) => {
    const type = request.url.endsWith("typed") ? "application/wasm" : "application/octet-stream";
    response.writeHead(request.url.endsWith("gone") ? 404 : 200, { "Content-Type": type }).end(bytes);
  });
  t.after(() => files.close());
  const forms: [name: string, wasm: WasmSource | Promise<WasmSource>][] = [
    ["path", wasmFile],
    ["file URL", new URL(`file://${wasmFile}`)],
    ["http URL", `${files.origin}/typed`],
    ["bytes", bytes],
    ["ArrayBuffer", new Uint8Array(bytes).buffer],
    ["Response", await fetch(`${files.origin}/typed`)],
    ["Response of another type", await fetch(`${files.origin}/other`)],
    ["module", await WebAssembly.compile(bytes)],
    ["promise of a Response", fetch(`${files.origin}/typed`)],
  ];
  for (const [name, wasm] of forms) {
    const client = await connectSlim(server.url, { ...legacy, wasm }).catch((error: unknown) => {
      throw new Error(name, { cause: error });
    });
    await client.ping();
    await client.close();
  }
  const wrong: [name: string, code: string, wasm: WasmSource | Promise<WasmSource> | undefined][] = [
    ["none", "local/bad_argument", undefined],
    ["no such file", "plugin/missing", "/nowhere/remora.wasm"],
    ["not found", "plugin/missing", `${files.origin}/gone`],
    ["nobody there", "plugin/missing", "http://127.0.0.1:1/remora.wasm?canary"],
    ["no wasm", "plugin/missing", new Uint8Array(8)],
    ["other wasm", "plugin/missing", Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)],
    ["a number", "local/bad_argument", 7 as never],
    ["an object", "local/bad_argument", {} as never],
  ];
  for (const [name, code, wasm] of wrong) {
    await assert.rejects(connectSlim(server.url, { ...legacy, wasm }), (error) => {
      assert.ok(error instanceof RemoraError, name);
      assert.equal(error.code, code, `${name}: ${error.message}`);
      assert.doesNotMatch(error.message, /canary/);
      return true;
    });
  }
});

test("a connect that is cancelled while the wasm is coming", async () => {
  const stop = new AbortController();
  let give: (bytes: Uint8Array) => void = () => {};
  const wasm = new Promise<Uint8Array>((resolve) => {
    give = resolve;
  });
  const connecting = connect(server.url, { ...legacy, wasm, signal: stop.signal });
  stop.abort();
  await assert.rejects(connecting, { code: "local/cancelled", sent: "no" });
  give(new Uint8Array(1));
});

test("a connect that is cancelled while the server is silent", async (t) => {
  let asked: () => void = () => {};
  const arrived = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const silent = await serve(() => asked());
  t.after(() => silent.close());
  const stop = new AbortController();
  const connecting = connect(silent.url, { ...legacy, signal: stop.signal });
  await arrived;
  stop.abort();
  await assert.rejects(connecting, { code: "local/cancelled" });
  while ((await silent.connections()) > 0) await new Promise((resolve) => setImmediate(resolve));
});

for (const [name, command, message] of [
  ["panics", "listTools", /^the core failed: panic: a test: https:\/\/h\.example\/$/],
  ["ends", "ping", /^the core failed: /],
] as const) {
  test(`the core ${name}: plugin/trap for what was in flight, a fresh instance for what comes next`, async () => {
    const client = await connect(server.url, { wasm: failing });
    const other = await connect(server.url, { wasm: failing });
    const states: string[] = [];
    client.on("state", ({ state }) => states.push(state));
    const inFlight = other.callTool({ name: "never answered" });
    const trapped = (error: unknown) => {
      assert.ok(error instanceof RemoraError);
      assert.equal(error.code, "plugin/trap");
      assert.equal(error.sent, "unknown");
      assert.equal(error.retryable, false);
      assert.match(error.message, message);
      return true;
    };
    await Promise.all([assert.rejects(client[command](), trapped), assert.rejects(inFlight, trapped)]);
    assert.equal(instances, 1);
    assert.deepEqual(states, ["lost"]);
    const stop = new AbortController();
    const again = client.callTool({ name: "never answered" }, { signal: stop.signal });
    const fresh = await connect(server.url, { wasm: failing });
    assert.equal(instances, 2);
    assert.deepEqual(states, ["lost", "connecting"], "the session was opened again");
    stop.abort();
    await assert.rejects(again, { code: "local/cancelled" });
    await Promise.all([client.close(), other.close(), fresh.close()]);
  });
}

async function run(script: string, ...flags: string[]): Promise<{ code: number | null; output: string; ms: number }> {
  const url = JSON.stringify(server.url);
  const child = spawn(
    process.execPath,
    [...flags, "--input-type=module", "-e", `import { connect } from "remora-mcp"; const url = ${url}; ${script}`],
    { cwd: fileURLToPath(new URL(".", import.meta.url)), stdio: ["ignore", "pipe", "pipe"] },
  );
  const started = performance.now();
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output += text;
    });
  }
  const timer = setTimeout(() => child.kill(), 20_000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  return { code, output, ms: performance.now() - started };
}

test("a server on https", async (t) => {
  const secure = await mcpServer((rpc, response) => result(response, rpc, '{"content":[]}'), "https");
  t.after(() => secure.close());
  process.env["NODE_EXTRA_CA_CERTS"] = certificateFile;
  t.after(() => Reflect.deleteProperty(process.env, "NODE_EXTRA_CA_CERTS"));
  const { port } = new URL(secure.origin);
  const { code, output } = await run(`
    for (const host of ["127.0.0.1", "localhost"]) {
      const client = await connect("https://" + host + ":${port}/mcp", { protocolVersion: "2025-11-25" });
      await client.callTool({ name: "x" });
      await client.close();
      console.log(host);
    }`);
  assert.equal(output, "127.0.0.1\nlocalhost\n");
  assert.equal(code, 0);
});

test("a script ends by itself, closed or not", async () => {
  for (const close of ["await client.close();", ""]) {
    const script = `const client = await connect(url); await client.ping(); ${close} console.log("end")`;
    const { code, output, ms } = await run(script);
    assert.equal(output, "end\n");
    assert.equal(code, 0);
    assert.ok(ms < 10_000, `it took ${ms} ms`);
  }
});

test("a script does not end while a call waits", async () => {
  const { code, output } = await run(`
    const client = await connect(url, {
      protocolVersion: "2025-11-25",
      fetch: (where, init) => init.body && new TextDecoder().decode(init.body).includes("tools/call")
        ? new Promise(() => {}) : fetch(where, init),
    });
    try { await client.callTool({ name: "x" }, { timeout: 300 }); } catch (error) { console.log(error.code); }
    await client.close();`);
  assert.equal(output, "local/timeout\n");
  assert.equal(code, 0);
});

test("no global is left behind, and none is needed that is not the language's or the web's", async () => {
  const { code, output } = await run(`
    const names = () => Reflect.ownKeys(globalThis).map(String).sort().join();
    const before = names();
    const client = await connect(url, { protocolVersion: "2025-11-25" });
    await client.ping();
    await client.close();
    console.log(before === names(), typeof globalThis.Go);`);
  assert.equal(output, "true undefined\n");
  assert.equal(code, 0);
});

test("where no code may be generated from strings, everything works", async () => {
  const { code, output } = await run(
    `
    let refused = false;
    try { new Function("return 1")(); } catch { refused = true; }
    const client = await connect(url, { protocolVersion: "2025-11-25" });
    await client.callTool({ name: "x" });
    await client.close();
    console.log(refused);`,
    "--disallow-code-generation-from-strings",
  );
  assert.equal(output, "true\n");
  assert.equal(code, 0);
});
