// The page's side: the worker that its clients share, started for the first and
// ended after the last.

import { RemoraError } from "./errors.js";
import { Errors, type FromWorker, type ToWorker } from "./worker-messages.js";

/** A worker as the page sees it. */
export interface WorkerPort {
  post(message: ToWorker): void;
  /** Ends the worker at once. */
  end(): void;
  /** Whether the process is to live as long as the worker. Only Node knows the difference. */
  hold(on: boolean): void;
}

/** Who is told of a worker. */
export interface WorkerEvents {
  message(message: FromWorker): void;
  /** The worker failed, or ended by itself. */
  failed(why: string): void;
}

/** Starts a worker. */
export type Spawn = (events: WorkerEvents) => WorkerPort;

/** The page's side of one session. */
export interface HostedSession {
  event(message: FromWorker & { type: "event" | "connected" }): void;
  /** The worker asks the application. */
  ask(message: FromWorker & { type: "ask" }, signal: AbortSignal): Promise<unknown>;
  /** The worker is gone. */
  lost(error: RemoraError): void;
}

/** A call under way in the worker. */
export interface HostedCall {
  progress?: ((data: unknown) => void) | undefined;
  done(outcome: { value: unknown } | { error: RemoraError }): void;
}

// What handlers threw is kept so long that the call's error can come.
const maxThrown = 256;

/** One worker. */
export class Host {
  readonly #port: WorkerPort;
  readonly #ended: () => void;
  readonly #errors = new Errors();
  readonly #calls = new Map<number, HostedCall>();
  readonly #sessions = new Map<number, HostedSession>();
  readonly #asks = new Map<number, AbortController>();
  readonly #thrown = new Map<number, unknown>();
  #lastId = 0;
  #lastThrown = 0;
  #alive = false;
  #users = 0;
  /** Why the worker takes no more calls; undefined while it does. */
  failure: RemoraError | undefined;

  /** ended is called when the worker takes no more calls. Throws plugin/missing. */
  constructor(spawn: Spawn, ended: () => void) {
    this.#ended = ended;
    try {
      this.#port = spawn({ message: (message) => this.#take(message), failed: (why) => this.#fail(why) });
    } catch (cause) {
      throw new RemoraError("plugin/missing", "the worker cannot be started", { cause });
    }
    this.#port.hold(false);
  }

  /** Takes a share of the worker; the function that this returns gives it back, once. */
  share(): () => void {
    this.#users++;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#users--;
      if (this.#users > 0 || this.failure !== undefined) return;
      this.failure = new RemoraError("local/closed", "the client is closed", { retryable: false });
      this.#port.end();
      this.#ended();
    };
  }

  /** Makes a session's side known, until the function that this returns is called. */
  bind(number: number, session: HostedSession): () => void {
    this.#sessions.set(number, session);
    return () => this.#sessions.delete(number);
  }

  /** A number for a session or a call that none had before. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** Begins a call, whose id is in the message. Throws if that cannot be cloned. */
  call(message: ToWorker & { id: number }, call: HostedCall): void {
    if (this.failure !== undefined) {
      call.done({ error: this.failure });
      return;
    }
    this.#port.post(message);
    this.#calls.set(message.id, call);
    if (this.#calls.size === 1) this.#port.hold(true);
  }

  /** Sends what needs no answer. */
  post(message: ToWorker): void {
    if (this.failure === undefined) this.#port.post(message);
  }

  #take(message: FromWorker): void {
    switch (message.type) {
      case "hello":
        this.#alive = true;
        break;
      case "done": {
        const { id, value, error } = message;
        const call = this.#calls.get(id);
        this.#calls.delete(id);
        if (this.#calls.size === 0) this.#port.hold(false);
        call?.done(error === undefined ? { value } : { error: this.#read(error) });
        break;
      }
      case "progress":
        this.#calls.get(message.id)?.progress?.(message.data);
        break;
      case "ask":
        void this.#ask(message);
        break;
      case "askAbort":
        this.#asks.get(message.id)?.abort(new RemoraError("local/cancelled", "the answer is no longer wanted"));
        break;
      case "held":
        break; // whoever started the worker has seen it
      default:
        this.#sessions.get(message.session)?.event(message);
    }
  }

  #read(plain: Parameters<Errors["unpack"]>[0]): RemoraError {
    const error = this.#errors.unpack(plain, (thrown) => this.#thrown.get(thrown));
    if (error instanceof RemoraError) return error;
    return new RemoraError("plugin/trap", `the worker failed: ${error.message.slice(0, 200)}`, {
      sent: "unknown",
      cause: error,
    });
  }

  async #ask(message: FromWorker & { type: "ask" }): Promise<void> {
    const { id } = message;
    const controller = new AbortController();
    this.#asks.set(id, controller);
    try {
      const session = this.#sessions.get(message.session);
      if (session === undefined) throw new RemoraError("local/closed", "the client is closed", { retryable: false });
      const value = await session.ask(message, controller.signal);
      this.#answer({ type: "answer", id, value });
    } catch (error) {
      const thrown = ++this.#lastThrown;
      this.#thrown.set(thrown, error);
      this.#thrown.delete(thrown - maxThrown);
      this.#answer({ type: "answer", id, error: { ...this.#errors.pack(error), thrown } });
    } finally {
      this.#asks.delete(id);
    }
  }

  // What a handler gives may be what cannot be cloned.
  #answer(message: ToWorker & { type: "answer" }): void {
    try {
      this.post(message);
    } catch {
      const error = { name: "DataCloneError", message: "the answer cannot be sent to the worker" };
      this.post({ type: "answer", id: message.id, error });
    }
  }

  #fail(why: string): void {
    if (this.failure !== undefined) return;
    const error = this.#alive
      ? new RemoraError("plugin/trap", `the worker failed: ${why}`, { sent: "unknown", retryable: false })
      : new RemoraError("plugin/missing", `the worker cannot be started: ${why}`);
    this.failure = error;
    this.#port.end();
    this.#ended();
    for (const ask of this.#asks.values()) ask.abort(error);
    this.#asks.clear();
    const sessions = [...this.#sessions.values()];
    const calls = [...this.#calls.values()];
    this.#sessions.clear();
    this.#calls.clear();
    for (const session of sessions) session.lost(error);
    for (const call of calls) call.done({ error });
  }
}
