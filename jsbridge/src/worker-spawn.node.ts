// Starting the worker on Node. The expression is literal, as bundlers want it.

import { Worker } from "node:worker_threads";
import type { Spawn } from "./worker-host.js";
import type { FromWorker } from "./worker-messages.js";

/** Starts worker-script.node.js beside this file. */
export const spawnWorker: Spawn = (events) => {
  const worker = new Worker(new URL("./worker-script.node.js", import.meta.url), {
    name: "remora-mcp",
    execArgv: [], // what this process was started with may be for its main script only
  });
  worker.on("message", (message: FromWorker) => events.message(message));
  worker.on("error", (error) => events.failed(error instanceof Error ? error.message : String(error)));
  worker.on("exit", () => events.failed("it ended"));
  return {
    post: (message) => worker.postMessage(message),
    end: () => void worker.terminate(),
    hold: (on) => (on ? worker.ref() : worker.unref()),
  };
};
