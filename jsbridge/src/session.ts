// The connection under a client: its session in a core, opened again after a
// trap, and the one place where a request of the client's becomes a call.

import { answer, type ServerInfo, type SessionInfo } from "./asks.js";
import { callCore, encode, type PendingCall, unlessAborted } from "./call.js";
import type { Core, Question, SessionPeer } from "./core.js";
import type { Cores, Lease } from "./cores.js";
import type { Credentials } from "./credentials.js";
import { cancelled, closed, RemoraError } from "./errors.js";
import { type EventName, Listeners } from "./events.js";
import {
  type Commands,
  type Connected,
  DEFAULT_MAX_BODY_BYTES,
  type Root,
  type SnapshotResult,
  type WireError,
} from "./generated/wire.js";
import type { CacheableRequestOptions } from "./lists.js";
import type { LoggingLevel } from "./logging.js";
import { authParams, callHeader, type RequestOptions, readProgress, type Settings } from "./options.js";
import { completeTrace, type TraceCredentials } from "./trace.js";

const decoder = new TextDecoder();

/** A connection that is up: which session of which core. */
interface Link {
  readonly core: Core;
  readonly lease: Lease;
  readonly session: number;
}

/** One session with one server. Every method may be called while others are under way. */
export class Session {
  /** Who listens to its events. */
  readonly listeners: Listeners;
  readonly #cores: Cores;
  readonly #settings: Settings;
  #link: Link | undefined;
  #opening: Promise<Link> | undefined;
  #closing: Promise<void> | undefined;
  #connected: Connected | undefined;
  #asked: string | undefined;
  #logLevel: LoggingLevel | undefined;
  readonly #subscriptions = new Set<string>();
  #listenQueued = false;
  #roots: Root[] | undefined; // in place of the settings'

  private constructor(cores: Cores, settings: Settings) {
    this.#cores = cores;
    this.#settings = settings;
    const { policy, events } = settings;
    const credentials = traceCredentials(settings);
    this.listeners = new Listeners(
      () => this.#listen(),
      (trace) => completeTrace(trace, policy, credentials),
    );
    this.listeners.addAll(events);
  }

  /** Opens a session. Rejects with a RemoraError. */
  static async open(
    cores: Cores,
    settings: Settings,
    options: RequestOptions,
    snapshot?: SnapshotResult,
  ): Promise<Session> {
    const session = new Session(cores, settings);
    try {
      await session.#open(options, snapshot);
      session.#restored(snapshot);
    } catch (error) {
      session.#closing = Promise.resolve();
      throw error;
    }
    return session;
  }

  /** What the server said of itself when the session was last opened. */
  get connected(): Connected {
    return this.#connected as Connected; // open has set it
  }

  /** What the application adds to requests. */
  get credentials(): Credentials {
    return this.#settings.credentials;
  }

  /**
   * Ends the session: calls in flight are rejected with local/closed, the
   * server is told, or keeps the session. Resolves when that is done, or cannot
   * be; never rejects.
   */
  close(keep: boolean): Promise<void> {
    this.#closing ??= this.#close(keep);
    return this.#closing;
  }

