import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connect, RemoraError, type Trace } from "remora-mcp";
import { Credentials } from "../src/credentials.js";
import { SessionPolicy } from "../src/policy.js";
import { completeTrace } from "../src/trace.js";
import { demoServer, type Running } from "./support/servers.js";

let server: Running;
before(async () => {
  server = await demoServer();
});
after(() => server.close());

const text = (event: Trace) => JSON.stringify(event);

test("a listener in connect's options sees the handshake, one of on() what comes later", async () => {
  const all: Trace[] = [];
  const later: Trace[] = [];
  const states: string[] = [];
  const client = await connect(server.url, {
    events: { trace: (event) => all.push(event), state: ({ state }) => states.push(state), log: undefined },
  });
  assert.match(text(all[1] as Trace), /"server\/discover"/);
  assert.deepEqual(states, ["connecting", "ready"]);
  const off = client.on("trace", (event) => later.push(event));
  await client.callTool({ name: "echo", arguments: { message: "one" } });
  assert.ok(later.some((event) => event.type === "received" && text(event).includes("one")));
  off();
  const { length } = later;
  await client.callTool({ name: "echo", arguments: { message: "two" } });
  assert.equal(later.length, length);
  assert.ok(all.some((event) => event.type === "sent" && text(event).includes("two")));
  await client.close();
  assert.equal(states.at(-1), "closed");
});

test("nothing is told, or made, while nobody listens", async () => {
  const told: string[] = [];
  const parse = JSON.parse;
  JSON.parse = (source: string, reviver?: Parameters<typeof parse>[1]) => {
    if (source.includes('"event":"trace"')) told.push(source);
    return parse(source, reviver);
  };
  try {
    const client = await connect(server.url);
    await client.callTool({ name: "echo", arguments: { message: "one" } });
    client.on("trace", () => {})();
    await client.callTool({ name: "echo", arguments: { message: "two" } });
    await client.close();
    assert.deepEqual(told, []);
    const traced = await connect(server.url, { events: { trace: () => {} } });
    await traced.close();
    assert.notDeepEqual(told, []); // the test would see it
  } finally {
    JSON.parse = parse;
  }
});

test("what is no event, or no listener, is refused", async () => {
  for (const events of [{ nosuch: () => {} }, { trace: "loud" }]) {
    await assert.rejects(connect(server.url, { events: events as never }), (error: unknown) => {
      return error instanceof RemoraError && error.code === "local/bad_argument" && error.message.includes("events");
    });
  }
});

const policy = new SessionPolicy(new URL("https://example.com/mcp"));

test("the headers that the application adds are named, at the server's own origin", () => {
  const credentials = new Credentials({ "X-Key": "abcdef-123", authorization: "none" }, () => "token");
  const event: Trace = { at: 1, type: "request", url: "https://example.com/mcp", headers: [["x-key", "of the core"]] };
  assert.deepEqual(completeTrace(event, policy, credentials).headers, [
    ["x-key", "(masked)"],
    ["authorization", "(from the token function)"],
  ]);
  const forToken: Trace = { ...event, purpose: "oauth" };
  assert.deepEqual(completeTrace(forToken, policy, credentials), forToken);
  const elsewhere: Trace = { ...event, url: "https://example.org/" };
  assert.deepEqual(completeTrace(elsewhere, policy, credentials), elsewhere);
  const none: Trace = { at: 1, type: "dropped", reason: "x" };
  assert.equal(completeTrace(none, policy, new Credentials(undefined, undefined)), none);
});

test("the application's own secrets are masked, however a server writes them", async () => {
  const secret = 'käy "7f3a/+9>';
  let token = "";
  const credentials = new Credentials({ "X-Key": secret, cookie: "a=b; sid=cookie-4711" }, () => token);
  for (let i = 0; i < 40; i++) {
    token = `token-${i}-abc`;
    await credentials.headers();
  }
  const bytes = (pad: string) => Buffer.from(`${pad}${secret}${pad}`);
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret),
    bytes("").toString("base64"),
    bytes("x").toString("base64url"),
    bytes("xy").toString("base64"),
    bytes("").toString("hex"),
    "cookie-4711",
    "token-39-abc",
    "Bearer token-38-abc",
  ];
  for (const form of forms) {
    const event: Trace = {
      at: 1,
      type: "received",
      reason: form,
      message: { [form]: [form, 1, null, { a: `x ${form} y` }] },
    };
    const shown = text(completeTrace(event, policy, credentials));
    assert.ok(!shown.includes(JSON.stringify(form).slice(1, -1)), shown);
    assert.ok(shown.includes("(masked)"), shown);
  }
  // Short and common values are left alone: a trace must stay readable.
  const plain: Trace = { at: 1, type: "received", message: { a: "bearer a=b" } };
  assert.equal(completeTrace(plain, policy, credentials), plain);
});

test("the program of docs/trace.md runs", async () => {
  const document = readFileSync(fileURLToPath(new URL("../../../../docs/trace.md", import.meta.url)), "utf8");
  const source = /```js\n([\s\S]*?)```/.exec(document)?.[1];
  assert.ok(source !== undefined);
  const folder = mkdtempSync(fileURLToPath(new URL("./trace-", import.meta.url)));
  try {
    const program = join(folder, "program.mjs");
    writeFileSync(program, source.replace("http://127.0.0.1:8931/mcp", server.url));
    await promisify(execFile)(process.execPath, [program], { cwd: folder });
    const [head, ...lines] = readFileSync(join(folder, "trace.jsonl"), "utf8").trimEnd().split("\n");
    assert.deepEqual(JSON.parse(head as string), { remora: "trace", version: 1 });
    const events = lines.map((line) => JSON.parse(line) as Trace);
    assert.deepEqual(
      events
        .filter(({ call }) => call === 2)
        .map(({ type }) => type)
        .slice(0, 3),
      ["request", "sent", "response"],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
