// The entry that keeps sessions in a worker, on Node. Chromium is in browser.test.ts.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import * as main from "remora-mcp";
import * as esm from "remora-mcp/worker";
import { demoServer, mcpServer, type Running, result } from "./support/servers.js";

const cjs = createRequire(import.meta.url)("remora-mcp/worker") as typeof esm;
const slow = { name: "slow", arguments: { steps: 1000, delayMs: 20 } };
let server: Running;

before(async () => {
  server = await demoServer();
});
after(() => server.close());

/** The next worker that is started. */
async function nextWorker(): Promise<Worker> {
  const [worker] = (await once(process, "worker")) as [Worker];
  return worker;
}

const text = ({ content }: main.CallToolResult): unknown => content[0]?.["text"];

for (const [format, { connect, RemoraError }] of [
  ["ESM", esm],
  ["CommonJS", cjs],
] as const) {
  for (const protocolVersion of ["2026-07-28", "2025-11-25"]) {
    test(`${format}, ${protocolVersion}: the whole job`, async () => {
      const starting = nextWorker();
      const questions: string[] = [];
      const client = await connect(new URL(server.url), {
        protocolVersion,
        headers: new Headers({ "X-Key": "k" }),
        token: async () => "token",
        handlers: {
          elicit({ message }, { origin, signal, sessionInfo }) {
            questions.push(message);
            assert.equal(origin, new URL(server.url).origin);
            assert.equal(signal.aborted, false);
            assert.equal(sessionInfo.protocolVersion, protocolVersion);
            return { action: "accept", content: { answer: "blue" } };
          },
        },
      });
      const ended = once(await starting, "exit");
      assert.equal(client.protocolVersion, protocolVersion);
      assert.equal(client.serverInfo?.name, "remora-demo-server");
      assert.ok(client.getServerCapabilities()?.["tools"]);
      const names: string[] = [];
      for await (const tool of client.tools()) names.push(tool.name);
      assert.ok(names.includes("slow"));
      const steps: number[] = [];
      const all: number[] = [];
      const off = client.on("progress", ({ progress }) => all.push(progress));
      await client.ping(); // by then the worker knows of the listener
      await client.callTool(
        { name: "slow", arguments: { steps: 4, delayMs: 1 } },
        { onprogress: ({ progress }) => steps.push(progress), timeout: 20_000 },
      );
      off();
      assert.deepEqual(steps, [1, 2, 3, 4]);
      assert.deepEqual(all, [1, 2, 3, 4]);
      assert.match(String(text(await client.callTool({ name: "ask", arguments: { question: "Which?" } }))), /blue/);
      assert.deepEqual(questions, ["Which?"]);
      assert.equal((await client.callTool({ name: "fail" })).isError, true);
      await assert.rejects(client.callTool({ name: "nosuch" }), (error) => {
        assert.ok(error instanceof RemoraError);
        assert.equal(error.code, "rpc/error");
        assert.equal(error.sent, "yes");
        assert.equal(typeof error.rpcCode, "number");
        return true;
      });
      const stop = new AbortController();
      const reason = new Error("enough");
      await assert.rejects(
        client.callTool(slow, { signal: stop.signal, onprogress: () => stop.abort(reason) }),
        (error) => error instanceof RemoraError && error.code === "local/cancelled" && error.cause === reason,
      );
      const running = new Promise((resolve) => {
        assert.rejects(client.callTool(slow, { onprogress: resolve }), { code: "local/closed" }).then(resolve, resolve);
      });
      await running;
      await Promise.all([client.close(), client.close()]);
      await assert.rejects(client.ping(), { code: "local/closed", sent: "no" });
      await ended;
    });
  }
}

test("what a handler throws is the cause of the call's error, the same object", async () => {
  const thrown = new Error("canary");
  const client = await esm.connect(server.url, {
    handlers: {
      elicit: () => {
        throw thrown;
      },
    },
  });
  await assert.rejects(client.callTool({ name: "ask", arguments: { question: "?" } }), (error) => {
    assert.ok(error instanceof esm.RemoraError);
    assert.equal(error.code, "local/bad_argument");
    assert.equal(error.cause, thrown);
    assert.doesNotMatch(JSON.stringify(error), /canary/);
    return true;
  });
  await client.close();
});

test("a question's dialog closes when its call is cancelled", async () => {
  const stop = new AbortController();
  let dialogClosed: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    dialogClosed = resolve;
  });
  const client = await esm.connect(server.url, {
    handlers: {
      elicit: (_, { signal }) =>
        new Promise((answer) => {
          signal.addEventListener("abort", () => {
            dialogClosed();
            answer({ action: "cancel" });
          });
          stop.abort();
        }),
    },
  });
  const call = client.callTool({ name: "ask", arguments: { question: "?" } }, { signal: stop.signal });
  await assert.rejects(call, { code: "local/cancelled" });
  await closed;
  await client.close();
});

