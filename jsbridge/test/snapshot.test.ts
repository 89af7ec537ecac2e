// Snapshots: a session goes on in another process.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { connect, restore, type Snapshot } from "remora-mcp";
import { demoServer, inFrontOf, type Running, type TestServer } from "./support/servers.js";

let demo: Running;
let counting: TestServer;
before(async () => {
  demo = await demoServer();
  counting = await inFrontOf(demo.url);
});
after(() => Promise.all([demo?.close(), counting?.close()]));

// Runs a module in a Node of its own, and gives what it prints.
async function program(code: string, input: string): Promise<string> {
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    cwd,
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(input);
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    printed += chunk;
  });
  const [status, signal] = await once(child, "close");
  assert.ok(status === 0 || signal === "SIGTERM", `it ended with ${status ?? signal}`);
  return printed;
}

function take(url: string, options: object): string {
  return `
    import { connect } from "remora-mcp";
    const client = await connect(${JSON.stringify(url)}, ${JSON.stringify(options)});
    await client.listTools();
    process.stdout.write(JSON.stringify(await client.snapshot()), () => process.kill(process.pid));`;
}

function goOn(server: string): string {
  return `
    import { restore } from "remora-mcp";
    let text = "";
    for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
    const client = await restore(JSON.parse(text), { server: ${JSON.stringify(server)} });
    const { content } = await client.callTool({ name: "echo", arguments: { message: "still here" } });
    process.stdout.write(JSON.stringify([client.serverInfo.name, client.protocolVersion, content[0].text]));
    await client.close({ keep: true });`;
}

for (const protocolVersion of ["2026-07-28", "2025-11-25"]) {
  test(`${protocolVersion}: another process goes on with one request`, async () => {
    const snapshot = await program(take(counting.url, { protocolVersion }), "");
    assert.ok(snapshot.length < 4096, `${snapshot.length} bytes`);
    const before = counting.received.length;
    const [name, version, said] = JSON.parse(await program(goOn(counting.url), snapshot)) as string[];
    assert.equal(version, protocolVersion);
    assert.match(name ?? "", /./);
    assert.equal(said, "still here");
    const asked = counting.received.slice(before).map(({ method, body }) => [method, JSON.parse(body || "{}").method]);
    assert.deepEqual(asked, [["POST", "tools/call"]]);
  });

  test(`${protocolVersion}: the application's own credentials are in it only if asked for`, async () => {
    const headers = { "X-Key": "canary-1" };
    const token = () => "canary-2";
    const client = await connect(counting.url, { protocolVersion, headers, token });
    const without = await client.snapshot();
    assert.ok(!JSON.stringify(without).includes("canary"));
    assert.equal(without.secret?.sessionId === undefined, protocolVersion === "2026-07-28");
    const snapshot = JSON.parse(JSON.stringify(await client.snapshot({ credentials: true }))) as Snapshot;
    const { secret, ...rest } = snapshot;
    assert.deepEqual(secret?.headers, [
      ["X-Key", "canary-1"],
      ["Authorization", "Bearer canary-2"],
    ]);
    assert.ok(!JSON.stringify(rest).includes("canary"));
    await client.close({ keep: true });

    const seen = async (restored: Promise<Awaited<ReturnType<typeof restore>>>) => {
      const next = await restored;
      await next.ping();
      await next.close({ keep: true });
      const sent = counting.received.at(-1)?.headers;
      return [sent?.["x-key"], sent?.authorization];
    };
    const server = counting.url;
    assert.deepEqual(await seen(restore(snapshot, { server })), ["canary-1", "Bearer canary-2"]);
    assert.deepEqual(await seen(restore(snapshot, { server, headers: { "x-key": "new" } })), ["new", undefined]);
    assert.deepEqual(await seen(restore(without, { server })), [undefined, undefined]);
  });
}

