// Runs scripts with the built npm package in Chromium: scripts as JSON on
// standard input, reports as JSON on standard output. The argument says where:
// "page", "worker", or "tabs", which runs each script in a tab of its own at the
// same time, in one profile. With a second one, over the plugin in the Extism SDK that
// is the npm package of that name.
//
// The page's policy is script-src 'self' 'wasm-unsafe-eval'; anything that it
// stops is an error.

import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { launch } from "../browser/chromium.js";
import { visit } from "./visit.js";

const [, , where, sdk] = process.argv;
if (!["page", "worker", "tabs"].includes(where)) throw new Error("usage: browser.js page|worker|tabs [SDK] < scripts");

const folders = {
  "/drive/": fileURLToPath(new URL("./", import.meta.url)),
  "/npm/": fileURLToPath(new URL("../../dist/npm/", import.meta.url)),
  ...(sdk && { "/sdk/": fileURLToPath(new URL(`../node_modules/${sdk}/dist/browser/`, import.meta.url)) }),
};
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".wasm": "application/wasm" };

const scripts = await text(process.stdin);

// Where the reports are expected from: a tab for each script, or one place.
const tabs = where === "tabs" ? JSON.parse(scripts).map((script) => JSON.stringify([script])) : [scripts];
let finish;
const finished = new Promise((resolve, reject) => {
  finish = { resolve, reject };
});
const reports = new Map();

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://page");
  const tab = Number(searchParams.get("tab"));
  response.setHeader("Content-Security-Policy", "script-src 'self' 'wasm-unsafe-eval'");
  response.setHeader("Cache-Control", "no-store");
  if (pathname === "/scripts") {
    response.setHeader("Content-Type", "application/json");
    response.end(tabs[tab]);
    return;
  }
  if (pathname === "/reports" || pathname === "/failed" || pathname === "/visit") {
    const body = await text(request);
    if (pathname === "/visit") {
      // The page may not read the pages of an authorization server.
      const { page, decision } = JSON.parse(body);
      await visit(page, decision).then(
        (back) => response.end(back),
        (error) => response.writeHead(500).end(String(error)),
      );
      return;
    }
    response.end();
    if (pathname === "/failed") {
      finish.reject(new Error(`in the ${where}: ${body}`));
      return;
    }
    reports.set(tab, JSON.parse(body));
    if (reports.size === tabs.length) finish.resolve(JSON.stringify(tabs.flatMap((_, i) => reports.get(i))));
    return;
  }
  const prefix = Object.keys(folders).find((start) => pathname.startsWith(start));
  const type = types[extname(pathname)];
  const path = prefix && normalize(pathname.slice(prefix.length));
  if (!path || type === undefined || path.startsWith("..")) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader("Content-Type", type);
  createReadStream(join(folders[prefix], path))
    .on("error", () => response.writeHead(404).end())
    .pipe(response);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const browser = await launch();
try {
  const profile = await browser.newContext();
  browser.on("disconnected", () => finish.reject(new Error("the browser ended")));
  for (const tab of tabs.keys()) {
    const page = await profile.newPage();
    page.on("pageerror", (error) => finish.reject(error));
    page.on("crash", () => finish.reject(new Error("the page crashed")));
    const query = new URLSearchParams({ tab, ...(sdk && { sdk: "" }) });
    await page.goto(`http://127.0.0.1:${server.address().port}/drive/page.html?${query}#${where}`);
  }
  process.stdout.write(await finished);
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}
