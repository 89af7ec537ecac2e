// A group: several servers as one, with names that tell them apart.

import type { AskContext, Handlers } from "./asks.js";
import { unlessAborted } from "./call.js";
import { channelPort, type Server } from "./channel.js";
import { badArgument, cancelled, closed, type RemoraError } from "./errors.js";
import { callBack, type EventName } from "./events.js";
import { tellNames } from "./generated/wire.js";
import {
  type Entry,
  type GroupClient,
  type GroupCollision,
  isNamed,
  type Kind,
  kindRows,
  kinds,
  type NamedKind,
  noRoutes,
  type Routes,
  route,
  templatesOf,
} from "./group-lists.js";
import { Member } from "./group-member.js";
import { prefixedName } from "./group-names.js";
import type {
  AddOptions,
  GroupEventName,
  GroupEvents,
  GroupHandlers,
  GroupOptions,
  GroupPrompt,
  GroupReadOptions,
  GroupResource,
  GroupResourceTemplate,
  GroupServer,
  GroupTool,
} from "./group-types.js";
import type { ConnectOptions, RequestOptions } from "./options.js";
import type { GetPromptParams, GetPromptResult } from "./prompts.js";
import type { ReadResourceParams, ReadResourceResult } from "./resources.js";
import { memoryStore } from "./store.js";
import type { CallToolParams, CallToolResult } from "./tools.js";

const ownEvents: ReadonlySet<string> = new Set<string>(["state", ...kinds.map((kind) => kindRows[kind].event)]);
const eventNames: readonly string[] = [...tellNames, "collision"];

const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for("Symbol.asyncDispose") as typeof Symbol.asyncDispose);

interface Listener {
  call(data: never): void;
}

/** Opens a client: connect of some entry of the package. */
export type OpenClient = (server: Server, options: ConnectOptions) => Promise<GroupClient>;

/**
 * Several servers as one. createGroup makes one; whoever has it closes it.
 *
 * Servers are added and removed while it is in use. A server that cannot be
 * reached leaves the others as they are: what it has is not listed until it is
 * there again. It is tried again by reconnect, by each call of what it had, and
 * in the background whenever the group is listed.
 *
 * Every method may be called while others are under way. Each rejects with a
 * RemoraError, and with nothing else.
 */
export class Group {
  readonly #openClient: OpenClient;
  readonly #options: GroupOptions;
  readonly #members = new Map<string, Member>();
  readonly #listeners = new Map<string, Set<Listener>>();
  // What ends the forwarding of an event, by client and event.
  readonly #forwarded = new Map<string, Map<GroupClient, () => void>>();
  #routes: Routes = noRoutes;
  #closing: Promise<void> | undefined;

  /** @internal createGroup's work. */
  constructor(open: OpenClient, options: GroupOptions) {
    if (typeof options !== "object" || options === null) throw badArgument("the options must be an object");
    if (options.naming !== undefined && typeof options.naming !== "function") {
      throw badArgument("naming must be a function");
    }
    this.#openClient = open;
    this.#options = options;
  }

