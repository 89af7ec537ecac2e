// What a group aggregates: one row for each kind of thing that a server lists.

import type { Client } from "./client.js";
import type { EventName } from "./events.js";
import type { Tool } from "./tools.js";

/** What a group needs of a client: its public interface. */
export type GroupClient = Pick<Client, keyof Client>;

/** What servers list, by kind. */
export interface Listed {
  tools: Tool;
}

/** A kind of thing that servers list. */
export type Kind = keyof Listed;

/** How one kind is listed and named. */
export interface KindRow<Item> {
  /** The capability of a server that lists it. */
  readonly capability: string;
  /** The event that says that a list of it changed. */
  readonly event: EventName;
  /** Whether the naming rule names it; otherwise its id is its name. */
  readonly named: boolean;
  list(client: GroupClient): AsyncIterable<Item>;
  /** What its server calls it by. */
  id(item: Item): string;
}

/** Every kind. */
export const kindRows: { readonly [K in Kind]: KindRow<Listed[K]> } = {
  tools: {
    capability: "tools",
    event: "toolsChanged",
    named: true,
    list: (client) => client.tools(),
    id: ({ name }) => name,
  },
};

/** The names of the kinds. */
export const kinds = Object.keys(kindRows) as readonly Kind[];

/** One thing of a server, with its name in the group. */
export interface Entry<K extends Kind = Kind> {
  readonly name: string;
  readonly server: string;
  readonly item: Listed[K];
}

/** What one server listed. */
export type Entries = { [K in Kind]: readonly Entry<K>[] };

/** Two things of one name. The holder has it; the other cannot be reached by name. */
export interface GroupCollision {
  /** What has the name: "tools", say. */
  readonly kind: Kind;
  /** The name in the group. */
  readonly name: string;
  /** The server whose thing is left out. */
  readonly server: string;
  /** The server whose thing has the name. */
  readonly holder: string;
}

/** Which name leads where. Entries are in the order of the servers, and of their lists. */
export interface Routes {
  readonly byKind: { readonly [K in Kind]: ReadonlyMap<string, Entry<K>> };
  readonly collisions: readonly GroupCollision[];
}

/** The routes of no servers. */
export const noRoutes: Routes = { byKind: { tools: new Map() }, collisions: [] };

/**
 * Finds out which name leads where. Who had a name before keeps it; otherwise
 * who comes first has it.
 */
export function route(lists: Iterable<Entries>, before: Routes): Routes {
  const collisions: GroupCollision[] = [];
  const all = [...lists];
  const ofKind = <K extends Kind>(kind: K): ReadonlyMap<string, Entry<K>> => {
    const had = before.byKind[kind] as ReadonlyMap<string, Entry<K>>;
    const entries = all.flatMap((list) => list[kind] as readonly Entry<K>[]);
    const kept = new Map<string, Entry<K>>();
    for (const entry of entries) {
      if (had.get(entry.name)?.server === entry.server && !kept.has(entry.name)) kept.set(entry.name, entry);
    }
    const routes = new Map<string, Entry<K>>();
    for (const entry of entries) {
      const holder = kept.get(entry.name) ?? routes.get(entry.name);
      if (holder === undefined || holder === entry) routes.set(entry.name, entry);
      else collisions.push({ kind, name: entry.name, server: entry.server, holder: holder.server });
    }
    return routes;
  };
  return { byKind: { tools: ofKind("tools") }, collisions };
}
