// connect and its like on a worker, on whichever platform.

import type { Server } from "./channel.js";
import { Client } from "./client.js";
import type { ConnectOptions } from "./options.js";
import { Host, type Spawn } from "./worker-host.js";
import { WorkerSession } from "./worker-session.js";

/** Opens a session with an MCP server, in a worker. */
export type ConnectInWorker = (server: Server, options?: ConnectOptions) => Promise<Client>;

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
  return async (server, options = {}) => {
    const session = await WorkerSession.open(host, server, options);
    return Client.of(session, session.listMaxPages);
  };
}
