// Node's own modules that are better required than imported.
//
// What is imported as an ES module is asked for everything that it exports. On Node
// 22 and later node:http exports WebSocket too, and so loads the whole of fetch,
// which takes 20 ms of a process's start. What is required is not asked.

import { createRequire } from "node:module";

// The path only has to be an absolute one: it is not looked at for Node's own modules.
export const require = createRequire(process.execPath);
