import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { fetchFailure } from "../src/fetch-failure.js";
import type { FetchLike } from "../src/http.js";

const failed = new TypeError("Failed to fetch");
const up: FetchLike = async () => new Response();
const down: FetchLike = async () => {
  throw failed;
};

// As in a browser, where the page's own address is a global.
function at(origin: string): void {
  Object.defineProperty(globalThis, "location", { value: { origin }, configurable: true });
}

afterEach(() => {
  Reflect.deleteProperty(globalThis, "location");
});

test("a server that is up but does not allow the page is http/cors, saying what it must send", async () => {
  at("https://app.example");
  const error = await fetchFailure(failed, new URL("https://mcp.example/mcp?key=canary"), false, up);
  assert.equal(error.code, "http/cors");
  assert.equal(error.sent, "unknown");
  for (const part of [
    "Access-Control-Allow-Origin: https://app.example",
    "Mcp-Session-Id",
    "Mcp-Protocol-Version",
    "Mcp-Method",
    "Mcp-Name",
    "Last-Event-ID",
    "Authorization",
    "Access-Control-Expose-Headers: Mcp-Session-Id, WWW-Authenticate",
  ]) {
    assert.ok(error.message.includes(part), part);
  }
  assert.doesNotMatch(error.message, /canary|Failed to fetch/);
});

test("the question whether it is up carries nothing", async () => {
  at("https://app.example");
  let asked: unknown[] = [];
  await fetchFailure(failed, new URL("https://mcp.example/mcp?key=canary"), false, async (...args) => {
    asked = args;
    return new Response();
  });
  assert.deepEqual(asked, ["https://mcp.example/mcp", { method: "HEAD", mode: "no-cors", credentials: "omit" }]);
});

test("a server that is down is http/network", async () => {
  at("https://app.example");
  const error = await fetchFailure(failed, new URL("https://mcp.example/mcp"), false, down);
  assert.equal(error.code, "http/network");
  assert.doesNotMatch(error.message, /Failed to fetch/);
});

test("mixed content is named", async () => {
  at("https://app.example");
  const error = await fetchFailure(failed, new URL("http://mcp.example/mcp"), false, up);
  assert.equal(error.code, "http/network");
  assert.equal(error.sent, "no");
  assert.match(error.message, /mixed content/);
  assert.equal((await fetchFailure(failed, new URL("http://localhost:1/mcp"), false, up)).code, "http/cors");
});

test("the page's own server cannot be kept back", async () => {
  at("https://app.example");
  assert.equal((await fetchFailure(failed, new URL("https://app.example/mcp"), false, up)).code, "http/network");
});

test("an answer that breaks off is no matter of CORS", async () => {
  at("https://app.example");
  const error = await fetchFailure(failed, new URL("https://mcp.example/mcp"), true, up);
  assert.equal(error.code, "http/network");
  assert.equal(error.sent, "unknown");
  assert.match(error.message, /mid-answer/);
});

test("outside of a browser the code says whether anything left", async () => {
  const refused = Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } });
  const reset = Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNRESET" } });
  const url = new URL("https://mcp.example/mcp");
  assert.equal((await fetchFailure(refused, url, false, up)).sent, "no");
  assert.equal((await fetchFailure(reset, url, false, up)).sent, "unknown");
  assert.equal((await fetchFailure(failed, url, false, up)).sent, "unknown");
});
