// What a group is given, and what it tells: the types of group.ts.

import type { AskContext, Handlers } from "./asks.js";
import type { RemoraError } from "./errors.js";
import type { EventName, Events } from "./events.js";
import type { GroupClient, GroupCollision } from "./group-lists.js";
import type { MemberState } from "./group-member.js";
import type { NamingRule } from "./group-names.js";
import type { CacheableRequestOptions } from "./lists.js";
import type { ConnectOptions } from "./options.js";
import type { Prompt } from "./prompts.js";
import type { Resource, ResourceTemplate } from "./resources.js";
import type { Tool } from "./tools.js";

/** What a group's handler is told besides the question. */
export interface GroupAskContext extends AskContext {
  /** The name in the group of the server that asks. */
  readonly server: string;
}

/** A group's handlers: those of connect, told which server asks. */
export type GroupHandlers = {
  readonly [K in keyof Handlers]: NonNullable<Handlers[K]> extends (
    params: infer Params,
    context: AskContext,
  ) => infer Answer
    ? ((params: Params, context: GroupAskContext) => Answer) | undefined
    : never;
};

/**
 * Options of createGroup: those of connect that hold for every server, unless
 * add says otherwise. Credentials are given to each server's own add.
 */
export interface GroupOptions
  extends Omit<ConnectOptions, "headers" | "token" | "auth" | "handlers" | "events" | "signal"> {
  /**
   * Names what the servers have. Default: the server's prefix, two underscores
   * and the name, made fit for the APIs of models (prefixedName). What a rule
   * gives is taken as it is.
   */
  naming?: NamingRule | undefined;
  /** Answers to what the servers may ask. */
  handlers?: GroupHandlers | undefined;
}

/** Options of add: those of connect, and how the server is part of the group. */
export interface AddOptions extends Omit<ConnectOptions, "handlers"> {
  /** Answers to what this server may ask, before the group's. */
  handlers?: GroupHandlers | undefined;
  /** What the default naming rule puts before this server's names. Default: its name in the group; "" for nothing. */
  prefix?: string | undefined;
  /**
   * Adds the server even if it cannot be reached now, or if names of it are
   * taken: it is tried again when the group is listed, and names that are taken
   * are left out. Default: add rejects, and the group stays as it was.
   */
  allowDown?: boolean | undefined;
}

/** A server of a group, as it is now. */
export interface GroupServer {
  /** Its name in the group. */
  readonly name: string;
  /** "ready", or why it is not. What a lost server has is not listed. */
  readonly state: MemberState;
  /** Why it is not ready, or its lists are not fresh. */
  readonly error?: RemoraError;
  /** Its names that are left out, because others have them. */
  readonly collisions: readonly GroupCollision[];
  /** Its client, for what concerns this server alone; absent until it was reached. The group closes it. */
  readonly client?: GroupClient;
}

/** A tool of a group. */
export interface GroupTool {
  /** Its name in the group, for callTool. */
  readonly name: string;
  /** The server that has it. */
  readonly server: string;
  /** The tool as the server sent it, with the server's own name for it. */
  readonly tool: Tool;
}

/** A prompt of a group. */
export interface GroupPrompt {
  /** Its name in the group, for getPrompt. */
  readonly name: string;
  /** The server that has it. */
  readonly server: string;
  /** The prompt as the server sent it, with the server's own name for it. */
  readonly prompt: Prompt;
}

/** A resource of a group. */
export interface GroupResource {
  /** The server that has it. */
  readonly server: string;
  readonly resource: Resource;
}

/** A resource template of a group. */
export interface GroupResourceTemplate {
  /** The server that has it. */
  readonly server: string;
  readonly resourceTemplate: ResourceTemplate;
}

/** Options of a group's readResource. */
export interface GroupReadOptions extends CacheableRequestOptions {
  /** The server to read from, by its name in the group. Default: the one that lists the URI, or a template for it. */
  server?: string | undefined;
}

/**
 * The events of a group, by name: those of its clients, with the server's name.
 * toolsChanged and its like say that the group's list changed because of that
 * server, and come when the new list is there.
 */
export type GroupEvents = { [E in EventName]: Events[E] & { readonly server: string } } & {
  /** A name is taken, and what else would have it is left out. */
  collision: GroupCollision;
};

/** The name of a group's event. */
export type GroupEventName = keyof GroupEvents;
