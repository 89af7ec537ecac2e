// The entry without wasm: the application gives it in options.wasm.

import type { Server } from "./channel.js";
import type { Client } from "./client.js";
import { entryOn } from "./connect.js";
import type { LoginStatus, SnapshotResult as Snapshot } from "./generated/wire.js";
import type { Group } from "./group.js";
import type { GroupOptions } from "./group-types.js";
import type { LoginOptions, LoginStatusOptions } from "./login.js";
import type { DiscoverOptions, DiscoverResult, RunOptions, RunResult } from "./once.js";
import type { ConnectOptions } from "./options.js";
import { webPlatform } from "./platform.browser.js";
import type { RestoreOptions } from "./snapshot.js";

export * from "./api.js";

const entry = /* @__PURE__ */ entryOn(/* @__PURE__ */ webPlatform(undefined));

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
  return entry.connect(server, options);
}

/**
 * Asks the server at a URL what it is and which tools it has. Nothing is kept:
 * it connects, asks and closes. Rejects as connect does.
 */
export function discover(server: string | URL, options: DiscoverOptions = {}): Promise<DiscoverResult> {
  return entry.discover(server, options);
}

/**
 * Calls a tool of the server at a URL. Nothing is kept: it connects, calls and
 * closes. What a server of 2026-07-28 asks before it can go on is returned as
 * data, and its answer goes with the next run. Rejects as connect and callTool do.
 */
export function run(
  server: string | URL,
  tool: string,
  args: Readonly<Record<string, unknown>> = {},
  options: RunOptions = {},
): Promise<RunResult> {
  return entry.run(server, tool, args, options);
}

/** Makes a group of servers, with none in it. Throws local/bad_argument. */
export function createGroup(options: GroupOptions = {}): Group {
  return entry.createGroup(options);
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
  return entry.restore(snapshot, options);
}

/**
 * Sees to it that there is a token for the server at a URL, in options.auth.store: by
 * renewing what is there, or as options.auth says. It asks nobody if there is one that is
 * good, unless options.again is set. Rejects with auth/denied if the person, or the
 * authorization server, said no, otherwise as connect does.
 */
export function login(server: string | URL, options: LoginOptions): Promise<LoginStatus> {
  return entry.login(server, options);
}

/**
 * Forgets the token for the server at a URL, and has the authorization server revoke it
 * where that can be done. Without a network it is forgotten all the same.
 */
export function logout(server: string | URL, options: LoginStatusOptions): Promise<LoginStatus> {
  return entry.logout(server, options);
}

/** Says what is known of the token for the server at a URL, without asking anybody but the store. */
export function whoami(server: string | URL, options: LoginStatusOptions): Promise<LoginStatus> {
  return entry.whoami(server, options);
}
