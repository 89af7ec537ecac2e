// Groups: several servers as one, some of which come and go.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createGroup, type Group, type GroupEvents, prefixedName, RemoraError } from "remora-mcp";
import { demoServer, mcpServer, type Running, result, serve } from "./support/servers.js";
import { ToolServer, toolNames } from "./support/tool-server.js";

let demo: Running;

before(async () => {
  demo = await demoServer();
});
after(() => demo.close());

test("names: every vector", () => {
  const file = fileURLToPath(new URL("../../../../test/vectors/group-names.json", import.meta.url));
  const vectors = JSON.parse(readFileSync(file, "utf8")) as {
    name: string;
    prefix: string;
    of: string;
    want: string;
  }[];
  assert.ok(vectors.length > 10);
  for (const { name, prefix, of, want } of vectors) {
    const got = prefixedName(prefix, of);
    assert.equal(got, want, name);
    assert.match(got, /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/, name);
  }
});

function next<E extends keyof GroupEvents>(
  group: Group,
  event: E,
  wanted: (data: GroupEvents[E]) => boolean,
): Promise<GroupEvents[E]> {
  return new Promise((resolve) => {
    const off = group.on(event, (data) => {
      if (!wanted(data)) return;
      off();
      resolve(data);
    });
  });
}

const namesOf = async (group: Group): Promise<string[]> => (await group.listTools()).map(({ name }) => name);

async function textOf(group: Group, name: string): Promise<unknown> {
  return (await group.callTool({ name })).content[0]?.["text"];
}

for (const protocolVersion of ["2026-07-28", "2025-11-25"]) {
  test(`${protocolVersion}: of three servers with 30 tools each, one is killed and comes back`, async () => {
    const servers = await Promise.all(["a", "b", "c"].map((name) => ToolServer.start(name, toolNames(30))));
    const [a, b, c] = servers as [ToolServer, ToolServer, ToolServer];
    const group = createGroup({ protocolVersion });
    const states: string[] = [];
    group.on("state", ({ server, state }) => states.push(`${server} ${state}`));
    await Promise.all(servers.map(({ name, url }) => group.add(name, url)));
    const all = servers.flatMap(({ name, tools }) => tools.map((tool) => `${name}__${tool}`));
    assert.deepEqual((await namesOf(group)).sort(), [...all].sort());
    for (const name of all) assert.equal(await textOf(group, name), name.replace("__", "/"));

    // Calls to the other two go on all the while.
    let stop = false;
    let calls = 0;
    const busy = [a, c].map(async ({ name }) => {
      for (let i = 0; !stop; i = (i + 1) % 30) {
        assert.equal(await textOf(group, `${name}__tool${i}`), `${name}/tool${i}`);
        calls++;
      }
    });
    await b.kill();
    const lost = next(group, "toolsChanged", ({ server }) => server === "b");
    await assert.rejects(textOf(group, "b__tool1"), { code: "http/network" });
    await lost;
    assert.equal(group.server("b")?.state, "lost");
    assert.equal(group.server("b")?.error?.code, "http/network");
    const without = all.filter((name) => !name.startsWith("b"));
    assert.deepEqual((await namesOf(group)).sort(), [...without].sort());
    await assert.rejects(group.reconnect("b"), { code: "http/network" });

    b.tools = [...toolNames(29), "fresh"];
    await b.start();
    const back = next(group, "toolsChanged", ({ server }) => server === "b");
    assert.equal((await group.reconnect("b")).state, "ready");
    await back;
    const now = [...without, ...b.tools.map((tool) => `b__${tool}`)];
    assert.deepEqual((await namesOf(group)).sort(), now.sort());
    assert.equal(await textOf(group, "b__fresh"), "b/fresh");
    await assert.rejects(textOf(group, "b__tool29"), { code: "local/bad_argument" });
    const before = calls;
    while (calls < before + 10) await textOf(group, "b__tool0");
    stop = true;
    await Promise.all(busy);
    assert.deepEqual(
      states.filter((state) => state.startsWith("b ")),
      ["b ready", "b lost", "b ready"],
    );
    await group.close();
    await Promise.all(servers.map((server) => server.kill()));
  });
}

test("a server that is lost is tried again by a list, and by a call", async () => {
  const server = await ToolServer.start("s", ["x"]);
  const group = createGroup();
  await group.add("s", server.url);
  for (const again of ["list", "call"]) {
    await server.kill();
    await assert.rejects(textOf(group, "s__x"), { code: "http/network" });
    assert.deepEqual(await namesOf(group), []);
    await assert.rejects(group.reconnect("s"), { code: "http/network" }); // also when that list's try is over
    await server.start();
    const ready = next(group, "state", ({ state }) => state === "ready");
    if (again === "call") assert.equal(await textOf(group, "s__x"), "s/x");
    else await namesOf(group);
    await ready;
    assert.deepEqual(await namesOf(group), ["s__x"], again);
  }
  await group.close();
  await server.kill();
});

