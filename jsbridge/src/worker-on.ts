// connect, and what else needs no client, on a worker, on whichever platform.

import { Client } from "./client.js";
import type { Connect, Entry } from "./connect.js";
import { Group } from "./group.js";
import { loginsOn } from "./login.js";
import { onceOn } from "./once.js";
import { restoreWith } from "./snapshot.js";
import { Host, type Spawn } from "./worker-host.js";
import { callOnceIn } from "./worker-once.js";
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
  const connect: Connect = async (server, options = {}, snapshot = undefined) => {
    const session = await WorkerSession.open(host, server, options, snapshot);
    return Client.of(session, session.listMaxPages);
  };
  const call = callOnceIn(host);
  return {
    ...onceOn(call),
    ...loginsOn(call),
    connect,
    createGroup: (options = {}) => new Group(connect, options),
    restore: (snapshot, options) => restoreWith(connect, snapshot, options),
  };
}
