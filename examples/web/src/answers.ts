// Requests of which the last answer is shown: what a resource holds, what a
// prompt says. There is one answer for each key, a URI for instance.

import { RemoraError } from "remora-mcp";
import { announce } from "./announce.js";
import { Cell } from "./cell.js";
import { parseExactly } from "./json.js";

/** How a request ended. */
export type Ended =
  | { at: "done"; result: Record<string, unknown>; raw: string; ms: number; when: Date }
  | { at: "cancelled"; ms: number }
  | { at: "failed"; error: unknown; ms: number };

/** The last answer for a key, and the request that is under way for it. */
export interface Answer {
  /** Cancels the request that is under way, if one is. */
  readonly cancel: (() => void) | undefined;
  /** Whether nobody asked for the request that is under way. */
  readonly quiet: boolean;
  readonly ended: Ended | undefined;
}

// Answers may be large: only so many are kept.
const keptAnswers = 20;

/** The answers of a session. */
export class Answers {
  readonly all = new Cell<ReadonlyMap<string, Answer>>(new Map());
  readonly #running = new Map<string, AbortController>();

  /**
   * Makes a request, instead of the one that is under way for the key. what says
   * in words what it is for; without it, the person hears nothing of it.
   * Resolves when it is over, whatever came of it.
   */
  async ask(key: string, request: (signal: AbortSignal) => Promise<string>, what?: string): Promise<void> {
    this.#running.get(key)?.abort();
    const stop = new AbortController();
    this.#running.set(key, stop);
    const started = performance.now();
    const ms = () => performance.now() - started;
    this.#put(key, { cancel: () => stop.abort(), quiet: what === undefined, ended: this.all.get().get(key)?.ended });
    let ended: Ended;
    try {
      const raw = await request(stop.signal);
      ended = { at: "done", result: parseExactly(raw) as Record<string, unknown>, raw, ms: ms(), when: new Date() };
    } catch (error) {
      const cancelled = error instanceof RemoraError && error.code === "local/cancelled";
      ended = cancelled ? { at: "cancelled", ms: ms() } : { at: "failed", error, ms: ms() };
    }
    if (this.#running.get(key) !== stop) return;
    this.#running.delete(key);
    this.#put(key, { cancel: undefined, quiet: false, ended });
    if (what !== undefined)
      announce(`${what} ${{ done: "is there", cancelled: "was cancelled", failed: "failed" }[ended.at]}`);
  }

  /** Cancels everything and forgets it. */
  end(): void {
    for (const stop of this.#running.values()) stop.abort();
    this.#running.clear();
    this.all.set(new Map());
  }

  #put(key: string, answer: Answer): void {
    const all = new Map(this.all.get());
    all.delete(key);
    all.set(key, answer);
    let over = all.size - keptAnswers;
    for (const [old, { cancel }] of all) {
      if (over <= 0) break;
      if (cancel !== undefined) continue;
      all.delete(old);
      over--;
    }
    this.all.set(all);
  }
}
