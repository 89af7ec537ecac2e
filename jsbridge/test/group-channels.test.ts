// Groups with programs and other channels among their servers.

import assert from "node:assert/strict";
import { symlinkSync, unlinkSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createGroup, type Group, type GroupEvents, type TransportLike } from "remora-mcp";
import { stdio } from "remora-mcp/stdio";
import { ToolServer, toolNames } from "./support/tool-server.js";

const remora = fileURLToPath(new URL("../../remora", import.meta.url));

function next<E extends keyof GroupEvents>(group: Group, event: E, server: string): Promise<GroupEvents[E]> {
  return new Promise((resolve) => {
    const off = group.on(event, (data) => {
      if (data.server !== server) return;
      off();
      resolve(data);
    });
  });
}

const namesOf = async (group: Group): Promise<string[]> => (await group.listTools()).map(({ name }) => name).sort();

async function textOf(group: Group, name: string, args: object = {}): Promise<unknown> {
  return (await group.callTool({ name, arguments: { ...args } })).content[0]?.["text"];
}

// The processes that run a program, by its path.
async function running(path: string): Promise<number[]> {
  const pids: number[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (line.split("\0")[0] === path) pids.push(Number(pid));
  }
  return pids;
}

interface Message {
  readonly id?: number;
  readonly method: string;
}

/** What a server of 2025-11-25 with one tool answers, which says what it is called. */
function answerTo({ id, method }: Message, name: string): object | undefined {
  const results: Record<string, object> = {
    initialize: {
      protocolVersion: "2025-11-25",
      capabilities: { tools: {} },
      serverInfo: { name, version: "1" },
    },
    ping: {},
    "tools/list": { tools: [{ name: "where", inputSchema: { type: "object" } }] },
    "tools/call": { content: [{ type: "text", text: name }] },
  };
  if (id === undefined) return undefined;
  const result = results[method];
  return { jsonrpc: "2.0", id, ...(result === undefined ? { error: { code: -32601, message: "no" } } : { result }) };
}

/** A transport of the SDK's shape with a server in this process, and what ends it. */
function inMemory(name: string): { transport: TransportLike; end: () => void; started: () => number } {
  let starts = 0;
  const transport: TransportLike = {
    async start() {
      starts++;
    },
    async send(message: Message) {
      const answer = answerTo(message, name);
      if (answer !== undefined) queueMicrotask(() => transport.onmessage?.(answer as never));
    },
    async close() {
      transport.onclose?.();
    },
  };
  return { transport, end: () => transport.onclose?.(), started: () => starts };
}

for (const protocolVersion of ["2026-07-28", "2025-11-25"]) {
  test(`${protocolVersion}: of two servers over HTTP and a program, the program is killed and comes back`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "remora-group-"));
    const command = join(folder, "server");
    symlinkSync(remora, command);
    const servers = await Promise.all(["a", "c"].map((name) => ToolServer.start(name, toolNames(3))));
    const group = createGroup({ protocolVersion });
    const states: string[] = [];
    group.on("state", ({ server, state }) => states.push(`${server} ${state}`));
    for (const { name, url } of servers) await group.add(name, url);
    const added = await group.add("p", stdio({ command, args: ["demo-server", "--stdio"] }));
    assert.equal(added.state, "ready");
    const others = servers.flatMap(({ name, tools }) => tools.map((tool) => `${name}__${tool}`)).sort();
    const all = await namesOf(group);
    assert.deepEqual(
      all.filter((name) => !name.startsWith("p__")),
      others,
    );
    assert.ok(all.includes("p__echo") && all.includes("p__slow"));
    assert.equal(await textOf(group, "p__echo", { message: "hello" }), "hello");

    // Calls to the other two go on all the while.
    let stop = false;
    let calls = 0;
    const busy = servers.map(async ({ name }) => {
      for (; !stop; calls++) assert.equal(await textOf(group, `${name}__tool1`), `${name}/tool1`);
    });
    unlinkSync(command); // it cannot be started again
    const lost = next(group, "toolsChanged", "p");
    const slow = textOf(group, "p__slow", { steps: 1, delayMs: 60_000 });
    const [pid, ...more] = await running(command);
    assert.ok(pid !== undefined && more.length === 0);
    process.kill(pid, "SIGKILL");
    await assert.rejects(slow, { code: "channel/closed" });
    await lost;
    assert.equal(group.server("p")?.state, "lost");
    assert.equal(group.server("p")?.error?.code, "channel/closed");
    assert.match(String(group.server("p")?.error?.message), /SIGKILL/);
    assert.deepEqual(await namesOf(group), others);
    await assert.rejects(group.reconnect("p"), /cannot be started/);
    await assert.rejects(textOf(group, "p__echo", { message: "x" }), { code: "channel/closed" });

    symlinkSync(remora, command);
    const back = next(group, "toolsChanged", "p");
    assert.equal((await group.reconnect("p")).state, "ready");
    await back;
    assert.deepEqual(await namesOf(group), all);
    assert.equal(await textOf(group, "p__echo", { message: "again" }), "again");
    assert.notDeepEqual(await running(command), [pid]);
    const before = calls;
    while (calls < before + 10) await textOf(group, "p__echo", { message: "x" });
    stop = true;
    await Promise.all(busy);
    assert.deepEqual(
      states.filter((state) => state.startsWith("p ")),
      ["p ready", "p lost", "p ready"],
    );
    await group.close();
    assert.deepEqual(await running(command), []);
    await Promise.all(servers.map((server) => server.kill()));
    await rm(folder, { recursive: true });
  });
}

