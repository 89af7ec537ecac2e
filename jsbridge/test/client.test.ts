// The package as it is built, against the project's demo server.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import * as esm from "remora-mcp";
import { demoServer, type Running } from "./support/servers.js";

const cjs = createRequire(import.meta.url)("remora-mcp") as typeof esm;
let server: Running;

before(async () => {
  server = await demoServer();
});
after(() => server.close());

for (const [format, { connect, RemoraError }] of [
  ["ESM", esm],
  ["CommonJS", cjs],
] as const) {
  for (const protocolVersion of ["2026-07-28", "2025-11-25"]) {
    test(`${format}, ${protocolVersion}: the whole job`, async () => {
      const questions: string[] = [];
      const client = await connect(server.url, {
        protocolVersion,
        clientInfo: { name: "test", version: "1" },
        handlers: {
          elicit(params, { origin, signal, sessionInfo }) {
            questions.push(params.message);
            assert.equal(origin, new URL(server.url).origin);
            assert.equal(signal.aborted, false);
            assert.equal(sessionInfo.protocolVersion, protocolVersion);
            return { action: "accept", content: { answer: "blue" } };
          },
        },
      });
      assert.equal(client.protocolVersion, protocolVersion);
      assert.equal(client.getNegotiatedProtocolVersion(), protocolVersion);
      assert.equal(client.serverInfo?.name, "remora-demo-server");
      assert.deepEqual(client.getServerVersion(), client.serverInfo);
      assert.ok(client.getServerCapabilities()?.["tools"]);
      assert.equal(typeof client.getInstructions(), "string");

      const names: string[] = [];
      for await (const tool of client.tools()) names.push(tool.name);
      assert.deepEqual(names.sort(), ["add", "ask", "big", "echo", "fail", "picture", "slow"]);
      assert.equal((await client.listTools()).tools.length, 7);

      const text = async (name: string, args: Record<string, unknown>, options: esm.RequestOptions = {}) => {
        const { content, isError } = await client.callTool({ name, arguments: args }, options);
        assert.notEqual(isError, true, name);
        const [block] = content;
        return block?.type === "text" ? block["text"] : undefined;
      };
      assert.equal(await text("echo", { message: "grüße \u{1f600}" }), "grüße \u{1f600}");
      const steps: esm.Progress[] = [];
      const all: esm.Progress[] = [];
      const off = client.on("progress", (progress) => all.push(progress));
      await text("slow", { steps: 4, delayMs: 1 }, { onprogress: (progress) => steps.push(progress) });
      off();
      assert.deepEqual(
        steps.map(({ progress, total }) => [progress, total]),
        [1, 2, 3, 4].map((n) => [n, 4]),
      );
      assert.equal(all.length, 4);
      assert.ok(!("progressToken" in (steps[0] ?? {})));
      assert.match(String(await text("ask", { question: "Which colour?" })), /blue/);
      assert.deepEqual(questions, ["Which colour?"]);
      assert.equal(String(await text("big", { bytes: 3_000_000 })).length, 3_000_000);
      assert.equal((await client.callTool({ name: "fail" })).isError, true);
      await assert.rejects(client.callTool({ name: "nosuch" }), { code: "rpc/error", sent: "yes" });
      assert.equal(typeof (await client.ping()), "object");

      const stop = new AbortController();
      const reason = new Error("enough");
      await assert.rejects(
        client.callTool(
          { name: "slow", arguments: { steps: 1000, delayMs: 20 } },
          { signal: stop.signal, onprogress: () => stop.abort(reason) },
        ),
        (error) => error instanceof RemoraError && error.code === "local/cancelled" && error.cause === reason,
      );
      assert.equal(await text("echo", { message: "still here" }), "still here");
      await client.close();
      await assert.rejects(client.ping(), { code: "local/closed", sent: "no" });
    });
  }
}

test("many calls at once, in several sessions", async () => {
  const clients = await Promise.all([1, 2, 3].map(() => esm.connect(server.url)));
  const calls = clients.flatMap((client, c) =>
    Array.from({ length: 20 }, async (_, i) => {
      const { content } = await client.callTool({ name: "echo", arguments: { message: `${c}/${i}` } });
      assert.equal(content[0]?.["text"], `${c}/${i}`);
    }),
  );
  await Promise.all(calls);
  await Promise.all(clients.map((client) => client.close()));
});

