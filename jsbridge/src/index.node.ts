// The entry for Node: node:http, and the wasm as a file beside this one. Types and
// documentation are those of index.ts.

import { entryOn } from "./connect.js";
import { nodePlatform } from "./platform.node.js";
import { wasmBeside } from "./wasm-beside.node.js";

export * from "./api.js";

export const { connect, createGroup, discover, login, logout, restore, run, whoami } = entryOn(
  nodePlatform(wasmBeside),
);
