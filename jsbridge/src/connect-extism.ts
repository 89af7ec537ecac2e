// connect over an Extism plugin, on whichever platform.

import { type Connect, entryOn } from "./connect.js";
import { badArgument } from "./errors.js";
import { Modules } from "./modules.js";
import type { ConnectOptions } from "./options.js";
import type { Platform } from "./platform.js";
import { type CreatePlugin, pluginGuest } from "./plugin.js";
import type { Open } from "./snapshot.js";

/** Options of connect over an Extism plugin. */
export interface ExtismConnectOptions extends ConnectOptions {
  /**
   * Makes the plugin: createPlugin of an Extism SDK as it is, or a function
   * that passes on what it is given. Clients with the same function share a
   * plugin. It is called again after a trap.
   */
  createPlugin: CreatePlugin;
}

/** Opens a session with the MCP server at a URL, over a plugin, or goes on with that of a snapshot. */
export type ConnectExtism = Open<ExtismConnectOptions>;

/** Makes the connect of a platform. */
export function connectExtismOn(platform: Platform): ConnectExtism {
  const connects = new WeakMap<CreatePlugin, Connect>();
  let modules: Modules | undefined;
  return async (url, options, snapshot) => {
    const createPlugin = options?.createPlugin;
    if (typeof createPlugin !== "function") {
      throw badArgument("options.createPlugin must be a function: createPlugin of an Extism SDK");
    }
    let connect = connects.get(createPlugin);
    if (connect === undefined) {
      const own = { ...platform, guest: pluginGuest(createPlugin) };
      modules ??= new Modules(own);
      ({ connect } = entryOn(own, modules));
      connects.set(createPlugin, connect);
    }
    return connect(url, options, snapshot);
  };
}
