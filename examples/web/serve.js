// Serves the built page (dist/web) with its policy as a header.
//
//   node serve.js [--host 127.0.0.1] [--port 8932]
//
// The first line on standard output is "listening on URL". Port 0 takes a free
// one. It runs until it is interrupted.

import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { headerPolicy } from "./policy.js";

const folder = fileURLToPath(new URL("../../dist/web/", import.meta.url));

/** What is served, by extension: nothing else is. @type {Record<string, string>} */
const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".map": "application/json",
  ".txt": "text/plain; charset=utf-8",
};

const { values } = parseArgs({
  options: { host: { type: "string", default: "127.0.0.1" }, port: { type: "string", default: "8932" } },
});
const port = Number(values.port);
if (!/^\d+$/.test(values.port) || port > 65_535) {
  console.error("serve: --port must be a number from 0 to 65535");
  process.exit(2);
}
if (!existsSync(join(folder, "index.html"))) {
  console.error("serve: the page is not built: run npm run build in examples/web");
  process.exit(1);
}

const server = createServer((request, response) => {
  const [pathname = "/"] = (request.url ?? "/").split(/[?#]/, 1);
  const name = pathname === "/" ? "index.html" : pathname.slice(1);
  const type = types[extname(name)];
  response.setHeader("Content-Security-Policy", headerPolicy);
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Referrer-Policy", "no-referrer");
  response.setHeader("Cache-Control", "no-cache");
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { Allow: "GET, HEAD" }).end();
    return;
  }
  // The folder is flat: a name without a slash cannot leave it.
  if (!/^[\w-]+(\.[\w-]+)+$/.test(name) || type === undefined) {
    response.writeHead(404).end();
    return;
  }
  const file = createReadStream(join(folder, name));
  file.on("error", () => response.writeHead(404).end());
  file.on("open", () => {
    response.writeHead(200, { "Content-Type": type });
    if (request.method === "HEAD") {
      file.destroy();
      response.end();
    } else file.pipe(response);
  });
});
server.on("error", (error) => {
  console.error(`serve: ${error.message}`);
  process.exit(1);
});
server.listen(port, values.host, () => {
  const address = server.address();
  const at = typeof address === "object" && address !== null ? address.port : port;
  const host = values.host.includes(":") ? `[${values.host}]` : values.host;
  console.log(`listening on http://${host}:${at}/`);
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    server.closeAllConnections();
    server.close();
  });
}
