// A session that lives in the worker, as its client sees it. After the end of a
// worker it is opened again in a new one, by the first call that needs it.

import { type AskHandlers, answer } from "./asks.js";
import { encode, unlessAborted } from "./call.js";
import type { Server } from "./channel.js";
import type { ClientSession } from "./client.js";
import type { Credentials } from "./credentials.js";
import { badArgument, cancelled, closed, RemoraError } from "./errors.js";
import { callBack, type EventName, Listeners } from "./events.js";
import {
  type Commands,
  type Connected,
  type Progress,
  type Root,
  type SnapshotResult,
  tellNames,
} from "./generated/wire.js";
import type { CacheableRequestOptions } from "./lists.js";
import type { LoggingLevel } from "./logging.js";
import {
  authParams,
  type ConnectOptions,
  callHeader,
  type RequestOptions,
  readSettings,
  type Settings,
} from "./options.js";
import { compileWasm, fetchWasm } from "./wasm.js";
import type { Host, HostedSession } from "./worker-host.js";
import type { FromWorker, PlainOptions, PlainWasm, ToWorker } from "./worker-messages.js";

const decoder = new TextDecoder();

/** A session that is up: where, and by which number. */
interface Link {
  readonly host: Host;
  readonly number: number;
  readonly release: () => void;
}

/** What a session is opened with, without what cannot be cloned. */
interface Opening {
  readonly settings: Settings;
  readonly options: PlainOptions;
  readonly wasm: PlainWasm | undefined;
  readonly url: string;
  readonly token: ConnectOptions["token"];
}

/** One session with one server, in a worker. */
export class WorkerSession implements ClientSession, HostedSession {
  readonly #host: () => Host;
  readonly #opening: Opening;
  readonly #listeners = new Listeners(() => {});
  readonly #subscriptions = new Set<string>();
  #logLevel: LoggingLevel | undefined;
  #roots: Root[] | undefined;
  #connected: Connected | undefined;
  #link: Link | undefined;
  #reopening: Promise<Link> | undefined;
  #closing: Promise<void> | undefined;
  #listenQueued = false;
  /** Who listens to its events. */
  readonly listeners: ClientSession["listeners"] = {
    add: (event, call) => {
      const off = this.#listeners.add(event, call);
      this.#listen();
      return () => {
        off();
        this.#listen();
      };
    },
  };

  private constructor(host: () => Host, opening: Opening) {
    this.#host = host;
    this.#opening = opening;
  }

  /** Opens a session. host gives the worker to open it in. Rejects with a RemoraError. */
  static async open(
    host: () => Host,
    server: Server,
    options: ConnectOptions,
    snapshot?: SnapshotResult,
  ): Promise<WorkerSession> {
    if (typeof options !== "object" || options === null) throw badArgument("the options must be an object");
    if (typeof server === "object" && !(server instanceof URL)) {
      throw new RemoraError("local/unsupported", "a channel cannot go to a worker: give a URL", { retryable: false });
    }
    const settings = readSettings(server, options); // so that what cannot be right is refused here
    const { signal, timeout } = options;
    callHeader("connect", 0, { signal, timeout });
    if (signal?.aborted === true) throw cancelled(signal, "no");
    const wasm = await unlessAborted(plainWasm(options.wasm), signal);
    const session = new WorkerSession(host, {
      url: new URL(server as string | URL).href,
      settings,
      options: plain(options),
      wasm,
      token: options.token,
    });
    session.#listeners.addAll(settings.events);
    await session.#open(signal, snapshot);
    // What it brought holds also for when the session is opened again.
    for (const uri of snapshot?.subscriptions ?? []) session.#subscriptions.add(uri);
    session.#logLevel ??= snapshot?.logLevel as LoggingLevel | undefined;
    return session;
  }

  /** How many pages a whole list may have. */
  get listMaxPages(): number | undefined {
    return this.#opening.settings.listMaxPages;
  }

  get connected(): Connected {
    return this.#connected as Connected; // open has set it
  }

