// discover and run: one thing with one server, and nothing kept.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { discover, type Progress, RemoraError, run } from "remora-mcp";
import { demoServer, json, mcpServer, type Running, result, serve } from "./support/servers.js";

let demo: Running;

before(async () => {
  demo = await demoServer();
});
after(() => demo.close());

for (const protocolVersion of ["2026-07-28", "2025-11-25"]) {
  test(`${protocolVersion}: what a server is, and a call of a tool`, async () => {
    const found = await discover(demo.url, { protocolVersion });
    assert.equal(found.server.name, "remora-demo-server");
    assert.equal(found.protocolVersion, protocolVersion);
    assert.ok(found.capabilities["tools"]);
    for (const name of ["add", "ask", "slow"]) assert.ok(found.tools.some((tool) => tool.name === name));

    const steps: Progress[] = [];
    const slow = await run(
      demo.url,
      "slow",
      { steps: 3, delayMs: 1 },
      { protocolVersion, onprogress: (progress) => steps.push(progress) },
    );
    assert.notEqual(slow.result?.isError, true);
    assert.deepEqual(
      steps.map(({ progress, total }) => [progress, total]),
      [1, 2, 3].map((n) => [n, 3]),
    );
    assert.equal((await run(demo.url, "fail", {}, { protocolVersion })).result?.isError, true);
    await assert.rejects(run(demo.url, "nosuch", {}, { protocolVersion }), { code: "rpc/error", sent: "yes" });
  });

  test(`${protocolVersion}: a call is cancelled by its signal`, async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const call = run(
      demo.url,
      "slow",
      { steps: 1000, delayMs: 20 },
      { protocolVersion, signal: stop.signal, onprogress: () => stop.abort(reason) },
    );
    await assert.rejects(call, (e) => e instanceof RemoraError && e.code === "local/cancelled" && e.cause === reason);
  });
}

test("what a server of 2026-07-28 asks is data, and the answer goes with the next run", async () => {
  const asked = await run(demo.url, "ask", { question: "Which colour?" });
  assert.equal(asked.result, undefined);
  const requests = Object.entries(asked.inputRequired?.inputRequests ?? {});
  assert.equal(requests.length, 1);
  const [key = "", request] = requests[0] ?? [];
  assert.equal(request?.method, "elicitation/create");
  const { requestState } = asked.inputRequired ?? {};
  const answered = await run(
    demo.url,
    "ask",
    { question: "Which colour?" },
    {
      inputResponses: { [key]: { action: "accept", content: { answer: "blue" } } },
      ...(requestState === undefined ? {} : { requestState }),
    },
  );
  assert.match(String(answered.result?.content[0]?.["text"]), /blue/);
});

test("a server before 2026-07-28 is told that nothing can be asked, and takes no answers", async () => {
  const protocolVersion = "2025-11-25";
  assert.equal((await run(demo.url, "ask", { question: "?" }, { protocolVersion })).result?.isError, true);
  const late = run(demo.url, "ask", { question: "?" }, { protocolVersion, requestState: "x" });
  await assert.rejects(late, { code: "local/unsupported", sent: "no" });
});

test("credentials and the policy are those of connect, and no stream is left open", async (t) => {
  const server = await mcpServer((rpc, response) => {
    if (rpc.method === "tools/list") result(response, rpc, `{"tools":[]}`);
    else result(response, rpc, `{"content":[],"structuredContent":{"n":12345678901234567890}}`);
  });
  t.after(() => server.close());
  await discover(server.url, { headers: { "X-Key": "k" }, token: () => "secret" });
  await run(server.url, "t", {}, { headers: { "X-Key": "k" }, token: () => "secret" });
  assert.ok(server.received.length >= 4);
  for (const { headers, method } of server.received) {
    assert.equal(headers["x-key"], "k");
    assert.equal(headers.authorization, "Bearer secret");
    assert.notEqual(method, "GET");
  }
});

test("what goes wrong is a RemoraError", async (t) => {
  const gone = await serve(() => {});
  await gone.close();
  const page = await serve((_, response) => json(response, "<html>"));
  t.after(() => page.close());
  const cases: [name: string, call: () => Promise<unknown>, expected: object][] = [
    ["no URL", () => discover("nowhere"), { code: "local/bad_url" }],
    ["nobody there", () => discover(gone.url), { code: "http/network", sent: "no" }],
    ["no MCP server", () => run(page.url, "t"), { code: "http/not_mcp", sent: "no" }],
    ["no tool", () => run(demo.url, ""), { code: "local/bad_argument", sent: "no" }],
    ["no arguments", () => run(demo.url, "add", [] as never), { code: "local/bad_argument", sent: "no" }],
    ["no options", () => run(demo.url, "add", {}, null as never), { code: "local/bad_argument", sent: "no" }],
    ["aborted before", () => run(demo.url, "add", {}, { signal: AbortSignal.abort() }), { code: "local/cancelled" }],
  ];
  for (const [name, call, expected] of cases) {
    await assert.rejects(call(), (error) => {
      assert.ok(error instanceof RemoraError, name);
      for (const [key, value] of Object.entries(expected)) {
        assert.equal((error as unknown as Record<string, unknown>)[key], value, `${name}: ${error.message}`);
      }
      return true;
    });
  }
});
