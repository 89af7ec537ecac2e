// Calls the tools of `remora demo-server` through the npm package, and checks
// what it gets.
//
//   node examples/node/demo.mjs [--rows FILE] URL
//
// It exits with status 1 if anything is not as it should be; steps.mjs says what
// --rows writes.

import { connect } from "remora-mcp";
import { answer, check, main, step } from "./steps.mjs";

let client;

// The text of the first content block.
async function text(name, args, options) {
  const result = await client.callTool({ name, arguments: args }, options);
  check(result.content[0]?.type === "text", `got ${JSON.stringify(result.content)}`);
  return result.content[0].text;
}

async function run(url) {
  await step("connect", async () => {
    client = await connect(url, { handlers: { elicit: answer } });
    return client.protocolVersion;
  });
  await step("listTools", async () => {
    const names = [];
    for await (const tool of client.tools()) names.push(tool.name);
    check(names.length >= 6, `got the tools ${names}`);
    return `${names.length} tools`;
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
  await step("slow", async () => {
    let events = 0;
    await text(
      "slow",
      { steps: 4, delayMs: 50 },
      {
        onprogress: ({ progress, total }) => {
          events++;
          console.log(`             progress ${progress} of ${total}`);
        },
      },
    );
    check(events === 4, `got ${events} progress events, want 4`);
    return `${events} progress events`;
  });
  await step("ask", async () => {
    const got = await text("ask", { question: "What is the answer?" });
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
    const result = await client.callTool({ name: "fail" });
    check(result.isError === true, "the result has no isError");
    return "a result with isError";
  });
  await step("ping", async () => {
    await client.ping();
    return "answered";
  });
  await step("close", async () => {
    await client.close();
    return "closed";
  });
}

await main("demo", run, () => client?.close());
