// Calls a server 50 times at once, with the credentials of a file that others use
// as well. Nobody can be asked. Prints how many calls came back, and how often a
// token was renewed.

import { connect } from "remora-mcp";
import { fileStore } from "remora-mcp/auth/node";

const [, , url = "", path = ""] = process.argv;
let renewals = 0;
const client = await connect(url, {
  auth: {
    store: fileStore(path),
    redirectUrl: "http://127.0.0.1:7/callback",
    authorize: () => {
      throw new Error("nobody is here");
    },
  },
  events: {
    trace: (event) => {
      if (event.type === "request" && event.method === "POST" && event.url?.endsWith("/token")) renewals++;
    },
  },
});
const echo = { name: "echo", arguments: { message: "hi" } };
const { length: calls } = await Promise.all(Array.from({ length: 50 }, () => client.callTool(echo)));
await client.close();
console.log(JSON.stringify({ calls, renewals }));
