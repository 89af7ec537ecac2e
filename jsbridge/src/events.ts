// Events of a session: the names and data of the wire's tells.

import { badArgument, reportUncaught } from "./errors.js";
import { listenedNames, type Tells, type Trace, tellNames } from "./generated/wire.js";

/** The events of a client, by name. */
export type Events = Tells;
/** The name of an event. */
export type EventName = keyof Events;
/** Listeners by event. */
export type EventListeners = { readonly [E in EventName]?: ((data: Events[E]) => void) | undefined };

// What is told only to those who listen; the others need no stream.
const listened: readonly EventName[] = listenedNames;

interface Listener {
  call(data: never): void;
}

const decoder = new TextDecoder();

/** The listeners of one client. */
export class Listeners {
  readonly #byEvent = new Map<string, Set<Listener>>();
  readonly #changed: () => void;
  readonly #complete: (trace: Trace) => Trace;

  /**
   * changed is called when the set of events that the core must be asked for may
   * have changed; complete is given what the core tells of the trace.
   */
  constructor(changed: () => void, complete: (trace: Trace) => Trace = (trace) => trace) {
    this.#changed = changed;
    this.#complete = complete;
  }

  /** Registers; the function that it returns undoes it, once. Throws local/bad_argument. */
  add<E extends EventName>(event: E, call: (data: Events[E]) => void): () => void {
    if (!tellNames.includes(event)) throw badArgument(`there is no such event; there are ${tellNames.join(", ")}`);
    if (typeof call !== "function") throw badArgument("the listener must be a function");
    let listeners = this.#byEvent.get(event);
    if (listeners === undefined) {
      listeners = new Set();
      this.#byEvent.set(event, listeners);
    }
    const all = listeners;
    const listener: Listener = { call };
    all.add(listener);
    if (listened.includes(event)) this.#changed();
    return () => {
      if (all.delete(listener) && listened.includes(event)) this.#changed();
    };
  }

  /** Registers all of them, for good. */
  addAll(listeners: EventListeners): void {
    for (const [event, listener] of Object.entries(listeners)) {
      if (listener !== undefined) this.add(event as EventName, listener as (data: unknown) => void);
    }
  }

  /** Whether somebody listens. */
  has(event: EventName): boolean {
    return (this.#byEvent.get(event)?.size ?? 0) > 0;
  }

  /** The events that somebody listens to and that the core must be asked for, sorted. */
  wanted(): EventName[] {
    return listened.filter((event) => this.has(event));
  }

  /** Tells everybody who listens; data is JSON, read only if somebody does. */
  tell(event: string, data: Uint8Array): void {
    const listeners = this.#byEvent.get(event);
    if (listeners === undefined || listeners.size === 0) return;
    let value: unknown = JSON.parse(decoder.decode(data));
    if (event === "trace") value = this.#complete(value as Trace);
    for (const listener of [...listeners]) callBack(() => listener.call(value as never));
  }

  /** Forgets everybody. */
  clear(): void {
    for (const listeners of this.#byEvent.values()) listeners.clear();
  }
}

/** Calls the application. What it throws is its own uncaught error, and changes nothing here. */
export function callBack(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    reportUncaught(error);
  }
}
