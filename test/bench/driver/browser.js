// The driver in a page of Chromium:
//
//   node browser.js CLIENT SERVER
//
// CLIENT is remora, sdk or fetch, bundled with esbuild. The first reply's time is
// from the page's address to the first result: starting a browser is nobody's merit.

import { copyFileSync, createReadStream, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { launch } from "../../browser/chromium.js";

const [, , client, server] = process.argv;
if (server === undefined) throw new Error("usage: browser.js remora|sdk|fetch SERVER");
const file = (path) => fileURLToPath(new URL(path, import.meta.url));

mkdirSync(file("../../../dist/test/bench"), { recursive: true });
const folder = mkdtempSync(file("../../../dist/test/bench/page-"));
await build({
  entryPoints: [file("page.js")],
  outdir: folder,
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: "es2022",
  platform: "browser",
  alias: { "remora-mcp": file("../../../dist/npm/index.js") },
  logLevel: "error",
});
copyFileSync(file("../../../dist/npm/remora.wasm"), join(folder, "remora.wasm"));

const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
const pages = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://page");
  if (pathname === "/") {
    response.setHeader("Content-Type", "text/html");
    response.end('<!doctype html><script type="module" src="page.js"></script>');
    return;
  }
  response.setHeader("Content-Type", types[extname(pathname)] ?? "text/plain");
  createReadStream(join(folder, pathname))
    .on("error", () => response.writeHead(404).end())
    .pipe(response);
});
await new Promise((resolve) => pages.listen(0, "127.0.0.1", resolve));

const browser = await launch();
const page = await browser.newPage();
const reply = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
page.on("pageerror", (error) => reply({ error: String(error) }));
try {
  const from = performance.now();
  await page.goto(`http://127.0.0.1:${pages.address().port}/`);
  await page.waitForFunction(() => window.begin !== undefined);
  await page.evaluate(([client, server]) => window.begin(client, server), [client, server]);
  reply({ wallMs: performance.now() - from });
  for await (const line of createInterface({ input: process.stdin })) {
    reply(await page.evaluate((request) => window.answer(request), JSON.parse(line)));
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
  process.exit();
}
