// A list of the server's: tools, resources, templates or prompts, page by page.

import { RemoraError } from "remora-mcp";
import { Cell } from "./cell.js";

// JSON-RPC's error for a method that there is not.
const methodNotFound = -32601;

/** A list, as far as it is known. */
export type Listed<T> =
  | { at: "none" }
  | { at: "loading" }
  | { at: "failed"; error: unknown }
  | { at: "ready"; all: readonly T[] };

/** One list of a session. */
export class Listing<T> {
  readonly state = new Cell<Listed<T>>({ at: "none" });
  readonly #key: string;
  readonly #optional: boolean;
  #entries: (() => AsyncIterable<T>) | undefined;
  #round = 0;

  /**
   * key names what every entry has, as text; entries without it are left out.
   * optional is for a list that a server need not know: then it is empty.
   */
  constructor(key: keyof T & string, optional = false) {
    this.#key = key;
    this.#optional = optional;
  }

  /** Begins with a server's list, and loads it. What comes of it is in state. */
  begin(entries: () => AsyncIterable<T>): Promise<void> {
    this.#entries = entries;
    this.state.set({ at: "loading" });
    return this.load();
  }

  /** Begins with a server that has nothing of this. */
  beginEmpty(): void {
    this.state.set({ at: "ready", all: [] });
  }

  /** Asks the server again. What there is stays until its answer is there. */
  async load(): Promise<void> {
    const entries = this.#entries;
    if (entries === undefined) return;
    this.#round++;
    const round = this.#round;
    if (this.state.get().at !== "ready") this.state.set({ at: "loading" });
    try {
      const all: T[] = [];
      for await (const entry of entries()) if (this.#fits(entry)) all.push(entry);
      if (round === this.#round) this.state.set({ at: "ready", all });
    } catch (error) {
      if (round !== this.#round) return;
      const unknown = this.#optional && error instanceof RemoraError && error.rpcCode === methodNotFound;
      this.state.set(unknown ? { at: "ready", all: [] } : { at: "failed", error });
    }
  }

  /** Forgets the server. */
  end(): void {
    this.#entries = undefined;
    this.#round++;
    this.state.set({ at: "none" });
  }

  #fits(entry: unknown): boolean {
    return typeof entry === "object" && entry !== null && typeof (entry as never)[this.#key] === "string";
  }
}