  /** Makes a call and resolves to the result's JSON. Rejects with a RemoraError, and with nothing else. */
  async request(command: keyof Commands, params: object, options: CacheableRequestOptions): Promise<string> {
    if (this.#closing !== undefined) throw closed();
    if (options.signal?.aborted === true) throw cancelled(options.signal, "no");
    const link = this.#link ?? (await unlessAborted(this.#reopen(), options.signal));
    const progress = options.onprogress;
    const header = callHeader(command, link.session, options);
    if (progress !== undefined || this.listeners.has("progress")) header.progress = true;
    const payload = encode(params);
    const limit = this.#settings.limits.maxBodyBytes || DEFAULT_MAX_BODY_BYTES;
    if (payload.length > limit) {
      throw new RemoraError("local/too_large", `the parameters are larger than ${limit} bytes`, { retryable: false });
    }
    const result = await callCore(link.core, {
      header,
      params: payload,
      signal: options.signal,
      progress: progress === undefined ? undefined : (data) => readProgress(data, progress),
    });
    return decoder.decode(result);
  }

  /** Replaces the roots, also for when the session is opened again. */
  async setRoots(roots: Root[], options: RequestOptions): Promise<void> {
    await this.request("setRoots", { roots }, options);
    this.#roots = roots;
  }

  /** Notes the level of logging, for when the session is opened again. */
  logs(level: LoggingLevel): void {
    this.#logLevel = level;
  }

  /** Notes a subscription or its end, for when the session is opened again. */
  subscribed(uri: string, on: boolean): void {
    if (on) this.#subscriptions.add(uri);
    else this.#subscriptions.delete(uri);
  }

  // After a trap the session is opened again by the first call that needs it.
  #reopen(): Promise<Link> {
    this.#opening ??= this.#open({}).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  // What a snapshot brought holds also for when the session is opened again.
  #restored(snapshot: SnapshotResult | undefined): void {
    for (const uri of snapshot?.subscriptions ?? []) this.#subscriptions.add(uri);
    if (this.#settings.params.logLevel !== undefined || snapshot?.logLevel === undefined) return;
    this.#logLevel = snapshot.logLevel as LoggingLevel;
  }

  async #open(options: RequestOptions, snapshot?: SnapshotResult): Promise<Link> {
    const { wasm, limits, params, auth: authorization } = this.#settings;
    const { signal } = options;
    const header = callHeader("connect", 0, options);
    if (signal?.aborted === true) throw cancelled(signal, "no");
    const auth = authorization && (await unlessAborted(authParams(authorization), signal));
    const leasing = this.#cores.lease(wasm, limits);
    const lease = await unlessAborted(leasing, signal, (late) => late.release());
    const { core } = lease;
    // The handshake can be traced; what the server says unasked comes after it.
    const events: EventName[] = this.listeners.has("trace") ? ["trace"] : [];
    const call: PendingCall = {
      header,
      params: encode({
        ...params,
        ...(auth === undefined ? {} : { auth }),
        events,
        ...(this.#roots === undefined ? {} : { roots: this.#roots }),
        ...(this.#logLevel === undefined ? {} : { logLevel: this.#logLevel }),
        ...(snapshot === undefined ? {} : { restore: snapshot }),
        ...(this.#subscriptions.size === 0 ? {} : { subscriptions: [...this.#subscriptions] }),
      }),
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
    const { policy, credentials, port, channel } = this.#settings;
    return {
      channel,
      policy,
      credentials,
      port: port ?? this.#cores.openPort(policy),
      tell: (event, data) => this.listeners.tell(event, data),
      said: (line) => {
        if (this.listeners.has("log"))
          this.listeners.tell("log", encode({ level: "info", logger: "stderr", data: line }));
      },
      ask: (question, reply) => void this.#ask(question, reply),
      lost: (error) => this.#lost(core, error),
    };
  }

  async #ask(question: Question, reply: (answer: Uint8Array | WireError) => void): Promise<void> {
    const info: SessionInfo = {
      ...(this.#connected?.serverInfo === undefined ? {} : { serverInfo: this.#connected.serverInfo as ServerInfo }),
      ...(this.#connected === undefined ? {} : { protocolVersion: this.#connected.protocolVersion }),
    };
    const { channel, handlers } = this.#settings;
    // The core knows no more of a channel than a reference.
    reply(await answer(channel === undefined ? question : { ...question, origin: channel.name }, handlers, info));
  }

  #lost(core: Core, error: RemoraError): void {
    if (this.#link?.core !== core) return;
    this.#link.lease.release();
    this.#link = undefined;
    this.listeners.tell("state", encode({ state: "lost", reason: error.message }));
  }

  // Tells the core who is listened to, once for all changes of this turn, and
  // only if it differs from what was told before.
  #listen(): void {
    if (this.#listenQueued) return;
    this.#listenQueued = true;
    queueMicrotask(() => {
      this.#listenQueued = false;
      const link = this.#link;
      const events = this.listeners.wanted();
      const key = events.join();
      if (link === undefined || this.#closing !== undefined || key === (this.#asked ?? "")) return;
      this.#asked = key;
      const params = encode({ events });
      // It fails only with the session, which is told otherwise.
      callCore(link.core, { header: callHeader("listen", link.session, {}), params }).catch(() => {});
    });
  }

  async #close(keep: boolean): Promise<void> {
    const opening = this.#opening;
    if (opening !== undefined) await opening.catch(() => {});
    const link = this.#link;
    this.#link = undefined;
    if (link !== undefined) await this.#end(link, keep);
    this.listeners.clear();
  }

  async #end({ core, lease, session }: Link, keep = false): Promise<void> {
    try {
      await callCore(core, { header: callHeader("close", session, {}), params: encode(keep ? { keep } : {}) });
    } catch {
      // The session is over on this side whatever the server makes of it.
    }
    core.unbind(session);
    lease.release();
  }
}

function read(result: Uint8Array): Connected {
  return JSON.parse(decoder.decode(result)) as Connected;
}

function traceCredentials({ credentials, auth }: Settings): TraceCredentials {
  if (auth === undefined) return credentials;
  return {
    traceHeaders: () => credentials.traceHeaders(),
    secrets: () => [...credentials.secrets(), ...auth.secrets()],
  };
}
