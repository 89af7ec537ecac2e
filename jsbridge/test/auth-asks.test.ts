// What crosses when the core asks for what leads to a token.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer } from "../src/asks.js";
import { Learned, learning } from "../src/auth-asks.js";
import { type AuthOptions, AuthSettings, readAuth } from "../src/auth-options.js";
import { RemoraError } from "../src/errors.js";
import type { Authorize, Store, Stored } from "../src/generated/wire.js";
import { mapStore } from "../src/store.js";

const redirectUrl = "https://app.example/back?x=1";
const page = "https://as.example/authorize?state=state-4711&code_challenge=challenge-4711";

async function ask(options: AuthOptions, kind: string, params: object, signal = new AbortController().signal) {
  const settings = new AuthSettings(options, undefined);
  const thrown: unknown[] = [];
  const question = {
    kind,
    session: 1,
    origin: "https://mcp.example",
    params: new TextEncoder().encode(JSON.stringify(params)),
    signal,
    thrown: (error: unknown) => void thrown.push(error),
  };
  const given = await answer(question, settings.handlers, {});
  const said: unknown = given instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(given)) : given;
  return { said, thrown, secrets: [...settings.secrets()] };
}

const authorize = (url: string, more: Partial<Authorize> = {}): Authorize => ({
  url,
  redirectUrl,
  issuer: "https://as.example",
  ...more,
});

test("authorize: the handler is given the page, and gives the URL that the person came back to", async () => {
  const back = "https://app.example/back?x=1&code=code-4711&state=state-4711";
  for (const given of [back, new URL(back), Promise.resolve(back)]) {
    let got: unknown;
    const { said, secrets } = await ask(
      {
        authorize: (params, context) => {
          got = [params, context.origin];
          return given as string;
        },
      },
      "authorize",
      authorize(page),
    );
    assert.deepEqual(got, [authorize(page), "https://mcp.example"]);
    assert.deepEqual(said, { url: back });
    assert.deepEqual(secrets.sort(), ["challenge-4711", "code-4711", "state-4711"]);
  }
});

test("authorize: a page that is neither on https nor on this machine is shown to nobody", async () => {
  let shown = 0;
  const handler = () => {
    shown++;
    return "";
  };
  for (const url of [
    "http://as.example/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://user:pass@as.example/",
    "as.example",
    "myapp://x",
  ]) {
    const { said } = await ask({ authorize: handler }, "authorize", authorize(url));
    assert.equal((said as { code: string }).code, "policy/origin", url);
  }
  assert.equal(shown, 0);
  for (const url of ["http://127.0.0.1:1/", "http://localhost/", "http://[::1]/"]) {
    await ask({ authorize: handler }, "authorize", authorize(url));
  }
  assert.equal(shown, 3);
});

test("authorize: what is not what the person was to come back to is not told", async () => {
  for (const given of [
    "https://evil.example/back?code=secret-4711",
    "https://app.example/other?code=secret-4711",
    "http://app.example/back?code=secret-4711",
    "https://app.example:8443/back?code=secret-4711",
    `https://app.example/back?code=${"x".repeat(20_000)}`,
    "/back",
    "",
    undefined,
    7,
    { url: redirectUrl },
  ]) {
    const { said } = await ask({ authorize: () => given as string }, "authorize", authorize(page));
    assert.equal((said as { code: string }).code, "local/bad_argument", String(given));
    assert.doesNotMatch(JSON.stringify(said), /secret-4711/);
  }
  const own = authorize(page, { redirectUrl: "com.example.app:/back" });
  const { said } = await ask({ authorize: () => "com.example.app:/back?code=c" }, "authorize", own);
  assert.deepEqual(said, { url: "com.example.app:/back?code=c" });
});

test("authorize: what the handler throws is told if it is ours, without a URL's query", async () => {
  const denied = new RemoraError("auth/denied", "the window was closed at https://as.example/x?code=secret-4711");
  const of = async (error: unknown) => {
    const handler = () => {
      throw error;
    };
    const { said, thrown } = await ask({ authorize: handler }, "authorize", authorize(page));
    assert.deepEqual(thrown, [error]);
    return said as { code: string; message: string };
  };
  assert.deepEqual(await of(denied), {
    code: "auth/denied",
    message: "authorize: the window was closed at https://as.example/x",
    retryable: false,
    sent: "yes",
  });
  const other = await of(new Error("secret-4711"));
  assert.equal(other.code, "local/bad_argument");
  assert.doesNotMatch(other.message, /secret/);
});

