// The entry for Node without wasm: the application gives it in options.wasm. Types
// and documentation are those of slim.ts.

import { entryOn } from "./connect.js";
import { nodePlatform } from "./platform.node.js";

export * from "./api.js";

export const { connect, createGroup, discover, login, logout, restore, run, whoami } = entryOn(nodePlatform(undefined));
