// What a group aggregates: one row for each kind of thing that a server lists.

import type { Client } from "./client.js";
import type { EventName } from "./events.js";
import type { Prompt } from "./prompts.js";
import type { Resource, ResourceTemplate } from "./resources.js";
import type { Tool } from "./tools.js";

/** What a group needs of a client: its public interface. */
export type GroupClient = Pick<Client, keyof Client>;

/** What servers list, by kind. */
export interface Listed {
  tools: Tool;
  prompts: Prompt;
  resources: Resource;
  resourceTemplates: ResourceTemplate;
}

/** A kind of thing that servers list. */
export type Kind = keyof Listed;

/** The kinds that the naming rule names. The others have URIs, which stay as they are. */
export type NamedKind = "tools" | "prompts";

/** How one kind is listed. */
export interface KindRow<Item> {
  /** The capability of a server that lists it. */
  readonly capability: string;
  /** The event that says that a list of it changed. */
  readonly event: EventName;
  /** Every one, as the server has them now. */
  list(client: GroupClient): AsyncIterable<Item>;
  /** What its server calls it by. */
  id(item: Item): string;
}

const now = { cacheMode: "refresh" } as const;

/** Every kind. */
export const kindRows: { readonly [K in Kind]: KindRow<Listed[K]> } = {
  tools: {
    capability: "tools",
    event: "toolsChanged",
    list: (client) => client.tools(now),
    id: ({ name }) => name,
  },
  prompts: {
    capability: "prompts",
    event: "promptsChanged",
    list: (client) => client.prompts(now),
    id: ({ name }) => name,
  },
  resources: {
    capability: "resources",
    event: "resourcesChanged",
    list: (client) => client.resources(now),
    id: ({ uri }) => uri,
  },
  resourceTemplates: {
    capability: "resources",
    event: "resourcesChanged",
    list: (client) => client.resourceTemplates(now),
    id: ({ uriTemplate }) => uriTemplate,
  },
};

/** The names of the kinds. */
export const kinds = Object.keys(kindRows) as readonly Kind[];

/** Whether the naming rule names things of a kind. */
export function isNamed(kind: Kind): kind is NamedKind {
  return kind === "tools" || kind === "prompts";
}

/** The lists of a server that has nothing. */
export const noEntries: Entries = { tools: [], prompts: [], resources: [], resourceTemplates: [] };

/** One thing of a server, with its name in the group: a URI as it is. */
export interface Entry<K extends Kind = Kind> {
  readonly name: string;
  readonly server: string;
  readonly item: Listed[K];
}

/** What one server listed. */
export type Entries = { [K in Kind]: readonly Entry<K>[] };

/** Two things of one name. The holder has it; the other cannot be reached by name. */
export interface GroupCollision {
  /** What has the name: tools or prompts. */
  readonly kind: NamedKind;
  /** The name in the group. */
  readonly name: string;
  /** The server whose thing is left out. */
  readonly server: string;
  /** The server whose thing has the name. */
  readonly holder: string;
}

/** Which name leads where. Entries are in the order of the servers, and of their lists. */
export interface Routes {
  readonly byKind: { readonly [K in NamedKind]: ReadonlyMap<string, Entry<K>> };
  readonly collisions: readonly GroupCollision[];
}

/** The routes of no servers. */
export const noRoutes: Routes = { byKind: { tools: new Map(), prompts: new Map() }, collisions: [] };

/**
 * Finds out which name leads where. Who had a name before keeps it; otherwise
 * who comes first has it.
 */
export function route(lists: Iterable<Entries>, before: Routes): Routes {
  const collisions: GroupCollision[] = [];
  const all = [...lists];
  const ofKind = <K extends NamedKind>(kind: K): ReadonlyMap<string, Entry<K>> => {
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
  return { byKind: { tools: ofKind("tools"), prompts: ofKind("prompts") }, collisions };
}

/** Of resource templates, those that a URI can come from, as far as their beginnings say. */
export function templatesOf(
  uri: string,
  templates: readonly Entry<"resourceTemplates">[],
): Entry<"resourceTemplates">[] {
  return templates.filter(({ item: { uriTemplate } }) => {
    const [start = ""] = uriTemplate.split("{", 1);
    return start !== "" && uri.startsWith(start);
  });
}
