// The package in Chromium: pages and workers under a strict policy, and what a
// browser keeps back.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { demoServer, mcpServer, type Running, result, serve, type TestServer } from "./support/servers.js";
import { ToolServer, toolNames } from "./support/tool-server.js";

interface Page {
  goto(url: string): Promise<unknown>;
  evaluate(expression: string): Promise<unknown>;
  on(event: "console" | "pageerror", listener: (what: object) => void): void;
  workers(): {
    evaluate(expression: string): Promise<unknown>;
    once(event: "close", listener: () => void): void;
  }[];
  close(): Promise<void>;
}
interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}
interface Chromium {
  launch(): Promise<Browser>;
}

const dist = fileURLToPath(new URL("../../../../dist/npm/", import.meta.url));
const strict = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src *";
let browser: Browser;
let demo: Running;
let site: TestServer;

// How the wasm is served, by the folder it is asked for in.
const wasmTypes: Record<string, string> = { npm: "application/wasm", untyped: "application/octet-stream" };

before(async () => {
  const { launch } = (await import("../../../../test/browser/chromium.js" as string)) as Chromium;
  [browser, demo] = await Promise.all([launch(), demoServer()]);
  site = await serve(async ({ url }, response) => {
    const { pathname, searchParams } = new URL(url, "http://site");
    response.setHeader("Content-Security-Policy", searchParams.get("policy") ?? strict);
    const [, folder = "", name = ""] = pathname.split("/");
    const type = wasmTypes[folder];
    if (pathname === "/worker.js") {
      response.writeHead(200, { "Content-Type": "text/javascript" }).end(worker);
    } else if (type !== undefined && /^[\w.-]+$/.test(name)) {
      const content = name.endsWith(".wasm") ? type : "text/javascript";
      response.writeHead(200, { "Content-Type": content }).end(await readFile(dist + name));
    } else {
      response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>test</title>");
    }
  });
});
after(() => Promise.all([browser?.close(), demo?.close(), site?.close()]));

// The job, as text, because it runs in the page. It reports what came of it.
const job = `
async function job({ connect, RemoraError }, url, options = {}) {
  const globals = new Set(Object.getOwnPropertyNames(globalThis));
  try {
    const client = await connect(url, {
      ...options,
      handlers: { elicit: ({ message }) => ({ action: "accept", content: { answer: message } }) },
    });
    const names = [];
    for await (const tool of client.tools()) names.push(tool.name);
    const steps = [];
    await client.callTool({ name: "slow", arguments: { steps: 3, delayMs: 1 } }, { onprogress: (p) => steps.push(p.progress) });
    const asked = await client.callTool({ name: "ask", arguments: { question: "colour?" } });
    const big = await client.callTool({ name: "big", arguments: { bytes: 2000000 } });
    const stop = new AbortController();
    const slow = { name: "slow", arguments: { steps: 1000, delayMs: 10 } };
    const cancelled = await client.callTool(slow, { signal: stop.signal, onprogress: () => stop.abort() }).catch((e) => e.code);
    await client.close();
    const left = Object.getOwnPropertyNames(globalThis).filter((name) => !globals.has(name));
    return { names, steps, asked: asked.content[0].text, big: big.content[0].text.length, cancelled, left };
  } catch (error) {
    return error instanceof RemoraError ? { ...error.toJSON() } : { threw: String(error) };
  }
}`;

const worker = `${job}
onmessage = async ({ data }) => postMessage(await job(await import(data.entry), data.url, data.options));
`;

const whole = {
  names: ["add", "ask", "big", "echo", "fail", "picture", "slow"],
  steps: [1, 2, 3],
  asked: "the answer is: colour?",
  big: 2_000_000,
  cancelled: "local/cancelled",
  left: [],
};

async function inPage(run: (page: Page) => Promise<void>, path = "/"): Promise<void> {
  const page = await browser.newPage();
  const errors: unknown[] = [];
  page.on("pageerror", (error) => errors.push(error));
  try {
    await page.goto(site.origin + path);
    await run(page);
    assert.deepEqual(errors, []);
  } finally {
    await page.close();
  }
}

function call(entry: string, url: string, options = "{}"): string {
  return `(async () => { ${job}; return job(await import("/${entry}"), ${JSON.stringify(url)}, ${options}); })()`;
}

for (const protocolVersion of ["2026-07-28", "2025-11-25"]) {
  test(`a page, ${protocolVersion}: the whole job`, () =>
    inPage(async (page) => {
      const options = JSON.stringify({ protocolVersion });
      assert.deepEqual(await page.evaluate(call("npm/index.js", demo.url, options)), whole);
    }));
}

test("a web worker: the whole job", () =>
  inPage(async (page) => {
    const data = JSON.stringify({ entry: "/npm/index.js", url: demo.url });
    const got = await page.evaluate(`new Promise((resolve, reject) => {
      const worker = new Worker("/worker.js", { type: "module" });
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(${data});
    })`);
    assert.deepEqual(got, whole);
  }));

test("the entry that keeps sessions in a worker: the whole job, off the page's thread", () =>
  inPage(
    async (page) => {
      assert.deepEqual(await page.evaluate(call("npm/worker.js", demo.url)), whole);
      // The worker ends with its last client.
      await Promise.all(page.workers().map((worker) => new Promise<void>((resolve) => worker.once("close", resolve))));
      const wasm = `{ wasm: fetch("/npm/remora.wasm") }`;
      assert.deepEqual(await page.evaluate(call("npm/worker.js", demo.url, wasm)), whole);
    },
    `/?policy=${encodeURIComponent(`${strict}; worker-src 'self'`)}`,
  ));

