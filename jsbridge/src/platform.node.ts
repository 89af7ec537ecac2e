// Node.

import { jsGuest } from "./guest.js";
import { nodeHttpPort } from "./http.node.js";
import type { Platform } from "./platform.js";
import { withLateTiering } from "./tiering.node.js";
import { readWasm } from "./wasm.node.js";

/** The platform on Node's builtins; wasm says where the core is. */
export function nodePlatform(wasm: (() => URL) | undefined): Platform {
  return { wasm, guest: jsGuest, readWasm, compiling: withLateTiering, openPort: nodeHttpPort, hold };
}

// A timer that never matters, but that Node waits for.
function hold(): () => void {
  const timer = setInterval(() => {}, 0x7fffffff);
  return () => clearInterval(timer);
}
