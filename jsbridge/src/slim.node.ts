// The entry for Node without wasm: the application gives it in options.wasm.

import type { Server } from "./channel.js";
import type { Client } from "./client.js";
import { connectOn } from "./connect.js";
import type { SnapshotResult as Snapshot } from "./generated/wire.js";
import type { ConnectOptions } from "./options.js";
import { nodePlatform } from "./platform.node.js";
import { type RestoreOptions, restoreWith } from "./snapshot.js";

export * from "./api.js";

const open = /* @__PURE__ */ connectOn(/* @__PURE__ */ nodePlatform(undefined));

/**
 * Opens a session with the MCP server at a URL (http, https, ws or wss), or behind
 * a channel: a WebSocket, a MessagePort, a port of an extension, a transport of
 * the TypeScript SDK, or a function that makes one of these.
 *
 * Rejects with a RemoraError: local/bad_url, local/bad_argument or
 * policy/origin before any traffic, plugin/missing or plugin/trap if the core
 * cannot be started, otherwise with what became of the handshake.
 */
export function connect(server: Server, options: ConnectOptions = {}): Promise<Client> {
  return open(server, options);
}

/**
 * Goes on with the session of a snapshot (Client.snapshot), in another process or
 * worker than it was taken in. No handshake is made: the first request is the
 * first call's. If the server has forgotten the session, it is opened anew then.
 *
 * Rejects with local/bad_argument, before any traffic, for what is no snapshot, of
 * another version of remora's snapshots, or of another server than options.server.
 */
export function restore(snapshot: Snapshot, options: RestoreOptions): Promise<Client> {
  return restoreWith(open, snapshot, options);
}
