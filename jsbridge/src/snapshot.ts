// Snapshots: what a client needs to go on in another process or worker.

import type { Server } from "./channel.js";
import type { Client, ClientSession } from "./client.js";
import { badArgument, fromWire } from "./errors.js";
import { tokenFailure } from "./exchanges.js";
import { MAX_SNAPSHOT_BYTES, type SnapshotResult, type SnapshotSecret } from "./generated/wire.js";
import type { ConnectOptions, RequestOptions } from "./options.js";

/** Options of Client.snapshot. */
export interface SnapshotOptions extends RequestOptions {
  /** Adds lists and resources that are kept and fresh (2026-07-28), up to 128 KiB. Default false. */
  cache?: boolean | undefined;
  /**
   * Adds the headers that the client was given, and the token of this moment, as the snapshot's secret.headers, and
   * what auth has got as its secret.auth. Default false: give them, or auth with its store, to restore.
   */
  credentials?: boolean | undefined;
}

/** Options of Client.close. */
export interface CloseOptions {
  /** Leaves the server's session as it is, for a snapshot of it that is to go on. Default false. */
  keep?: boolean | undefined;
}

/** Options of restore: those of connect, and the server. */
export interface RestoreOptions extends ConnectOptions {
  /** The URL that connect was given. A snapshot of another server is refused, so that nothing is sent elsewhere. */
  server: string | URL;
}

/** Opens a session: with a snapshot, the one that it is of. */
export type Open<O extends ConnectOptions> = (server: Server, options: O, snapshot?: SnapshotResult) => Promise<Client>;

/** restore's work. Rejects with local/bad_argument for what cannot be right. */
export async function restoreWith<O extends ConnectOptions>(
  open: Open<O>,
  snapshot: SnapshotResult,
  options: O & RestoreOptions,
): Promise<Client> {
  if (typeof options !== "object" || options === null) throw badArgument("the options must be an object");
  if (typeof options.server !== "string" && !(options.server instanceof URL)) {
    throw badArgument("options.server must be the URL of the server that the snapshot is of");
  }
  const kept = read(snapshot);
  const headers = takeHeaders(kept);
  // What the application gives now goes before what it had then.
  const own = options.headers !== undefined || options.token !== undefined;
  return open(options.server, own || headers === undefined ? options : { ...options, headers }, kept);
}

// A snapshot has been anywhere: what is made of it here is a copy in plain data.
function read(snapshot: SnapshotResult): SnapshotResult {
  let text: string | undefined;
  if (typeof snapshot === "object" && snapshot !== null && !Array.isArray(snapshot)) {
    try {
      text = JSON.stringify(snapshot);
    } catch {
      // It refers to itself, or nests without end.
    }
  }
  if (text === undefined || text[0] !== "{")
    throw badArgument("not a snapshot of remora's: an object that snapshot() gave");
  if (text.length > MAX_SNAPSHOT_BYTES) throw badArgument(`the snapshot is larger than ${MAX_SNAPSHOT_BYTES} bytes`);
  return JSON.parse(text) as SnapshotResult;
}

// The application's own headers, which the core must not see.
function takeHeaders(kept: SnapshotResult): [string, string][] | undefined {
  const { secret } = kept;
  if (typeof secret !== "object" || secret === null) return undefined;
  const { headers } = secret;
  delete secret.headers;
  if (headers === undefined) return undefined;
  if (!Array.isArray(headers) || !headers.every((pair) => Array.isArray(pair) && pair.length === 2)) {
    throw badArgument("the snapshot's secret.headers has the wrong type");
  }
  return headers;
}

/** @internal Client.snapshot's work. */
export async function takeSnapshot(
  session: ClientSession,
  { credentials, cache, ...options }: SnapshotOptions,
): Promise<SnapshotResult> {
  const snapshot = JSON.parse(
    await session.request(
      "snapshot",
      { ...(cache === true ? { cache } : {}), ...(credentials === true ? { credentials } : {}) },
      options,
    ),
  ) as SnapshotResult;
  if (credentials !== true) return snapshot;
  let headers: SnapshotSecret["headers"];
  try {
    headers = (await session.credentials.headers()).map(([name, value]): [string, string] => [name, value]);
  } catch (error) {
    throw fromWire(tokenFailure(error));
  }
  return headers.length === 0 ? snapshot : { ...snapshot, secret: { ...snapshot.secret, headers } };
}