test("a server that is down: add rejects, or keeps it and tries again", async () => {
  const server = await ToolServer.start("s", ["x"]);
  await server.kill();
  const group = createGroup();
  await assert.rejects(group.add("s", server.url), { code: "http/network" });
  assert.deepEqual(group.servers(), []);
  const added = await group.add("s", server.url, { allowDown: true });
  assert.equal(added.state, "lost");
  assert.equal(added.error?.code, "http/network");
  assert.equal(added.client, undefined);
  await server.start();
  const listed = next(group, "toolsChanged", () => true);
  await namesOf(group);
  await listed;
  assert.deepEqual(await namesOf(group), ["s__x"]);
  await assert.rejects(group.add("t", "nowhere", { allowDown: true }), { code: "local/bad_url" });
  assert.equal(group.servers().length, 1);
  await group.close();
  await server.kill();
});

test("names that are taken: add says which; what changes later is an event, and nothing is shadowed", async () => {
  const a = await ToolServer.start("a", ["x", "y"]);
  const b = await ToolServer.start("b", ["y", "z"]);
  const group = createGroup();
  await group.add("a", a.url, { prefix: "" });
  await assert.rejects(
    group.add("b", b.url, { prefix: "" }),
    (error) =>
      error instanceof RemoraError && error.code === "local/bad_argument" && /y of the server a/.test(error.message),
  );
  assert.deepEqual(await namesOf(group), ["x", "y"]);
  await assert.rejects(group.add("a", b.url), { code: "local/bad_argument" });

  const collision = next(group, "collision", () => true);
  const added = await group.add("b", b.url, { prefix: "", allowDown: true });
  const taken = { kind: "tools", name: "y", server: "b", holder: "a" };
  assert.deepEqual(await collision, taken);
  assert.deepEqual(added.collisions, [taken]);
  assert.deepEqual(await namesOf(group), ["x", "y", "z"]);
  assert.equal(await textOf(group, "y"), "a/y");
  await group.remove("a");
  assert.deepEqual(await namesOf(group), ["y", "z"]);
  assert.equal(await textOf(group, "y"), "b/y");
  assert.deepEqual(group.server("b")?.collisions, []);
  await assert.rejects(group.remove("a"), { code: "local/bad_argument" });
  await group.close();
  await Promise.all([a.kill(), b.kill()]);
});

test("a list that changes is fetched again before the event, and who had a name keeps it", async () => {
  const a = await ToolServer.start("a", ["x"]);
  const b = await ToolServer.start("b", ["y"]);
  const group = createGroup({ protocolVersion: "2025-11-25", naming: (name) => name });
  await group.add("a", a.url);
  await group.add("b", b.url);
  while (a.listeners === 0) await new Promise((resolve) => setImmediate(resolve));
  a.tools = ["x", "y", "new"];
  const collision = next(group, "collision", () => true);
  const changed = next(group, "toolsChanged", ({ server }) => server === "a");
  a.sayChanged();
  await changed;
  assert.deepEqual(await collision, { kind: "tools", name: "y", server: "a", holder: "b" });
  assert.deepEqual((await namesOf(group)).sort(), ["new", "x", "y"]);
  assert.equal(await textOf(group, "y"), "b/y");
  assert.equal(await textOf(group, "new"), "a/new");
  await group.close();
  await Promise.all([a.kill(), b.kill()]);
});

