// Runs scripts with the built npm package in Node: scripts as JSON on standard
// input, reports as JSON on standard output. With an argument, over the plugin
// in the Extism SDK that is the npm package of that name.

import { inspect } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { fileStore } from "../../dist/npm/auth.node.js";
import { runScripts } from "./drive.js";
import { overExtism } from "./extism.js";
import { visit } from "./visit.js";

// The guest's memory, for the step "memory". The package keeps it to itself.
const memories = new Set();
for (const name of ["instantiate", "instantiateStreaming"]) {
  const original = WebAssembly[name];
  WebAssembly[name] = async (...args) => {
    const made = await original.apply(WebAssembly, args);
    note(made instanceof WebAssembly.Instance ? made : made.instance);
    return made;
  };
}
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(target, args, newTarget) {
    const made = Reflect.construct(target, args, newTarget);
    note(made);
    return made;
  },
});
function note(instance) {
  for (const value of Object.values(instance.exports)) {
    if (value instanceof WebAssembly.Memory) memories.add(value);
  }
}
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
function memory() {
  collect();
  return {
    memory: [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
    heap: process.memoryUsage().heapUsed,
    resources: process.getActiveResourcesInfo().length,
  };
}

const sdk = process.argv[2];
const remora =
  sdk === undefined
    ? await import("../../dist/npm/index.node.js")
    : overExtism(await import("../../dist/npm/extism.node.js"), await import(sdk));
let input = "";
for await (const chunk of process.stdin.setEncoding("utf8")) input += chunk;
const store = (_kind, path) => fileStore(path);
const print = (value) => inspect(value, { depth: null, showHidden: true, getters: true });
const reports = await runScripts(remora, JSON.parse(input), { memory, visit, store, print });
process.stdout.write(JSON.stringify(reports));
