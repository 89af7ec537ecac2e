// What a server offers besides tools, against the project's demo server.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { type Client, connect, type Log, type ResourceUpdated } from "remora-mcp";
import { demoServer, mcpServer, type Running, result } from "./support/servers.js";

let server: Running;
before(async () => {
  server = await demoServer();
});
after(() => server.close());

/** The next event of a client. */
function next<T>(register: (listener: (data: T) => void) => () => void): Promise<T> {
  return new Promise((resolve) => {
    const off = register((data) => {
      off();
      resolve(data);
    });
  });
}

for (const protocolVersion of ["2026-07-28", "2025-11-25"]) {
  test(`${protocolVersion}: resources`, async (t) => {
    const client = await connect(server.url, { protocolVersion });
    t.after(() => client.close());
    const { resources } = await client.listResources();
    assert.deepEqual(resources.map(({ name }) => name).sort(), ["about", "clock", "picture"]);
    const names: string[] = [];
    for await (const { name } of client.resources()) names.push(name);
    assert.deepEqual(names.sort(), ["about", "clock", "picture"]);
    const [template] = (await client.listResourceTemplates()).resourceTemplates;
    assert.equal(template?.uriTemplate, "demo://greeting/{name}");
    for await (const { uriTemplate } of client.resourceTemplates()) assert.equal(uriTemplate, template?.uriTemplate);
    const greeting = await client.readResource({ uri: "demo://greeting/Ada" });
    assert.equal(greeting.contents[0]?.text, "Hello, Ada.");
    assert.ok((await client.readResource({ uri: "demo://picture" })).contents[0]?.blob);
    await assert.rejects(client.readResource({ uri: "demo://nothing" }), { code: "rpc/error", sent: "yes" });

    const updated = next<ResourceUpdated>((listener) => client.on("resourceUpdated", listener));
    assert.deepEqual(await client.subscribeResource({ uri: "demo://clock" }), {});
    assert.equal((await updated).uri, "demo://clock");
    assert.deepEqual(await client.unsubscribeResource({ uri: "demo://clock" }), {});
  });

  test(`${protocolVersion}: prompts and completion`, async (t) => {
    const client = await connect(server.url, { protocolVersion });
    t.after(() => client.close());
    const { prompts } = await client.listPrompts();
    assert.deepEqual(prompts.map(({ name }) => name).sort(), ["review", "tour"]);
    for await (const { name, arguments: args } of client.prompts())
      if (name === "review") assert.equal(args?.length, 2);
    const { messages } = await client.getPrompt({ name: "review", arguments: { language: "go" } });
    const [message] = messages;
    assert.deepEqual([message?.role, message?.content.type], ["user", "text"]);
    assert.match(JSON.stringify(message?.content), /following go code/);
    await assert.rejects(client.getPrompt({ name: "nosuch" }), { code: "rpc/error" });

    const ref = { type: "ref/prompt", name: "review" } as const;
    const languages = await client.complete({ ref, argument: { name: "language", value: "p" } });
    assert.deepEqual(languages.completion.values, ["python"]);
    const styles = await client.complete({
      ref,
      argument: { name: "style", value: "" },
      context: { arguments: { language: "go" } },
    });
    assert.deepEqual(styles.completion.values, ["effective go", "table tests"]);
    const people = await client.complete({
      ref: { type: "ref/resource", uri: "demo://greeting/{name}" },
      argument: { name: "name", value: "G" },
    });
    assert.deepEqual(people.completion.values, ["Grace"]);
    await assert.rejects(
      client.complete({ ref: { type: "ref/prompt" } as never, argument: { name: "a", value: "" } }),
      {
        code: "local/bad_argument",
        sent: "no",
      },
    );
  });

  test(`${protocolVersion}: the log`, async (t) => {
    const client = await connect(server.url, { protocolVersion });
    t.after(() => client.close());
    const heard: Log[] = [];
    client.on("log", (message) => heard.push(message));
    await client.callTool({ name: "fail" });
    assert.deepEqual(heard, [], "nobody has asked for it");
    await client.setLoggingLevel("warning");
    const told = next<Log>((listener) => client.on("log", listener));
    await client.callTool({ name: "slow", arguments: { steps: 1, delayMs: 0 } }); // logs at info
    await client.callTool({ name: "fail" });
    assert.deepEqual(await told, { level: "warning", logger: "demo", data: "fail was called" });
    assert.equal(heard.length, 1);
    await assert.rejects(client.setLoggingLevel("loud" as never), { code: "local/bad_argument", sent: "no" });
  });
}