test("a transport that ended leaves its server lost, and says why; nothing starts it again", async () => {
  const other = await ToolServer.start("a", ["x"]);
  const { transport, end, started } = inMemory("here");
  const group = createGroup();
  await group.add("a", other.url);
  await group.add("here", transport);
  assert.equal(await textOf(group, "here__where"), "here");
  const lost = next(group, "toolsChanged", "here");
  end();
  await lost;
  for (let again = 0; again < 2; again++) {
    const here = group.server("here");
    assert.equal(here?.state, "lost");
    assert.equal(here?.error?.code, "channel/closed");
    assert.deepEqual(await namesOf(group), ["a__x"]);
    await assert.rejects(group.reconnect("here"), {
      code: "channel/closed",
      message: /has ended, and connect was given no function that makes another/,
    });
    assert.match(String(group.server("here")?.error?.message), /no function that makes another/);
  }
  // Nor when there is no client any more.
  await group.server("here")?.client?.close();
  await assert.rejects(group.reconnect("here"), { code: "channel/closed" });
  assert.equal(group.server("here")?.state, "lost");
  assert.equal(started(), 1);
  assert.equal(await textOf(group, "a__x"), "a/x");
  await group.close();
  await other.kill();
});

test("a function that makes a port is called again for a server that is lost", async () => {
  const far: MessagePort[] = [];
  const open = () => {
    const { port1, port2 } = new MessageChannel();
    far.push(port2);
    port2.onmessage = ({ data }) => {
      const answer = answerTo(data as Message, `port ${far.length}`);
      if (answer !== undefined) port2.postMessage(answer);
    };
    return port1;
  };
  const group = createGroup();
  await group.add("frame", open);
  assert.equal(await textOf(group, "frame__where"), "port 1");
  const lost = next(group, "toolsChanged", "frame");
  far[0]?.close();
  await lost;
  assert.equal(group.server("frame")?.error?.code, "channel/closed");
  assert.equal((await group.reconnect("frame")).state, "ready");
  assert.equal(await textOf(group, "frame__where"), "port 2");
  assert.equal(group.server("frame")?.error, undefined);
  await group.close();
});

test("what is no server is refused, and a program that is not there can come later", async () => {
  const group = createGroup();
  for (const server of [null, {}, 7, undefined]) {
    await assert.rejects(group.add("x", server as never, { allowDown: true }), /needs a URL/);
  }
  const nowhere = stdio({ command: "no-such-program-anywhere" });
  await assert.rejects(group.add("x", nowhere), { code: "channel/closed" });
  await assert.rejects(group.add("x", nowhere, { headers: { a: "b" }, allowDown: true }), {
    code: "local/bad_argument",
  });
  assert.deepEqual(group.servers(), []);
  const down = await group.add("x", nowhere, { allowDown: true });
  assert.equal(down.state, "lost");
  assert.equal(down.error?.code, "channel/closed");
  await group.close();
});
