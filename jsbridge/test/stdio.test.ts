// Servers that are programs.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect, RemoraError } from "remora-mcp";
import * as esm from "remora-mcp/stdio";

const { stdio } = esm;
const remora = fileURLToPath(new URL("../../remora", import.meta.url));
const demo = { command: remora, args: ["demo-server", "--stdio"] };
const script = (source: string) => ({ command: process.execPath, args: ["-e", source], grace: 300 });

/** Speaks 2025-11-25 on stdin and stdout; what it does for a tool is the source. */
function server(tools: string): { command: string; args: string[]; grace: number } {
  return script(`
    const say = (m) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...m }) + "\\n");
    require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
      const { id, method, params } = JSON.parse(line);
      const result = (result) => say({ id, result });
      if (method === "initialize")
        result({ protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "s", version: "1" } });
      else if (method === "server/discover") say({ id, error: { code: -32601, message: "no" } });
      else if (method === "tools/call") tool(params.name, result, id);
    });
    function tool(name, result, id) { ${tools} }
  `);
}

const living = (pid: number) => {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
};

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    assert.ok(turns < 2_000, what);
    await sleep(5);
  }
}

for (const protocolVersion of ["2026-07-28", "2025-11-25"]) {
  test(`${protocolVersion}: the whole job`, async () => {
    const client = await connect(stdio(demo), {
      protocolVersion,
      handlers: {
        elicit(_, { origin }) {
          assert.equal(origin, "remora");
          return { action: "accept", content: { answer: "blue" } };
        },
      },
    });
    assert.equal(client.protocolVersion, protocolVersion);
    const names: string[] = [];
    for await (const tool of client.tools()) names.push(tool.name);
    assert.deepEqual(names.sort(), ["add", "ask", "big", "echo", "fail", "picture", "slow"]);
    const text = async (name: string, args: object, options = {}) =>
      (await client.callTool({ name, arguments: { ...args } }, options)).content[0]?.["text"];
    assert.equal(await text("echo", { message: "grüße \u{1f600}\u2028" }), "grüße \u{1f600}\u2028");
    assert.match(String(await text("ask", { question: "which?" })), /blue/);
    let steps = 0;
    await text("slow", { steps: 5, delayMs: 1 }, { onprogress: () => steps++ });
    assert.equal(steps, 5);
    const many = await Promise.all(Array.from({ length: 8 }, (_, i) => text("echo", { message: `${i}` })));
    assert.deepEqual(many, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    assert.equal(String(await text("big", { bytes: 5_000_000 })).length, 5_000_000);
    const abort = new AbortController();
    const slow = client.callTool({ name: "slow", arguments: { steps: 1, delayMs: 60_000 } }, { signal: abort.signal });
    setImmediate(() => abort.abort());
    await assert.rejects(slow, { code: "local/cancelled" });
    await client.close();
  });
}

test("CommonJS has it too", () => {
  const cjs = createRequire(import.meta.url)("remora-mcp/stdio") as typeof esm;
  assert.equal(typeof cjs.stdio, "function");
});

test("a program that exits is an error with the end of its stderr, and is started again", async () => {
  const lines: string[] = [];
  const program = {
    ...server(`
      if (name === "pid") result({ content: [], pid: process.pid });
      else { process.stderr.write("many words\\n".repeat(1000) + "it broke\\n"); process.exitCode = 3; process.stdin.destroy(); }
    `),
    stderr: (line: string) => lines.push(line),
  };
  const client = await connect(stdio(program));
  const states: string[] = [];
  client.on("state", ({ state }) => states.push(state));
  const before = (await client.callTool({ name: "pid" }))["pid"];
  await assert.rejects(client.callTool({ name: "crash" }), (error: RemoraError) => {
    assert.equal(error.code, "channel/closed");
    assert.equal(error.sent, "unknown");
    assert.equal(error.retryable, false);
    assert.match(error.message, /exited with status 3; its stderr ends: .*it broke$/);
    const { exitCode, stderr } = error.data as { exitCode: number; stderr: string };
    assert.equal(exitCode, 3);
    assert.ok(stderr.length <= 4096);
    return true;
  });
  assert.equal(lines.length, 1001);
  assert.equal(lines.at(-1), "it broke");
  assert.notEqual((await client.callTool({ name: "pid" }))["pid"], before);
  assert.deepEqual(states, ["lost", "reconnecting", "ready"]);
  await client.close();
});

test("the lines of stderr are log events, from the start to the end", async () => {
  const program = server(`
    if (name === "say") process.stderr.write("begins" + "x".repeat(70_000) + "\\n\\ngoes on\\r\\nthe key is canary\\n", () => result({ content: [] }));
    process.on("exit", () => require("node:fs").writeSync(2, "ends"));
  `);
  const heard: { level: string; logger?: string | undefined; data: unknown }[] = [];
  const copied: string[] = [];
  const client = await connect(
    stdio({
      ...program,
      stderr: (line) => copied.push(line),
      redact: (line) => line.replace("canary", "(masked)"),
    }),
    { events: { log: (data) => heard.push(data) } },
  );
  await client.callTool({ name: "say" });
  await client.close();
  assert.ok(heard.every(({ level, logger }) => level === "info" && logger === "stderr"));
  const lines = heard.map(({ data }) => String(data));
  assert.equal(lines[0]?.length, 64 << 10);
  assert.equal(lines[1], "x".repeat(70_006 - (64 << 10)));
  assert.deepEqual(lines.slice(2), ["goes on", "the key is (masked)", "ends"]);
  assert.deepEqual(copied.slice(2), ["", "goes on", "the key is canary", "ends"]);
});

test("what an error quotes of stderr was redacted before it was cut", async () => {
  const secret = "canary-0123456789-canary";
  for (const after of [180, 190, 4_086]) {
    const program = script(`console.error("the key is ${secret}" + ".".repeat(${after})); process.exitCode = 3`);
    const redact = (line: string) => line.replaceAll(secret, "-");
    await assert.rejects(connect(stdio({ ...program, redact })), ({ message, data }: RemoraError) => {
      const shown = message + JSON.stringify(data);
      assert.match(message, /status 3; its stderr ends: .*\.\.\.\./);
      for (const part of ["canary", "0123", "789", "ary"]) assert.ok(!shown.includes(part), shown);
      return true;
    });
  }
});

test("what cannot be started, or is no server, says why", async () => {
  const cases: [esm.StdioOptions, RegExp][] = [
    [{ command: "no-such-program-anywhere" }, /cannot be started.*ENOENT/],
    [{ command: remora, cwd: "/no/such/folder" }, /cannot be started/],
    [
      script(`console.log("Usage: x"); console.error("no such option"); process.exitCode = 2`),
      /status 2.*no such option.*Usage: x/,
    ],
    [script(`process.kill(process.pid, "SIGKILL")`), /SIGKILL/],
  ];
  for (const [options, message] of cases) {
    await assert.rejects(connect(stdio(options)), (error: RemoraError) => {
      assert.ok(error instanceof RemoraError);
      assert.equal(error.code, "channel/closed");
      assert.match(error.message, message);
      return true;
    });
  }
  for (const wrong of [
    undefined,
    {},
    { command: "" },
    { command: "x", args: [1] },
    { command: "x", grace: -1 },
    { command: "x", redact: 1 },
  ]) {
    assert.throws(() => stdio(wrong as never), { code: "local/bad_argument" });
  }
});

test("garbage on stdout is counted, a message too long fails its call", async () => {
  const program = server(`
    if (name === "print") { console.log("hello"); say({ id: 99999, result: {} }); result({ content: [] }); }
    else if (name === "big") result({ content: [], big: "x".repeat(3_000_000) });
    else process.stdout.write('{"jsonrpc":"2.0","id":' + id + ',"result":{"content":[],"n":12345678901234567890}}\\r\\n');
  `);
  const client = await connect(stdio(program), { limits: { maxBodyBytes: 1_000_000 } });
  await client.callTool({ name: "print" });
  assert.ok((await client.stats()).dropped >= 2);
  await assert.rejects(client.callTool({ name: "big" }), { code: "local/too_large" });
  assert.equal(await client.callToolRaw({ name: "raw" }), '{"content":[],"n":12345678901234567890}');
  await client.close();
});

test("a program that heeds nothing is killed, with what it started", async () => {
  const program = server(`
    process.on("SIGTERM", () => {});
    setInterval(() => {}, 1000);
    const child = require("node:child_process").spawn("sleep", ["1000"], { stdio: "inherit" });
    if (name === "pids") result({ content: [], pids: [process.pid, child.pid] });
  `);
  const client = await connect(stdio(program));
  const pids = (await client.callTool({ name: "pids" }))["pids"] as number[];
  const hanging = assert.rejects(client.callTool({ name: "hang" }), { code: "local/closed" });
  assert.ok(pids.every(living));
  await client.close();
  await hanging;
  await until("the processes are gone", () => !pids.some(living));
});

test("the environment is not passed on", async () => {
  process.env["REMORA_TEST_SECRET"] = "canary";
  const program = server(`result({ content: [], env: process.env });`);
  const client = await connect(stdio({ ...program, env: { GIVEN: "yes" } }));
  const env = (await client.callTool({ name: "env" }))["env"] as Record<string, string>;
  await client.close();
  assert.equal(env["REMORA_TEST_SECRET"], undefined);
  assert.equal(env["GIVEN"], "yes");
  assert.ok(env["PATH"]);
});

test("fifty programs started and closed leave no process and no file", async () => {
  const files = () => readdirSync("/proc/self/fd").length;
  const children = () => readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").trim();
  await (await connect(stdio(demo))).close();
  await until("the first is gone", () => children() === "");
  const before = files();
  for (let round = 0; round < 10; round++) {
    const clients = await Promise.all(Array.from({ length: 5 }, () => connect(stdio(demo))));
    await Promise.all(clients.map((client) => client.callTool({ name: "echo", arguments: { message: "x" } })));
    await Promise.all(clients.map((client) => client.close()));
  }
  await until("no process", () => children() === "");
  await until("no file", () => files() <= before);
});
