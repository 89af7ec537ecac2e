// The resources of a session: what there is to read, what was read, and which
// ones the server tells of when they change.

import type { Client, Resource, ResourceTemplate } from "remora-mcp";
import { announce } from "../announce.js";
import { Answers } from "../answers.js";
import { capability } from "../capability.js";
import { Cell } from "../cell.js";
import { Listing } from "../listing.js";

/** A subscription to one resource. */
export interface Watch {
  readonly at: "beginning" | "on" | "ending" | "failed";
  readonly error?: unknown;
  /** How often the server said that it changed. */
  readonly updates: number;
  readonly last?: Date;
}

/** What a session has to do with resources. */
export class Resources {
  readonly list = new Listing<Resource>("uri");
  readonly templates = new Listing<ResourceTemplate>("uriTemplate", true);
  /** What was read, by URI. */
  readonly readings = new Answers();
  /** The subscriptions, by URI. */
  readonly watches = new Cell<ReadonlyMap<string, Watch>>(new Map());
  /** Whether the server does subscriptions. */
  readonly watchable = new Cell(false);
  #client: Client | undefined;
  // Those that changed while they were read.
  readonly #stale = new Set<string>();

  /** Begins with a server: lists what it has, and again whenever that changes. */
  async begin(client: Client): Promise<void> {
    const offered = capability(client, "resources");
    if (offered === undefined) return;
    this.#client = client;
    this.watchable.set(offered["subscribe"] === true);
    if (offered["listChanged"] === true) {
      client.on("resourcesChanged", () => {
        if (this.#client !== client) return;
        void this.list.load();
        void this.templates.load();
      });
    }
    client.on("resourceUpdated", ({ uri }) => {
      if (this.#client === client) this.#updated(uri);
    });
    await Promise.all([
      this.list.begin(() => client.resources()),
      this.templates.begin(() => client.resourceTemplates()),
    ]);
  }

  /** Forgets the server. */
  end(): void {
    this.#client = undefined;
    this.list.end();
    this.templates.end();
    this.readings.end();
    this.#stale.clear();
    this.watches.set(new Map());
  }

  /** Reads a resource, from the server in any case. */
  read(uri: string): void {
    void this.#read(uri, uri);
  }

  /** Subscribes to a resource, and reads it again whenever it changes. */
  async subscribe(uri: string): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    this.#watch(uri, { at: "beginning", updates: 0 });
    try {
      await client.subscribeResource({ uri });
      if (this.#client !== client) return;
      const { updates, last } = this.watches.get().get(uri) ?? { updates: 0 };
      this.#watch(uri, { at: "on", updates, ...(last && { last }) });
      announce(`Subscribed to ${uri}`);
      void this.#read(uri);
    } catch (error) {
      if (this.#client === client) this.#watch(uri, { at: "failed", error, updates: 0 });
    }
  }

  /** Ends a subscription. */
  async unsubscribe(uri: string): Promise<void> {
    const client = this.#client;
    const watch = this.watches.get().get(uri);
    if (client === undefined || watch === undefined) return;
    this.#watch(uri, { ...watch, at: "ending" });
    try {
      await client.unsubscribeResource({ uri });
      if (this.#client === client) this.#watch(uri, undefined);
      announce(`No longer subscribed to ${uri}`);
    } catch (error) {
      if (this.#client === client) this.#watch(uri, { at: "failed", error, updates: 0 });
    }
  }

  // The URI may be that of a part of what was subscribed to.
  #updated(uri: string): void {
    for (const [watched, watch] of this.watches.get()) {
      if (watch.at === "failed" || watch.at === "ending") continue;
      if (uri !== watched && !uri.startsWith(watched.replace(/\/?$/, "/"))) continue;
      this.#watch(watched, { ...watch, updates: watch.updates + 1, last: new Date() });
      void this.#read(watched);
    }
  }

  // Without what, nobody asked for it: then one at a time is enough.
  async #read(uri: string, what?: string): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    if (what === undefined && this.readings.all.get().get(uri)?.cancel !== undefined) {
      this.#stale.add(uri);
      return;
    }
    this.#stale.delete(uri);
    await this.readings.ask(uri, (signal) => client.readResourceRaw({ uri }, { signal, cacheMode: "refresh" }), what);
    if (this.#client === client && this.#stale.has(uri)) await this.#read(uri);
  }

  #watch(uri: string, watch: Watch | undefined): void {
    const all = new Map(this.watches.get());
    if (watch === undefined) all.delete(uri);
    else all.set(uri, watch);
    this.watches.set(all);
  }
}
