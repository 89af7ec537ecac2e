// Calls a server often, with the credentials of a file that others use as well, for
// longer than a token lives. Nobody can be asked.

import { setTimeout as wait } from "node:timers/promises";
import { connect } from "remora-mcp";
import { fileStore } from "remora-mcp/auth/node";

const [, , url = "", path = ""] = process.argv;
const client = await connect(url, {
  auth: {
    store: fileStore(path),
    redirectUrl: "http://127.0.0.1:7/callback",
    authorize: () => {
      throw new Error("nobody is here");
    },
  },
});
let calls = 0;
for (let round = 0; round < 2; round++) {
  const all = Array.from({ length: 50 }, (_, i) => client.callTool({ name: "echo", arguments: { message: `${i}` } }));
  calls += (await Promise.all(all)).length;
  if (round === 0) await wait(2500); // until the token has expired
}
await client.close();
console.log(`${calls} calls`);
