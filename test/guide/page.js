// Shows a guide's page in Chromium: the page on standard input, what it says at
// the end on standard output. The one button of the page opens the window of a
// login, where access is allowed.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { launch } from "../browser/chromium.js";

const npm = fileURLToPath(new URL("../../dist/npm/", import.meta.url));
const map = { imports: { "remora-mcp": "/npm/index.js", "remora-mcp/auth": "/npm/auth.js" } };
const html = `<!doctype html><title>Guide</title><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify(map)}</script>${await text(process.stdin)}`;
const types = { js: "text/javascript", wasm: "application/wasm" };

const server = createServer(async (request, response) => {
  const name = /^\/npm\/([\w.-]+)$/.exec(request.url)?.[1];
  response.setHeader("Content-Type", name === undefined ? "text/html; charset=utf-8" : types[name.split(".").pop()]);
  response.end(name === undefined ? html : await readFile(npm + name));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const browser = await launch();
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const opened = page.waitForEvent("popup");
  await page.getByRole("button", { name: "Log in" }).click();
  const login = await opened;
  await login.getByRole("button", { name: "Allow" }).click();
  // What the page says at the end is the last thing in it.
  const said = await page.waitForFunction(
    () => /^row /.test(document.body.lastChild.data) && document.body.lastChild.data,
  );
  process.stdout.write(await said.jsonValue());
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}
