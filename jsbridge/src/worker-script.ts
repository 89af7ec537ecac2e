// The worker's script in a browser.

import { webPlatform } from "./platform.browser.js";
import type { ToWorker } from "./worker-messages.js";
import { serve } from "./worker-serve.js";

interface Scope {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}

const scope = globalThis as unknown as Scope;
const wasm = () => new URL("./remora.wasm", import.meta.url);
const take = serve(webPlatform(wasm), (message) => scope.postMessage(message));
scope.onmessage = ({ data }) => take(data);
