// A server whose tools a test changes, and which it ends and starts again where
// it was. Stateless, on both lines of the protocol.

import type { ServerResponse } from "node:http";
import { json, type Rpc, serve, type TestServer } from "./servers.js";

/** A server with tools that answer with its name and their own. */
export class ToolServer {
  readonly name: string;
  /** The names of its tools. */
  tools: string[];
  /** What each tool name was called with how often. */
  readonly calls = new Map<string, number>();
  /** Answers a call instead, if it returns true. */
  override: (rpc: Rpc, response: ServerResponse) => boolean = () => false;
  readonly #streams = new Set<ServerResponse>();
  #server: TestServer | undefined;
  #port = 0;

  private constructor(name: string, tools: string[]) {
    this.name = name;
    this.tools = tools;
  }

  static async start(name: string, tools: string[]): Promise<ToolServer> {
    const server = new ToolServer(name, tools);
    await server.start();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/mcp`;
  }

  /** Streams on which it can say that its tools changed. */
  get listeners(): number {
    return this.#streams.size;
  }

  /** Starts it, again on the port that it had. */
  async start(): Promise<void> {
    this.#server = await serve((request, response) => this.#answer(request, response), "http", this.#port);
    this.#port = Number(new URL(this.#server.url).port);
  }

  /** Ends it in the middle of whatever it does. */
  async kill(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
    this.#streams.clear();
  }

  /** Says that its tools changed. */
  sayChanged(): void {
    for (const stream of this.#streams) {
      stream.write(`data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n`);
    }
  }

  #answer(request: { method: string; body: string }, response: ServerResponse): void {
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Allow-Headers", "*");
    if (request.method === "GET") {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.flushHeaders();
      this.#streams.add(response);
      response.on("close", () => this.#streams.delete(response));
      return;
    }
    if (request.method !== "POST") {
      response.writeHead(204).end();
      return;
    }
    const rpc = JSON.parse(request.body) as Rpc;
    if (rpc.id === undefined) {
      response.writeHead(202).end();
      return;
    }
    if (rpc.method === "tools/call") {
      const tool = rpc.params.name ?? "";
      this.calls.set(tool, (this.calls.get(tool) ?? 0) + 1);
      if (this.override(rpc, response)) return;
    }
    const said = this.#result(rpc);
    const rest = said === undefined ? { error: { code: -32601, message: "no such method" } } : { result: said };
    json(response, JSON.stringify({ jsonrpc: "2.0", id: rpc.id, ...rest }));
  }

  #result({ method, params }: Rpc): object | undefined {
    const server = { name: this.name, version: "1" };
    switch (method) {
      case "server/discover":
        return {
          resultType: "complete",
          supportedVersions: ["2026-07-28"],
          capabilities: { tools: {} },
          _meta: { "io.modelcontextprotocol/serverInfo": server },
          ttlMs: 0,
          cacheScope: "private",
        };
      case "initialize":
        return {
          protocolVersion: "2025-11-25",
          capabilities: { tools: { listChanged: true } },
          serverInfo: server,
        };
      case "ping":
        return {};
      case "tools/list":
        return {
          resultType: "complete",
          ttlMs: 0,
          cacheScope: "private",
          tools: this.tools.map((name) => ({ name, inputSchema: { type: "object" } })),
        };
      case "tools/call":
        return { resultType: "complete", content: [{ type: "text", text: `${this.name}/${params.name}` }] };
    }
    return undefined;
  }
}

/** That many names of tools. */
export const toolNames = (count: number): string[] => Array.from({ length: count }, (_, i) => `tool${i}`);
