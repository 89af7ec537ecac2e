// The package as it is built, against servers that do what a test wants.

import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { inspect } from "node:util";
import { connect, RemoraError } from "remora-mcp";
import { json, mcpServer, result, serve } from "./support/servers.js";

const legacy = { protocolVersion: "2025-11-25" };

test("a result reaches the application byte for byte", async (t) => {
  const text =
    '{ "content":[{"type":"hologram","depth":12345678901234567890}],\n\t"unknown" : {"a":1e400,"b":"\\u00e9é"},"structuredContent":{"n":12345678901234567890} }';
  const server = await mcpServer((rpc, response) => result(response, rpc, text));
  t.after(() => server.close());
  const client = await connect(server.url, legacy);
  assert.equal(await client.callToolRaw({ name: "x" }), text);
  const parsed = await client.callTool({ name: "x" });
  assert.equal(parsed.content[0]?.type, "hologram");
  assert.deepEqual(Object.keys(parsed), ["content", "unknown", "structuredContent"]);
  await client.close();
});

test("a server that answers when all eight calls have come gets them", async (t) => {
  const waiting: (() => void)[] = [];
  const server = await mcpServer((rpc, response) => {
    waiting.push(() => result(response, rpc, `{"content":[],"n":${rpc.params.arguments?.["n"]}}`));
    if (waiting.length === 8) for (const answer of waiting) answer();
  });
  t.after(() => server.close());
  const client = await connect(server.url, legacy);
  const calls = Array.from({ length: 8 }, (_, n) => client.callTool({ name: "x", arguments: { n } }));
  assert.deepEqual(
    (await Promise.all(calls)).map(({ n }) => n),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
  await client.close();
});

test("1,000 progress events and the result in one chunk: in order, the events first", async (t) => {
  const server = await mcpServer((rpc, response) => {
    const token = rpc.params._meta?.["progressToken"];
    let chunk = "";
    for (let i = 1; i <= 1000; i++) {
      const params = JSON.stringify({ progressToken: token, progress: i });
      chunk += `data: {"jsonrpc":"2.0","method":"notifications/progress","params":${params}}\n\n`;
    }
    chunk += `data: {"jsonrpc":"2.0","id":${JSON.stringify(rpc.id)},"result":{"content":[]}}\n\n`;
    response.writeHead(200, { "Content-Type": "text/event-stream" }).end(chunk);
  });
  t.after(() => server.close());
  const client = await connect(server.url, legacy);
  const seen: number[] = [];
  await client.callTool({ name: "x" }, { onprogress: ({ progress }) => seen.push(progress) });
  assert.deepEqual(
    seen,
    Array.from({ length: 1000 }, (_, i) => i + 1),
  );
  await client.close();
});

test("a cursor that comes back is refused", async (t) => {
  const server = await mcpServer((rpc, response) => {
    const next = { undefined: "a", a: "b", b: "a" }[String(rpc.params?.cursor)];
    const tools = [{ name: `after ${rpc.params?.cursor}`, inputSchema: { type: "object" } }];
    result(response, rpc, JSON.stringify({ tools, nextCursor: next }));
  });
  t.after(() => server.close());
  const client = await connect(server.url, legacy);
  const names: string[] = [];
  await assert.rejects(
    async () => {
      for await (const tool of client.tools()) names.push(tool.name);
    },
    { code: "http/not_mcp" },
  );
  assert.deepEqual(names, ["after undefined", "after a", "after b"]);
  await client.close();
});

test("a cancelled call ends at once, and the server sees it", async (t) => {
  let saw: () => void = () => {};
  const cancelled = new Promise<void>((resolve) => {
    saw = resolve;
  });
  let called: () => void = () => {};
  const arrived = new Promise<void>((resolve) => {
    called = resolve;
  });
  const server = await serve(async (request, response) => {
    if (request.method !== "POST") return void response.writeHead(405).end();
    const { id, method } = JSON.parse(request.body) as { id: number; method: string };
    if (method === "initialize") {
      const init = { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "s", version: "1" } };
      json(response, JSON.stringify({ jsonrpc: "2.0", id, result: init }));
    } else if (method === "tools/call") {
      called();
    } else {
      if (method === "notifications/cancelled") saw();
      response.writeHead(202).end();
    }
  });
  t.after(() => server.close());
  const client = await connect(server.url, legacy);
  const stop = new AbortController();
  const call = client.callTool({ name: "x" }, { signal: stop.signal });
  await arrived;
  stop.abort("because");
  await assert.rejects(call, { code: "local/cancelled", sent: "unknown", retryable: false, cause: "because" });
  await cancelled;
  await assert.rejects(client.ping({ signal: stop.signal }), { code: "local/cancelled", sent: "no" });
  await client.close();
});

