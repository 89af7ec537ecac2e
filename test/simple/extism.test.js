// The plugin in both lines of Extism's JavaScript SDK, with no driver. npm_test.go runs this, with the servers' URLs in
// the environment.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const server = process.env["REMORA_TEST_SERVER"];
const down = process.env["REMORA_TEST_DOWN"];
const data = readFileSync(new URL("../../dist/remora-plugin.wasm", import.meta.url));

// What each line needs, as docs/abi.md says.
const lines = [
  {
    name: "@extism/extism 1.0.3",
    sdk: (await import("extism-1")).default,
    needs: { functions: { "extism:host/env": { http_headers: () => 0n } } },
    showsHeaders: false,
  },
  {
    name: "@extism/extism 2.0.0-rc13",
    sdk: (await import("@extism/extism")).default,
    needs: { allowHttpResponseHeaders: true },
    showsHeaders: true,
  },
];

const worker = { useWasi: true, runInWorker: true, allowedHosts: ["127.0.0.1"], config: { server } };

/** use makes an instance for what needs one, and closes it. */
async function use(line, options, what) {
  const plugin = await line.sdk({ wasm: [{ data }] }, { ...options, ...line.needs });
  try {
    await what(async (name, input) => (await plugin.call(name, JSON.stringify(input))).json(), plugin);
  } finally {
    await plugin.close();
  }
}

/** hello is the frame with which a driver begins. */
function hello() {
  const header = new TextEncoder().encode('{"abi":[1,0],"name":"test","version":"1"}');
  const frame = new Uint8Array(16 + header.length);
  new DataView(frame.buffer).setUint32(0, header.length, true);
  frame[12] = 1;
  frame.set(header, 16);
  return frame;
}

/** kinds lists the kinds of the frames of a batch. */
function kinds(batch) {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const found = [];
  for (let at = 0; at < batch.length; at += 16 + view.getUint32(at, true) + view.getUint32(at + 4, true)) {
    found.push(batch[at + 12]);
  }
  return found;
}

for (const line of lines) {
  test(`${line.name}: discover and run`, async () => {
    await use(line, worker, async (call) => {
      const { result } = await call("discover", {});
      assert.equal(result.server.name, "remora-demo-server");
      assert.equal(result.protocolVersion, "2026-07-28");
      assert.ok(result.tools.some((tool) => tool.name === "add"));
      const sum = await call("run", { tool: "add", arguments: { a: 2, b: 3 } });
      assert.deepEqual(sum.result.structuredContent, { sum: 5 });
      const failed = await call("run", { tool: "fail" });
      assert.equal(failed.result.isError, true);
      const wrong = await call("run", { server: "nonsense", tool: "add" });
      assert.equal(wrong.error.code, "local/bad_url");
    });
  });

  test(`${line.name}: a question comes as data`, async () => {
    await use(line, worker, async (call) => {
      const input = { tool: "ask", arguments: { question: "Which colour?" } };
      const { inputRequired } = await call("run", input);
      assert.equal(inputRequired.inputRequests.answer.params.message, "Which colour?");
      const inputResponses = { answer: { action: "accept", content: { answer: "blue" } } };
      const { result } = await call("run", { ...input, inputResponses, requestState: inputRequired.requestState });
      assert.equal(result.content[0].text, "the answer is: blue");
    });
  });

  test(`${line.name}: sessions need response headers`, async () => {
    await use(line, worker, async (call) => {
      const out = await call("run", { tool: "echo", arguments: { message: "hi" }, protocolVersion: "2025-11-25" });
      if (line.showsHeaders) assert.equal(out.result.content[0].text, "hi");
      else assert.equal(out.error.code, "local/unsupported");
    });
  });

  test(`${line.name}: what the SDK refuses rejects the call, and a fresh instance works`, async () => {
    await use(line, { ...worker, config: { server: down } }, async (call) => {
      await assert.rejects(call("discover", {}), /fetch failed/);
    });
    await use(line, { ...worker, allowedHosts: ["example.com"] }, async (call) => {
      await assert.rejects(call("discover", {}), /not allowed/);
    });
    await use(line, worker, async (call) => {
      assert.ok((await call("discover", {})).result);
    });
  });

  test(`${line.name}: step, on the main thread`, async () => {
    await use(line, { useWasi: true }, async (_, plugin) => {
      assert.deepEqual((await plugin.call("about", "")).json().abi, [1, 0]);
      assert.deepEqual(kinds((await plugin.call("step", hello())).bytes()), [64, 75]);
    });
  });
}
