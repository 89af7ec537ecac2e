// The trace of the session, or of a file that was opened.

import { Cell } from "../cell.js";
import type { TraceEvent } from "./event.js";

// The oldest go first.
const keptEvents = 5000;

/** What is to be shown. */
export interface Trace {
  readonly events: readonly TraceEvent[];
  /** How many older ones were let go. */
  readonly forgotten: number;
}

const empty: Trace = { events: [], forgotten: 0 };

/** Collects a trace. */
export class TraceLog {
  readonly live = new Cell<Trace>(empty);
  /** A trace from a file, shown instead of the live one. */
  readonly opened = new Cell<(Trace & { name: string }) | undefined>(undefined);

  #session = 0;

  /** Begins anew. What this returns adds an event, until the next beginning. */
  begin(): (event: TraceEvent) => void {
    this.#session++;
    const session = this.#session;
    this.clear();
    return (event) => {
      if (session !== this.#session) return;
      const { events, forgotten } = this.live.get();
      const over = events.length >= keptEvents ? 1 : 0;
      this.live.setSoon({ events: [...events.slice(over), event], forgotten: forgotten + over });
    };
  }

  /** Forgets what there is. */
  clear(): void {
    this.live.set(empty);
  }
}
