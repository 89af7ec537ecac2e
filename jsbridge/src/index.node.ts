// The entry for Node: node:http, and the wasm as a file beside this one.

import type { Server } from "./channel.js";
import type { Client } from "./client.js";
import { connectOn } from "./connect.js";
import type { ConnectOptions } from "./options.js";
import { nodePlatform } from "./platform.node.js";
import { wasmBeside } from "./wasm-beside.node.js";

export * from "./api.js";

const open = /* @__PURE__ */ connectOn(/* @__PURE__ */ nodePlatform(wasmBeside));

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
