// The worker's side: sessions as anywhere else, driven by the page's messages.

import type { AskHandlers, Handlers } from "./asks.js";
import { Learned, learning } from "./auth-asks.js";
import { namedServers } from "./auth-options.js";
import { Cores } from "./cores.js";
import { closed } from "./errors.js";
import type { EventName } from "./events.js";
import type { Auth, Root } from "./generated/wire.js";
import type { CacheableRequestOptions } from "./lists.js";
import type { LoggingLevel } from "./logging.js";
import { type CallOnce, callOnceOn, type RunOptions } from "./once.js";
import { type AuthInForce, type ConnectOptions, readSettings } from "./options.js";
import type { Platform } from "./platform.js";
import { Session } from "./session.js";
import { Errors, type FromWorker, type PlainWasm, type ToWorker } from "./worker-messages.js";

interface Served {
  readonly session: Session;
  readonly listening: Map<EventName, () => void>;
  readonly forGood: ReadonlySet<EventName>;
}

interface Asked {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

type Open = ToWorker & { type: "open" };
type OneCall = ToWorker & { type: "once" };
type Request = ToWorker & { type: "request" };

/** Serves one page. post sends it a message; the function that this returns takes one of the page's. */
export function serve(platform: Platform, post: (message: FromWorker) => void): (message: ToWorker) => void {
  const server = new Server(platform, post);
  post({ type: "hello" });
  return (message) => server.take(message);
}

class Server {
  readonly #cores: Cores;
  readonly #callOnce: CallOnce;
  readonly #post: (message: FromWorker) => void;
  readonly #errors = new Errors();
  readonly #sessions = new Map<number, Served>();
  readonly #running = new Map<number, AbortController>();
  readonly #asked = new Map<number, Asked>();
  readonly #modules = new Map<number, WebAssembly.Module>();
  #lastAsk = 0;

  constructor(platform: Platform, post: (message: FromWorker) => void) {
    this.#cores = new Cores(platform);
    this.#callOnce = callOnceOn(this.#cores);
    this.#post = post;
  }

  take(message: ToWorker): void {
    switch (message.type) {
      case "open":
        this.#run(message.id, (signal) => this.#open(message, signal));
        break;
      case "once":
        this.#run(message.id, (signal) => this.#once(message, signal));
        break;
      case "request":
        this.#run(message.id, (signal) => this.#request(message, signal));
        break;
      case "close":
        this.#run(message.id, () => this.#close(message.session, message.keep));
        break;
      case "abort":
        this.#running.get(message.id)?.abort();
        break;
      case "listen":
        this.#listen(message.session, message.events);
        break;
      case "remember":
        this.#remember(message);
        break;
      case "answer": {
        const asked = this.#asked.get(message.id);
        this.#asked.delete(message.id);
        if (message.error === undefined) asked?.resolve(message.value);
        else asked?.reject(this.#errors.unpack(message.error));
        break;
      }
      case "hold":
        // Until the worker ends, however it does.
        void navigator.locks.request(message.lock, () => {
          this.#post({ type: "held" });
          return new Promise(() => {});
        });
        break;
    }
  }

  #run(id: number, work: (signal: AbortSignal) => Promise<unknown>): void {
    const controller = new AbortController();
    this.#running.set(id, controller);
    work(controller.signal)
      .then(
        (value) => this.#post({ type: "done", id, value }),
        (error: unknown) => this.#post({ type: "done", id, error: this.#errors.pack(error) }),
      )
      .finally(() => this.#running.delete(id));
  }

  async #open(message: Open, signal: AbortSignal): Promise<unknown> {
    const { session: number, url, options, asks, token, auth, more, events, snapshot } = message;
    const handlers = this.#handlers(number, asks);
    const connect: ConnectOptions = {
      ...options,
      wasm: this.#wasm(message.wasm),
      handlers: { elicit: handlers.elicit, sample: handlers.sample } as Handlers,
    };
    const listening = new Map<EventName, () => void>();
    const post = (event: EventName) => (data: unknown) => this.#post({ type: "event", session: number, event, data });
    for (const event of events) listening.set(event, () => {});
    connect.events = Object.fromEntries(events.map((event) => [event, post(event)]));
    if (token) connect.token = () => this.#ask({ session: number, kind: "token" }) as Promise<string>;
    const settings = readSettings(url, connect, ofPage(auth, handlers));
    const params = { ...settings.params, ...more };
    const { timeout } = options;
    const session = await Session.open(this.#cores, { ...settings, params }, { signal, timeout }, snapshot);
    this.#sessions.set(number, { session, listening, forGood: new Set(events) });
    // Opened again, it may have another server.
    session.listeners.add("state", ({ state }) => {
      if (state === "ready")
        queueMicrotask(() => this.#post({ type: "connected", session: number, connected: session.connected }));
    });
    return session.connected;
  }

  #once({ id, command, session, url, more, ...rest }: OneCall, signal: AbortSignal): Promise<string> {
    const options: RunOptions = { ...rest.options, wasm: this.#wasm(rest.wasm), signal };
    if (rest.token) options.token = () => this.#ask({ session, kind: "token" }) as Promise<string>;
    if (rest.progress) options.onprogress = (data) => this.#post({ type: "progress", id, data });
    return this.#callOnce(command, url, options, more, ofPage(rest.auth, this.#handlers(session, rest.asks)));
  }

  #wasm(wasm: PlainWasm | undefined): string | WebAssembly.Module | undefined {
    if (typeof wasm !== "object") return wasm;
    const known = this.#modules.get(wasm.id) ?? wasm.module;
    this.#modules.set(wasm.id, known);
    return known;
  }

  #handlers(session: number, asks: Open["asks"]): AskHandlers {
    const entries = asks.map((kind) => [
      kind,
      (params: unknown, { signal, ...context }: { signal: AbortSignal }) =>
        this.#ask({ session, kind, params, context: context as never }, signal),
    ]);
    return Object.fromEntries(entries) as AskHandlers;
  }

