// What a program writes to its stderr, line by line.

import assert from "node:assert/strict";
import { test } from "node:test";
import { StderrLines } from "../src/stderr.node.js";

const long = "x".repeat(64 << 10);

for (const { name, writes, want, end } of [
  {
    name: "pieces of lines",
    writes: ["be", "gins\ngoes on\r\n\nen", "ds"],
    want: ["begins", "goes on", "ends"],
    end: "begins\ngoes on\n\nends\n",
  },
  { name: "a long line", writes: [`${long}yz\n`], want: [long, "yz"], end: `${long.slice(0, 4092)}\nyz\n` },
  { name: "as long as it may be", writes: [long, "\n"], want: [long], end: `${long.slice(0, 4094)}\n\n` },
  {
    name: "a secret in two pieces",
    writes: ["the key is can", "ary\nbye\n"],
    want: ["the key is -", "bye"],
    end: "the key is -\nbye\n",
  },
]) {
  test(name, () => {
    const said: string[] = [];
    const redact = (line: string) => line.replace("canary", "-");
    const lines = new StderrLines({ redact, copied: undefined, said: (line) => said.push(line) });
    for (const text of writes) lines.write(text);
    lines.close();
    assert.deepEqual(said, want);
    assert.equal(lines.end, end);
  });
}

test("a line that cannot be redacted is left out", async () => {
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  const uncaught = new Promise<Error>((resolve) => process.once("uncaughtException", resolve));
  const said: string[] = [];
  const redact = (line: string) => {
    if (line === "canary") throw new Error("no");
    return line;
  };
  const lines = new StderrLines({ redact, copied: undefined, said: (line) => said.push(line) });
  lines.write("canary\nbye\n");
  assert.equal((await uncaught).message, "no");
  for (const listener of listeners) process.on("uncaughtException", listener);
  assert.deepEqual(said, ["bye"]);
  assert.equal(lines.end, "bye\n");
});
