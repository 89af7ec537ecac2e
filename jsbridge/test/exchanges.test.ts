import assert from "node:assert/strict";
import { test } from "node:test";
import { Credentials, type TokenSource } from "../src/credentials.js";
import { type ExchangeSession, Exchanges } from "../src/exchanges.js";
import type { OutFrame } from "../src/frame.js";
import { type HTTPError, type HTTPHead, Kind, kindNames } from "../src/generated/wire.js";
import { type Policy, SessionPolicy } from "../src/policy.js";
import type { HttpHandle, HttpPort, HttpRequest, HttpSink } from "../src/port.js";

// A port that does what the test says, when it says it.
class ManualPort implements HttpPort {
  readonly requests: { request: HttpRequest; sink: HttpSink; resumed: number; aborted: boolean }[] = [];

  start(request: HttpRequest, sink: HttpSink): HttpHandle {
    const entry = { request, sink, resumed: 0, aborted: false };
    this.requests.push(entry);
    return {
      resume: () => void entry.resumed++,
      abort: () => {
        entry.aborted = true;
      },
    };
  }

  close(): void {}

  get last() {
    const entry = this.requests.at(-1);
    assert.ok(entry);
    return entry;
  }
}

interface Setup {
  policy?: Policy;
  headers?: Record<string, string>;
  token?: TokenSource;
  server?: string;
}

function setup({ policy, headers, token, server = "https://mcp.example/mcp" }: Setup = {}) {
  const port = new ManualPort();
  const batches: OutFrame[][] = [];
  const exchanges = new Exchanges((frames) => batches.push([...frames]));
  const session: ExchangeSession = {
    port,
    policy: new SessionPolicy(new URL(server), policy),
    credentials: new Credentials(headers, token),
  };
  const start = (more: Partial<Parameters<Exchanges["start"]>[1]> = {}, body = "{}") =>
    exchanges.start(
      7,
      { session: 1, purpose: "mcp", method: "POST", url: server, credit: 1000, ...more },
      new TextEncoder().encode(body),
      session,
    );
  return { port, batches, exchanges, session, start };
}

function names(batches: OutFrame[][]): string[][] {
  return batches.map((batch) => batch.map(({ kind }) => kindNames[kind] ?? ""));
}

function header<T>(frame: OutFrame | undefined): T {
  return JSON.parse(new TextDecoder().decode(frame?.header)) as T;
}

function failure(batches: OutFrame[][]) {
  const frame = batches.at(-1)?.at(-1);
  assert.equal(frame?.kind, Kind.httpError);
  return header<HTTPError>(frame).error;
}

test("a small answer is one batch", () => {
  const { port, batches, exchanges, start } = setup();
  start();
  const { sink } = port.last;
  sink.head(200, [["Content-Type", "application/json"]]);
  sink.data(new TextEncoder().encode("{}"));
  sink.end();
  assert.deepEqual(names(batches), [["http.head", "http.data", "http.end"]]);
  assert.deepEqual(header<HTTPHead>(batches[0]?.[0]), { status: 200, headers: [["Content-Type", "application/json"]] });
  assert.equal(exchanges.size, 0);
});

test("no more is delivered than there is credit for", () => {
  const { port, batches, exchanges, start } = setup();
  start({ credit: 10 });
  const { sink } = port.last;
  sink.head(200, []);
  assert.equal(sink.data(new Uint8Array(4)), true);
  assert.equal(sink.data(new Uint8Array(10).fill(1)), false);
  const delivered = () => batches.flat().reduce((sum, f) => sum + (f.kind === Kind.httpData ? f.payload.length : 0), 0);
  assert.equal(delivered(), 10);
  assert.equal(sink.data(new Uint8Array(3).fill(2)), false, "a port that pushes on is held too");
  exchanges.more(7, 2);
  assert.equal(delivered(), 12);
  assert.equal(port.last.resumed, 0);
  exchanges.more(7, 100);
  assert.equal(delivered(), 17);
  assert.equal(port.last.resumed, 1);
  sink.end();
  const all = batches
    .flat()
    .filter(({ kind }) => kind === Kind.httpData)
    .flatMap(({ payload }) => [...payload]);
  assert.deepEqual(all, [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2]);
});

