// The npm package over an HTTP that answers at once, in its own process: what is
// left is what the package and the core compute themselves.

import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { remora } from "./client-remora.js";

const info = { "io.modelcontextprotocol/serverInfo": { name: "bench", version: "1" } };

const results = {
  "server/discover": () => ({ supportedVersions: ["2026-07-28"], capabilities: { tools: {} } }),
  "tools/call": ({ arguments: { bytes } }) => ({ content: [{ type: "text", text: "x".repeat(bytes) }] }),
};

/** What http.request returns, as far as the package uses it. */
class Request extends EventEmitter {
  reusedSocket = true;

  end(body) {
    const { id, method, params } = JSON.parse(Buffer.from(body).toString());
    setImmediate(() => {
      const result = { resultType: "complete", _meta: info, ...results[method](params) };
      const response = new EventEmitter();
      response.statusCode = 200;
      response.rawHeaders = [
        "Cache-Control",
        "no-cache",
        "Content-Type",
        "text/event-stream",
        "Transfer-Encoding",
        "chunked",
      ];
      response.complete = true;
      response.pause = response.resume = () => {};
      this.emit("response", response);
      response.emit("data", Buffer.from(`event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", id, result })}\n\n`));
      response.emit("end");
    });
  }

  destroy() {}
}

/** remora, with Node's http.request replaced for the whole process. */
export function alone(connect) {
  createRequire(import.meta.url)("node:http").request = () => new Request();
  return remora(connect);
}
