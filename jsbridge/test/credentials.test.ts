import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Credentials } from "../src/credentials.js";

test("headers are taken as fetch takes them", async () => {
  const want = [["X-Key", "k"]];
  assert.deepEqual(await new Credentials({ "X-Key": "k" }, undefined).headers(), want);
  assert.deepEqual(await new Credentials([["X-Key", " k "]], undefined).headers(), want);
  assert.deepEqual(await new Credentials(new Headers({ "X-Key": "k" }), undefined).headers(), [["x-key", "k"]]);
  assert.deepEqual(await new Credentials(undefined, undefined).headers(), []);
});

test("the token function is asked each time, and goes before a static header", async () => {
  let n = 0;
  const credentials = new Credentials({ authorization: "Basic x", "X-Key": "k" }, () => `t${++n}`);
  assert.deepEqual(await credentials.headers(), [
    ["X-Key", "k"],
    ["Authorization", "Bearer t1"],
  ]);
  assert.deepEqual(await credentials.headers(), [
    ["X-Key", "k"],
    ["Authorization", "Bearer t2"],
  ]);
});

test("no token is no header", async () => {
  for (const none of [undefined, null, ""]) assert.deepEqual(await new Credentials({}, () => none).headers(), []);
  assert.deepEqual(await new Credentials({}, async () => "t").headers(), [["Authorization", "Bearer t"]]);
});

test("a token that cannot be a header is refused and not shown", async () => {
  const credentials = new Credentials({}, () => "canary\r\nX-Evil: 1");
  await assert.rejects(
    async () => credentials.headers(),
    (error: Error) => "code" in error && error.code === "local/bad_argument" && !error.message.includes("canary"),
  );
});

test("headers that cannot be set are refused by name, and their values not shown", () => {
  const cases: [name: string, value: string][] = [
    ["Bad Name", "canary"],
    ["X-Key", "canary\n"],
    ["X-Key", "canary\u{20ac}"],
    ["Content-Type", "canary"],
    ["mcp-session-id", "canary"],
    ["Host", "canary"],
    ["Proxy-Authorization", "canary"],
  ];
  for (const [name, value] of cases) {
    assert.throws(
      () => new Credentials([[name, value]], undefined),
      (error: Error) => "code" in error && error.code === "local/bad_argument" && !error.message.includes("canary"),
      name,
    );
  }
});

test("nothing of them shows when they are printed", () => {
  const credentials = new Credentials({ Authorization: "canary" }, () => "canary");
  assert.doesNotMatch(inspect(credentials, { depth: 9, showHidden: true }) + JSON.stringify(credentials), /canary/);
});
