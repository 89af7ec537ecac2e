// One server of a group: its client, its state, and its lists as last seen.

import { unlessAborted } from "./call.js";
import { badArgument, cancelled, closed, RemoraError } from "./errors.js";
import type { Code, State } from "./generated/wire.js";
import {
  type Entries,
  type GroupClient,
  isNamed,
  type Kind,
  type KindRow,
  kindRows,
  kinds,
  type Listed,
  noEntries,
} from "./group-lists.js";

/** What a member tells its group, and what it needs of it. */
export interface MemberHooks {
  /** Whether the server is at the other end of a channel, and not at a URL of HTTP. */
  readonly isChannel: boolean;
  /** Opens a client. */
  open(signal: AbortSignal): Promise<GroupClient>;
  /** The name in the group of what the server calls id. Throws what the application's rule throws. */
  nameOf(id: string): string;
  /** There is a client now. */
  opened(client: GroupClient): void;
  /** The state changed. */
  stateChanged(member: Member): void;
  /** Lists of these kinds were fetched. */
  listed(member: Member, kinds: readonly Kind[]): void;
}

/** How a member is connected: the states of a client. */
export type MemberState = State["state"];

/** One server of a group. */
export class Member {
  readonly name: string;
  state: MemberState = "connecting";
  /** Why the state is what it is, or why the lists are not fresh. */
  error: RemoraError | undefined;
  client: GroupClient | undefined;
  /** What the server listed last. */
  entries: Entries = noEntries;
  readonly #hooks: MemberHooks;
  readonly #stale = new Set<Kind>();
  readonly #gone = new AbortController();
  #opening: Promise<GroupClient> | undefined;
  #refreshing: Promise<void> | undefined;
  #retrying: Promise<void> | undefined;

  constructor(name: string, hooks: MemberHooks) {
    this.name = name;
    this.#hooks = hooks;
  }

  /** Whether what it lists is part of the group's lists: not while it is lost. */
  get counts(): boolean {
    return this.state === "ready" || this.state === "reconnecting";
  }

  /** Connects and lists, if that is not done. Rejects with a RemoraError; the signal ends the wait only. */
  async open(signal?: AbortSignal): Promise<GroupClient> {
    if (this.client !== undefined) return this.client;
    if (this.#gone.signal.aborted) throw closed();
    if (signal?.aborted === true) throw cancelled(signal, "no");
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return unlessAborted(this.#opening, signal);
  }

  async #open(): Promise<GroupClient> {
    let client: GroupClient | undefined;
    try {
      client = await this.#hooks.open(this.#gone.signal);
      const can = client.capabilities ?? {};
      const offered = kinds.filter((kind) => can[kindRows[kind].capability] !== undefined);
      const entries: Entries = { ...this.entries };
      for (const kind of offered) await this.#fetch(client, kind, entries);
      if (this.#gone.signal.aborted) throw closed();
      this.entries = entries;
      this.#follow(client, can);
      this.client = client;
      this.error = undefined;
      this.#hooks.opened(client);
      this.#enter("ready");
      this.#hooks.listed(this, offered);
      return client;
    } catch (error) {
      await client?.close();
      if (this.#gone.signal.aborted) throw closed();
      this.error = asRemoraError(error);
      this.#enter("lost");
      throw this.error;
    }
  }

  // Listens to what the client says of itself and of its lists. That ends with the client.
  #follow(client: GroupClient, can: Readonly<Record<string, unknown>>): void {
    client.on("state", ({ state, reason }) => {
      if (this.client !== client) return;
      if (state === "ready") this.#up();
      else if (state === "closed") {
        this.client = undefined;
        this.#down(new RemoraError("local/closed", "the client was closed", { retryable: false }));
      } else if (state === "lost") this.#connectionLost(reason);
      // One that is lost stays so until it is there: what it had is not listed meanwhile.
      else if (state === "reconnecting" && this.state !== "lost") this.#enter("reconnecting");
    });
    for (const event of new Set(kinds.map((kind) => kindRows[kind].event))) {
      const of = kinds.filter((kind) => kindRows[kind].event === event);
      if (!of.some((kind) => saysChanges(can[kindRows[kind].capability]))) continue;
      client.on(event, () => {
        for (const kind of of) this.#stale.add(kind);
        this.#refreshQuietly();
      });
    }
  }

  /** Makes a request. What becomes of it says whether the server is there. */
  async use<T>(request: (client: GroupClient) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const client = await this.open(signal);
    try {
      const result = await request(client);
      this.#up();
      return result;
    } catch (error) {
      this.#judge(error);
      throw error;
    }
  }

  /** Resolves when the lists are as fresh as can be had; never rejects. */
  async fresh(): Promise<void> {
    if (this.client !== undefined && this.#stale.size > 0) await this.#refresh().catch(() => {});
  }

  /** Tries to reach the server. Rejects if that fails. Several at once are one. */
  retry(): Promise<void> {
    this.#retrying ??= this.#retry().finally(() => {
      this.#retrying = undefined;
    });
    return this.#retrying;
  }

  async #retry(): Promise<void> {
    if (this.client === undefined) {
      await this.open();
      return;
    }
    try {
      await this.use((client) => client.ping());
    } catch (error) {
      // An answer, whatever it says, shows that the server is there.
      if (isDown(error) || (error as RemoraError).sent !== "yes") throw error;
    }
    await this.#refresh();
  }

