// The client: one session with one server.

import { answer, type ServerInfo, type SessionInfo } from "./asks.js";
import { callCore, encode, type PendingCall, unlessAborted } from "./call.js";
import type { Core, Question, SessionPeer } from "./core.js";
import type { Cores, Lease } from "./cores.js";
import { cancelled, closed, RemoraError } from "./errors.js";
import { callBack, type EventName, type Events, Listeners } from "./events.js";
import {
  type Commands,
  type Connected,
  DEFAULT_MAX_BODY_BYTES,
  type Progress,
  type StatsResult,
  type WireError,
} from "./generated/wire.js";
import { callHeader, type RequestOptions, type Settings } from "./options.js";
import type { CallToolParams, CallToolResult, ListToolsParams, ListToolsResult, Tool } from "./tools.js";
import { completeTrace } from "./trace.js";

/** A server's capabilities, as it sent them. */
export interface ServerCapabilities {
  [name: string]: unknown;
}

const decoder = new TextDecoder();

const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for("Symbol.asyncDispose") as typeof Symbol.asyncDispose);

/** A connection that is up: which session of which core. */
interface Link {
  readonly core: Core;
  readonly lease: Lease;
  readonly session: number;
}

/**
 * A client of one MCP server. connect makes one; whoever has it closes it.
 *
 * Every method may be called while others are under way. Each rejects with a
 * RemoraError, and with nothing else.
 */
export class Client {
  readonly #cores: Cores;
  readonly #settings: Settings;
  readonly #listeners: Listeners;
  #link: Link | undefined;
  #opening: Promise<Link> | undefined;
  #closing: Promise<void> | undefined;
  #connected: Connected | undefined;
  #asked: string | undefined;
  #listenQueued = false;

