// The entry without wasm: the application gives it in options.wasm.

import type { Server } from "./channel.js";
import type { Client } from "./client.js";
import { connectOn } from "./connect.js";
import type { ConnectOptions } from "./options.js";
import { webPlatform } from "./platform.browser.js";

export * from "./api.js";

const open = /* @__PURE__ */ connectOn(/* @__PURE__ */ webPlatform(undefined));

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
