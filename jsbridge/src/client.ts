// The client: what an application does with one session. The types of each
// subject are in its file, tools.ts for instance; the connection is in session.ts.

import type { ServerInfo } from "./asks.js";
import type { CompleteParams, CompleteResult } from "./completion.js";
import type { Cores } from "./cores.js";
import type { EventName, Events } from "./events.js";
import type { Root, SnapshotResult, StatsResult } from "./generated/wire.js";
import { type CacheableRequestOptions, eachEntry, type ListOf, listAll } from "./lists.js";
import { checkLoggingLevel, type LoggingLevel } from "./logging.js";
import { type RequestOptions, readRoots, type Settings } from "./options.js";
import type { GetPromptParams, GetPromptResult, ListPromptsParams, ListPromptsResult, Prompt } from "./prompts.js";
import type {
  ListResourcesParams,
  ListResourcesResult,
  ListResourceTemplatesParams,
  ListResourceTemplatesResult,
  ReadResourceParams,
  ReadResourceResult,
  Resource,
  ResourceTemplate,
  SubscribeResourceParams,
  UnsubscribeResourceParams,
} from "./resources.js";
import { Session } from "./session.js";
import { type CloseOptions, type SnapshotOptions, takeSnapshot } from "./snapshot.js";
import type { CallToolParams, CallToolResult, ListToolsParams, ListToolsResult, Tool } from "./tools.js";

/** A server's capabilities, as it sent them. */
export interface ServerCapabilities {
  [name: string]: unknown;
}

/** @internal What a client needs of its session. */
export type ClientSession = Omit<Pick<Session, keyof Session>, "listeners"> & {
  readonly listeners: Pick<Session["listeners"], "add">;
};

const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for("Symbol.asyncDispose") as typeof Symbol.asyncDispose);

/**
 * A client of one MCP server. connect makes one; whoever has it closes it.
 *
 * Every method may be called while others are under way. Each rejects with a
 * RemoraError, and with nothing else.
 */
export class Client {
  readonly #session: ClientSession;
  readonly #maxPages: number | undefined;

  private constructor(session: ClientSession, maxPages: number | undefined) {
    this.#session = session;
    this.#maxPages = maxPages;
  }

  /** @internal connect's work. */
  static async open(
    cores: Cores,
    settings: Settings,
    options: RequestOptions,
    snapshot: SnapshotResult | undefined,
  ): Promise<Client> {
    return new Client(await Session.open(cores, settings, options, snapshot), settings.listMaxPages);
  }

