import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, type Handlers, handledAsks } from "../src/asks.js";
import type { Question } from "../src/core.js";

function question(kind: string, params: unknown, more: Partial<Question> = {}): Question {
  return {
    kind,
    session: 1,
    origin: "https://mcp.example",
    params: new TextEncoder().encode(JSON.stringify(params)),
    signal: new AbortController().signal,
    thrown: () => {},
    ...more,
  };
}

async function ask(handlers: Handlers, asked: Question): Promise<unknown> {
  const given = await answer(asked, handlers, { protocolVersion: "2026-07-28" });
  return given instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(given)) : given;
}

test("only what has a handler is announced", () => {
  assert.deepEqual(handledAsks({}), []);
  assert.deepEqual(handledAsks({ sample: undefined }), []);
  assert.deepEqual(handledAsks({ sample: () => ({}) as never, elicit: () => ({}) as never }), ["elicit", "sample"]);
});

test("a handler gets the question and where it comes from", async () => {
  const asked = question("elicit", { message: "?", extra: 1 }, { call: 7, deadlineMs: 500 });
  let got: unknown[] = [];
  const given = await ask(
    {
      elicit: (...args) => {
        got = args;
        return { action: "accept", content: { a: 1 } };
      },
    },
    asked,
  );
  assert.deepEqual(given, { action: "accept", content: { a: 1 } });
  assert.deepEqual(got, [
    { message: "?", extra: 1 },
    {
      signal: asked.signal,
      origin: "https://mcp.example",
      call: 7,
      deadlineMs: 500,
      sessionInfo: { protocolVersion: "2026-07-28" },
    },
  ]);
});

test("a question without a handler, or of a kind that is not known", async () => {
  for (const kind of ["elicit", "sample", "nosuch", "constructor"]) {
    assert.equal(((await ask({}, question(kind, {}))) as { code: string }).code, "policy/handler_missing", kind);
  }
});

test("answers have the form that the question asks for", async () => {
  const text = { type: "text", text: "hi" };
  const cases: [kind: "elicit" | "sample", given: unknown, right: boolean][] = [
    ["elicit", { action: "decline" }, true],
    ["elicit", { action: "cancel" }, true],
    ["elicit", { action: "yes" }, false],
    ["elicit", { action: "accept", content: 1 }, false],
    ["elicit", undefined, false],
    ["elicit", [], false],
    ["sample", { role: "assistant", content: text, model: "m" }, true],
    ["sample", { role: "assistant", content: [text], model: "m", stopReason: "endTurn" }, true],
    ["sample", { role: "system", content: text, model: "m" }, false],
    ["sample", { role: "assistant", content: "hi", model: "m" }, false],
    ["sample", { role: "assistant", content: text }, false],
    ["sample", { role: "assistant", content: text, model: "m", stopReason: 1 }, false],
  ];
  for (const [kind, given, right] of cases) {
    const replied = (await ask({ [kind]: () => given }, question(kind, {}))) as { code?: string };
    assert.equal(replied.code, right ? undefined : "local/bad_argument", JSON.stringify(given));
  }
});

test("what a handler throws is told here and not to the server", async () => {
  const error = new Error("canary");
  for (const elicit of [
    () => {
      throw error;
    },
    () => Promise.reject(error),
  ]) {
    let thrown: unknown;
    const asked = question("elicit", {}, { thrown: (what) => (thrown = what) });
    const replied = await ask({ elicit }, asked);
    assert.equal(thrown, error);
    assert.equal((replied as { code: string }).code, "local/bad_argument");
    assert.doesNotMatch(JSON.stringify(replied), /canary/);
  }
});