test("a worker that dies: calls in flight fail, the next one gets a new worker, and everything is as before", async () => {
  const starting = nextWorker();
  const client = await esm.connect(server.url);
  const states: string[] = [];
  client.on("state", ({ state }) => states.push(state));
  const worker = await starting;
  const failed = new Promise<void>((resolve, reject) => {
    const call = client.callTool(slow, { onprogress: () => void worker.terminate() });
    assert.rejects(call, { code: "plugin/trap", sent: "unknown", retryable: false }).then(resolve, reject);
  });
  await failed;
  const again = nextWorker();
  const calls = [1, 2, 3].map((n) => client.callTool({ name: "add", arguments: { a: n, b: n } }));
  assert.equal((await Promise.all(calls)).length, 3);
  assert.notEqual(await again, worker);
  assert.deepEqual(states, ["lost", "connecting", "ready"]);
  await client.close();
  assert.deepEqual(states.slice(3), ["closed"]);
});

test("clients share a worker, which ends with the last", async () => {
  const starting = nextWorker();
  const [one, two] = await Promise.all([esm.connect(server.url), esm.connect(server.url)]);
  const ended = once(await starting, "exit");
  await one.close();
  assert.match(String(text(await two.callTool({ name: "echo", arguments: { message: "still" } }))), /still/);
  await two.close();
  await ended;
});

test("the wasm from the application", async () => {
  const bytes = await readFile(fileURLToPath(new URL("../../../../dist/npm/remora.wasm", import.meta.url)));
  for (const wasm of [bytes, Promise.resolve(bytes), WebAssembly.compile(bytes)]) {
    const client = await esm.connect(server.url, { wasm });
    await client.ping();
    await client.close();
  }
  await assert.rejects(esm.connect(server.url, { wasm: "/nowhere.wasm" }), { code: "plugin/missing" });
});

test("what cannot be right, or cannot cross, is refused", async () => {
  const cases: [name: string, call: () => Promise<unknown>, code: string][] = [
    ["no URL", () => esm.connect("nowhere"), "local/bad_url"],
    ["no options", () => esm.connect(server.url, null as never), "local/bad_argument"],
    ["fetch", () => esm.connect(server.url, { fetch: () => fetch(server.url) }), "local/unsupported"],
    ["a header of the protocol", () => esm.connect(server.url, { headers: { host: "x" } }), "local/bad_argument"],
    ["aborted before", () => esm.connect(server.url, { signal: AbortSignal.abort() }), "local/cancelled"],
    ["nobody there", () => esm.connect("http://127.0.0.1:1/mcp"), "http/network"],
  ];
  for (const [name, call, code] of cases) {
    await assert.rejects(call(), (error) => {
      assert.ok(error instanceof esm.RemoraError, name);
      assert.equal(error.code, code, `${name}: ${error.message}`);
      return true;
    });
  }
  const client = await esm.connect(server.url);
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  await assert.rejects(client.callTool({ name: "echo", arguments: circle }), { code: "local/bad_argument" });
  await assert.rejects(client.callTool(slow, { timeout: -1 }), { code: "local/bad_argument" });
  assert.throws(() => client.on("nosuch" as never, () => {}), { code: "local/bad_argument" });
  await client.close();
});

test("results come byte for byte", async (t) => {
  const raw = `{"content":[],"structuredContent":{"n":12345678901234567890},"x":1.50}`;
  const other = await mcpServer((rpc, response) => result(response, rpc, raw));
  t.after(() => other.close());
  const client = await esm.connect(other.url);
  assert.equal(await client.callToolRaw({ name: "t" }), raw);
  await client.close();
});

test("a group whose sessions are in a worker", async () => {
  const group = esm.createGroup();
  await group.add("one", server.url);
  assert.equal(text(await group.callTool({ name: "one__echo", arguments: { message: "hi" } })), "hi");
  await group.close();
});

test("the entry is the same package: its errors and clients are the main entry's", async () => {
  assert.equal(esm.RemoraError, main.RemoraError);
  assert.equal(esm.Client, main.Client);
});

test("the program of the guide", () => {
  const guide = readFileSync(fileURLToPath(new URL("../../../../docs/guide/worker.md", import.meta.url)), "utf8");
  const [, shown = ""] = /```ts\n(.*?)```/s.exec(guide) ?? [];
  const program = shown.replace("http://127.0.0.1:8931/mcp", server.url);
  assert.notEqual(program, shown);
  const cwd = fileURLToPath(new URL("../", import.meta.url));
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd,
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.match(run.stdout, /^1 of 3\n2 of 3\n3 of 3\n.+\n$/, run.stderr);
});