test("silence ends a call, progress keeps it alive, and the total limit ends that", async (t) => {
  const server = await mcpServer((rpc, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    const token = rpc.params._meta?.["progressToken"];
    if (token === undefined) return;
    let n = 0;
    const timer = setInterval(() => {
      const params = JSON.stringify({ progressToken: token, progress: ++n });
      response.write(`data: {"jsonrpc":"2.0","method":"notifications/progress","params":${params}}\n\n`);
    }, 100);
    response.on("close", () => clearInterval(timer));
  });
  t.after(() => server.close());
  const client = await connect(server.url, legacy);
  await assert.rejects(client.callTool({ name: "x" }, { timeout: 50 }), { code: "local/timeout" });
  let seen = 0;
  const lively = { timeout: 1000, maxTotalTimeout: 2500, onprogress: () => void seen++ };
  await assert.rejects(client.callTool({ name: "x" }, lively), { code: "local/timeout" });
  assert.ok(seen > 10, `${seen} events: it lived longer than its timeout`);
  await client.close();
});

test("an answer that breaks off: executed once, and nobody knows", async (t) => {
  const server = await mcpServer((_, response) => {
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
    response.write('{"jsonrpc":', () => response.socket?.destroy());
  });
  t.after(() => server.close());
  const client = await connect(server.url, legacy);
  await assert.rejects(client.callTool({ name: "x" }), { code: "http/network", sent: "unknown", retryable: false });
  assert.equal(server.received.filter(({ body }) => body.includes("tools/call")).length, 1);
  await client.close();
});

test("one failure is one call's: the session lives on", async (t) => {
  const answers: Record<string, (response: ServerResponse) => void> = {
    forbidden: (response) => void response.writeHead(403).end(),
    undecodable: (response) => json(response, "{]"),
    page: (response) => void response.writeHead(200, { "Content-Type": "text/html" }).end("<h1>Hi</h1>"),
    broken: (response) => void response.writeHead(500).end("oops"),
  };
  const server = await mcpServer((rpc, response) => {
    const answer = answers[String(rpc.params.name)];
    if (answer === undefined) result(response, rpc, '{"content":[]}');
    else answer(response);
  });
  t.after(() => server.close());
  const client = await connect(server.url, legacy);
  for (const [name, code] of [
    ["forbidden", "auth/denied"],
    ["undecodable", "http/not_mcp"],
    ["page", "http/not_mcp"],
    ["broken", "http/status"],
  ] as const) {
    await assert.rejects(client.callTool({ name }), { code }, name);
    await client.callTool({ name: "fine" });
  }
  await client.close();
});

