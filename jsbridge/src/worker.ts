// The entry that keeps its clients' sessions in a worker, off the thread that it is loaded in.

import type { Server } from "./channel.js";
import type { Client } from "./client.js";
import type { LoginStatus, SnapshotResult as Snapshot } from "./generated/wire.js";
import type { Group } from "./group.js";
import type { GroupOptions } from "./group-types.js";
import type { LoginOptions, LoginStatusOptions } from "./login.js";
import type { DiscoverOptions, DiscoverResult, RunOptions, RunResult } from "./once.js";
import type { ConnectOptions } from "./options.js";
import type { RestoreOptions } from "./snapshot.js";
import { entryInWorker } from "./worker-on.js";
import { spawnWorker } from "./worker-spawn.browser.js";

export * from "./api.js";

const entry = /* @__PURE__ */ entryInWorker(spawnWorker);

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
  return entry.connect(server, options);
}

/**
 * Asks the server at a URL what it is and which tools it has, in the worker.
 * Nothing is kept: it connects, asks and closes. Rejects as connect does.
 */
export function discover(server: string | URL, options: DiscoverOptions = {}): Promise<DiscoverResult> {
  return entry.discover(server, options);
}

/**
 * Calls a tool of the server at a URL, in the worker. Nothing is kept: it
 * connects, calls and closes. What a server of 2026-07-28 asks before it can go on
 * is returned as data, and its answer goes with the next run. Rejects as connect
 * and callTool do.
 */
export function run(
  server: string | URL,
  tool: string,
  args: Readonly<Record<string, unknown>> = {},
  options: RunOptions = {},
): Promise<RunResult> {
  return entry.run(server, tool, args, options);
}

/** Makes a group of servers, with none in it, whose sessions are in the worker. Throws local/bad_argument. */
export function createGroup(options: GroupOptions = {}): Group {
  return entry.createGroup(options);
}

/** Goes on with the session of a snapshot, as restore does elsewhere, in the worker. */
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
