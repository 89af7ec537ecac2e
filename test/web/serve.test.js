// examples/web/serve.js: what it serves, and what it says when it cannot.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { pageServer } from "./servers.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
let site;

before(async () => {
  site = await pageServer();
});
after(() => site?.close());

// fetch would tidy the path up.
function get(path, method = "GET") {
  const { hostname, port } = new URL(site.url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method }, (response) => {
      let body = 0;
      response.on("data", (chunk) => {
        body += chunk.length;
      });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    asked.on("error", reject).end();
  });
}

test("the page, with the policy that docs/web.md states", async () => {
  const { status, headers } = await get("/?url=http://127.0.0.1/mcp");
  assert.equal(status, 200);
  assert.match(headers["content-type"], /^text\/html/);
  assert.equal(headers["x-content-type-options"], "nosniff");
  const document = await readFile(`${root}docs/web.md`, "utf8");
  const stated = /```\n(default-src [\s\S]*?)\n```/.exec(document)?.[1].replaceAll("\n", " ");
  assert.equal(headers["content-security-policy"], `${stated}; frame-ancestors 'none'`);
  const page = await readFile(`${root}dist/web/index.html`, "utf8");
  assert.ok(page.includes(`content="${stated}"`), "the meta tag has another policy");
});

test("the wasm has its type, HEAD has no body", async () => {
  const { status, headers, body } = await get("/remora.wasm", "HEAD");
  assert.deepEqual([status, headers["content-type"], body], [200, "application/wasm", 0]);
});

for (const [path, method, status] of [
  ["/nothing.js", "GET", 404],
  ["/../serve.js", "GET", 404],
  ["/..%2fserve.js", "GET", 404],
  ["//", "GET", 404],
  ["/index", "GET", 404],
  ["/", "POST", 405],
]) {
  test(`${method} ${path} is ${status}`, async () => {
    assert.equal((await get(path, method)).status, status);
  });
}

for (const args of [
  ["--port", "high"],
  ["--port", "70000"],
]) {
  test(`${args.join(" ")} is refused`, () => {
    const { status, stderr } = spawnSync(process.execPath, [`${root}examples/web/serve.js`, ...args], {
      encoding: "utf8",
    });
    assert.equal(status, 2);
    assert.match(stderr, /--port must be a number/);
  });
}
