// The entry over an Extism SDK for browsers, workers and bundlers: the plugin as a file beside this one.

import type { Client } from "./client.js";
import { connectExtismOn, type ExtismConnectOptions } from "./connect-extism.js";
import type { SnapshotResult as Snapshot } from "./generated/wire.js";
import { webPlatform } from "./platform.browser.js";
import { pluginBeside } from "./plugin-beside.browser.js";
import { type RestoreOptions, restoreWith } from "./snapshot.js";

export * from "./api.js";
export type { ExtismConnectOptions } from "./connect-extism.js";
export type { CreatePlugin, ExtismPlugin, PluginManifest, PluginOptions } from "./plugin.js";

const open = /* @__PURE__ */ connectExtismOn(/* @__PURE__ */ webPlatform(pluginBeside));

/**
 * Opens a session with the MCP server at a URL (http or https), over a plugin
 * that options.createPlugin makes.
 *
 * Rejects with a RemoraError: local/bad_url, local/bad_argument or
 * policy/origin before any traffic, plugin/missing or plugin/trap if the plugin
 * cannot be made or started, otherwise with what became of the handshake.
 */
export function connect(url: string | URL, options: ExtismConnectOptions): Promise<Client> {
  return open(url, options);
}

/** Goes on with the session of a snapshot, as restore does elsewhere, over a plugin that options.createPlugin makes. */
export function restore(snapshot: Snapshot, options: ExtismConnectOptions & RestoreOptions): Promise<Client> {
  return restoreWith(open, snapshot, options);
}
