// The README's page is one that works, as it stands there: with an import map,
// under the policy that the README names, plus what allows the page's own
// inline script.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { close, inPage, open } from "./page.js";
import { serve } from "./servers.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const demo = process.env.REMORA_TEST_SERVER;

before(open);
after(close);

test("the README's page", async (t) => {
  const readme = await readFile(`${root}README.md`, "utf8");
  const html = /^## A page\n[\s\S]*?```html\n([\s\S]*?)```/m.exec(readme)?.[1] ?? "";
  const address = "https://example.com/mcp";
  assert.ok(html.includes(address), "README.md has no page");
  const policy = /`(script-src 'self' [^`]*)`/.exec(readme)?.[1];
  assert.ok(policy, "README.md names no policy");

  const map = '<script type="importmap">{"imports":{"remora-mcp":"/npm/index.js"}}</script>';
  const page = `<!doctype html><title>README</title><link rel="icon" href="data:,">${map}${html.replace(address, demo)}`;
  const hashes = [...page.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, script]) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`,
  );
  const types = { js: "text/javascript", wasm: "application/wasm" };
  const site = await serve(async (request, response) => {
    const name = /^\/npm\/([\w.-]+)$/.exec(request.url)?.[1];
    if (name !== undefined) {
      response.setHeader("Content-Type", types[name.split(".").pop()] ?? "text/plain");
      response.end(await readFile(`${root}dist/npm/${name}`));
      return;
    }
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.setHeader("Content-Security-Policy", `${policy} ${hashes.join(" ")}`);
    response.end(page);
  });
  t.after(() => site.close());

  const said = [];
  await inPage(
    async (opened) => {
      opened.on("console", (message) => said.push(message.text()));
      const last = opened.waitForEvent("console", (message) => message.text() === "slow");
      await opened.reload();
      await last;
      for (const tool of ["add", "ask", "echo"]) assert.ok(said.includes(tool), `${said}`);
    },
    { at: site.origin },
  );
});