test("a token that cannot be had fails as it does in a request", async (t) => {
  let fail = false;
  const token = () => {
    if (fail) throw new Error("canary");
    return "t";
  };
  const client = await connect(demo.url, { token });
  t.after(() => client.close());
  fail = true;
  const failed = await client.snapshot({ credentials: true }).catch((error) => error);
  assert.deepEqual([failed.code, failed.message.includes("canary")], ["auth/refresh_failed", false]);
});

test("a session that ended at the server is opened anew", async () => {
  const client = await connect(counting.url, { protocolVersion: "2025-11-25" });
  const snapshot = await client.snapshot();
  await client.close();
  const states: string[] = [];
  const next = await restore(snapshot, {
    server: counting.url,
    events: { state: ({ state }) => states.push(state) },
  });
  await next.ping();
  assert.deepEqual(states, ["connecting", "ready", "lost", "reconnecting", "ready"]);
  await next.close();
});

test("what is no snapshot of this server is refused before any traffic", async (t) => {
  const client = await connect(counting.url);
  t.after(() => client.close());
  const good = await client.snapshot();
  const { received, url: server, origin } = counting;
  const before = received.length;
  const loop = { ...good, itself: {} };
  loop.itself = loop;
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  const bad: [string, unknown, RegExp][] = [
    ["another server", { ...good, server: `${origin}/other` }, /another server/],
    ["another origin", { ...good, server: "https://example.com/mcp" }, /another origin/],
    ["a later version", { ...good, remora: 2 }, /version 2/],
    ["no version", { ...good, remora: undefined }, /not a snapshot/],
    ["text", JSON.stringify(good), /not a snapshot/],
    ["text cut off", JSON.stringify(good).slice(0, 100), /not a snapshot/],
    ["nothing", undefined, /not a snapshot/],
    ["null", null, /not a snapshot/],
    ["a list", [good], /not a snapshot/],
    ["a loop", loop, /not a snapshot/],
    ["too deep", { ...good, handshake: deep }, /snapshot/],
    ["huge", { ...good, handshake: { instructions: "x".repeat(300_000) } }, /larger than/],
    ["a handshake of text", { ...good, handshake: "x" }, /damaged/],
    ["no handshake", { ...good, handshake: undefined }, /damaged/],
    ["secret headers of text", { ...good, secret: { headers: "x" } }, /secret\.headers/],
    ["secret headers of one", { ...good, secret: { headers: [["x"]] } }, /secret\.headers/],
    ["a header of lines", { ...good, secret: { headers: [["x-key", "canary\r\ny: 1"]] } }, /x-key/],
    ["a header of the protocol", { ...good, secret: { headers: [["Mcp-Session-Id", "canary"]] } }, /Mcp-Session-Id/],
  ];
  for (const [what, snapshot, why] of bad) {
    await assert.rejects(restore(snapshot as Snapshot, { server }), (error: Error & { code?: string }) => {
      assert.equal(error.code, "local/bad_argument", what);
      assert.match(error.message, why, what);
      assert.doesNotMatch(error.message, /canary/, what);
      return true;
    });
  }
  const { server: _, ...none } = { server };
  await assert.rejects(restore(good, none as { server: string }), { code: "local/bad_argument" });
  await assert.rejects(restore(good, undefined as unknown as { server: string }), { code: "local/bad_argument" });
  await assert.rejects(restore(good, { server: server.replace("http", "ws") }), { code: "local/bad_argument" });
  assert.equal(received.length, before);
});

test("a session over a channel has no snapshot", async (t) => {
  let hear: ((message: unknown) => void) | undefined;
  const client = await connect({
    set onmessage(listener: (message: unknown) => void) {
      hear = listener;
    },
    async start() {},
    async send({ id }: { id?: number }) {
      const result = { supportedVersions: ["2026-07-28"], capabilities: {} };
      if (id !== undefined) hear?.({ jsonrpc: "2.0", id, result });
    },
    async close() {},
  });
  t.after(() => client.close());
  await assert.rejects(client.snapshot(), { code: "local/unsupported" });
});
