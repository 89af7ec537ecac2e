// Servers for the tests: the project's own demo server, and HTTP servers that
// do whatever a test wants.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Something that a test starts and stops. */
export interface Running {
  url: string;
  close(): Promise<void>;
}

/** Starts `remora demo-server`, with further arguments. */
export async function demoServer(...more: string[]): Promise<Running> {
  const program = fileURLToPath(new URL("../../../remora", import.meta.url));
  const args = ["demo-server", "--addr", "127.0.0.1:0", ...more];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface(child.stdout);
  for await (const line of lines) {
    const url = /https?:\S+/.exec(line)?.[0];
    if (url === undefined) continue;
    child.stdout.resume();
    return {
      url,
      async close() {
        child.kill();
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      },
    };
  }
  throw new Error("the demo server ended without saying where it listens");
}

/** A request that a test's server has received. */
export interface Received {
  method: string;
  url: string;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** A server of a test's own. */
export interface TestServer extends Running {
  origin: string;
  received: Received[];
  /** Connections that are open now. */
  connections(): Promise<number>;
}

/** Answers one request. */
export type Answer = (request: Received, response: http.ServerResponse) => void | Promise<void>;

/** The certificate of servers on https, for localhost and 127.0.0.1: made for this run, and trusted by nobody. */
export const certificateFile = fileURLToPath(new URL("../../../cert.pem", import.meta.url));

/** Starts an HTTP server on a port of the loopback address, by default a free one. */
export async function serve(answer: Answer, scheme: "http" | "https" = "http", port = 0): Promise<TestServer> {
  const received: Received[] = [];
  const listener: http.RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const all: Received = {
      method: request.method ?? "",
      url: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    received.push(all);
    await answer(all, response);
  };
  const server =
    scheme === "http"
      ? http.createServer(listener)
      : https.createServer(
          { cert: readFileSync(certificateFile), key: readFileSync(certificateFile.replace(/cert\.pem$/, "key.pem")) },
          listener,
        );
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const origin = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    url: `${origin}/mcp`,
    received,
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
      }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Starts a server in front of another, to see what that is asked. It has no event streams that go on. */
export function inFrontOf(url: string): Promise<TestServer> {
  return serve(async ({ method, headers, body }, response) => {
    const { host: _, connection: __, "content-length": ___, ...passed } = headers;
    const answer = await fetch(url, {
      method,
      headers: passed as Record<string, string>,
      ...(body === "" ? {} : { body }),
    });
    const kept = [...answer.headers].filter(
      ([name]) => !/^(connection|content-(encoding|length)|keep-alive|transfer-encoding)$/.test(name),
    );
    response.writeHead(answer.status, Object.fromEntries(kept)).end(Buffer.from(await answer.arrayBuffer()));
  });
}

/** One JSON-RPC request as a tool call's server sees it. */
export interface Rpc {
  id: number | string;
  method: string;
  params: { name?: string; arguments?: Record<string, unknown>; cursor?: string; _meta?: Record<string, unknown> };
}

/**
 * Starts an MCP server (2025-11-25, stateless) that answers initialize itself
 * and leaves every other request to the test.
 */
export function mcpServer(
  answer: (rpc: Rpc, response: http.ServerResponse, request: Received) => void | Promise<void>,
  scheme: "http" | "https" = "http",
): Promise<TestServer> {
  return serve(async (request, response) => {
    if (request.method !== "POST") {
      response.writeHead(405).end();
      return;
    }
    const rpc = JSON.parse(request.body) as Rpc;
    if (rpc.method === "initialize") {
      json(response, `{"jsonrpc":"2.0","id":${JSON.stringify(rpc.id)},"result":${initialized}}`);
      return;
    }
    if (rpc.id === undefined) {
      response.writeHead(202).end();
      return;
    }
    await answer(rpc, response, request);
  }, scheme);
}

const initialized = JSON.stringify({
  protocolVersion: "2025-11-25",
  capabilities: { tools: { listChanged: true }, prompts: {}, resources: {}, logging: {} },
  serverInfo: { name: "test-server", version: "1.2.3", extra: true },
  instructions: "for tests",
});

/** Answers with JSON. */
export function json(response: http.ServerResponse, body: string): void {
  response.writeHead(200, { "Content-Type": "application/json" }).end(body);
}

/** Answers a request with a result, given as JSON. */
export function result(response: http.ServerResponse, rpc: Rpc, text: string): void {
  json(response, `{"jsonrpc":"2.0","id":${JSON.stringify(rpc.id)},"result":${text}}`);
}