test("a worker that ends by itself: calls in flight fail, and the next one gets a new worker", () =>
  inPage(async (page) => {
    await page.evaluate(`(async () => {
      const { connect } = await import("/npm/worker.js");
      globalThis.client = await connect(${JSON.stringify(demo.url)});
      globalThis.states = [];
      client.on("state", ({ state }) => states.push(state));
      globalThis.started = new Promise((resolve) => {
        globalThis.slow = client
          .callTool({ name: "slow", arguments: { steps: 1000, delayMs: 20 } }, { onprogress: resolve })
          .catch((error) => ({ ...error.toJSON() }));
      });
      await started;
    })()`);
    const [worker] = page.workers();
    await worker?.evaluate("self.close()").catch(() => {}); // it may not come to say that it has
    const failed = (await page.evaluate("slow")) as { code: string; sent: string };
    assert.equal(failed.code, "plugin/trap");
    assert.equal(failed.sent, "unknown");
    const after = await page.evaluate(`(async () => {
      const { content } = await client.callTool({ name: "echo", arguments: { message: "again" } });
      const seen = [...states];
      await client.close();
      return { text: content[0].text, seen };
    })()`);
    assert.deepEqual(after, { text: "again", seen: ["lost", "connecting", "ready"] });
  }));

test("of three servers one is killed and comes back, in a page", async (t) => {
  const servers = await Promise.all(["a", "b", "c"].map((name) => ToolServer.start(name, toolNames(30))));
  const [a, b, c] = servers as [ToolServer, ToolServer, ToolServer];
  t.after(() => Promise.all(servers.map((server) => server.kill())));
  await inPage(async (page) => {
    const counts = (expression: string) =>
      page.evaluate(`(async () => {
        ${expression};
        const count = {};
        for (const { server } of await group.listTools()) count[server] = (count[server] ?? 0) + 1;
        return count;
      })()`);
    const text = (name: string) =>
      page.evaluate(`group.callTool({ name: "${name}" }).then((r) => r.content[0].text, (e) => e.code)`);
    const urls = JSON.stringify({ a: a.url, b: b.url, c: c.url });
    const added = await counts(`const { createGroup } = await import("/npm/index.js");
      globalThis.group = createGroup();
      for (const [name, url] of Object.entries(${urls})) await group.add(name, url)`);
    assert.deepEqual(added, { a: 30, b: 30, c: 30 });
    await b.kill();
    assert.equal(await text("b__tool0"), "http/network");
    assert.equal(await text("a__tool29"), "a/tool29");
    assert.equal(await text("c__tool0"), "c/tool0");
    assert.deepEqual(await counts(""), { a: 30, c: 30 });
    await b.start();
    assert.deepEqual(await counts(`await group.reconnect("b").catch(() => group.reconnect("b"))`), {
      a: 30,
      b: 30,
      c: 30,
    });
    assert.equal(await text("b__tool0"), "b/tool0");
    await page.evaluate("group.close()");
  });
});

test("a server that sends the wasm with another type", () =>
  inPage(async (page) => {
    assert.deepEqual(await page.evaluate(call("untyped/index.js", demo.url)), whole);
  }));

test("the wasm from the application", () =>
  inPage(async (page) => {
    for (const wasm of [
      `fetch("/npm/remora.wasm")`,
      `fetch("/npm/remora.wasm").then((r) => r.arrayBuffer())`,
      `WebAssembly.compileStreaming(fetch("/npm/remora.wasm"))`,
      `"/npm/remora.wasm"`,
    ]) {
      assert.deepEqual(await page.evaluate(call("npm/slim.js", demo.url, `{ wasm: ${wasm} }`)), whole, wasm);
    }
  }));

test("a page whose policy forbids wasm is told what it must allow", () =>
  inPage(
    async (page) => {
      const got = (await page.evaluate(call("npm/index.js", demo.url))) as { code: string; message: string };
      assert.equal(got.code, "plugin/missing");
      assert.match(got.message, /wasm-unsafe-eval/);
    },
    `/?policy=${encodeURIComponent("script-src 'self'; connect-src *")}`,
  ));

test("a server that does not allow the page: http/cors says what it must send", async (t) => {
  const server = await mcpServer((rpc, response) => result(response, rpc, "{}"));
  t.after(() => server.close());
  await inPage(async (page) => {
    const got = (await page.evaluate(call("npm/index.js", `${server.url}?key=canary`))) as {
      code: string;
      message: string;
    };
    assert.equal(got.code, "http/cors", JSON.stringify(got));
    assert.ok(got.message.includes(`Access-Control-Allow-Origin: ${site.origin}`));
    assert.doesNotMatch(got.message, /canary|Failed to fetch/);
  });
});

test("nobody there: http/network", async () => {
  const gone = await serve(() => {});
  await gone.close();
  await inPage(async (page) => {
    const got = (await page.evaluate(call("npm/index.js", `${gone.url}?key=canary`))) as {
      code: string;
      message: string;
    };
    assert.equal(got.code, "http/network", JSON.stringify(got));
    assert.doesNotMatch(got.message, /canary|Failed to fetch/);
  });
});

test("a redirect, which a browser does not show, is policy/redirect", async (t) => {
  const server = await serve((request, response) => {
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Allow-Headers", "*");
    if (request.method === "OPTIONS") response.writeHead(204).end();
    else response.writeHead(307, { Location: demo.url }).end();
  });
  t.after(() => server.close());
  await inPage(async (page) => {
    const got = (await page.evaluate(call("npm/index.js", server.url))) as { code: string };
    assert.equal(got.code, "policy/redirect", JSON.stringify(got));
  });
});
