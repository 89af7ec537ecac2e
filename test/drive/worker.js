// The worker of browser.js.

import { post, runAll } from "./web.js";

addEventListener("securitypolicyviolation", (event) => {
  post("/failed", `the content security policy stopped ${event.violatedDirective}: ${event.blockedURI}`);
});
await runAll();
