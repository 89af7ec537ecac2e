// A session goes on after its web worker was killed, in Chromium.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { demoServer, inFrontOf, type Running, serve, type TestServer } from "./support/servers.js";

interface Page {
  goto(url: string): Promise<unknown>;
  evaluate(expression: string): Promise<unknown>;
}
interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}
interface Chromium {
  launch(): Promise<Browser>;
}

const dist = fileURLToPath(new URL("../../../../dist/npm/", import.meta.url));
let browser: Browser;
let demo: Running;
let counting: TestServer;
let site: TestServer;

// The worker, as text, because it runs in the page.
const worker = `
import { connect, restore } from "/npm/index.js";
onmessage = async ({ data: { url, options, snapshot } }) => {
  try {
    const client = snapshot ? await restore(snapshot, { server: url }) : await connect(url, options);
    const { content } = await client.callTool({ name: "echo", arguments: { message: "from a worker" } });
    postMessage({ said: content[0].text, version: client.protocolVersion, snapshot: await client.snapshot() });
  } catch (error) {
    postMessage({ failed: String(error) });
  }
};
`;

// Runs a worker until it has answered, and kills it.
const inWorker = `
function inWorker(message) {
  const worker = new Worker("/worker.js", { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = () => reject(new Error("the worker could not be started"));
    worker.postMessage(message);
  }).finally(() => worker.terminate());
}`;

before(async () => {
  const { launch } = (await import("../../../../test/browser/chromium.js" as string)) as Chromium;
  [browser, demo] = await Promise.all([launch(), demoServer()]);
  counting = await inFrontOf(demo.url);
  site = await serve(async ({ url }, response) => {
    const [, folder, name = ""] = new URL(url, "http://site").pathname.split("/");
    if (folder === "worker.js") {
      response.writeHead(200, { "Content-Type": "text/javascript" }).end(worker);
    } else if (folder === "npm" && /^[\w.-]+$/.test(name)) {
      const type = name.endsWith(".wasm") ? "application/wasm" : "text/javascript";
      response.writeHead(200, { "Content-Type": type }).end(await readFile(dist + name));
    } else {
      response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>test</title>");
    }
  });
});
after(() => Promise.all([browser?.close(), demo?.close(), counting?.close(), site?.close()]));

interface Answer {
  said: string;
  version: string;
  snapshot: object;
}

for (const protocolVersion of ["2026-07-28", "2025-11-25"]) {
  test(`${protocolVersion}: a worker is killed, and another goes on with one request`, async () => {
    const page = await browser.newPage();
    await page.goto(site.origin);
    const run = (message: object) =>
      page.evaluate(`(async () => { ${inWorker}; return inWorker(${JSON.stringify(message)}); })()`) as Promise<Answer>;
    const first = await run({ url: counting.url, options: { protocolVersion } });
    assert.equal(first.said, "from a worker", JSON.stringify(first));
    const before = counting.received.length;
    const second = await run({ url: counting.url, snapshot: first.snapshot });
    assert.deepEqual(second, first);
    assert.equal(second.version, protocolVersion);
    // A browser asks for leave first (OPTIONS).
    const asked = counting.received.slice(before).filter(({ method }) => method !== "OPTIONS");
    assert.deepEqual(
      asked.map(({ method, body }) => [method, (JSON.parse(body) as { method: string }).method]),
      [["POST", "tools/call"]],
    );
  });
}