test("bad arguments are refused before any traffic", async (t) => {
  const server = await mcpServer(() => {});
  t.after(() => server.close());
  const { url } = server;
  const cases: [name: string, code: string, run: () => Promise<unknown>][] = [
    ["no URL", "local/bad_url", () => connect("nonsense")],
    ["ftp", "local/bad_url", () => connect("ftp://h.example/")],
    ["password", "local/bad_url", () => connect("https://u:canary@h.example/")],
    ["header", "local/bad_argument", () => connect(url, { headers: { "X-Key": "canary\n" } })],
    ["token", "local/bad_argument", () => connect(url, { token: "canary" as never })],
    ["fetch", "local/bad_argument", () => connect(url, { fetch: 1 as never })],
    ["handler", "local/bad_argument", () => connect(url, { handlers: { elicit: 1 as never } })],
    ["limits", "local/bad_argument", () => connect(url, { limits: { maxCalls: 1.5 } })],
    ["timeout", "local/bad_argument", () => connect(url, { timeout: -1 })],
    ["policy", "local/bad_argument", () => connect(url, { policy: { origins: ["x"] } })],
    ["version", "local/bad_argument", () => connect(url, { protocolVersion: "1999-01-01" })],
    ["aborted", "local/cancelled", () => connect(url, { signal: AbortSignal.abort() })],
  ];
  for (const [name, code, run] of cases) {
    await assert.rejects(run, (error) => {
      assert.ok(error instanceof RemoraError, name);
      assert.equal(error.code, code, `${name}: ${error.message}`);
      assert.equal(error.sent, "no");
      assert.doesNotMatch(inspect(error), /canary/);
      return true;
    });
  }
  assert.equal(server.received.length, 0);
  const client = await connect(url, legacy);
  const before = server.received.length;
  for (const [name, run] of [
    ["circle", () => client.callTool({ name: "x", arguments: circle() })],
    ["bigint", () => client.callTool({ name: "x", arguments: { n: 1n } })],
    ["no parameters", () => client.callTool(null as never)],
    ["timeout", () => client.ping({ timeout: 0 })],
    ["onprogress", () => client.ping({ onprogress: 1 as never })],
  ] as [string, () => Promise<unknown>][]) {
    await assert.rejects(run, { code: "local/bad_argument", sent: "no" }, name);
  }
  assert.equal(server.received.length, before);
  await client.close();
});

function circle(): Record<string, unknown> {
  const it: Record<string, unknown> = {};
  it["self"] = it;
  return it;
}

test("arguments of many megabytes arrive", async (t) => {
  const message = "x".repeat(9_000_000);
  const server = await mcpServer((rpc, response) => {
    result(response, rpc, `{"content":[],"length":${String(rpc.params.arguments?.["message"]).length}}`);
  });
  t.after(() => server.close());
  const client = await connect(server.url, legacy);
  assert.equal((await client.callTool({ name: "x", arguments: { message } }))["length"], message.length);
  await client.close();
  const small = await connect(server.url, { ...legacy, limits: { maxBodyBytes: 1_000_000 } });
  await assert.rejects(small.callTool({ name: "x", arguments: { message } }), { code: "local/too_large", sent: "no" });
  await small.close();
});

test("nobody there, no MCP there", async (t) => {
  const gone = await serve(() => {});
  await gone.close();
  await assert.rejects(connect(`${gone.origin}/mcp?key=canary`), (error) => {
    assert.ok(error instanceof RemoraError);
    assert.equal(error.code, "http/network");
    assert.equal(error.sent, "no");
    assert.equal(error.retryable, true);
    assert.doesNotMatch(inspect(error), /canary/);
    return true;
  });
  const page = await serve((_, response) => {
    response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>Welcome</title>");
  });
  t.after(() => page.close());
  await assert.rejects(connect(page.url), { code: "http/not_mcp" });
});