  private constructor(cores: Cores, settings: Settings) {
    this.#cores = cores;
    this.#settings = settings;
    const { policy, credentials, events } = settings;
    this.#listeners = new Listeners(
      () => this.#listen(),
      (trace) => completeTrace(trace, policy, credentials),
    );
    this.#listeners.addAll(events);
  }

  /** @internal connect's work. */
  static async open(cores: Cores, settings: Settings, options: RequestOptions): Promise<Client> {
    const client = new Client(cores, settings);
    try {
      await client.#open(options);
    } catch (error) {
      client.#closing = Promise.resolve();
      throw error;
    }
    return client;
  }

  /** The server's name and version, as it sent them. */
  get serverInfo(): ServerInfo | undefined {
    return this.#connected?.serverInfo as ServerInfo | undefined;
  }

  /** What the server can do, as it sent it. */
  get capabilities(): ServerCapabilities | undefined {
    return this.#connected?.capabilities as ServerCapabilities | undefined;
  }

  /** The server's hints for using it. */
  get instructions(): string | undefined {
    return this.#connected?.instructions;
  }

  /** The protocol revision that was agreed on. */
  get protocolVersion(): string | undefined {
    return this.#connected?.protocolVersion;
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
    return this.#request("listTools", params, options);
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
    return this.#request("callTool", params, options);
  }

  /** Makes the server answer. */
  async ping(options: RequestOptions = {}): Promise<Record<string, unknown>> {
    return JSON.parse(await this.#request("ping", {}, options)) as Record<string, unknown>;
  }

  /**
   * How the core is doing in which this client lives, perhaps with others:
   * what is open, goroutines, memory. For finding leaks; it collects garbage.
   */
  async stats(options: RequestOptions = {}): Promise<StatsResult> {
    return JSON.parse(await this.#request("stats", {}, options)) as StatsResult;
  }

  /**
   * Listens to an event; the function that this returns ends it. While somebody
   * listens to log or toolsChanged, the server is asked for them, which may
   * hold a connection open. What comes before connect resolves is told to the
   * listeners in its options.
   */
  on<E extends EventName>(event: E, listener: (data: Events[E]) => void): () => void {
    return this.#listeners.add(event, listener);
  }

  /**
   * Ends the session: calls in flight are rejected with local/closed, the
   * server is told. Resolves when that is done, or cannot be; never rejects.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** close, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  async #request(command: keyof Commands, params: object, options: RequestOptions): Promise<string> {
    if (this.#closing !== undefined) throw closed();
    if (options.signal?.aborted === true) throw cancelled(options.signal, "no");
    const link = this.#link ?? (await unlessAborted(this.#reopen(), options.signal));
    const progress = options.onprogress;
    const header = callHeader(command, link.session, options);
    if (progress !== undefined || this.#listeners.has("progress")) header.progress = true;
    const payload = encode(params);
    const limit = this.#settings.limits.maxBodyBytes || DEFAULT_MAX_BODY_BYTES;
    if (payload.length > limit) {
      throw new RemoraError("local/too_large", `the parameters are larger than ${limit} bytes`, { retryable: false });
    }
    const result = await callCore(link.core, {
      header,
      params: payload,
      signal: options.signal,
      progress: progress === undefined ? undefined : (data) => callBack(() => progress(readProgress(data))),
    });
    return decoder.decode(result);
  }

  // After a trap the session is opened again by the first call that needs it.
  #reopen(): Promise<Link> {
    this.#opening ??= this.#open({}).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(options: RequestOptions): Promise<Link> {
    const { wasm, limits, params } = this.#settings;
    const { signal } = options;
    const header = callHeader("connect", 0, options);
    if (signal?.aborted === true) throw cancelled(signal, "no");
    const leasing = this.#cores.lease(wasm, limits);
    const lease = await unlessAborted(leasing, signal, (late) => late.release());
    const { core } = lease;
    // The handshake can be traced; what the server says unasked comes after it.
    const events: EventName[] = this.#listeners.has("trace") ? ["trace"] : [];
    const call: PendingCall = {
      header,
      params: encode({ ...params, events }),
      signal,
      peer: this.#peer(core),
      // Cancelled: the core lives until it has said so. If the session is open
      // all the same, nobody wants it any more.
      late: (outcome) => {
        if (outcome instanceof RemoraError) lease.release();
        else void this.#end({ core, lease, session: read(outcome).session });
      },
    };
    try {
      this.#connected = read(await callCore(core, call));
    } catch (error) {
      if (call.abandoned !== true) lease.release();
      throw error;
    }
    const link: Link = { core, lease, session: this.#connected.session };
    if (core.failure !== undefined) {
      lease.release();
      throw core.failure;
    }
    if (this.#closing !== undefined) {
      await this.#end(link);
      throw closed();
    }
    this.#link = link;
    this.#asked = events.join();
    this.#listen();
    return link;
  }

  #peer(core: Core): SessionPeer {
    const { policy, credentials, port } = this.#settings;
    return {
      policy,
      credentials,
      port: port ?? this.#cores.openPort(policy),
      tell: (event, data) => this.#listeners.tell(event, data),
      ask: (question, reply) => void this.#ask(question, reply),
      lost: (error) => this.#lost(core, error),
    };
  }

  async #ask(question: Question, reply: (answer: Uint8Array | WireError) => void): Promise<void> {
    const info: SessionInfo = {
      ...(this.serverInfo === undefined ? {} : { serverInfo: this.serverInfo }),
      ...(this.protocolVersion === undefined ? {} : { protocolVersion: this.protocolVersion }),
    };
    reply(await answer(question, this.#settings.handlers, info));
  }

  #lost(core: Core, error: RemoraError): void {
    if (this.#link?.core !== core) return;
    this.#link.lease.release();
    this.#link = undefined;
    this.#listeners.tell("state", encode({ state: "lost", reason: error.message }));
  }

  // Tells the core who is listened to, once for all changes of this turn, and
  // only if it differs from what was told before.
  #listen(): void {
    if (this.#listenQueued) return;
    this.#listenQueued = true;
    queueMicrotask(() => {
      this.#listenQueued = false;
      const link = this.#link;
      const events = this.#listeners.wanted();
      const key = events.join();
      if (link === undefined || this.#closing !== undefined || key === (this.#asked ?? "")) return;
      this.#asked = key;
      const params = encode({ events });
      // It fails only with the session, which is told otherwise.
      callCore(link.core, { header: callHeader("listen", link.session, {}), params }).catch(() => {});
    });
  }

  async #close(): Promise<void> {
    const opening = this.#opening;
    if (opening !== undefined) await opening.catch(() => {});
    const link = this.#link;
    this.#link = undefined;
    if (link !== undefined) await this.#end(link);
    this.#listeners.clear();
  }

  async #end({ core, lease, session }: Link): Promise<void> {
    try {
      await callCore(core, { header: callHeader("close", session, {}), params: encode({}) });
    } catch {
      // The session is over on this side whatever the server makes of it.
    }
    core.unbind(session);
    lease.release();
  }
}

function notMcp(message: string): RemoraError {
  return new RemoraError("http/not_mcp", message, { sent: "yes" });
}

// What the application is told: the token is the core's own.
function readProgress(data: Uint8Array): Progress {
  const { progressToken: _, ...progress } = JSON.parse(decoder.decode(data)) as Progress & { progressToken?: unknown };
  return progress;
}

function read(result: Uint8Array): Connected {
  return JSON.parse(decoder.decode(result)) as Connected;
}
