// Calls the tools of `remora demo-server` from a plain Extism host: the plugin's
// exports discover and run, JSON in and JSON out, with no driver and none of
// remora's own JavaScript.
//
//   node --no-warnings examples/node/extism.mjs [--rows FILE] URL
//
// It exits with status 1 if anything is not as it should be; steps.mjs says what
// --rows writes. Node warns of its WASI, which Extism uses, unless it is told not
// to.

import { readFileSync } from "node:fs";
import createPlugin from "@extism/extism";
import { answer, check, main, step } from "./steps.mjs";

let plugin;

// Calls an export. Its output has one field: result, inputRequired or error.
async function call(name, input) {
  const output = (await plugin.call(name, JSON.stringify(input))).json();
  check(output.error === undefined, `${output.error?.code}: ${output.error?.message}`);
  return output;
}

// Calls a tool that asks nothing, and returns the text of its first block.
async function text(tool, args) {
  const { result } = await call("run", { tool, arguments: args });
  check(result.content[0]?.type === "text", `got ${JSON.stringify(result.content)}`);
  return result.content[0].text;
}

async function run(server) {
  await step("open", async () => {
    const wasm = readFileSync(new URL("../../dist/remora-plugin.wasm", import.meta.url));
    plugin = await createPlugin(
      { wasm: [{ data: wasm }] },
      {
        useWasi: true,
        runInWorker: true, // the plugin waits for its answers
        allowHttpResponseHeaders: true,
        allowedHosts: [new URL(server).hostname], // all that it can reach
        config: { server },
      },
    );
    return "the plugin is ready";
  });
  await step("listTools", async () => {
    const { tools } = (await call("discover", {})).result;
    check(tools.length >= 6, `got the tools ${tools.map(({ name }) => name)}`);
    return `${tools.length} tools`;
  });
  await step("echo", async () => {
    const message = "hello, größe 日本";
    const got = await text("echo", { message });
    check(got === message, `got "${got}"`);
    return "the same text";
  });
  await step("add", async () => {
    const sum = await text("add", { a: 2, b: 3 });
    check(sum === "5", `got "${sum}"`);
    return `2 + 3 = ${sum}`;
  });
  await step("ask", async () => {
    // A question comes as the output of one call; the answer goes with the next.
    const question = { tool: "ask", arguments: { question: "What is the answer?" } };
    const { inputRequests, requestState } = (await call("run", question)).inputRequired;
    const answers = Object.entries(inputRequests).map(([key, { params }]) => [key, answer(params)]);
    const inputResponses = Object.fromEntries(answers);
    const { result } = await call("run", { ...question, inputResponses, requestState });
    const got = result.content[0].text;
    check(got.includes("forty-two"), `got "${got}"`);
    return got;
  });
  await step("big", async () => {
    const got = await text("big", { bytes: 1_000_000 });
    check(got.length === 1_000_000, `got ${got.length} characters`);
    return `${got.length} bytes of text`;
  });
  await step("fail", async () => {
    // A tool's own failure is a result, not an error.
    const { result } = await call("run", { tool: "fail" });
    check(result.isError === true, "the result has no isError");
    return "a result with isError";
  });
}

await main("extism", run, () => plugin?.close());
