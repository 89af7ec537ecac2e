// Prints the client scenarios of the suite's frozen requirement sets as JSON,
// {revision: [scenario, ...]}. The revisions are the arguments.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const suite = join(
  dirname(fileURLToPath(import.meta.url)),
  "../node_modules/@modelcontextprotocol/conformance/requirements",
);
const sets = {};
for (const revision of process.argv.slice(2)) {
  const { client } = parse(readFileSync(join(suite, `${revision}.yaml`), "utf8"));
  if (!Array.isArray(client) || !client.every((name) => typeof name === "string")) {
    throw new Error(`${revision}.yaml has no list of client scenarios`);
  }
  sets[revision] = client;
}
console.log(JSON.stringify(sets));