test("options that cannot be right are refused", async () => {
  await assert.rejects(connect(server.url, { cacheMode: "hoard" as never }), { code: "local/bad_argument" });
  await assert.rejects(connect(server.url, { listMaxPages: -1 }), { code: "local/bad_argument" });
  await assert.rejects(connect(server.url, { logLevel: "loud" as never }), { code: "local/bad_argument" });
  const client = await connect(server.url);
  await assert.rejects(client.listTools({}, { cacheMode: "hoard" as never }), {
    code: "local/bad_argument",
    sent: "no",
  });
  await client.close();
});

test("a session that is opened again has its level and its subscriptions", async () => {
  const wasm = await WebAssembly.compile(await readFile(new URL("../../failing.wasm", import.meta.url)));
  const client = await connect(server.url, { wasm });
  const given = () => JSON.parse(client.instructions ?? "{}") as { logLevel?: string; subscriptions?: string[] };
  assert.equal(given().logLevel, undefined);
  await client.setLoggingLevel("notice");
  await client.subscribeResource({ uri: "a:b" });
  await client.subscribeResource({ uri: "c:d" });
  await client.unsubscribeResource({ uri: "a:b" });
  await assert.rejects(client.ping(), { code: "plugin/trap" });
  await client.subscribeResource({ uri: "e:f" });
  assert.equal(given().logLevel, "notice");
  assert.deepEqual(given().subscriptions, ["c:d"]);
  await client.close();
});

/** A client of a server whose list of tools has so many pages of one tool; 0 for no end. */
async function paged(pages: number, listMaxPages?: number): Promise<{ client: Client; close(): Promise<void> }> {
  const lists = await mcpServer((rpc, response) => {
    const page = Number(rpc.params.cursor ?? 0);
    const nextCursor = page + 1 === pages ? undefined : String(page + 1);
    result(response, rpc, JSON.stringify({ tools: [{ name: `t${page}`, inputSchema: {} }], nextCursor, page }));
  });
  const client = await connect(lists.url, { protocolVersion: "2025-11-25", listMaxPages });
  const close = async () => {
    await client.close();
    await lists.close();
  };
  return { client, close };
}

test("a list is one page with a cursor and everything without", async (t) => {
  const { client, close } = await paged(64);
  t.after(close);
  const all = await client.listTools();
  assert.equal(all.tools.length, 64);
  assert.deepEqual([all.nextCursor, all["page"]], [undefined, 0]);
  const first = await client.listTools({ cursor: "" });
  assert.deepEqual([first.tools.length, first.nextCursor], [1, "1"]);
  const last = await client.listTools({ cursor: "63" });
  assert.deepEqual([last.tools[0]?.name, last.nextCursor], ["t63", undefined]);
});

test("a list has 64 pages at most, or as many as are allowed", async (t) => {
  const { client, close } = await paged(65);
  t.after(close);
  await assert.rejects(client.listTools(), { code: "local/too_large", message: /more than 64 pages/ });
  const more = await paged(65, 65);
  t.after(more.close);
  assert.equal((await more.client.listTools()).tools.length, 65);
});

test("a list without end is refused", async (t) => {
  const { client, close } = await paged(0, 0);
  t.after(close);
  let count = 0;
  await assert.rejects(
    async () => {
      for await (const _ of client.tools()) count++;
    },
    { code: "http/not_mcp", message: /more than 10000 pages/ },
  );
  assert.equal(count, 10_000);
});
