// Channels in Chromium: a MessagePort into an iframe, a worker, a WebSocket that
// is refused.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { serve, type TestServer } from "./support/servers.js";

interface Page {
  goto(url: string): Promise<unknown>;
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}
interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

const dist = fileURLToPath(new URL("../../../../dist/npm/", import.meta.url));
let browser: Browser;
let site: TestServer;

// A server on a port, as it runs in the frame or the worker.
const far = `
function serve(port) {
  const asked = new Map();
  port.onmessage = ({ data: { id, method, params, result } }) => {
    const say = (message) => port.postMessage({ jsonrpc: "2.0", ...message });
    const answer = (result) => say({ id, result });
    if (method === undefined) asked.get(id)(result);
    else if (method === "initialize")
      answer({ protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "far", version: "1" } });
    else if (method === "server/discover") say({ id, error: { code: -32601, message: "no" } });
    else if (method === "tools/list") answer({ tools: [{ name: "greet", inputSchema: { type: "object" } }] });
    else if (method === "tools/call") {
      for (let progress = 1; progress <= 3; progress++)
        say({ method: "notifications/progress", params: { progress, progressToken: params._meta.progressToken } });
      asked.set("q", ({ content }) => answer({ content: [{ type: "text", text: "hello " + content.name }] }));
      say({ id: "q", method: "elicitation/create", params: { message: "who?", requestedSchema: { type: "object", properties: { name: { type: "string" } } } } });
    }
  };
}`;

const job = `
async function job(connect, server) {
  const progress = [];
  const client = await connect(server, {
    wasm: "/npm/remora.wasm",
    handlers: { elicit: () => ({ action: "accept", content: { name: "Ada" } }) },
  });
  const { tools } = await client.listTools();
  const { content } = await client.callTool({ name: "greet" }, { onprogress: (p) => progress.push(p.progress) });
  await client.close();
  return JSON.stringify({ tools: tools.map((tool) => tool.name), text: content[0].text, progress, server: client.serverInfo.name });
}`;

const done = { tools: ["greet"], text: "hello Ada", progress: [1, 2, 3], server: "far" };

before(async () => {
  const { launch } = (await import("../../../../test/browser/chromium.js" as string)) as {
    launch(): Promise<Browser>;
  };
  browser = await launch();
  site = await serve(async ({ url }, response) => {
    const path = new URL(url, "http://site").pathname;
    const send = (type: string, body: string | Buffer) => response.writeHead(200, { "Content-Type": type }).end(body);
    const [, folder, name = ""] = path.split("/");
    response.setHeader(
      "Content-Security-Policy",
      "script-src 'self' 'wasm-unsafe-eval' 'unsafe-inline'; connect-src *",
    );
    if (folder === "npm" && /^[\w.-]+$/.test(name)) {
      send(name.endsWith(".wasm") ? "application/wasm" : "text/javascript", await readFile(dist + name));
    } else if (path === "/worker.js") {
      send("text/javascript", `${far} serve(self);`);
    } else if (path === "/frame") {
      send("text/html", `<!doctype html><script>${far} onmessage = ({ ports }) => serve(ports[0]);</script>`);
    } else {
      send("text/html", "<!doctype html><title>page</title><iframe src='/frame'></iframe>");
    }
  });
});
after(() => Promise.all([browser?.close(), site?.close()]));

async function inPage(body: string): Promise<unknown> {
  const page = await browser.newPage();
  try {
    await page.goto(`${site.origin}/`);
    const { result } = (await page.evaluate(`(async () => {
      ${job}
      const { connect } = await import("/npm/index.js");
      return { result: await (async () => { ${body} })() };
    })()`)) as { result: string };
    return JSON.parse(result);
  } finally {
    await page.close();
  }
}

test("a MessagePort into an iframe", async () => {
  const got = await inPage(`
    const { port1, port2 } = new MessageChannel();
    const frame = document.querySelector("iframe");
    if (frame.contentDocument?.readyState !== "complete") await new Promise((loaded) => (frame.onload = loaded));
    frame.contentWindow.postMessage("", "*", [port2]);
    return job(connect, port1);
  `);
  assert.deepEqual(got, done);
});

test("a worker", async () => {
  const got = await inPage(`return job(connect, new Worker("/worker.js"));`);
  assert.deepEqual(got, done);
});

test("a WebSocket that is refused", async () => {
  const got = await inPage(`
    return connect("ws://127.0.0.1:1/", { wasm: "/npm/remora.wasm" }).then(
      () => "null",
      ({ code, sent, message }) => JSON.stringify({ code, sent, message }),
    );
  `);
  assert.deepEqual(got, {
    code: "channel/closed",
    sent: "no",
    message: "the channel ended: the WebSocket was closed with 1006",
  });
});
