// remora-mcp/extism over both lines of Extism's JavaScript SDK: what is particular to a plugin. What every embedder does
// is in ../interop and ../e2e. extism_test.go runs this, with the servers' URLs in the environment.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { connect, RemoraError, restore } from "../../dist/npm/extism.node.js";
import { visit } from "../drive/visit.js";

const server = process.env["REMORA_TEST_SERVER"];
const locked = process.env["REMORA_TEST_PROTECTED"];
const down = "http://127.0.0.1:1/mcp";
const wasm = readFileSync(new URL("../../dist/npm/remora-plugin.wasm", import.meta.url));

const sdks = { "1.0.3": (await import("extism-1")).default, "2.0.0-rc13": (await import("@extism/extism")).default };

/** watch counts the plugins that an SDK makes, and can make the host fail under the one that runs. */
function watch(sdk) {
  const watched = { made: 0, closed: 0, broken: false };
  watched.createPlugin = async (manifest, options) => {
    watched.made++;
    watched.broken = false;
    const functions = {};
    for (const [module, own] of Object.entries(options.functions)) {
      functions[module] = {};
      for (const [name, run] of Object.entries(own)) {
        functions[module][name] = (...args) => {
          if (watched.broken) throw new Error("the host fails");
          return run(...args);
        };
      }
    }
    const plugin = await sdk(manifest, { ...options, functions });
    return {
      call: (name) => plugin.call(name),
      getInstance: () => plugin.getInstance(),
      close() {
        watched.closed++;
        return plugin.close();
      },
    };
  };
  return watched;
}

const add = (client) => client.callTool({ name: "add", arguments: { a: 2, b: 3 } });

