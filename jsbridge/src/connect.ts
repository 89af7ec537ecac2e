// connect, and what else needs no client, on whichever platform.

import type { Server } from "./channel.js";
import { Client } from "./client.js";
import { Cores } from "./cores.js";
import { badArgument } from "./errors.js";
import type { SnapshotResult } from "./generated/wire.js";
import { Group } from "./group.js";
import type { GroupOptions } from "./group-types.js";
import { type Logins, loginsOn } from "./login.js";
import type { Modules } from "./modules.js";
import { callOnceOn, type Once, onceOn } from "./once.js";
import { type ConnectOptions, readSettings } from "./options.js";
import type { Platform } from "./platform.js";
import { type RestoreOptions, restoreWith } from "./snapshot.js";

/** Opens a session with an MCP server, or goes on with that of a snapshot. */
export type Connect = (server: Server, options?: ConnectOptions, snapshot?: SnapshotResult) => Promise<Client>;

/** What an entry of the package does. */
export interface Entry extends Once, Logins {
  connect: Connect;
  createGroup(options?: GroupOptions): Group;
  restore(snapshot: SnapshotResult, options: RestoreOptions): Promise<Client>;
}

/** Makes the functions of a platform's entry. Whatever they open shares cores. */
export function entryOn(platform: Platform, modules?: Modules): Entry {
  const cores = new Cores(platform, modules);
  const connect: Connect = async (server, options = {}, snapshot = undefined) => {
    if (typeof options !== "object" || options === null) throw badArgument("the options must be an object");
    const { signal, timeout } = options;
    return Client.open(cores, readSettings(server, options), { signal, timeout }, snapshot);
  };
  const call = callOnceOn(cores);
  return {
    ...onceOn(call),
    ...loginsOn(call),
    connect,
    createGroup: (options = {}) => new Group(connect, options),
    restore: (snapshot, options) => restoreWith(connect, snapshot, options),
  };
}