  /** Ends it: calls in flight are rejected with local/closed. Never rejects. */
  async close(): Promise<void> {
    this.#gone.abort();
    const client = this.client;
    this.client = undefined;
    this.#enter("closed");
    await Promise.all([client?.close(), this.#opening?.catch(() => {})]);
  }

  #judge(error: unknown): void {
    if (isDown(error)) this.#down(error);
    else if (error instanceof RemoraError && error.sent === "yes") this.#up();
  }

  // What a request says of that, the end of a program's stderr for instance, says more.
  #connectionLost(reason = "the connection was lost"): void {
    if (this.state === "lost" && this.error !== undefined) return;
    this.#down(new RemoraError(this.#hooks.isChannel ? "channel/closed" : "http/session_gone", reason));
  }

  #down(error: RemoraError): void {
    this.error = error;
    this.#enter("lost");
  }

  // The server is there. If it was not, it may be another than before.
  #up(): void {
    if (this.state !== "lost" && this.state !== "reconnecting") return;
    const can = this.client?.capabilities ?? {};
    for (const kind of kinds) if (can[kindRows[kind].capability] !== undefined) this.#stale.add(kind);
    this.error = undefined;
    this.#enter("ready");
    this.#refreshQuietly();
  }

  #enter(state: MemberState): void {
    if (this.state === state || this.state === "closed") return;
    this.state = state;
    this.#hooks.stateChanged(this);
  }

  #refreshQuietly(): void {
    this.#refresh().catch(() => {}); // kept in error
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#fetchStale().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #fetchStale(): Promise<void> {
    while (this.#stale.size > 0) {
      const client = this.client;
      if (client === undefined) return;
      const wanted = [...this.#stale];
      this.#stale.clear();
      const entries: Entries = { ...this.entries };
      try {
        for (const kind of wanted) await this.#fetch(client, kind, entries);
      } catch (error) {
        for (const kind of wanted) this.#stale.add(kind);
        this.error = asRemoraError(error);
        this.#judge(error);
        throw error;
      }
      if (this.client !== client) return;
      this.entries = entries;
      this.#hooks.listed(this, wanted);
    }
  }

  async #fetch<K extends Kind>(client: GroupClient, kind: K, into: Entries): Promise<void> {
    const row = kindRows[kind] as KindRow<Listed[K]>;
    const entries: { name: string; server: string; item: Listed[K] }[] = [];
    for await (const item of row.list(client)) {
      const id = row.id(item);
      entries.push({ name: isNamed(kind) ? this.#nameOf(id) : id, server: this.name, item });
    }
    into[kind] = entries as unknown as Entries[K];
  }

  #nameOf(id: string): string {
    let name: unknown;
    try {
      name = this.#hooks.nameOf(id);
    } catch (cause) {
      throw new RemoraError("local/bad_argument", "the naming rule failed", { retryable: false, cause });
    }
    if (typeof name !== "string" || name === "")
      throw badArgument("the naming rule must give a text that is not empty");
    return name;
  }
}

function saysChanges(capability: unknown): boolean {
  return (
    typeof capability === "object" &&
    capability !== null &&
    "listChanged" in capability &&
    capability.listChanged === true
  );
}

const downCodes: ReadonlySet<string> = new Set<Code>([
  "http/network",
  "http/cors",
  "http/session_gone",
  "channel/closed",
]);

// Whether an error says that the server cannot be reached, rather than what it
// makes of a request.
function isDown(error: unknown): error is RemoraError {
  if (!(error instanceof RemoraError)) return false;
  const { code, status } = error;
  return downCodes.has(code) || (code === "http/status" && (status === 502 || status === 503 || status === 504));
}

function asRemoraError(error: unknown): RemoraError {
  if (error instanceof RemoraError) return error;
  return new RemoraError("http/not_mcp", "the server's list cannot be read", { sent: "yes", cause: error });
}
