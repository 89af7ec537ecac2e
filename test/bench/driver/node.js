// The driver in Node:
//
//   node node.js CLIENT SERVER
//
// CLIENT is remora, alone, sdk, fetch or extism. With --expose-gc its memory is what is
// left after a collection. Only what the client needs is loaded.

import { createInterface } from "node:readline";
import { Driver } from "./driver.js";

const clients = {
  async remora() {
    const { connect } = await import("../../../dist/npm/index.node.js");
    return (await import("./client-remora.js")).remora(connect);
  },
  async alone() {
    const { connect } = await import("../../../dist/npm/index.node.js");
    return (await import("./client-alone.js")).alone(connect);
  },
  async sdk() {
    return (await import("./client-sdk.js")).sdk;
  },
  async fetch() {
    return (await import("./client-fetch.js")).bare;
  },
  async extism() {
    const { createPlugin } = await import("@extism/extism");
    const { connect } = await import("../../../dist/npm/extism.node.js");
    return (await import("./client-remora.js")).remora(connect, { createPlugin });
  },
};

const [, , name, server] = process.argv;
if (server === undefined || !Object.hasOwn(clients, name)) {
  throw new Error(`usage: node.js ${Object.keys(clients).join("|")} SERVER`);
}
const driver = new Driver(await clients[name](), server, {
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  residentBytes: () => process.memoryUsage.rss(),
});
await driver.begin();
const reply = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
reply({});
for await (const line of createInterface({ input: process.stdin })) reply(await driver.answer(JSON.parse(line)));
process.exit();
