import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchPort } from "../src/http.js";
import { portContract } from "./support/port-contract.js";
import { serve } from "./support/servers.js";
import { RecordingSink, request } from "./support/sink.js";

portContract("fetch", () => fetchPort());

test("a redirect that fetch hides is policy/redirect", async () => {
  const opaque = { type: "opaqueredirect", status: 0, headers: new Headers(), body: null } as unknown as Response;
  const port = fetchPort(async (_, init) => {
    assert.equal(init.redirect, "manual");
    return opaque;
  });
  const sink = new RecordingSink();
  port.start(request("https://mcp.example/"), sink);
  await sink.over;
  assert.equal(sink.error?.code, "policy/redirect");
});

test("a request that is not to have cookies says so, and no other says anything of them", async () => {
  const asked: (string | undefined)[] = [];
  const port = fetchPort(async (_, init) => {
    asked.push(init.credentials);
    return new Response("");
  });
  for (const cookies of [true, false]) {
    const sink = new RecordingSink();
    port.start(request("https://mcp.example/", { cookies }), sink);
    await sink.over;
  }
  assert.deepEqual(asked, [undefined, "omit"]);
});

test("a small answer is told at once", async () => {
  const server = await serve((_, response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.write('{"a":');
    setTimeout(() => response.end("1}"), 50);
  });
  const sink = new RecordingSink();
  fetchPort().start(request(server.url), sink);
  await sink.over;
  assert.equal(sink.text, '{"a":1}');
  assert.equal(sink.flushes, 0, "nothing was told before the end");
  await server.close();
});

test("the length of a body that was compressed is not that of what is told", async () => {
  const response = new Response("hello", {
    headers: { "content-encoding": "gzip", "content-length": "3", "x-a": "1" },
  });
  const sink = new RecordingSink();
  fetchPort(async () => response).start(request("https://mcp.example/"), sink);
  await sink.over;
  assert.deepEqual(sink.headers.map(([name]) => name).sort(), ["content-type", "x-a"]);
});

test("an abort before the answer ends the fetch and tells nothing", async () => {
  let aborted: Promise<unknown> = Promise.resolve();
  const port = fetchPort((_, init) => {
    aborted = new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
    return aborted as Promise<Response>;
  });
  const sink = new RecordingSink();
  const handle = port.start(request("https://mcp.example/"), sink);
  await new Promise((resolve) => setImmediate(resolve));
  handle.abort();
  await assert.rejects(aborted);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(sink.error, undefined);
});