for (const [version, sdk] of Object.entries(sdks)) {
  test(`${version}: createPlugin as it is, with the plugin of the package and with another copy`, async () => {
    for (const given of [undefined, wasm, new Response(wasm), Promise.resolve(wasm.buffer.slice(0))]) {
      const client = await connect(server, { createPlugin: sdk, ...(given && { wasm: given }) });
      assert.deepEqual((await add(client)).structuredContent, { sum: 5 });
      await client.close();
    }
  });

  test(`${version}: clients with the same function share a plugin, closed after the last`, async () => {
    const counted = watch(sdk);
    const [a, b] = await Promise.all([connect(server, counted), connect(server, counted)]);
    assert.equal(counted.made, 1);
    await a.close();
    assert.equal(counted.closed, 0);
    await add(b);
    await b.close();
    assert.equal(counted.closed, 1);
    const another = watch(sdk);
    const [c, d] = await Promise.all([connect(server, counted), connect(server, another)]);
    assert.deepEqual([counted.made, another.made], [2, 1]);
    await Promise.all([c.close(), d.close()]);
  });

  test(`${version}: a trap ends what was in flight; what follows has a fresh plugin`, async () => {
    const watched = watch(sdk);
    const client = await connect(server, watched);
    const states = [];
    client.on("state", ({ state }) => states.push(state));
    let begun;
    const running = new Promise((resolve) => {
      begun = resolve;
    });
    const slow = client.callTool(
      { name: "slow", arguments: { steps: 1000, delayMs: 10 } },
      { onprogress: () => begun() },
    );
    slow.catch(() => {});
    await running;
    watched.broken = true;
    const trapped = (error) => {
      assert.ok(error instanceof RemoraError);
      assert.equal(error.code, "plugin/trap", error.message);
      assert.equal(error.sent, "unknown");
      assert.equal(error.retryable, false);
      assert.equal(error.cause.message, "the host fails");
      return true;
    };
    await Promise.all([assert.rejects(slow, trapped), assert.rejects(add(client), trapped)]);
    assert.equal(watched.closed, 1);
    assert.deepEqual(states, ["lost"]);
    assert.deepEqual((await add(client)).structuredContent, { sum: 5 });
    assert.equal(watched.made, 2);
    await client.close();
    assert.equal(watched.closed, 2);
  });

  test(`${version}: a session goes on in another plugin`, async () => {
    const client = await connect(server, { createPlugin: sdk, protocolVersion: "2025-11-25" });
    const snapshot = await client.snapshot();
    await client.close({ keep: true });
    const states = [];
    const createPlugin = (manifest, options) => sdk(manifest, options);
    const next = await restore(snapshot, {
      server,
      createPlugin,
      events: { state: ({ state }) => states.push(state) },
    });
    assert.deepEqual((await add(next)).structuredContent, { sum: 5 });
    assert.deepEqual(states, ["connecting", "ready"]); // and was not opened anew
    assert.deepEqual((await next.snapshot()).secret, snapshot.secret);
    await next.close();
    await assert.rejects(restore({ ...snapshot, remora: 2 }, { server, createPlugin: sdk }), {
      code: "local/bad_argument",
    });
    await assert.rejects(restore(snapshot, { server }), { code: "local/bad_argument" });
  });

  test(`${version}: a token is got by a secret, and by a person`, async () => {
    const machine = { grant: "client_credentials", clientId: "demo-machine", clientSecret: "demo_secret_machine" };
    const asked = [];
    const person = {
      redirectUrl: "http://127.0.0.1:7/callback",
      authorize: ({ url }) => {
        asked.push(url);
        return visit(url, "allow");
      },
    };
    for (const auth of [machine, person]) {
      const client = await connect(locked, { createPlugin: sdk, auth });
      assert.deepEqual((await add(client)).structuredContent, { sum: 5 });
      await client.close();
    }
    assert.equal(asked.length, 1);
    await assert.rejects(connect(locked, { createPlugin: sdk }), { code: "auth/required" });
  });

  test(`${version}: a wrong URL, no server, another origin: an error, and the next call works`, async () => {
    const options = { createPlugin: sdk };
    await assert.rejects(connect("nonsense", options), { code: "local/bad_url" });
    await assert.rejects(connect(down, options), { code: "http/network", sent: "no" });
    const elsewhere = createServer((_, response) => response.writeHead(307, { Location: server }).end());
    await new Promise((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    const redirecting = `http://127.0.0.1:${elsewhere.address().port}/mcp`;
    await assert.rejects(connect(redirecting, options), { code: "policy/origin" });
    elsewhere.close();
    const client = await connect(server, options);
    await assert.rejects(client.callTool({ name: "no such tool" }), { code: "rpc/error" });
    assert.deepEqual((await add(client)).structuredContent, { sum: 5 });
    await client.close();
    await assert.rejects(add(client), { code: "local/closed" });
  });

  test(`${version}: the plugin cannot make requests, whatever the SDK is told to allow`, async () => {
    let plugin;
    const createPlugin = async (manifest, options) => {
      const allowing = { ...options, ...(version === "1.0.3" && { allowedHosts: ["127.0.0.1"] }) };
      plugin = await sdk(manifest, allowing);
      return plugin;
    };
    const client = await connect(server, { createPlugin });
    await client.close();
    const input = JSON.stringify({ server, tool: "add", arguments: { a: 2, b: 3 } });
    await assert.rejects(plugin.call("run", input), /step makes no requests of its own/);
  });

  test(`${version}: collecting garbage works`, async () => {
    const client = await connect(server, { createPlugin: sdk });
    for (let i = 0; i < 3; i++) {
      await Promise.all(
        Array.from({ length: 8 }, () => client.callTool({ name: "big", arguments: { bytes: 100_000 } })),
      );
      const { open } = await client.stats();
      assert.equal(open, 0);
    }
    await client.close();
  });

  test(`${version}: what createPlugin must not do`, async () => {
    const refused = async (createPlugin, code, message) => {
      await assert.rejects(connect(server, { createPlugin }), (error) => {
        assert.ok(error instanceof RemoraError);
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        return true;
      });
    };
    await refused(undefined, "local/bad_argument", /createPlugin/);
    await refused(
      () => Promise.reject(new Error("no such thing")),
      "plugin/missing",
      /^Extism's SDK cannot make the plugin on this thread: no such thing$/,
    );
    await refused(
      () =>
        sdk(
          { wasm: [{ data: wasm }] },
          { useWasi: true, functions: { "extism:host/env": { http_headers: () => 0n } } },
        ),
      "plugin/missing",
      /did not make the plugin from the manifest and the options/,
    );
    await refused(() => ({}), "plugin/missing", /cannot make the plugin/);
    await refused(
      (manifest, options) => sdk(manifest, { ...options, runInWorker: true }),
      "plugin/missing",
      /cannot make the plugin on this thread/,
    );
    const module = await WebAssembly.compile(wasm);
    await assert.rejects(connect(server, { createPlugin: sdk, wasm: module }), { code: "local/bad_argument" });
    await assert.rejects(connect(server, { createPlugin: sdk, wasm: new Uint8Array(8) }), { code: "plugin/missing" });
  });
}
