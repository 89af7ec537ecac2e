// The client: what an application does with one session. The types of each
// subject are in its file, tools.ts for instance; the connection is in session.ts.

import type { ServerInfo } from "./asks.js";
import type { Cores } from "./cores.js";
import { RemoraError } from "./errors.js";
import type { EventName, Events } from "./events.js";
import type { StatsResult } from "./generated/wire.js";
import type { RequestOptions, Settings } from "./options.js";
import { Session } from "./session.js";
import type { CallToolParams, CallToolResult, ListToolsParams, ListToolsResult, Tool } from "./tools.js";

/** A server's capabilities, as it sent them. */
export interface ServerCapabilities {
  [name: string]: unknown;
}

const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for("Symbol.asyncDispose") as typeof Symbol.asyncDispose);

/**
 * A client of one MCP server. connect makes one; whoever has it closes it.
 *
 * Every method may be called while others are under way. Each rejects with a
 * RemoraError, and with nothing else.
 */
export class Client {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  /** @internal connect's work. */
  static async open(cores: Cores, settings: Settings, options: RequestOptions): Promise<Client> {
    return new Client(await Session.open(cores, settings, options));
  }

  /** The server's name and version, as it sent them. */
  get serverInfo(): ServerInfo | undefined {
    return this.#session.connected.serverInfo as ServerInfo | undefined;
  }

  /** What the server can do, as it sent it. */
  get capabilities(): ServerCapabilities | undefined {
    return this.#session.connected.capabilities as ServerCapabilities | undefined;
  }

  /** The server's hints for using it. */
  get instructions(): string | undefined {
    return this.#session.connected.instructions;
  }

  /** The protocol revision that was agreed on. */
  get protocolVersion(): string | undefined {
    return this.#session.connected.protocolVersion;
  }

  /** serverInfo, by the TypeScript SDK's name. */
  getServerVersion(): ServerInfo | undefined {
    return this.serverInfo;
  }

  /** capabilities, by the TypeScript SDK's name. */
  getServerCapabilities(): ServerCapabilities | undefined {
    return this.capabilities;
  }

  /** instructions, by the TypeScript SDK's name. */
  getInstructions(): string | undefined {
    return this.instructions;
  }

  /** protocolVersion, by the TypeScript SDK's name. */
  getNegotiatedProtocolVersion(): string | undefined {
    return this.protocolVersion;
  }

  /** Lists one page of the server's tools. tools() goes over all of them. */
  async listTools(params: ListToolsParams = {}, options: RequestOptions = {}): Promise<ListToolsResult> {
    return JSON.parse(await this.listToolsRaw(params, options)) as ListToolsResult;
  }

  /** listTools, giving the result's JSON byte for byte as the server sent it. */
  listToolsRaw(params: ListToolsParams = {}, options: RequestOptions = {}): Promise<string> {
    return this.#session.request("listTools", params, options);
  }

  /** Every tool of the server, page by page. options are those of each page's request. */
  async *tools(options: RequestOptions = {}): AsyncGenerator<Tool, void, undefined> {
    const seen = new Set<string>();
    let params: ListToolsParams = {};
    for (;;) {
      const { tools, nextCursor } = await this.listTools(params, options);
      if (!Array.isArray(tools)) throw notMcp("the server's list of tools is not a list");
      yield* tools;
      if (!nextCursor) return;
      if (seen.has(nextCursor)) throw notMcp("the server's list of tools does not end: it gave the same cursor twice");
      seen.add(nextCursor);
      params = { cursor: nextCursor };
    }
  }

  /** Calls a tool. The tool's own failure is a result with isError. */
  async callTool(params: CallToolParams, options: RequestOptions = {}): Promise<CallToolResult> {
    return JSON.parse(await this.callToolRaw(params, options)) as CallToolResult;
  }

  /** callTool, giving the result's JSON byte for byte as the server sent it. */
  callToolRaw(params: CallToolParams, options: RequestOptions = {}): Promise<string> {
    return this.#session.request("callTool", params, options);
  }

  /** Makes the server answer. */
  async ping(options: RequestOptions = {}): Promise<Record<string, unknown>> {
    return JSON.parse(await this.#session.request("ping", {}, options)) as Record<string, unknown>;
  }

  /**
   * How the core is doing in which this client lives, perhaps with others:
   * what is open, goroutines, memory. For finding leaks; it collects garbage.
   */
  async stats(options: RequestOptions = {}): Promise<StatsResult> {
    return JSON.parse(await this.#session.request("stats", {}, options)) as StatsResult;
  }

  /**
   * Listens to an event; the function that this returns ends it. While somebody
   * listens to log or toolsChanged, the server is asked for them, which may
   * hold a connection open.
   */
  on<E extends EventName>(event: E, listener: (data: Events[E]) => void): () => void {
    return this.#session.listeners.add(event, listener);
  }

  /**
   * Ends the session: calls in flight are rejected with local/closed, the
   * server is told. Resolves when that is done, or cannot be; never rejects.
   */
  close(): Promise<void> {
    return this.#session.close();
  }

  /** close, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }
}

function notMcp(message: string): RemoraError {
  return new RemoraError("http/not_mcp", message, { sent: "yes" });
}
