// Events of a session: the names and data of the wire's tells.

import { badArgument, reportUncaught } from "./errors.js";
import { type Tells, tellNames } from "./generated/wire.js";

/** The events of a client, by name. */
export type Events = Tells;
/** The name of an event. */
export type EventName = keyof Events;

// What a server sends only to those who listen. The others need no stream.
const listened: readonly EventName[] = ["log", "promptsChanged", "resourceUpdated", "resourcesChanged", "toolsChanged"];

interface Listener {
  call(data: never): void;
}

const decoder = new TextDecoder();

/** The listeners of one client. */
export class Listeners {
  readonly #byEvent = new Map<string, Set<Listener>>();
  readonly #changed: () => void;

  /** changed is called when the set of events that need a stream may have changed. */
  constructor(changed: () => void) {
    this.#changed = changed;
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

  /** Whether somebody listens. */
  has(event: EventName): boolean {
    return (this.#byEvent.get(event)?.size ?? 0) > 0;
  }

  /** The events that somebody listens to and that the server must be asked for, sorted. */
  wanted(): EventName[] {
    return listened.filter((event) => this.has(event));
  }

  /** Tells everybody who listens; data is JSON, read only if somebody does. */
  tell(event: string, data: Uint8Array): void {
    const listeners = this.#byEvent.get(event);
    if (listeners === undefined || listeners.size === 0) return;
    const value: unknown = JSON.parse(decoder.decode(data));
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
