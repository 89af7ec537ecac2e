// Servers for the page's tests: the page's own, and MCP servers that answer
// what the demo server never would.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Starts examples/web/serve.js. */
export async function pageServer() {
  const child = spawn(process.execPath, [`${root}examples/web/serve.js`, "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface(child.stdout)) {
    const url = /^listening on (\S+)$/.exec(line)?.[1];
    if (url === undefined) break;
    child.stdout.resume();
    return {
      url,
      async close() {
        child.kill();
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      },
    };
  }
  throw new Error("serve.js did not say where it listens");
}

/** What a server has seen, to be waited for. */
export class Seen {
  all = [];
  #waiting = new Set();

  add(one) {
    this.all.push(one);
    for (const check of [...this.#waiting]) check();
  }

  /** Resolves once there are n. */
  reach(n) {
    return new Promise((resolve) => {
      const check = () => {
        if (this.all.length < n) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }
}

/** Starts an HTTP server on a free port: answer(request, response, body). */
export async function serve(answer) {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    await answer(request, response, body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/mcp`,
    origin: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** The built page as any web server has it: without its policy in a header. */
export function plainPageServer() {
  const types = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml" };
  return serve(async (request, response) => {
    const name = request.url.slice(1).replace(/\?.*$/, "") || "index.html";
    const type = types[name.split(".").pop()] ?? "application/octet-stream";
    response.writeHead(200, { "Content-Type": type }).end(await readFile(`${root}dist/web/${name}`));
  });
}

/** The URL of a server that is down. */
export async function downServer() {
  const server = await serve(() => {});
  await server.close();
  return server.url;
}

/** Lets every origin in. Answers a preflight itself, and then returns true. */
export function allowAll(request, response) {
  response.setHeader("Access-Control-Allow-Origin", "*");
  response.setHeader("Access-Control-Allow-Headers", "*");
  response.setHeader("Access-Control-Allow-Methods", "GET, POST, DELETE");
  response.setHeader("Access-Control-Expose-Headers", "Mcp-Session-Id, WWW-Authenticate");
  if (request.method !== "OPTIONS") return false;
  response.writeHead(204).end();
  return true;
}

/**
 * Starts a server in front of another one, which passes everything on. gone is
 * called with the JSON of a request whose answer the client did not want to the end.
 */
export function inFrontOf(url, gone) {
  return serve(async (request, response, body) => {
    const { host: _host, connection: _connection, "content-length": _length, ...headers } = request.headers;
    const stop = new AbortController();
    response.on("close", () => {
      if (response.writableEnded) return;
      stop.abort();
      if (body !== "") gone(JSON.parse(body));
    });
    try {
      const { method } = request;
      const answer = await fetch(url, { method, headers, body: body || undefined, signal: stop.signal });
      const { "content-encoding": _encoding, "content-length": _size, ...kept } = Object.fromEntries(answer.headers);
      response.writeHead(answer.status, kept).flushHeaders();
      for await (const chunk of answer.body ?? []) response.write(chunk);
      response.end();
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    }
  });
}

/**
 * Starts an MCP server of 2025-11-25 with the given tools. call(rpc, stream)
 * answers tools/call: a result, or undefined if it writes the answer itself,
 * with stream.message(...) and stream.end(). methods answers other requests, by
 * method: method(rpc) gives a result. The answers to the server's own questions
 * go to answered(message), notifications to notified(message).
 *
 * It has what serve gives, and tell(message), which sends a message to whoever
 * holds the standing stream open.
 */
export async function mcpServer(options) {
  const { tools = [], call, methods = {}, capabilities = { tools: {} } } = options;
  const { answered = () => {}, notified = () => {}, seen = () => {} } = options;
  const standing = new Set();
  const event = (message) => `data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`;
  const server = await serve(async (request, response, body) => {
    if (allowAll(request, response)) return;
    seen(request);
    if (request.method === "GET" && options.stands) {
      response.writeHead(200, { "Content-Type": "text/event-stream" }).flushHeaders();
      standing.add(response);
      response.on("close", () => standing.delete(response));
      return;
    }
    if (request.method !== "POST") {
      response.writeHead(405).end();
      return;
    }
    const rpc = JSON.parse(body);
    const json = (answer) => {
      response.writeHead(200, { "Content-Type": "application/json", "Mcp-Session-Id": "s" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id: rpc.id, ...answer }));
    };
    if (rpc.method === undefined) answered(rpc);
    else if (rpc.id === undefined) notified(rpc);
    if (rpc.method === undefined || rpc.id === undefined) {
      response.writeHead(202).end();
      return;
    }
    switch (rpc.method) {
      case "initialize":
        return json({
          result: {
            protocolVersion: "2025-11-25",
            capabilities,
            serverInfo: { name: "odd", title: "<b>An odd server</b>", version: "1" },
          },
        });
      case "tools/list":
        return json({ result: { tools } });
      case "tools/call": {
        const stream = {
          message(message) {
            if (!response.headersSent) response.writeHead(200, { "Content-Type": "text/event-stream" });
            response.write(event(message));
          },
          end: () => response.end(),
        };
        const result = await call(rpc, stream);
        return result === undefined ? undefined : json({ result });
      }
      default: {
        const method = methods[rpc.method];
        if (method === undefined) return json({ error: { code: -32601, message: "no such method" } });
        return json({ result: await method(rpc) });
      }
    }
  });
  return {
    ...server,
    tell(message) {
      for (const response of standing) response.write(event(message));
    },
  };
}