test("a core that gives more credit as soon as it is delivered to never stops the port", () => {
  const port = new ManualPort();
  const session: ExchangeSession = {
    port,
    policy: new SessionPolicy(new URL("https://mcp.example/")),
    credentials: new Credentials(undefined, undefined),
  };
  const got: number[] = [];
  let ended = false;
  const exchanges: Exchanges = new Exchanges((frames) => {
    for (const { kind, payload } of frames) {
      got.push(...payload);
      ended ||= kind === Kind.httpEnd;
      if (kind === Kind.httpData) exchanges.more(7, payload.length);
    }
  });
  const start = { session: 1, purpose: "mcp", method: "GET", url: "https://mcp.example/", credit: 3 };
  exchanges.start(7, start, new Uint8Array(), session);
  const { sink } = port.last;
  sink.head(200, []);
  assert.equal(sink.data(Uint8Array.of(1, 2, 3)), true);
  assert.equal(sink.data(Uint8Array.of(4, 5, 6, 7, 8, 9, 10)), true);
  sink.end();
  assert.deepEqual(got, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.equal(ended, true);
});

test("the end waits for what is held", () => {
  const { port, batches, exchanges, start } = setup();
  start({ credit: 1 });
  port.last.sink.head(200, []);
  port.last.sink.data(new Uint8Array(3));
  port.last.sink.end();
  assert.deepEqual(names(batches), [["http.head", "http.data"]]);
  exchanges.more(7, 1);
  exchanges.more(7, 1);
  assert.deepEqual(names(batches).flat(), ["http.head", "http.data", "http.data", "http.data", "http.end"]);
  assert.equal(exchanges.size, 0);
});

test("after an abort nothing is sent", () => {
  const { port, batches, exchanges, start } = setup();
  start();
  port.last.sink.head(200, []);
  exchanges.abort(7);
  exchanges.abort(7);
  exchanges.more(7, 5);
  assert.equal(port.last.aborted, true);
  assert.equal(port.last.sink.data(new Uint8Array(1)), false);
  port.last.sink.end();
  assert.deepEqual(batches, []);
  assert.equal(exchanges.size, 0);
});

test("an abort while the token function thinks: no request", async () => {
  let give: (token: string) => void = () => {};
  const token = new Promise<string>((resolve) => {
    give = resolve;
  });
  const { port, exchanges, start } = setup({ token: () => token });
  start();
  exchanges.abort(7);
  give("t");
  await token;
  await undefined;
  assert.equal(port.requests.length, 0);
});

test("what the policy forbids is not started", () => {
  const { port, batches, start } = setup();
  start({ url: "https://evil.example/" });
  assert.equal(failure(batches).code, "policy/origin");
  assert.equal(failure(batches).sent, "no");
  start({ url: "nonsense" });
  assert.equal(failure(batches).code, "local/bad_url");
  assert.equal(port.requests.length, 0);
});

test("a session that is closed has no requests", () => {
  const { batches, exchanges } = setup();
  const start = { session: 9, purpose: "mcp", method: "GET", url: "https://mcp.example/", credit: 1 };
  exchanges.start(8, start, new Uint8Array(), undefined);
  assert.equal(failure(batches).code, "local/closed");
});

test("credentials go to the server's own origin, and replace what the core says", async () => {
  const { port, start } = setup({ headers: { "X-Key": "k" }, token: async () => "t" });
  start({
    headers: [
      ["Authorization", "from the core"],
      ["Accept", "a"],
    ],
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(port.last.request.headers, [
    ["Accept", "a"],
    ["X-Key", "k"],
    ["Authorization", "Bearer t"],
  ]);
});

test("credentials never go to another origin", async () => {
  const { port, start } = setup({
    policy: { origins: ["https://files.example"] },
    headers: { "X-Key": "canary" },
    token: async () => "canary",
  });
  start({ url: "https://files.example/x", headers: [["Accept", "a"]] });
  assert.deepEqual(port.last.request.headers, [["Accept", "a"]]);
});

test("a redirect to another origin leaves every credential behind; one back has them again", () => {
  const { port, start } = setup({ policy: { origins: ["https://files.example"] }, headers: { "X-Key": "canary" } });
  start({
    method: "GET",
    headers: [
      ["Authorization", "canary"],
      ["Cookie", "canary"],
      ["Accept", "a"],
    ],
  });
  assert.equal(port.last.sink.head(302, [["Location", "https://files.example/x"]]), false);
  assert.deepEqual(port.last.request.headers, [["Accept", "a"]]);
  assert.equal(port.last.sink.head(302, [["location", "https://mcp.example/y"]]), false);
  assert.deepEqual(port.last.request.headers, [
    ["Accept", "a"],
    ["X-Key", "canary"],
  ]);
  assert.equal(port.requests.length, 3);
});

test("a failing token function fails the request, and its message stays here", async () => {
  const { port, batches, start } = setup({
    token: () => {
      throw new Error("canary");
    },
  });
  start();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(failure(batches).code, "auth/refresh_failed");
  assert.equal(failure(batches).sent, "no");
  assert.doesNotMatch(JSON.stringify(failure(batches)), /canary/);
  assert.equal(port.requests.length, 0);
});

test("a POST follows 307 and 308 with its body, and nothing else", () => {
  for (const [status, code] of [
    [301, "policy/redirect"],
    [302, "policy/redirect"],
    [303, "policy/redirect"],
    [307, undefined],
    [308, undefined],
  ] as const) {
    const { port, batches, start } = setup();
    start({}, "body");
    port.last.sink.head(status, [["Location", "/moved?x=1#f"]]);
    if (code !== undefined) {
      assert.equal(failure(batches).code, code);
      assert.equal(failure(batches).sent, "yes");
      assert.equal(failure(batches).status, status);
      assert.equal(port.requests.length, 1);
      continue;
    }
    assert.equal(port.requests.length, 2);
    assert.equal(port.last.request.url.href, "https://mcp.example/moved?x=1");
    assert.equal(port.last.request.method, "POST");
    assert.equal(new TextDecoder().decode(port.last.request.body), "body");
  }
});

test("every hop passes the policy", () => {
  const cases: [location: string, code: string][] = [
    ["https://evil.example/?canary", "policy/origin"],
    ["http://mcp.example/", "policy/redirect"],
    ["file:///etc/passwd", "policy/origin"],
    ["https://u:canary@mcp.example/", "policy/origin"],
    ["http://[bad", "policy/redirect"],
  ];
  for (const [location, code] of cases) {
    const { port, batches, start } = setup();
    start({ method: "GET" });
    port.last.sink.head(302, [["Location", location]]);
    assert.equal(failure(batches).code, code, location);
    assert.equal(port.requests.length, 1);
    assert.doesNotMatch(failure(batches).message, /canary/);
  }
});

test("redirects end after five", () => {
  const { port, batches, start } = setup();
  start({ method: "GET" });
  for (let i = 0; i < 6; i++) port.last.sink.head(307, [["Location", `/${i}`]]);
  assert.equal(failure(batches).code, "policy/redirect");
  assert.equal(port.requests.length, 6);
});

test("a 3xx that leads nowhere is an answer", () => {
  const { port, batches, start } = setup();
  start();
  assert.equal(port.last.sink.head(304, []), true);
  port.last.sink.end();
  assert.deepEqual(names(batches), [["http.head", "http.end"]]);
});

test("cookies do not reach the core: there is no jar", () => {
  const { port, batches, start } = setup();
  start();
  port.last.sink.head(200, [
    ["Set-Cookie", "canary"],
    ["X-A", "1"],
  ]);
  port.last.sink.end();
  assert.deepEqual(header<HTTPHead>(batches[0]?.[0]).headers, [["X-A", "1"]]);
});

test("a head that is too large for a frame is an error of that exchange", () => {
  const { port, batches, exchanges, start } = setup();
  start();
  assert.equal(port.last.sink.head(200, [["X", "x".repeat(70_000)]]), false);
  assert.equal(failure(batches).code, "local/too_large");
  assert.equal(exchanges.size, 0);
});
