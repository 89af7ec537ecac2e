import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { type ConnectOptions, callHeader, readSettings } from "../src/options.js";

test("a call's options become the call frame's header", () => {
  assert.deepEqual(callHeader("ping", 0, {}), { command: "ping" });
  assert.deepEqual(
    callHeader("callTool", 3, {
      timeout: 1.2,
      maxTotalTimeout: Number.POSITIVE_INFINITY,
      resetTimeoutOnProgress: false,
    }),
    { command: "callTool", session: 3, timeoutMs: 2, maxTotalTimeoutMs: 0x7fffffff, keepTimeoutOnProgress: true },
  );
  assert.deepEqual(callHeader("ping", 1, { resetTimeoutOnProgress: true }), { command: "ping", session: 1 });
});

test("options that cannot be right are refused", () => {
  for (const options of [
    { timeout: 0 },
    { timeout: -1 },
    { timeout: Number.NaN },
    { timeout: "1" as never },
    { maxTotalTimeout: 0 },
    { onprogress: "x" as never },
    { signal: {} as never },
    { signal: null as never },
  ]) {
    assert.throws(() => callHeader("ping", 1, options), { code: "local/bad_argument" }, JSON.stringify(options));
  }
  for (const options of [
    { headers: 1 as never },
    { headers: null as never },
    { policy: { origins: "https://x.example" as never } },
    { limits: { maxDepth: -1 } },
    { limits: { maxAsks: "1" as never } },
  ]) {
    assert.throws(
      () => readSettings("https://h.example/", options),
      { code: "local/bad_argument" },
      JSON.stringify(options),
    );
  }
});

test("what crosses holds no credentials, and neither does what is printed", () => {
  const settings = readSettings("https://h.example/mcp?q=1#part", {
    headers: { Authorization: "canary" },
    token: () => "canary",
    clientInfo: { name: "n" },
    protocolVersion: "2025-11-25",
    handlers: { elicit: () => ({ action: "cancel" }) },
  });
  assert.deepEqual(settings.params, {
    url: "https://h.example/mcp?q=1",
    clientInfo: { name: "n" },
    protocolVersion: "2025-11-25",
    handlers: ["elicit"],
  });
  assert.doesNotMatch(inspect({ ...settings, handlers: {} }, { depth: 9, showHidden: true }), /canary/);
});

test("how a session comes back crosses in the wire's words, and what cannot be right is refused", () => {
  const crossing = (options: ConnectOptions) => {
    const { reconnect, keepAliveMs } = readSettings("https://h.example/", options).params;
    return { reconnect, keepAliveMs };
  };
  assert.deepEqual(crossing({}), { reconnect: undefined, keepAliveMs: undefined });
  assert.deepEqual(crossing({ reconnect: false, keepAlive: 1.5 }), { reconnect: { off: true }, keepAliveMs: 2 });
  assert.deepEqual(
    crossing({ reconnect: { attempts: 3, firstDelay: 0.5, maxDelay: 1000, repeatUnsent: false } }).reconnect,
    { attempts: 3, firstDelayMs: 1, maxDelayMs: 1000, failUnsent: true },
  );
  assert.deepEqual(crossing({ reconnect: { repeatUnsent: true } }).reconnect, {});
  for (const options of [
    { reconnect: true as never },
    { reconnect: null as never },
    { reconnect: { attempts: 0 } },
    { reconnect: { firstDelay: -1 } },
    { reconnect: { maxDelay: Number.POSITIVE_INFINITY } },
    { reconnect: { repeatUnsent: "no" as never } },
    { keepAlive: 0 },
  ]) {
    assert.throws(() => crossing(options), { code: "local/bad_argument" }, JSON.stringify(options));
  }
});
