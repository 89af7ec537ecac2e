// Starting the worker in a browser. The expression is literal: bundlers
// recognize it and bring the script along.

import type { Spawn } from "./worker-host.js";
import type { FromWorker } from "./worker-messages.js";

/** Starts worker-script.js beside this file. */
export const spawnWorker: Spawn = (events) => {
  const worker = new Worker(new URL("./worker-script.js", import.meta.url), { type: "module", name: "remora-mcp" });
  // A worker that ends by itself tells nobody, but lets go of its locks. Pages
  // that are not secure have none.
  const locks = typeof navigator === "object" ? navigator.locks : undefined;
  const lock = locks === undefined ? "" : `remora-mcp ${crypto.randomUUID()}`;
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.type === "held") void locks?.request(lock, () => events.failed("it ended"));
    else events.message(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    events.failed(event.message || "its script could not be loaded");
  };
  if (locks !== undefined) worker.postMessage({ type: "hold", lock });
  return {
    post: (message) => worker.postMessage(message),
    end: () => worker.terminate(),
    hold: () => {},
  };
};