test("the application's credentials go to its server, and stay out of everything else", async (t) => {
  const memories: WebAssembly.Memory[] = [];
  const instantiate = WebAssembly.instantiate;
  t.after(() => {
    WebAssembly.instantiate = instantiate;
  });
  WebAssembly.instantiate = (async (module: WebAssembly.Module, imports: WebAssembly.Imports) => {
    const instance = await instantiate(module, imports);
    memories.push(instance.exports["mem"] as WebAssembly.Memory);
    return instance;
  }) as typeof instantiate;
  const other = await serve((_, response) => void response.writeHead(200).end());
  t.after(() => other.close());
  const server = await mcpServer((rpc, response) => {
    const where = String(rpc.params.arguments?.["to"]);
    if (rpc.params.name === "move") response.writeHead(307, { Location: where }).end();
    else response.writeHead(500).end("no");
  });
  t.after(() => server.close());
  const client = await connect(server.url, {
    ...legacy,
    limits: { maxCalls: 17 }, // a core of its own
    policy: { origins: [other.origin] },
    headers: { "X-Key": "canary-in-a-header" },
    token: async () => "canary-in-a-token",
  });
  for (const request of server.received) {
    assert.equal(request.headers["x-key"], "canary-in-a-header");
    assert.equal(request.headers.authorization, "Bearer canary-in-a-token");
  }
  const errors = [
    await client.callTool({ name: "move", arguments: { to: other.url } }).catch((error: unknown) => error),
    await client.callTool({ name: "move", arguments: { to: "http://evil.example/" } }).catch((error: unknown) => error),
    await client.callTool({ name: "break" }).catch((error: unknown) => error),
  ];
  assert.equal((errors[1] as RemoraError).code, "policy/origin");
  assert.equal(other.received.length, 1);
  assert.doesNotMatch(JSON.stringify(other.received), /canary/);
  for (const error of errors) assert.doesNotMatch(inspect(error) + JSON.stringify(error), /canary/);
  assert.doesNotMatch(inspect(client, { depth: 9, showHidden: true }), /canary/);
  assert.equal(memories.length, 1);
  assert.equal(Buffer.from(memories[0]?.buffer ?? new ArrayBuffer(0)).includes("canary-in-a"), false, "in the core");
  await client.close();
});

test("a standing stream is held while somebody listens", async (t) => {
  let stream: ServerResponse | undefined;
  let opened: () => void = () => {};
  const open = () =>
    new Promise<void>((resolve) => {
      opened = resolve;
    });
  const server = await serve((request, response) => {
    if (request.method === "GET") {
      stream = response;
      response.writeHead(200, { "Content-Type": "text/event-stream" }).flushHeaders();
      opened();
      return;
    }
    if (request.method !== "POST") return void response.writeHead(200).end();
    const { id, method } = JSON.parse(request.body) as { id?: number; method: string };
    if (id === undefined) return void response.writeHead(202).end();
    const init = {
      protocolVersion: "2025-11-25",
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: "s", version: "1" },
    };
    json(response, JSON.stringify({ jsonrpc: "2.0", id, result: method === "initialize" ? init : {} }));
  });
  t.after(() => server.close());
  const client = await connect(server.url, legacy);
  client.on("state", () => {})();
  await client.ping();
  assert.equal(server.received.filter(({ method }) => method === "GET").length, 0, "nobody listens");
  const coming = open();
  const heard = new Promise<void>((resolve) => {
    const off = client.on("toolsChanged", () => {
      off();
      resolve();
    });
  });
  const ignored = client.on("toolsChanged", () => {});
  await coming;
  const closed = once(stream as ServerResponse, "close");
  stream?.write('data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n');
  await heard;
  ignored();
  await closed;
  await client.close();
});

test("what a listener throws is uncaught, and disturbs nobody", async (t) => {
  const server = await mcpServer((rpc, response) => {
    const token = rpc.params._meta?.["progressToken"];
    const params = JSON.stringify({ progressToken: token, progress: 1 });
    const event = `data: {"jsonrpc":"2.0","method":"notifications/progress","params":${params}}\n\n`;
    const answer = `data: {"jsonrpc":"2.0","id":${JSON.stringify(rpc.id)},"result":{"content":[]}}\n\n`;
    response.writeHead(200, { "Content-Type": "text/event-stream" }).end(event + answer);
  });
  t.after(() => server.close());
  const client = await connect(server.url, legacy);
  const uncaught: unknown[] = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => uncaught.push(error.message));
  let others = 0;
  client.on("progress", () => {
    throw new Error("from a listener");
  });
  client.on("progress", () => others++);
  await client.callTool(
    { name: "x" },
    {
      onprogress: () => {
        throw new Error("from onprogress");
      },
    },
  );
  await new Promise((resolve) => setImmediate(resolve));
  process.removeAllListeners("uncaughtException");
  for (const listener of listeners) process.on("uncaughtException", listener);
  assert.deepEqual(uncaught.sort(), ["from a listener", "from onprogress"]);
  assert.equal(others, 1);
  await client.close();
});
