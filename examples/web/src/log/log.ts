// What the server says on the side.

import type { Client, LoggingLevel, Log as Message } from "remora-mcp";
import { capability } from "../capability.js";
import { Cell } from "../cell.js";

/** One message, when it came. */
export interface Entry {
  readonly number: number;
  readonly at: Date;
  readonly message: Message;
}

/** The messages that are kept. */
export interface Messages {
  readonly entries: readonly Entry[];
  /** How many older ones were let go. */
  readonly forgotten: number;
}

/** The level that the server was told. */
export type Chosen = { level: LoggingLevel | undefined; setting: boolean; error?: unknown };

// The oldest go first.
const keptEntries = 1000;
const none: Messages = { entries: [], forgotten: 0 };

/** The log of a session. */
export class Log {
  readonly messages = new Cell<Messages>(none);
  readonly chosen = new Cell<Chosen>({ level: undefined, setting: false });
  #client: Client | undefined;
  #last = 0;

  /** Begins with a server: listens, if it logs. */
  begin(client: Client): void {
    if (capability(client, "logging") === undefined) return;
    this.#client = client;
    client.on("log", (message) => {
      if (this.#client === client) this.#add(message);
    });
  }

  /** Forgets the server. */
  end(): void {
    this.#client = undefined;
    this.chosen.set({ level: undefined, setting: false });
    this.clear();
  }

  /** Says from which level on the server is to log. What comes of it is in chosen. */
  async choose(level: LoggingLevel): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    const before = this.chosen.get().level;
    const asked: Chosen = { level, setting: true };
    this.chosen.set(asked);
    try {
      await client.setLoggingLevel(level);
      if (this.chosen.get() === asked) this.chosen.set({ level, setting: false });
    } catch (error) {
      if (this.chosen.get() === asked) this.chosen.set({ level: before, setting: false, error });
    }
  }

  /** Forgets the messages. */
  clear(): void {
    this.messages.set(none);
  }

  #add(message: Message): void {
    const { entries, forgotten } = this.messages.get();
    const over = entries.length >= keptEntries ? 1 : 0;
    this.#last++;
    const entry = { number: this.#last, at: new Date(), message };
    this.messages.setSoon({ entries: [...entries.slice(over), entry], forgotten: forgotten + over });
  }
}
