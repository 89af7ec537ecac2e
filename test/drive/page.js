// The page of browser.js: runs the scripts here, or in a worker.

import { post, runAll } from "./web.js";

document.addEventListener("securitypolicyviolation", (event) => {
  post("/failed", `the content security policy stopped ${event.violatedDirective}: ${event.blockedURI}`);
});

if (location.hash === "#worker") {
  const worker = new Worker(`/drive/worker.js${location.search}`, { type: "module" });
  worker.addEventListener("error", (event) => post("/failed", event.message || "the worker could not be started"));
} else {
  await runAll();
}