  /** @internal A client of a session that is elsewhere: the worker's entry. */
  static of(session: ClientSession, maxPages: number | undefined): Client {
    return new Client(session, maxPages);
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

  /** The _meta of what the server said when the session was opened. */
  get meta(): Record<string, unknown> | undefined {
    return this.#session.connected._meta as Record<string, unknown> | undefined;
  }

  /** Lists the server's tools: all of them, or with a cursor one page. */
  listTools(params: ListToolsParams = {}, options: CacheableRequestOptions = {}): Promise<ListToolsResult> {
    return listAll(this.#list("tools", options), params, this.#maxPages);
  }

  /** One page of tools: the result's JSON byte for byte as the server sent it. */
  listToolsRaw(params: ListToolsParams = {}, options: CacheableRequestOptions = {}): Promise<string> {
    return this.#session.request("listTools", params, options);
  }

  /** Every tool of the server, page by page. options are those of each page's request. */
  tools(options: CacheableRequestOptions = {}): AsyncGenerator<Tool, void, undefined> {
    return eachEntry(this.#list("tools", options));
  }

  /**
   * Calls a tool. The tool's own failure is a result with isError. A result whose
   * structured content does not fit the tool's outputSchema is rpc/invalid_result,
   * with the result in the error's data (InvalidResult): see connect's
   * validateOutput.
   */
  async callTool(params: CallToolParams, options: RequestOptions = {}): Promise<CallToolResult> {
    return JSON.parse(await this.callToolRaw(params, options)) as CallToolResult;
  }

  /** callTool, giving the result's JSON byte for byte as the server sent it. */
  callToolRaw(params: CallToolParams, options: RequestOptions = {}): Promise<string> {
    return this.#session.request("callTool", params, options);
  }

  /**
   * Replaces the roots, all of them, and tells the server if its revision has a
   * word for that (before 2026-07-28; later every question for them is answered
   * with those in force). Resolves when it has been told. They hold for the
   * client, also when its session is opened again. connect has to have been given
   * roots.
   */
  async setRoots(roots: readonly Root[], options: RequestOptions = {}): Promise<void> {
    await this.#session.setRoots(readRoots(roots), options);
  }

  /** Lists the server's resources: all of them, or with a cursor one page. */
  listResources(params: ListResourcesParams = {}, options: CacheableRequestOptions = {}): Promise<ListResourcesResult> {
    return listAll(this.#list("resources", options), params, this.#maxPages);
  }

  /** One page of resources: the result's JSON byte for byte as the server sent it. */
  listResourcesRaw(params: ListResourcesParams = {}, options: CacheableRequestOptions = {}): Promise<string> {
    return this.#session.request("listResources", params, options);
  }

  /** Every resource of the server, page by page. options are those of each page's request. */
  resources(options: CacheableRequestOptions = {}): AsyncGenerator<Resource, void, undefined> {
    return eachEntry(this.#list("resources", options));
  }

  /** Lists the server's resource templates: all of them, or with a cursor one page. */
  listResourceTemplates(
    params: ListResourceTemplatesParams = {},
    options: CacheableRequestOptions = {},
  ): Promise<ListResourceTemplatesResult> {
    return listAll(this.#list("resourceTemplates", options), params, this.#maxPages);
  }

  /** One page of resource templates: the result's JSON byte for byte as the server sent it. */
  listResourceTemplatesRaw(
    params: ListResourceTemplatesParams = {},
    options: CacheableRequestOptions = {},
  ): Promise<string> {
    return this.#session.request("listResourceTemplates", params, options);
  }

  /** Every resource template of the server, page by page. options are those of each page's request. */
  resourceTemplates(options: CacheableRequestOptions = {}): AsyncGenerator<ResourceTemplate, void, undefined> {
    return eachEntry(this.#list("resourceTemplates", options));
  }

  /** Reads a resource. */
  async readResource(params: ReadResourceParams, options: CacheableRequestOptions = {}): Promise<ReadResourceResult> {
    return JSON.parse(await this.readResourceRaw(params, options)) as ReadResourceResult;
  }

  /** readResource, giving the result's JSON byte for byte as the server sent it. */
  readResourceRaw(params: ReadResourceParams, options: CacheableRequestOptions = {}): Promise<string> {
    return this.#session.request("readResource", params, options);
  }

  /**
   * Asks to be told when a resource changes, with the event resourceUpdated,
   * until unsubscribeResource. It holds a connection open. A server that does
   * not do this answers with rpc/error, or it is local/unsupported.
   */
  async subscribeResource(
    params: SubscribeResourceParams,
    options: RequestOptions = {},
  ): Promise<Record<string, unknown>> {
    const result = await this.#session.request("subscribeResource", params, options);
    this.#session.subscribed(params.uri, true);
    return JSON.parse(result) as Record<string, unknown>;
  }

  /** Ends a subscription. */
  async unsubscribeResource(
    params: UnsubscribeResourceParams,
    options: RequestOptions = {},
  ): Promise<Record<string, unknown>> {
    this.#session.subscribed(params?.uri, false);
    return JSON.parse(await this.#session.request("unsubscribeResource", params, options)) as Record<string, unknown>;
  }

  /** Lists the server's prompts: all of them, or with a cursor one page. */
  listPrompts(params: ListPromptsParams = {}, options: CacheableRequestOptions = {}): Promise<ListPromptsResult> {
    return listAll(this.#list("prompts", options), params, this.#maxPages);
  }

  /** One page of prompts: the result's JSON byte for byte as the server sent it. */
  listPromptsRaw(params: ListPromptsParams = {}, options: CacheableRequestOptions = {}): Promise<string> {
    return this.#session.request("listPrompts", params, options);
  }

  /** Every prompt of the server, page by page. options are those of each page's request. */
  prompts(options: CacheableRequestOptions = {}): AsyncGenerator<Prompt, void, undefined> {
    return eachEntry(this.#list("prompts", options));
  }

  /** Has the server write a prompt. */
  async getPrompt(params: GetPromptParams, options: RequestOptions = {}): Promise<GetPromptResult> {
    return JSON.parse(await this.getPromptRaw(params, options)) as GetPromptResult;
  }

  /** getPrompt, giving the result's JSON byte for byte as the server sent it. */
  getPromptRaw(params: GetPromptParams, options: RequestOptions = {}): Promise<string> {
    return this.#session.request("getPrompt", params, options);
  }

  /** Asks for ways to complete an argument of a prompt or of a resource template. */
  async complete(params: CompleteParams, options: RequestOptions = {}): Promise<CompleteResult> {
    return JSON.parse(await this.completeRaw(params, options)) as CompleteResult;
  }

  /** complete, giving the result's JSON byte for byte as the server sent it. */
  completeRaw(params: CompleteParams, options: RequestOptions = {}): Promise<string> {
    return this.#session.request("complete", params, options);
  }

  /**
   * Says from which level on the server is to log; the messages come as the
   * event log. On 2026-07-28 a server logs only while it serves a request that
   * says so, which every request does from here on.
   */
  async setLoggingLevel(level: LoggingLevel, options: RequestOptions = {}): Promise<Record<string, unknown>> {
    checkLoggingLevel(level);
    const result = await this.#session.request("setLoggingLevel", { level }, options);
    this.#session.logs(level);
    return JSON.parse(result) as Record<string, unknown>;
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
   * listens to log, toolsChanged, promptsChanged or resourcesChanged, the server
   * is asked for them, which may hold a connection open. What comes before
   * connect resolves is told to the listeners in its options.
   */
  on<E extends EventName>(event: E, listener: (data: Events[E]) => void): () => void {
    return this.#session.listeners.add(event, listener);
  }

  /**
   * What this client needs to go on in another process or worker, where restore
   * takes it: a small JSON value of one version of remora's snapshots. Nothing is
   * sent, and the client goes on. Calls under way are not part of it, and answers
   * that are kept only if options ask for them. Only for servers over streamable
   * HTTP, otherwise it is local/unsupported.
   *
   * Whatever is in its member secret is to be kept like a password: the session's
   * id before 2026-07-28, and the application's headers if options ask for them.
   */
  snapshot(options: SnapshotOptions = {}): Promise<SnapshotResult> {
    return takeSnapshot(this.#session, options);
  }

  /**
   * Ends the session: calls in flight are rejected with local/closed, the
   * server is told, unless options say that it keeps the session. Resolves when
   * that is done, or cannot be; never rejects.
   */
  close(options: CloseOptions = {}): Promise<void> {
    return this.#session.close(options?.keep === true);
  }

  /** close, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  #list(member: ListOf["member"], options: CacheableRequestOptions): ListOf {
    return { member, fetch: (params) => this.#session.request(listCommands[member], params, options) };
  }
}

const listCommands = {
  tools: "listTools",
  resources: "listResources",
  resourceTemplates: "listResourceTemplates",
  prompts: "listPrompts",
} as const;