  #ask(question: object, signal?: AbortSignal): Promise<unknown> {
    const id = ++this.#lastAsk;
    return new Promise((resolve, reject) => {
      const abort = () => this.#post({ type: "askAbort", id });
      const over = () => signal?.removeEventListener("abort", abort);
      this.#asked.set(id, {
        resolve: (value) => {
          over();
          resolve(value);
        },
        reject: (error) => {
          over();
          reject(error);
        },
      });
      this.#post({ type: "ask", id, ...question } as FromWorker);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  async #request({ id, session, command, params, request }: Request, signal: AbortSignal): Promise<string> {
    const served = this.#sessions.get(session);
    if (served === undefined) throw closed();
    const options: CacheableRequestOptions = { ...request.options, signal };
    if (request.progress) options.onprogress = (data) => this.#post({ type: "progress", id, data });
    if (command === "setRoots") {
      await served.session.setRoots((JSON.parse(params) as { roots: Root[] }).roots, options);
      return "{}";
    }
    return served.session.request(command, JSON.parse(params) as object, options);
  }

  async #close(number: number, keep: boolean): Promise<void> {
    const served = this.#sessions.get(number);
    this.#sessions.delete(number);
    await served?.session.close(keep);
  }

  #listen(number: number, events: readonly EventName[]): void {
    const served = this.#sessions.get(number);
    if (served === undefined) return;
    const { session, listening } = served;
    for (const [event, off] of listening) {
      if (events.includes(event) || served.forGood.has(event)) continue;
      listening.delete(event);
      off();
    }
    for (const event of events) {
      if (listening.has(event)) continue;
      listening.set(
        event,
        session.listeners.add(event, (data) => this.#post({ type: "event", session: number, event, data })),
      );
    }
  }

  #remember({ session: number, logLevel, subscription }: ToWorker & { type: "remember" }): void {
    const session = this.#sessions.get(number)?.session;
    if (logLevel !== undefined) session?.logs(logLevel as LoggingLevel);
    if (subscription !== undefined) session?.subscribed(subscription.uri, subscription.on);
  }
}

// Authorization that the page has read: what it takes is asked of the page.
function ofPage(auth: Auth | undefined, { elicit: _e, sample: _s, ...handlers }: AskHandlers): AuthInForce | undefined {
  if (auth === undefined) return undefined;
  const learned = new Learned();
  learned.add(auth.clientSecret);
  learned.add(auth.identity?.clientSecret);
  return {
    handlers: learning(handlers, learned),
    named: namedServers(auth),
    params: async () => auth,
    secrets: () => learned,
  };
}