  async request(command: keyof Commands, params: object, options: CacheableRequestOptions): Promise<string> {
    if (this.#closing !== undefined) throw closed();
    const { signal, onprogress, ...rest } = options;
    callHeader(command, 0, options); // so that what cannot be right is refused here
    if (signal?.aborted === true) throw cancelled(signal, "no");
    const text = decoder.decode(encode(params));
    const { host, number } = this.#link ?? (await unlessAborted(this.#reopen(), signal));
    const id = host.nextId();
    const request = { progress: onprogress !== undefined, options: cloneable(rest) };
    const message: ToWorker & { id: number } = { type: "request", id, session: number, command, params: text, request };
    const progress = onprogress && ((data: unknown) => callBack(() => onprogress(data as Progress)));
    return (await call(host, message, signal, progress)) as string;
  }

  async setRoots(roots: Root[], options: RequestOptions): Promise<void> {
    await this.request("setRoots", { roots }, options);
    this.#roots = roots;
  }

  logs(level: LoggingLevel): void {
    this.#logLevel = level;
    this.#remember({ logLevel: level });
  }

  subscribed(uri: string, on: boolean): void {
    if (on) this.#subscriptions.add(uri);
    else this.#subscriptions.delete(uri);
    this.#remember({ subscription: { uri, on } });
  }

  get credentials(): Credentials {
    return this.#opening.settings.credentials;
  }

  close(keep: boolean): Promise<void> {
    this.#closing ??= this.#close(keep);
    return this.#closing;
  }

  event(message: FromWorker & { type: "event" | "connected" }): void {
    if (message.type === "connected") this.#connected = message.connected;
    else this.#tell(message.event, message.data);
  }

  async ask(message: FromWorker & { type: "ask" }, signal: AbortSignal): Promise<unknown> {
    const { settings, token } = this.#opening;
    return answerWorker(message, signal, settings.handlers, token);
  }

  lost(error: RemoraError): void {
    if (this.#link === undefined) return;
    this.#link.release();
    this.#link = undefined;
    this.#tell("state", { state: "lost", reason: error.message });
  }

  #reopen(): Promise<Link> {
    this.#reopening ??= this.#open(undefined).finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #open(signal: AbortSignal | undefined, snapshot?: SnapshotResult): Promise<Link> {
    const { url, settings, options, wasm, token } = this.#opening;
    const auth = settings.auth && (await unlessAborted(authParams(settings.auth), signal));
    const host = this.#host();
    const release = host.share();
    const number = host.nextId();
    const unbind = host.bind(number, this);
    const link: Link = {
      host,
      number,
      release: () => {
        unbind();
        release();
      },
    };
    const id = host.nextId();
    this.#tell("state", { state: "connecting" });
    try {
      const open: ToWorker & { id: number } = {
        type: "open",
        id,
        session: number,
        url,
        options,
        wasm,
        token: token !== undefined,
        auth,
        events: Object.keys(settings.events).filter((event) => event !== "state") as EventName[],
        snapshot,
        asks: [...(settings.params.handlers ?? [])] as (ToWorker & { type: "open" })["asks"],
        more: {
          ...(this.#logLevel === undefined ? {} : { logLevel: this.#logLevel }),
          ...(this.#roots === undefined ? {} : { roots: this.#roots }),
          ...(this.#subscriptions.size === 0 ? {} : { subscriptions: [...this.#subscriptions] }),
        },
      };
      const late = () => this.#end(link);
      this.#connected = (await call(host, open, signal, undefined, late)) as Connected;
    } catch (error) {
      // Given up, the worker lives until it has said so.
      if (signal?.aborted !== true) link.release();
      throw error;
    }
    if (this.#closing !== undefined) {
      await this.#end(link);
      throw closed();
    }
    this.#link = link;
    this.#listen();
    this.#tell("state", { state: "ready" });
    return link;
  }

  // Tells the worker who is listened to, once for all changes of this turn.
  #listen(): void {
    if (this.#listenQueued) return;
    this.#listenQueued = true;
    queueMicrotask(() => {
      this.#listenQueued = false;
      const events = tellNames.filter((event) => this.#listeners.has(event));
      const link = this.#link;
      if (link !== undefined && this.#closing === undefined) {
        link.host.post({ type: "listen", session: link.number, events });
      }
    });
  }

  #remember(what: { logLevel?: string; subscription?: { uri: string; on: boolean } }): void {
    const link = this.#link;
    link?.host.post({ type: "remember", session: link.number, ...what });
  }

  #tell(event: EventName, data: unknown): void {
    this.#listeners.tell(event, encode(data as object));
  }

  async #close(keep: boolean): Promise<void> {
    await this.#reopening?.catch(() => {});
    const link = this.#link;
    this.#link = undefined;
    if (link !== undefined) await this.#end(link, keep);
    this.#listeners.clear();
  }

  async #end(link: Link, keep = false): Promise<void> {
    const { host, number, release } = link;
    await call(host, { type: "close", id: host.nextId(), session: number, keep }, undefined).catch(() => {});
    release();
  }
}

/**
 * A call in the worker as a promise. When the signal aborts, it is rejected at
 * once and the worker told; late is called when that is done.
 */
export function call(
  host: Host,
  message: ToWorker & { id: number },
  signal: AbortSignal | undefined,
  progress?: (data: unknown) => void,
  late?: () => void,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let over = false;
    const abort = () => {
      over = true;
      reject(cancelled(signal as AbortSignal, "unknown"));
      host.post({ type: "abort", id: message.id });
    };
    try {
      host.call(message, {
        progress: progress && ((data) => over || progress(data)),
        done: (outcome) => {
          signal?.removeEventListener("abort", abort);
          if (over) late?.();
          else if ("error" in outcome) reject(outcome.error);
          else resolve(outcome.value);
          over = true;
        },
      });
    } catch (cause) {
      reject(
        new RemoraError("local/bad_argument", "an option cannot be sent to the worker", { retryable: false, cause }),
      );
      return;
    }
    if (!over) signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Answers what the worker asks the application: for its token, or one of the core's questions. */
export async function answerWorker(
  message: FromWorker & { type: "ask" },
  signal: AbortSignal,
  handlers: AskHandlers,
  token: ConnectOptions["token"],
): Promise<unknown> {
  if (message.kind === "token") return token?.();
  const { kind, params, context } = message;
  const { origin, call, deadlineMs, sessionInfo } = context;
  let thrown: { error: unknown } | undefined;
  const given = await answer(
    {
      kind,
      session: 0,
      origin,
      ...(call === undefined ? {} : { call }),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      params: encode(params as object),
      signal,
      thrown: (error) => {
        thrown = { error };
      },
    },
    handlers,
    sessionInfo,
  );
  if (given instanceof Uint8Array) return JSON.parse(decoder.decode(given));
  if (thrown !== undefined) throw thrown.error;
  throw new RemoraError(given.code, given.message, { sent: given.sent, retryable: given.retryable });
}

function cloneable(options: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/**
 * connect's options without what cannot be cloned. Throws local/unsupported for
 * a function that the worker would have to call and that is not known here.
 */
export function plain(options: ConnectOptions): PlainOptions {
  const { wasm: _w, token: _t, auth: _a, handlers: _h, events: _e, signal: _s, headers, ...rest } = options;
  const out = cloneable(rest);
  for (const [name, value] of Object.entries(out)) {
    if (typeof value !== "function") continue;
    throw new RemoraError("local/unsupported", `options.${name} cannot go to a worker`, { retryable: false });
  }
  if (headers !== undefined) {
    out["headers"] = [...(Symbol.iterator in headers ? headers : Object.entries(headers))].map(([n, v]) => [n, v]);
  }
  return out as PlainOptions;
}

const moduleIds = new WeakMap<object, Promise<PlainWasm>>();
let lastModule = 0;

/** The wasm for a worker. A place is read there; everything else is compiled here, once. */
export async function plainWasm(given: ConnectOptions["wasm"]): Promise<PlainWasm | undefined> {
  if (given === undefined) return undefined;
  if (typeof given === "string") return typeof location === "object" ? new URL(given, location.href).href : given;
  if (given instanceof URL) return given.href;
  const known = moduleIds.get(given);
  if (known !== undefined) return known;
  const made = Promise.resolve(given).then(async (source): Promise<PlainWasm> => {
    if (typeof source === "string" || source instanceof URL) return (await plainWasm(source)) as PlainWasm;
    return { id: ++lastModule, module: await compileWasm(source, fetchWasm) };
  });
  moduleIds.set(given, made);
  made.catch(() => moduleIds.delete(given));
  return made;
}