test("an idle worker does not keep the process alive", () => {
  const program = `
    import { connect } from "remora-mcp/worker";
    const client = await connect(${JSON.stringify(server.url)});
    const { content } = await client.callTool({ name: "echo", arguments: { message: "done" } });
    console.log(content[0].text);`;
  const cwd = fileURLToPath(new URL("../", import.meta.url));
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd,
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.equal(run.stdout, "done\n", run.stderr);
  assert.equal(run.status, 0, run.stderr);
});

for (const protocolVersion of ["2026-07-28", "2025-11-25"]) {
  test(`${protocolVersion}: a snapshot goes from one worker to the next`, async () => {
    const headers = { "X-Key": "k" };
    const first = await esm.connect(server.url, { protocolVersion, headers });
    const snapshot = await first.snapshot({ credentials: true });
    assert.deepEqual(snapshot.secret?.headers, [["X-Key", "k"]]);
    await first.close({ keep: true });
    const next = await esm.restore(snapshot, { server: server.url });
    assert.equal(next.protocolVersion, protocolVersion);
    assert.equal(text(await next.callTool({ name: "echo", arguments: { message: "on" } })), "on");
    await next.close();
    await assert.rejects(esm.restore(snapshot, { server: "http://127.0.0.1:1/mcp" }), { code: "local/bad_argument" });
  });

  test(`${protocolVersion}: discover and run, and the worker ends after them`, async () => {
    const starting = nextWorker();
    let tokens = 0;
    const token = async () => `token${++tokens}`;
    const finding = esm.discover(new URL(server.url), { protocolVersion, token });
    const first = once(await starting, "exit");
    const found = await finding;
    assert.equal(found.server.name, "remora-demo-server");
    assert.equal(found.protocolVersion, protocolVersion);
    assert.ok(found.tools.some(({ name }) => name === "add"));
    assert.ok(tokens > 0);
    await first;

    const steps: number[] = [];
    const onprogress = ({ progress }: main.Progress) => steps.push(progress);
    const ran = await esm.run(server.url, "slow", { steps: 3, delayMs: 1 }, { protocolVersion, onprogress });
    assert.equal(ran.result && text(ran.result), "done after 3 steps");
    assert.deepEqual(steps, [1, 2, 3]);
    assert.equal((await cjs.run(server.url, "fail", {}, { protocolVersion })).result?.isError, true);
    await assert.rejects(esm.run(server.url, "nosuch", {}, { protocolVersion }), { code: "rpc/error", sent: "yes" });

    const stop = new AbortController();
    const reason = new Error("enough");
    const starts = nextWorker();
    const cancelled = esm.run(server.url, "slow", slow.arguments, {
      protocolVersion,
      signal: stop.signal,
      onprogress: () => stop.abort(reason),
    });
    const last = once(await starts, "exit");
    await assert.rejects(cancelled, (error: main.RemoraError) => {
      assert.equal(error.code, "local/cancelled");
      assert.equal(error.cause, reason);
      return true;
    });
    await last;
  });
}

test("discover and run: questions are data, what cannot be right is refused, and so is what a token function throws", async () => {
  const asked = await esm.run(server.url, "ask", { question: "Which?" });
  const [[key = "", request] = []] = Object.entries(asked.inputRequired?.inputRequests ?? {});
  assert.equal(request?.method, "elicitation/create");
  const { requestState } = asked.inputRequired ?? {};
  const inputResponses = { [key]: { action: "accept", content: { answer: "blue" } } };
  const answered = await esm.run(server.url, "ask", { question: "Which?" }, { inputResponses, requestState });
  assert.match(String(answered.result && text(answered.result)), /blue/);

  const token = () => {
    throw new Error("no token today");
  };
  await assert.rejects(esm.discover(server.url, { token }), /the application's token function failed/);
  const cases: [Promise<unknown>, string][] = [
    [esm.discover("nowhere"), "local/bad_url"],
    [esm.discover("ws://127.0.0.1:1/"), "local/bad_argument"],
    [esm.discover(server.url, null as never), "local/bad_argument"],
    [esm.discover(server.url, { signal: AbortSignal.abort() }), "local/cancelled"],
    [esm.discover(server.url, { fetch }), "local/unsupported"],
    [esm.run(server.url, "add", { a: () => 1 }), "local/bad_argument"],
    [esm.run(server.url, ""), "local/bad_argument"],
  ];
  for (const [refused, code] of cases) await assert.rejects(refused, { code });
});
