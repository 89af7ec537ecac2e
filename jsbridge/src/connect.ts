// connect, on whichever platform.

import type { Server } from "./channel.js";
import { Client } from "./client.js";
import { Cores } from "./cores.js";
import { badArgument } from "./errors.js";
import type { SnapshotResult } from "./generated/wire.js";
import type { Modules } from "./modules.js";
import { type ConnectOptions, readSettings } from "./options.js";
import type { Platform } from "./platform.js";

/** Opens a session with an MCP server, or goes on with that of a snapshot. */
export type Connect = (server: Server, options?: ConnectOptions, snapshot?: SnapshotResult) => Promise<Client>;

/** Makes the connect of a platform. Its clients share cores. */
export function connectOn(platform: Platform, modules?: Modules): Connect {
  const cores = new Cores(platform, modules);
  return async (server, options = {}, snapshot = undefined) => {
    if (typeof options !== "object" || options === null) throw badArgument("the options must be an object");
    const { signal, timeout } = options;
    return Client.open(cores, readSettings(server, options), { signal, timeout }, snapshot);
  };
}
