// connect and its like on a worker, on whichever platform.

import type { Server } from "./channel.js";
import { Client } from "./client.js";
import type { SnapshotResult } from "./generated/wire.js";
import type { ConnectOptions } from "./options.js";
import { Host, type Spawn } from "./worker-host.js";
import { WorkerSession } from "./worker-session.js";

/** Opens a session with an MCP server, or goes on with that of a snapshot, in a worker. */
export type ConnectInWorker = (server: Server, options?: ConnectOptions, snapshot?: SnapshotResult) => Promise<Client>;

/** Makes the connect of a worker's entry. Its clients share one worker. */
export function connectInWorker(spawn: Spawn): ConnectInWorker {
  let shared: Host | undefined;
  const host = (): Host => {
    if (shared === undefined) {
      const started: Host = new Host(spawn, () => {
        if (shared === started) shared = undefined;
      });
      shared = started;
    }
    return shared;
  };
  return async (server, options = {}, snapshot = undefined) => {
    const session = await WorkerSession.open(host, server, options, snapshot);
    return Client.of(session, session.listMaxPages);
  };
}