test("progress, cancellation, questions and events go through, and say which server", async () => {
  const asked: string[] = [];
  const group = createGroup({
    handlers: {
      elicit: ({ message }, { server }) => {
        asked.push(`${server}: ${message}`);
        return { action: "accept", content: { answer: "blue" } };
      },
    },
  });
  await group.add("one", demo.url);
  await group.add("two", demo.url);
  const told: string[] = [];
  const off = group.on("progress", ({ server, progress }) => told.push(`${server} ${progress}`));
  const steps: number[] = [];
  const onprogress = ({ progress }: { progress: number }) => steps.push(progress);
  await group.callTool({ name: "two__slow", arguments: { steps: 3, delayMs: 1 } }, { onprogress });
  assert.deepEqual(steps, [1, 2, 3]);
  assert.deepEqual(told, ["two 1", "two 2", "two 3"]);
  off();
  const answer = await group.callTool({ name: "one__ask", arguments: { question: "Which colour?" } });
  assert.match(String(answer.content[0]?.["text"]), /blue/);
  assert.deepEqual(asked, ["one: Which colour?"]);
  const stop = new AbortController();
  const reason = new Error("enough");
  const long = group.callTool(
    { name: "one__slow", arguments: { steps: 1000, delayMs: 20 } },
    { signal: stop.signal, onprogress: () => stop.abort(reason) },
  );
  await assert.rejects(long, (e) => e instanceof RemoraError && e.code === "local/cancelled" && e.cause === reason);
  assert.equal((await group.callTool({ name: "one__fail" })).isError, true);
  assert.equal(group.server("one")?.client?.serverInfo?.name, "remora-demo-server");
  assert.deepEqual(told, ["two 1", "two 2", "two 3"]);
  await Promise.all([group.close(), group.close()]);
  await assert.rejects(group.listTools(), { code: "local/closed" });
  await assert.rejects(group.add("three", demo.url), { code: "local/closed" });
});

test("what cannot be right is refused", async () => {
  assert.throws(() => createGroup({ naming: "x" as never }), { code: "local/bad_argument" });
  const group = createGroup({
    naming: (name) => {
      if (name === "add") throw new Error("canary");
      return name;
    },
  });
  await assert.rejects(group.add("", demo.url), { code: "local/bad_argument" });
  await assert.rejects(group.add("one", demo.url), { code: "local/bad_argument" });
  await assert.rejects(group.add("one", demo.url, { signal: AbortSignal.abort() }), { code: "local/cancelled" });
  await assert.rejects(group.callTool({ name: "nosuch" }), { code: "local/bad_argument" });
  await assert.rejects(group.reconnect("nosuch"), { code: "local/bad_argument" });
  assert.throws(() => group.on("nosuch" as never, () => {}), { code: "local/bad_argument" });
  assert.deepEqual(group.servers(), []);
  await group.close();
});

test("credentials of one server do not reach another", async (t) => {
  const keys: (string | undefined)[] = [];
  const other = await serve(({ headers }, response) => {
    keys.push(headers.authorization);
    response.writeHead(404).end();
  });
  t.after(() => other.close());
  const group = createGroup();
  await group.add("one", demo.url, { token: () => "canary" });
  await assert.rejects(group.add("two", other.url), { code: "http/status" });
  assert.ok(keys.length > 0);
  assert.ok(keys.every((key) => key === undefined));
  await group.close();
});

test("prompts are named as tools are; URIs stay as they are, and lead to the server that has them", async (t) => {
  const group = createGroup();
  t.after(() => group.close());
  for (const name of ["a", "b"]) {
    const server = await mcpServer((rpc, response) => {
      const results: Record<string, object> = {
        "tools/list": { tools: [] },
        "prompts/list": { prompts: [{ name: "greet" }] },
        "prompts/get": { description: name, messages: [] },
        "resources/list": { resources: [`file:///${name}`, "file:///both"].map((uri) => ({ uri, name: uri })) },
        "resources/templates/list": { resourceTemplates: [{ uriTemplate: `${name}://{path}`, name: "all" }] },
        "resources/read": { contents: [{ uri: "x", text: name }] },
      };
      result(response, rpc, JSON.stringify(results[rpc.method] ?? {}));
    });
    t.after(() => server.close());
    await group.add(name, server.url);
  }
  const prompts = await group.listPrompts();
  assert.deepEqual(
    prompts.map(({ name, server, prompt }) => [name, server, prompt.name]),
    [
      ["a__greet", "a", "greet"],
      ["b__greet", "b", "greet"],
    ],
  );
  assert.equal((await group.getPrompt({ name: "b__greet" })).description, "b");
  const resources = await group.listResources();
  assert.deepEqual(
    resources.map(({ server, resource }) => `${server} ${resource.uri}`),
    ["a file:///a", "a file:///both", "b file:///b", "b file:///both"],
  );
  const templates = await group.listResourceTemplates();
  assert.deepEqual(
    templates.map(({ server, resourceTemplate }) => `${server} ${resourceTemplate.uriTemplate}`),
    ["a a://{path}", "b b://{path}"],
  );
  const read = async (uri: string, server?: string) =>
    (await group.readResource({ uri }, { server })).contents[0]?.["text"];
  assert.equal(await read("file:///b"), "b");
  assert.equal(await read("b://x/y"), "b");
  assert.equal(await read("file:///both", "a"), "a");
  for (const uri of ["file:///both", "file:///none"]) {
    await assert.rejects(read(uri), { code: "local/bad_argument" });
  }
  assert.deepEqual(group.server("b")?.collisions, []);
});
