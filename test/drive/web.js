// What page.js and worker.js have in common.

import { runScripts } from "./drive.js";
import { overExtism } from "./extism.js";

/** Tells the server of browser.js something. */
export function post(path, body) {
  return fetch(path, { method: "POST", body });
}

/** Fetches the scripts, runs them and posts the reports. */
export async function runAll() {
  try {
    const before = new Set(Object.getOwnPropertyNames(globalThis));
    const remora =
      location.search === "?sdk"
        ? overExtism(await import("/npm/extism.js"), await import("/sdk/mod.js"))
        : await import("/npm/index.js");
    const scripts = await (await fetch("/scripts")).json();
    const reports = await runScripts(remora, scripts, { browser: true });
    const left = Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name));
    if (left.length > 0) throw new Error(`globals were left behind: ${left.join(", ")}`);
    await post("/reports", JSON.stringify(reports));
  } catch (error) {
    await post("/failed", String(error?.stack ?? error));
  }
}
