// Browsers, workers, and every place without Node's builtins.

import { jsGuest } from "./guest.js";
import { fetchPort } from "./http.js";
import type { Platform } from "./platform.js";
import { fetchWasm } from "./wasm.js";

/** The platform on what the web offers; wasm says where the core is. */
export function webPlatform(wasm: (() => URL) | undefined): Platform {
  return {
    wasm,
    guest: jsGuest,
    readWasm: fetchWasm,
    compiling: (compile) => compile(),
    openPort: () => fetchPort(),
    hold: () => () => {},
  };
}