test("1,000 calls leave nothing open, no goroutine and no memory behind", async () => {
  const client = await esm.connect(server.url);
  const round = async (calls: number) => {
    for (let i = 0; i < calls; i++) await client.callTool({ name: "add", arguments: { a: i, b: 1 } });
    // The end of the last answer's connection may still be on its way.
    let stats = await client.stats();
    for (let i = 0; i < 1000 && stats.open > 0; i++) {
      await nextTurn(); // the core answers at once, so that I/O would have to wait
      stats = await client.stats();
    }
    return stats;
  };
  const before = await round(200);
  const after = await round(1000);
  assert.equal(after.open, 0);
  assert.ok(after.goroutines <= before.goroutines, `${before.goroutines} goroutines before, ${after.goroutines} after`);
  assert.ok(
    after.heapBytes < before.heapBytes + (1 << 20),
    `${before.heapBytes} bytes before, ${after.heapBytes} after`,
  );
  await client.close();
});

test("1,000 calls with one signal leave no listener behind", async () => {
  const client = await esm.connect(server.url);
  const { signal } = new AbortController();
  for (let i = 0; i < 100; i++) {
    const ten = Array.from({ length: 10 }, () =>
      client.callTool({ name: "add", arguments: { a: 1, b: i } }, { signal, timeout: 30_000 }),
    );
    await Promise.all(ten);
  }
  assert.equal(getEventListeners(signal, "abort").length, 0);
  await client.close();
});

test("a question's dialog closes when its call is cancelled", async () => {
  for (const protocolVersion of ["2026-07-28", "2025-11-25"]) {
    const stop = new AbortController();
    let closed = false;
    const client = await esm.connect(server.url, {
      protocolVersion,
      handlers: {
        elicit: (_, { signal }) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => {
              closed = true;
              resolve({ action: "cancel" });
            });
            stop.abort();
          }),
      },
    });
    const call = client.callTool({ name: "ask", arguments: { question: "?" } }, { signal: stop.signal });
    await assert.rejects(call, { code: "local/cancelled" });
    await client.ping();
    assert.equal(closed, true, protocolVersion);
    await client.close();
  }
});

test("what a handler throws is the cause of the call's error, and goes nowhere else", async () => {
  const thrown = new Error("canary");
  const handlers: [name: string, handler: () => never][] = [
    [
      "throws",
      () => {
        throw thrown;
      },
    ],
    ["answers nonsense", () => ({ action: "perhaps", content: "canary" }) as never],
    ["answers with no object", () => "canary" as never],
    ["answers with content that is no object", () => ({ action: "accept", content: ["canary"] }) as never],
    ["answers with a circle", () => circle() as never],
  ];
  for (const [name, elicit] of handlers) {
    const client = await esm.connect(server.url, { handlers: { elicit } });
    await assert.rejects(client.callTool({ name: "ask", arguments: { question: "?" } }), (error) => {
      assert.ok(error instanceof esm.RemoraError);
      assert.equal(error.code, "local/bad_argument", `${name}: ${error.message}`);
      assert.doesNotMatch(JSON.stringify(error), /canary/);
      if (name === "throws") assert.equal(error.cause, thrown);
      return true;
    });
    await client.close();
  }
});

function circle(): unknown {
  const content: Record<string, unknown> = {};
  content["self"] = content;
  return { action: "accept", content };
}

test("close ends calls in flight, and may be called twice", async () => {
  const client = await esm.connect(server.url);
  const states: string[] = [];
  client.on("state", ({ state }) => states.push(state));
  let started: () => void = () => {};
  const running = new Promise<void>((resolve) => {
    started = resolve;
  });
  const call = client.callTool({ name: "slow", arguments: { steps: 1000, delayMs: 20 } }, { onprogress: started });
  const rejected = assert.rejects(call, { code: "local/closed" });
  await running;
  await Promise.all([client.close(), client.close()]);
  await rejected;
  assert.deepEqual(states, ["closed"]);
});

test("await using closes", async () => {
  const client = await esm.connect(server.url);
  await client[Symbol.asyncDispose]();
  await assert.rejects(client.listTools(), { code: "local/closed" });
});
