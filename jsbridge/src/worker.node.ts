// The entry that keeps its clients' sessions in a worker, on Node, off the thread that it is loaded in.

import type { Server } from "./channel.js";
import type { Client } from "./client.js";
import type { SnapshotResult as Snapshot } from "./generated/wire.js";
import { Group, type GroupOptions } from "./group.js";
import type { ConnectOptions } from "./options.js";
import { type RestoreOptions, restoreWith } from "./snapshot.js";
import { connectInWorker } from "./worker-on.js";
import { spawnWorker } from "./worker-spawn.node.js";

export * from "./api.js";

const open = /* @__PURE__ */ connectInWorker(spawnWorker);

/**
 * Opens a session with the MCP server at a URL (http, https, ws or wss), in a worker that
 * all clients of this entry share. It is started for the first and ended after
 * the last. Handlers, token functions and listeners run on this side.
 *
 * Rejects as the main entry's connect does; with local/unsupported for what
 * cannot go to a worker (a channel, the option fetch), and with plugin/missing if
 * the worker cannot be started. If the worker fails, so do the calls in flight, with
 * plugin/trap; the next call gets a new one.
 */
export function connect(server: Server, options: ConnectOptions = {}): Promise<Client> {
  return open(server, options);
}

/** Makes a group of servers, with none in it, whose sessions are in the worker. Throws local/bad_argument. */
export function createGroup(options: GroupOptions = {}): Group {
  return new Group(connect, options);
}

/** Goes on with the session of a snapshot, as restore does elsewhere, in the worker. */
export function restore(snapshot: Snapshot, options: RestoreOptions): Promise<Client> {
  return restoreWith(open, snapshot, options);
}