test("authorize: when no answer is wanted any more, that is the end of it, whatever the handler does", async () => {
  const stop = new AbortController();
  const handler = (_: Authorize, { signal }: { signal: AbortSignal }) => {
    assert.equal(signal, stop.signal);
    queueMicrotask(() => stop.abort());
    return new Promise<string>(() => {});
  };
  const { said } = await ask({ authorize: handler }, "authorize", authorize(page), stop.signal);
  assert.equal((said as { code: string }).code, "local/cancelled");
});

test("sign and assert: only what has the form goes over", async () => {
  const key = (jwt: unknown) => ({ key: () => jwt as string });
  const signed = await ask(key("aaaa.bbbb.cc-_"), "sign", { use: "client", claims: {} });
  assert.deepEqual(signed.said, { jwt: "aaaa.bbbb.cc-_" });
  assert.deepEqual(signed.secrets, ["aaaa.bbbb.cc-_"]);
  for (const jwt of ["a.b", "a.b.", "a.b.c d", "", undefined, {}, "a.b.c.d"]) {
    const { said } = await ask(key(jwt), "sign", { use: "client", claims: {} });
    assert.equal((said as { code: string }).code, "local/bad_argument", String(jwt));
  }
  const got: unknown[] = [];
  const asserted = await ask(
    {
      assert: async (...args) => {
        got.push(args);
        return "token-4711";
      },
    },
    "assert",
    { use: "workload", audience: "https://as.example" },
  );
  assert.deepEqual([asserted.said, got], [{ token: "token-4711" }, [["workload", "https://as.example"]]]);
  for (const token of ["", "a b", "a\n", undefined, 7]) {
    const { said } = await ask({ assert: () => token as string }, "assert", { use: "identity", audience: "x" });
    assert.equal((said as { code: string }).code, "local/bad_argument", String(token));
  }
  assert.equal(((await ask({}, "sign", {})).said as { code: string }).code, "policy/handler_missing");
  assert.equal(((await ask({}, "assert", {})).said as { code: string }).code, "policy/handler_missing");
});

test("store: what goes in and out has the form, and its secrets are learned", async () => {
  const entries = new Map<string, string>();
  const store = mapStore(entries);
  const use = async (params: Store, place = store as AuthOptions["store"]) => ask({ store: place }, "store", params);
  const record = JSON.stringify({
    token: { access: "access-4711", refresh: "refresh-4711", at: "https://as.example/tok" },
  });
  assert.deepEqual((await use({ op: "get", key: "a b" })).said, {});
  const written = await use({ op: "swap", key: "a b", value: record });
  assert.deepEqual(written.said, { swapped: true });
  assert.deepEqual(written.secrets, ["access-4711", "refresh-4711"]);
  assert.deepEqual((await use({ op: "swap", key: "a b", value: "x" })).said, {});
  const found = await use({ op: "get", key: "a b" });
  assert.deepEqual([found.said, found.secrets], [{ value: record }, ["access-4711", "refresh-4711"]]);
  assert.deepEqual((await use({ op: "swap", key: "a b", was: record })).said, { swapped: true });
  assert.deepEqual((await use({ op: "set", key: "a", value: "" })).said, {});
  assert.deepEqual((await use({ op: "delete", key: "a" })).said, {});
  assert.equal(entries.size, 0);

  const code = (said: unknown) => (said as { code: string }).code;
  for (const bad of [
    { op: "get", key: "" },
    { op: "get", key: "k".repeat(513) },
    { op: "get", key: "ä" },
    { op: "set", key: "a", value: "x".repeat((64 << 10) + 1) },
    { op: "drop", key: "a" },
  ]) {
    assert.equal(code((await use(bad)).said), "local/bad_argument", bad.op);
  }
  assert.equal(entries.size, 0);
  for (const [op, give] of [
    ["get", 7],
    ["get", "x".repeat((64 << 10) + 1)],
    ["swap", "yes"],
  ] as const) {
    const wrong = { ...store, [op]: () => give } as unknown as AuthOptions["store"];
    assert.equal(code((await use({ op, key: "a" }, wrong)).said), "local/bad_argument", op);
  }
  assert.deepEqual((await use({ op: "get", key: "a" }, { ...store, get: () => null as never })).said, {});
});

