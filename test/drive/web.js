// What page.js and worker.js have in common.

import { runScripts } from "./drive.js";
import { overExtism } from "./extism.js";

const query = new URLSearchParams(location.search);

/** Tells the server of browser.js something. */
export function post(path, body) {
  return fetch(`${path}?tab=${query.get("tab")}`, { method: "POST", body });
}

// Has the server of browser.js do what a person does at an authorization URL.
async function visit(page, decision) {
  const answer = await post("/visit", JSON.stringify({ page, decision }));
  if (!answer.ok) throw new Error(await answer.text());
  return answer.text();
}

/** Fetches the scripts, runs them and posts the reports. */
export async function runAll() {
  try {
    const before = new Set(Object.getOwnPropertyNames(globalThis));
    const remora = query.has("sdk")
      ? overExtism(await import("/npm/extism.js"), await import("/sdk/mod.js"))
      : await import("/npm/index.js");
    const { indexedDBStore } = await import("/npm/auth.js");
    const store = (_kind, name) => indexedDBStore({ name });
    const scripts = await (await fetch(`/scripts?tab=${query.get("tab")}`)).json();
    const reports = await runScripts(remora, scripts, { browser: true, visit, store });
    const left = Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name));
    if (left.length > 0) throw new Error(`globals were left behind: ${left.join(", ")}`);
    await post("/reports", JSON.stringify(reports));
  } catch (error) {
    await post("/failed", String(error?.stack ?? error));
  }
}
