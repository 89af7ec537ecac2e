// connect, and what else needs no client, on a worker, on whichever platform.

import { Client } from "./client.js";
import type { Entry } from "./connect.js";
import { Host, type Spawn } from "./worker-host.js";
import { onceInWorker } from "./worker-once.js";
import { WorkerSession } from "./worker-session.js";

/** Makes the functions of a worker's entry. Whatever they open shares one worker. */
export function entryInWorker(spawn: Spawn): Entry {
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
  return {
    ...onceInWorker(host),
    connect: async (server, options = {}) => {
      const session = await WorkerSession.open(host, server, options);
      return Client.of(session, session.listMaxPages);
    },
  };
}
