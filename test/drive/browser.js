// Runs scripts with the built npm package in Chromium: scripts as JSON on
// standard input, reports as JSON on standard output. The argument says where:
// "page" or "worker". With a second one, over the plugin in the Extism SDK that
// is the npm package of that name.
//
// The page's policy is script-src 'self' 'wasm-unsafe-eval'; anything that it
// stops is an error.

import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "../browser/chromium.js";

const [, , where, sdk] = process.argv;
if (where !== "page" && where !== "worker") throw new Error("usage: browser.js page|worker [SDK] < scripts");

const folders = {
  "/drive/": fileURLToPath(new URL("./", import.meta.url)),
  "/npm/": fileURLToPath(new URL("../../dist/npm/", import.meta.url)),
  ...(sdk && { "/sdk/": fileURLToPath(new URL(`../node_modules/${sdk}/dist/browser/`, import.meta.url)) }),
};
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".wasm": "application/wasm" };

let scripts = "";
for await (const chunk of process.stdin.setEncoding("utf8")) scripts += chunk;

let finish;
const finished = new Promise((resolve, reject) => {
  finish = { resolve, reject };
});

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://page");
  response.setHeader("Content-Security-Policy", "script-src 'self' 'wasm-unsafe-eval'");
  response.setHeader("Cache-Control", "no-store");
  if (pathname === "/scripts") {
    response.setHeader("Content-Type", "application/json");
    response.end(scripts);
    return;
  }
  if (pathname === "/reports" || pathname === "/failed") {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      response.end();
      if (pathname === "/reports") finish.resolve(body);
      else finish.reject(new Error(`in the ${where}: ${body}`));
    });
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
  const page = await browser.newPage();
  page.on("pageerror", (error) => finish.reject(error));
  page.on("crash", () => finish.reject(new Error("the page crashed")));
  browser.on("disconnected", () => finish.reject(new Error("the browser ended")));
  await page.goto(`http://127.0.0.1:${server.address().port}/drive/page.html${sdk ? "?sdk" : ""}#${where}`);
  process.stdout.write(await finished);
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}
