// connect and its like on a worker, on whichever platform.

import { Client } from "./client.js";
import type { Connect } from "./connect.js";
import { Host, type Spawn } from "./worker-host.js";
import { WorkerSession } from "./worker-session.js";

/** Makes the connect of a worker's entry. Its clients share one worker. */
export function connectInWorker(spawn: Spawn): Connect {
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
  return async (url, options = {}) => {
    const session = await WorkerSession.open(host, url, options);
    return Client.of(session, session.listMaxPages);
  };
}