  /**
   * Adds a server under a name, which is also the prefix of its names. Resolves
   * when it is connected and listed. Rejects with what connect rejects with, or
   * with local/bad_argument if the name, or a name of what it has, is taken; the
   * group is then as before. See AddOptions.allowDown.
   *
   * A server may be a channel, as for connect. A program is started again, and a
   * function called again, when the server is tried again after its end; a
   * channel that was given as an object stays lost.
   */
  async add(name: string, server: Server, options: AddOptions = {}): Promise<GroupServer> {
    if (this.#closing !== undefined) throw closed();
    if (typeof name !== "string" || name === "") throw badArgument("a server's name must be a text that is not empty");
    if (typeof options !== "object" || options === null) throw badArgument("the options must be an object");
    if (this.#members.has(name)) throw badArgument("the group has a server of that name");
    const { signal, allowDown, prefix, handlers, ...connect } = options;
    const { naming, handlers: shared, ...defaults } = this.#options;
    const before = prefix ?? name;
    if (typeof before !== "string") throw badArgument("prefix must be a text");
    const settings: ConnectOptions = {
      ...defaults,
      ...connect,
      // Kept over the attempts to connect.
      ...(connect.auth === undefined ? {} : { auth: { store: memoryStore(), ...connect.auth } }),
      handlers: namedHandlers({ ...usable(shared, connect), ...handlers }, name),
    };
    const target = usedOnce(server);
    let adding = allowDown !== true;
    const member: Member = new Member(name, {
      isChannel: isChannel(server),
      open: (gone) => this.#openClient(target, { ...settings, signal: gone }),
      nameOf: (id) => (naming === undefined ? prefixedName(before, id) : naming(id, name)),
      opened: (client) => this.#forward(client, member),
      stateChanged: () => this.#stateChanged(member),
      listed: (_, of) => !adding && this.#listed(member, of),
    });
    this.#members.set(name, member);
    try {
      await member.open(signal);
      if (adding) {
        adding = false;
        this.#refuseCollisions(member);
        this.#listed(member, kinds);
      }
    } catch (error) {
      const kept =
        allowDown === true && member.state !== "closed" && !/^local\/(?!timeout)/.test((error as RemoraError).code);
      if (!kept) {
        this.#members.delete(name);
        this.#reroute();
        await member.close();
        throw error;
      }
    }
    return this.#describe(member);
  }

  /** Removes a server and closes its client. Rejects with local/bad_argument if there is none of that name. */
  async remove(name: string): Promise<void> {
    const member = this.#member(name);
    this.#members.delete(name);
    const had = kinds.filter((kind) => member.entries[kind].length > 0);
    this.#reroute();
    await member.close();
    this.#tellListsChanged(member.name, had);
  }

  /**
   * Tries now to reach a server that is lost, and to list it. Rejects with what
   * keeps it from being there. On one that is ready it makes sure of that.
   */
  async reconnect(name: string, options: Pick<RequestOptions, "signal"> = {}): Promise<GroupServer> {
    const member = this.#member(name);
    const { signal } = options;
    if (signal?.aborted === true) throw cancelled(signal, "no");
    await unlessAborted(member.retry(), signal);
    return this.#describe(member);
  }

  /** The servers, in the order in which they were added. */
  servers(): GroupServer[] {
    return [...this.#members.values()].map((member) => this.#describe(member));
  }

  /** One server; undefined if there is none of that name. */
  server(name: string): GroupServer | undefined {
    const member = this.#members.get(name);
    return member === undefined ? undefined : this.#describe(member);
  }

  /** Every tool of every server that is there. It does not wait for servers that are lost. */
  async listTools(options: Pick<RequestOptions, "signal"> = {}): Promise<GroupTool[]> {
    return (await this.#list("tools", options)).map(({ name, server, item }) => ({ name, server, tool: item }));
  }

  /** Calls a tool by its name in the group. The tool's own failure is a result with isError. */
  async callTool(params: CallToolParams, options: RequestOptions = {}): Promise<CallToolResult> {
    return JSON.parse(await this.callToolRaw(params, options)) as CallToolResult;
  }

  /** callTool, giving the result's JSON byte for byte as the server sent it. */
  async callToolRaw(params: CallToolParams, options: RequestOptions = {}): Promise<string> {
    if (typeof params !== "object" || params === null) throw badArgument("the parameters must be an object");
    const { member, entry } = await this.#find("tools", params.name, options);
    const own = { ...params, name: kindRows.tools.id(entry.item) };
    return member.use((client) => client.callToolRaw(own, options), options?.signal);
  }

  /** Every prompt of every server that is there. It does not wait for servers that are lost. */
  async listPrompts(options: Pick<RequestOptions, "signal"> = {}): Promise<GroupPrompt[]> {
    return (await this.#list("prompts", options)).map(({ name, server, item }) => ({ name, server, prompt: item }));
  }

  /** Has the server that it belongs to write a prompt, by its name in the group. */
  async getPrompt(params: GetPromptParams, options: RequestOptions = {}): Promise<GetPromptResult> {
    if (typeof params !== "object" || params === null) throw badArgument("the parameters must be an object");
    const { member, entry } = await this.#find("prompts", params.name, options);
    const own = { ...params, name: kindRows.prompts.id(entry.item) };
    return member.use((client) => client.getPrompt(own, options), options?.signal);
  }

  /** Every resource of every server that is there. Several servers may have one of the same URI. */
  async listResources(options: Pick<RequestOptions, "signal"> = {}): Promise<GroupResource[]> {
    return (await this.#list("resources", options)).map(({ server, item }) => ({ server, resource: item }));
  }

  /** Every resource template of every server that is there. */
  async listResourceTemplates(options: Pick<RequestOptions, "signal"> = {}): Promise<GroupResourceTemplate[]> {
    const entries = await this.#list("resourceTemplates", options);
    return entries.map(({ server, item }) => ({ server, resourceTemplate: item }));
  }

  /**
   * Reads a resource from the server that lists its URI, or a template that the
   * URI can come from; from options.server, if that is given. Rejects with
   * local/bad_argument if no server does, or several do.
   */
  async readResource(params: ReadResourceParams, options: GroupReadOptions = {}): Promise<ReadResourceResult> {
    if (typeof params !== "object" || params === null) throw badArgument("the parameters must be an object");
    const { server, ...rest } = options ?? {};
    const member = server === undefined ? await this.#holder(params.uri, rest) : this.#member(server);
    return member.use((client) => client.readResource(params, rest), rest.signal);
  }

  /**
   * Listens to an event of all servers, those that are added later included;
   * the function that this returns ends it. Throws local/bad_argument.
   */
  on<E extends GroupEventName>(event: E, listener: (data: GroupEvents[E]) => void): () => void {
    if (!eventNames.includes(event)) throw badArgument(`there is no such event; there are ${eventNames.join(", ")}`);
    if (typeof listener !== "function") throw badArgument("the listener must be a function");
    const listeners = this.#listeners.get(event) ?? new Set<Listener>();
    this.#listeners.set(event, listeners);
    const added: Listener = { call: listener };
    listeners.add(added);
    if (event !== "collision" && !ownEvents.has(event)) this.#forwardAll(event);
    return () => {
      if (!listeners.delete(added) || listeners.size > 0) return;
      for (const off of this.#forwarded.get(event)?.values() ?? []) off();
      this.#forwarded.delete(event);
    };
  }

  /** Closes every client. Resolves when that is done, or cannot be; never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** close, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const members = [...this.#members.values()];
    this.#members.clear();
    this.#routes = noRoutes;
    await Promise.all(members.map((member) => member.close()));
    this.#listeners.clear();
    this.#forwarded.clear();
  }

  #member(name: string): Member {
    if (this.#closing !== undefined) throw closed();
    const member = this.#members.get(name);
    if (member === undefined) throw badArgument("the group has no server of that name");
    return member;
  }

  #describe(member: Member): GroupServer {
    const { name, state, error, client } = member;
    return {
      name,
      state,
      ...(error === undefined ? {} : { error }),
      collisions: this.#routes.collisions.filter(({ server }) => server === name),
      ...(client === undefined ? {} : { client }),
    };
  }

  async #list<K extends Kind>(kind: K, options: Pick<RequestOptions, "signal">): Promise<Entry<K>[]> {
    await this.#fresh(options?.signal);
    if (this.#closing !== undefined) throw closed();
    const entries = isNamed(kind)
      ? [...this.#routes.byKind[kind].values()]
      : [...this.#members.values()].flatMap((member) => member.entries[kind]);
    return entries.filter(({ server }) => this.#members.get(server)?.counts === true) as Entry<K>[];
  }

  async #fresh(signal: AbortSignal | undefined): Promise<void> {
    if (this.#closing !== undefined) throw closed();
    if (signal?.aborted === true) throw cancelled(signal, "no");
    const members = [...this.#members.values()];
    for (const member of members) if (member.state === "lost") member.retry().catch(() => {});
    const counting = members.filter(({ counts }) => counts);
    await unlessAborted(
      Promise.all(counting.map((member) => member.fresh())).then(() => {}),
      signal,
    );
  }

  // The server to read a URI from.
  async #holder(uri: string, options: Pick<RequestOptions, "signal">): Promise<Member> {
    if (typeof uri !== "string") throw badArgument("the URI must be a text");
    const listed = (await this.#list("resources", options)).filter(({ item }) => item.uri === uri);
    const found = listed.length > 0 ? listed : templatesOf(uri, await this.#list("resourceTemplates", options));
    const servers = [...new Set(found.map(({ server }) => server))];
    const [server] = servers;
    if (server === undefined) {
      throw badArgument("no server that can be reached lists that resource: options.server says which to ask");
    }
    if (servers.length > 1) {
      const all = servers.join(", ").slice(0, 200);
      throw badArgument(`several servers have that resource (${all}): options.server says which to ask`);
    }
    return this.#member(server);
  }

  async #find<K extends NamedKind>(
    kind: K,
    name: string,
    options: Pick<RequestOptions, "signal">,
  ): Promise<{ member: Member; entry: Entry<K> }> {
    if (this.#closing !== undefined) throw closed();
    const look = () => (this.#routes.byKind[kind] as ReadonlyMap<string, Entry<K>>).get(name);
    let entry = look();
    if (entry === undefined) {
      await this.#fresh(options?.signal);
      entry = look();
    }
    const member = entry === undefined ? undefined : this.#members.get(entry.server);
    if (entry === undefined || member === undefined) {
      const lost = [...this.#members.values()].filter(({ counts }) => !counts).length;
      const perhaps = lost === 0 ? "" : ` that can be reached (${lost} cannot)`;
      throw badArgument(`no server of the group${perhaps} has that name among its ${kind}`);
    }
    return { member, entry };
  }

  // A server that is being added is not yet among the routes.
  #refuseCollisions(member: Member): void {
    const { collisions } = this.#routesNow();
    const own = collisions.filter(({ server }) => server === member.name);
    const [first] = own;
    if (first === undefined) return;
    const more = own.length === 1 ? "" : `, and ${own.length - 1} more`;
    throw badArgument(
      `names of the server are taken: ${first.name.slice(0, 80)} of the server ${first.holder.slice(0, 80)}${more}`,
    );
  }

  #routesNow(): Routes {
    return route(
      [...this.#members.values()].map(({ entries }) => entries),
      this.#routes,
    );
  }

  #reroute(): void {
    const before = new Set(this.#routes.collisions.map(keyOf));
    this.#routes = this.#routesNow();
    for (const collision of this.#routes.collisions) {
      if (!before.has(keyOf(collision))) this.#tell("collision", collision);
    }
  }

  #listed(member: Member, of: readonly Kind[]): void {
    if (this.#members.get(member.name) !== member) return;
    this.#reroute();
    this.#tellListsChanged(member.name, of);
  }

  #stateChanged(member: Member): void {
    const { name: server, state, error } = member;
    const reason = error?.message;
    this.#tell("state", { state, server, ...(reason === undefined ? {} : { reason }) });
    if (state !== "lost" || this.#members.get(server) !== member) return;
    this.#tellListsChanged(
      server,
      kinds.filter((kind) => member.entries[kind].length > 0),
    );
  }

  #tellListsChanged(server: string, of: readonly Kind[]): void {
    for (const event of new Set(of.map((kind) => kindRows[kind].event))) this.#tell(event, { server });
  }

  #tell(event: string, data: object): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) callBack(() => listener.call(data as never));
  }

  #forward(client: GroupClient, member: Member): void {
    for (const event of tellNames) {
      if (!ownEvents.has(event) && (this.#listeners.get(event)?.size ?? 0) > 0) {
        this.#forwardOne(event, client, member);
      }
    }
  }

  #forwardAll(event: EventName): void {
    for (const member of this.#members.values()) {
      if (member.client !== undefined) this.#forwardOne(event, member.client, member);
    }
  }

  #forwardOne(event: EventName, client: GroupClient, member: Member): void {
    const offs = this.#forwarded.get(event) ?? new Map<GroupClient, () => void>();
    this.#forwarded.set(event, offs);
    if (offs.has(client)) return;
    const { name: server } = member;
    offs.set(
      client,
      client.on(event, (data) => this.#tell(event, { ...data, server })),
    );
  }
}

function keyOf({ kind, name, server }: GroupCollision): string {
  return JSON.stringify([kind, name, server]);
}

function isChannel(server: Server): boolean {
  return (typeof server !== "string" && !(server instanceof URL)) || /^\s*wss?:/i.test(String(server));
}

// A channel that is an object is used once, however often the group tries.
function usedOnce(server: Server): Server {
  if (typeof server !== "object" || server instanceof URL) return server;
  return { channelPort: channelPort(server) };
}

// A server without auth has no use for a login, which would be an error of connect's.
function usable(shared: GroupHandlers | undefined, { auth }: ConnectOptions): GroupHandlers | undefined {
  return auth === undefined ? { ...shared, authorize: undefined } : shared;
}

// connect's handlers, which tell the application's who asks.
function namedHandlers(handlers: GroupHandlers, server: string): Handlers {
  const named = Object.entries(handlers).map(([kind, handler]) => [
    kind,
    typeof handler !== "function"
      ? handler
      : (params: never, context: AskContext) => handler(params, { ...context, server }),
  ]);
  return Object.fromEntries(named) as Handlers;
}
