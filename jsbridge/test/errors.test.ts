import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { excerpt, fromWire, RemoraError } from "../src/errors.js";

test("an error has the wire's fields", () => {
  const error = fromWire({
    code: "rpc/error",
    message: "no such row",
    data: { row: 7 },
    rpcCode: -32001,
    retryable: false,
    sent: "yes",
  });
  assert.ok(error instanceof RemoraError && error instanceof Error);
  assert.equal(String(error), "RemoraError: no such row");
  assert.deepEqual(JSON.parse(JSON.stringify(error)), {
    name: "RemoraError",
    code: "rpc/error",
    message: "no such row",
    data: { row: 7 },
    rpcCode: -32001,
    retryable: false,
    sent: "yes",
  });
});

test("what did not leave may be tried again", () => {
  assert.equal(new RemoraError("http/network", "x").retryable, true);
  assert.equal(new RemoraError("http/network", "x", { sent: "unknown" }).retryable, false);
});

test("JSON holds neither the cause nor the stack", () => {
  const error = new RemoraError("local/cancelled", "x", { cause: new Error("canary") });
  assert.doesNotMatch(JSON.stringify(error), /canary|at /);
  assert.match(inspect(error), /canary/, "a person who prints it sees the cause");
});

test("an excerpt is short, printable and without queries", () => {
  assert.equal(excerpt("a\n\t b\u0000c"), "a b c");
  assert.equal(excerpt("x".repeat(500)).length, 200);
  assert.equal(excerpt('Get "https://h.example/p?token=canary#f": EOF'), 'Get "https://h.example/p": EOF');
});
