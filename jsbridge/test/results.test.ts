import assert from "node:assert/strict";
import { test } from "node:test";
import { RemoraError } from "../src/errors.js";
import { blob, dataURL, structured, text } from "../src/results.js";
import type { CallToolResult, ContentBlock } from "../src/tools.js";

const mixed: CallToolResult = {
  content: [
    { type: "text", text: "one" },
    { type: "image", data: "aGk=", mimeType: "image/png" },
    { type: "resource", resource: { uri: "x:/", text: "two" } },
    { type: "resource", resource: { uri: "x:/", blob: "aGk=" } },
    { type: "hologram", text: "three" },
  ],
};

test("the text of a result is that of its text blocks and resources", () => {
  assert.equal(text(mixed), "one\ntwo");
  assert.equal(text({ content: [] }), "");
  assert.equal(text({ content: { type: "text", text: "a message's" } }), "a message's");
});

test("the structured value is there, or the error says why not", () => {
  assert.deepEqual(structured<{ a: number }>({ content: [], structuredContent: { a: 1 } }).a, 1);
  assert.equal(structured({ content: [], structuredContent: null }), null);
  const failed = (result: CallToolResult) => {
    try {
      structured(result);
    } catch (error) {
      return error instanceof RemoraError ? error : undefined;
    }
    return undefined;
  };
  assert.equal(failed({ content: [] })?.code, "rpc/invalid_result");
  const error = failed({ ...mixed, isError: true });
  assert.equal(error?.code, "rpc/error");
  assert.match(error?.message ?? "", /one/);
});

test("bytes come as a Blob or a data URL", async () => {
  for (const [content, type, bytes, url] of [
    [mixed.content[1], "image/png", "hi", "data:image/png;base64,aGk="],
    [mixed.content[2], "text/plain", "two", "data:text/plain;base64,dHdv"],
    [mixed.content[3], "application/octet-stream", "hi", "data:application/octet-stream;base64,aGk="],
    [
      { type: "audio", data: "aGk=", mimeType: "audio/wav; rate=8000" },
      "audio/wav; rate=8000",
      "hi",
      "data:audio/wav; rate=8000;base64,aGk=",
    ],
    [
      { type: "image", data: "aGk=", mimeType: 'x/y,<script>"' },
      "application/octet-stream",
      "hi",
      "data:application/octet-stream;base64,aGk=",
    ],
  ] as [ContentBlock, string, string, string][]) {
    const made = blob(content);
    assert.equal(made.type, type);
    assert.equal(await made.text(), bytes);
    assert.equal(dataURL(content), url);
  }
  const long = "x".repeat(20_000);
  assert.equal(atob(dataURL({ uri: "x:/", text: long }).split(",")[1] ?? ""), long);
});

test("content without bytes, or with bytes that are none, is refused", () => {
  for (const content of [
    { type: "resource_link", uri: "x:/", name: "x" },
    { type: "image", data: "%", mimeType: "image/png" },
  ]) {
    assert.throws(() => blob(content), { code: "local/bad_argument" });
  }
  assert.throws(() => dataURL({ type: "resource_link", uri: "x:/", name: "x" }), { code: "local/bad_argument" });
});
