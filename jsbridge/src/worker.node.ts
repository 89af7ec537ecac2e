// The entry that keeps its clients' sessions in a worker, on Node, off the thread
// that it is loaded in. Types and documentation are those of worker.ts.

import { entryInWorker } from "./worker-on.js";
import { spawnWorker } from "./worker-spawn.node.js";

export * from "./api.js";

export const { connect, createGroup, discover, login, logout, restore, run, whoami } = entryInWorker(spawnWorker);