test("what is learned is bounded, and the latest counts", async () => {
  const learned = new Learned();
  const { store } = learning({ store: () => ({}) as Stored }, learned);
  for (let i = 0; i < 1000; i++) await store?.({ op: "set", key: "a", value: `secret-number-${i}` }, {} as never);
  const all = [...learned];
  assert.equal(all.length, 128);
  assert.equal(all.at(-1), "secret-number-999");
  learned.add("short");
  assert.equal([...learned].includes("short"), false);
});

test("options that cannot be right are refused before any traffic, and secrets are not quoted", () => {
  const good: AuthOptions = { authorize: () => "", redirectUrl: "http://127.0.0.1/cb" };
  const cases: [options: unknown, message: RegExp][] = [
    [7, /must be an object/],
    [{}, /needs authorize/],
    [{ authorize: () => "" }, /redirectUrl/],
    [{ ...good, authorize: "x" }, /function/],
    [{ ...good, redirectUrl: "javascript:alert(1)" }, /redirectUrl/],
    [{ ...good, redirectUrl: "/callback" }, /absolute/],
    [{ ...good, issuer: "http://as.example" }, /https/],
    [{ ...good, clientMetadataUrl: "ftp://as.example" }, /https/],
    [{ ...good, clientSecret: 4711 }, /clientSecret/],
    [{ ...good, scopes: "a" }, /scopes/],
    [{ ...good, scopes: ["a b"] }, /scopes/],
    [{ ...good, store: {} }, /store/],
    [{ ...good, grant: "password" }, /grant/],
    [{ ...good, clientAuth: "tls" }, /clientAuth/],
    [{ ...good, clientAuth: "private_key_jwt" }, /key/],
    [{ ...good, registration: "x" }, /registration/],
    [{ grant: "workload" }, /assert/],
    [{ grant: "enterprise", assert: () => "" }, /identity/],
    [{ grant: "enterprise", assert: () => "", identity: { tokenUrl: "http://idp.example" } }, /https/],
  ];
  for (const [options, message] of cases) {
    assert.throws(
      () => readAuth(options as AuthOptions, undefined),
      (error: unknown) =>
        error instanceof RemoraError && error.code === "local/bad_argument" && message.test(error.message),
      JSON.stringify(options),
    );
  }
  assert.equal(readAuth(undefined, undefined), undefined);
  assert.throws(() => readAuth(undefined, () => ""), { code: "local/bad_argument" });
  assert.ok(readAuth({ redirectUrl: "myapp:/back" }, () => ""));
  assert.ok(readAuth({ grant: "client_credentials", clientId: "c" }, undefined));
});

test("what the core is told", async () => {
  const asked: AuthOptions = {
    grant: "enterprise",
    assert: () => "",
    identity: { issuer: "https://idp.example", clientId: "i" },
    clientId: "c",
    clientSecret: "s",
    issuer: new URL("https://as.example"),
    scopes: ["a", "b"],
    onlineOnly: true,
    dpop: true,
    key: () => "",
    registration: { client_name: "n" },
    redirectUrl: async () => new URL("http://127.0.0.1:7/cb"),
  };
  const settings = new AuthSettings(asked, undefined);
  assert.deepEqual(await settings.params(), {
    grant: "enterprise",
    clientId: "c",
    clientSecret: "s",
    clientAuth: "private_key_jwt",
    issuer: "https://as.example/",
    redirectUrl: "http://127.0.0.1:7/cb",
    scopes: ["a", "b"],
    onlineOnly: true,
    registration: { client_name: "n" },
    dpop: true,
    identity: { issuer: "https://idp.example", clientId: "i" },
  });
  assert.deepEqual(settings.named, ["https://as.example/", "https://idp.example"]);
  assert.deepEqual(Object.keys(settings.handlers).sort(), ["assert", "sign", "store"]);
  assert.deepEqual(await new AuthSettings({}, undefined).params(), {});
});
