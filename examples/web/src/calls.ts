// Calls of tools: those under way and the last ones that ended.

import { type CallToolResult, type Client, type Progress, RemoraError } from "remora-mcp";
import { announce } from "./announce.js";
import { Cell } from "./cell.js";
import { parseExactly } from "./json.js";

/** How a call stands. */
export type Outcome =
  | { at: "running"; progress?: Progress }
  | { at: "done"; result: Partial<CallToolResult>; raw: string; ms: number }
  | { at: "cancelled"; ms: number }
  | { at: "failed"; error: unknown; ms: number };

/** One call of a tool. */
export interface Call {
  readonly id: number;
  readonly tool: string;
  readonly args: Record<string, unknown>;
  readonly outcome: Outcome;
  /** Ends it; does nothing once it has ended. */
  readonly cancel: () => void;
}

// Results may be large: only so many are kept.
const keptCalls = 20;

/** The calls of a session, newest first. */
export class Calls {
  readonly all = new Cell<readonly Call[]>([]);
  #lastId = 0;

  /** Begins a call. */
  start(client: Client, tool: string, args: Record<string, unknown>): void {
    this.#lastId++;
    const id = this.#lastId;
    const stop = new AbortController();
    const started = performance.now();
    const ms = () => performance.now() - started;
    const call: Call = { id, tool, args, outcome: { at: "running" }, cancel: () => stop.abort() };
    this.all.set([call, ...this.#trimmed()]);
    announce(`${tool} was called`);
    client
      .callToolRaw(
        { name: tool, arguments: args },
        {
          signal: stop.signal,
          onprogress: (progress) => this.#change(id, { at: "running", progress }, "soon"),
        },
      )
      .then(
        (raw) => {
          const took = ms();
          const result = parseExactly(raw) as Partial<CallToolResult>;
          this.#change(id, { at: "done", result, raw, ms: took });
          announce(`${tool} has answered`);
        },
        (error: unknown) => {
          const cancelled = error instanceof RemoraError && error.code === "local/cancelled";
          this.#change(id, cancelled ? { at: "cancelled", ms: ms() } : { at: "failed", error, ms: ms() });
          announce(cancelled ? `${tool} was cancelled` : `${tool} failed`);
        },
      );
  }

  /** Forgets those that have ended. */
  clear(): void {
    this.all.set(this.all.get().filter((call) => call.outcome.at === "running"));
  }

  #trimmed(): Call[] {
    let ended = 0;
    return this.all.get().filter((call) => call.outcome.at === "running" || ++ended < keptCalls);
  }

  #change(id: number, outcome: Outcome, when: "now" | "soon" = "now"): void {
    const next = this.all.get().map((call) => (call.id === id ? { ...call, outcome } : call));
    if (when === "soon") this.all.setSoon(next);
    else this.all.set(next);
  }
}
