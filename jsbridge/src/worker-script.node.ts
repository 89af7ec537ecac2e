// The worker's script on Node.

import { parentPort } from "node:worker_threads";
import { nodePlatform } from "./platform.node.js";
import type { ToWorker } from "./worker-messages.js";
import { serve } from "./worker-serve.js";

const wasm = () => new URL("./remora.wasm", import.meta.url);
const take = serve(nodePlatform(wasm), (message) => parentPort?.postMessage(message));
parentPort?.on("message", (message: ToWorker) => take(message));
