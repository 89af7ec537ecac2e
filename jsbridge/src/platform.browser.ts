// Browsers, workers, and every place without Node's builtins.

import { fetchPort } from "./http.js";
import type { Platform } from "./platform.js";
import { fetchWasm } from "./wasm.js";

/** The platform on what the web offers; wasm says where the core is. */
export function webPlatform(wasm: (() => URL) | undefined): Platform {
  return { wasm, readWasm: fetchWasm, openPort: () => fetchPort(), hold: () => () => {} };
}
