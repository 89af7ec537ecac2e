// Ready parts for the option auth, on Node: the entry "remora-mcp/auth/node".

export type { AskContext } from "./asks.js";
export { type Loopback, type LoopbackOptions, loopback } from "./auth-loopback.node.js";
export { type Paste, type PasteOptions, paste } from "./auth-paste.node.js";
export type { Authorize } from "./generated/wire.js";
export { memoryStore, type TokenStore } from "./store.js";
export { type FileStoreOptions, fileStore } from "./store-file.node.js";
