// The trace of the session, or of a file that was opened.

import type { Client } from "remora-mcp";
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

/** Collects the trace of a client. */
export class TraceLog {
  readonly live = new Cell<Trace>(empty);
  /** A trace from a file, shown instead of the live one. */
  readonly opened = new Cell<(Trace & { name: string }) | undefined>(undefined);

  /** Adds what the client does from now on. */
  follow(client: Client): void {
    // As text: the event's data is JSON of a known form, whatever this package's types say of it.
    const on = client.on.bind(client) as (event: string, listener: (data: unknown) => void) => () => void;
    try {
      on("trace", (event) => this.#add(event as TraceEvent));
    } catch {
      // This build of the package has no trace.
    }
  }

  clear(): void {
    this.live.set(empty);
  }

  #add(event: TraceEvent): void {
    const { events, forgotten } = this.live.get();
    const over = events.length >= keptEvents ? 1 : 0;
    this.live.setSoon({ events: [...events.slice(over), event], forgotten: forgotten + over });
  }
}
