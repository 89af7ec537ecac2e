// Where requests for a token may go, and what goes with them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Credentials } from "../src/credentials.js";
import { type ExchangeSession, Exchanges } from "../src/exchanges.js";
import type { OutFrame } from "../src/frame.js";
import { type HTTPError, Kind } from "../src/generated/wire.js";
import { maxMetadataBytes } from "../src/oauth-origins.js";
import { type Policy, SessionPolicy } from "../src/policy.js";
import type { HeaderPair, HttpRequest, HttpSink } from "../src/port.js";

interface Answer {
  status?: number;
  headers?: HeaderPair[];
  body?: string;
}

interface Setup {
  server?: string;
  policy?: Policy;
  named?: string[];
}

/** A session whose network gives the answers that a test wants, by URL. */
function session({ server = "https://mcp.example/mcp", policy, named }: Setup = {}) {
  const requests: HttpRequest[] = [];
  const answers = new Map<string, Answer>();
  const of: ExchangeSession = {
    policy: new SessionPolicy(new URL(server), policy, named),
    credentials: new Credentials({ "X-Key": "the-application's" }, () => "token-of-the-application"),
    port: {
      start(request: HttpRequest, sink: HttpSink) {
        requests.push(request);
        const { status = 200, headers = [], body = "" } = answers.get(request.url.href) ?? { status: 404 };
        queueMicrotask(() => {
          if (!sink.head(status, headers)) return;
          for (let at = 0; at < body.length; at += 1000) sink.data(new TextEncoder().encode(body.slice(at, at + 1000)));
          sink.end();
        });
        return { resume() {}, abort() {} };
      },
      close() {},
    },
  };
  let lastId = 0;
  /** Makes a request and gives the code of its failure, if it fails. */
  const go = (purpose: "mcp" | "oauth", method: string, url: string, headers: HeaderPair[] = []) =>
    new Promise<string | undefined>((resolve) => {
      const exchanges = new Exchanges((frames: readonly OutFrame[]) => {
        for (const { kind, header } of frames) {
          if (kind === Kind.httpEnd) resolve(undefined);
          if (kind === Kind.httpError) resolve((JSON.parse(new TextDecoder().decode(header)) as HTTPError).error.code);
        }
      });
      const start = { session: 1, purpose, method, url, headers, credit: 1 << 20 };
      exchanges.start(++lastId, start, new TextEncoder().encode(method === "POST" ? "a=b" : ""), of);
    });
  const json = (url: string, body: unknown) =>
    answers.set(url, { headers: [["content-type", "application/json"]], body: JSON.stringify(body) });
  return { requests, answers, json, go };
}

const challenge = (url: string): HeaderPair => ["WWW-Authenticate", `Bearer scope="a", resource_metadata="${url}"`];
const prm = "https://mcp.example/.well-known/oauth-protected-resource";
const as = "https://as.example/.well-known/oauth-authorization-server";

test("from the server's metadata to the authorization server's, and no further", async () => {
  const { requests, answers, json, go } = session();
  assert.equal(await go("oauth", "GET", as), "policy/origin", "nobody has named it");
  assert.equal(requests.length, 0);

  answers.set("https://mcp.example/mcp", { status: 401, headers: [challenge("https://meta.example/prm")] });
  assert.equal(await go("mcp", "POST", "https://mcp.example/mcp"), undefined);
  assert.equal(await go("oauth", "GET", "https://as.example/"), "policy/origin");
  json("https://meta.example/prm", {
    resource: "https://mcp.example/mcp",
    authorization_servers: ["https://as.example"],
  });
  assert.equal(await go("oauth", "GET", "https://meta.example/prm"), undefined);
  json(as, {
    issuer: "https://as.example",
    token_endpoint: "https://token.example/token",
    registration_endpoint: "https://token.example:8443/register",
    jwks_uri: "https://keys.example/",
    service_documentation: "https://docs.example/",
  });
  assert.equal(await go("oauth", "GET", as), undefined);
  assert.equal(await go("oauth", "POST", "https://token.example/token"), undefined);
  assert.equal(await go("oauth", "POST", "https://token.example:8443/register"), undefined);
  for (const url of ["https://keys.example/", "https://docs.example/", "https://token.example:9443/"]) {
    assert.equal(await go("oauth", "GET", url), "policy/origin", url);
  }
  // What is learned is for tokens alone.
  assert.equal(await go("mcp", "POST", "https://as.example/"), "policy/origin");
  assert.equal(await go("mcp", "POST", "https://token.example/token"), "policy/origin");
});

test("a request for a token has nothing of the application's, wherever it goes", async () => {
  const { requests, json, go } = session({ policy: { origins: ["https://other.example"] } });
  json(prm, { authorization_servers: ["https://as.example"] });
  await go("oauth", "GET", prm, [["Accept", "application/json"]]);
  await go("oauth", "POST", "https://as.example/token", [["Authorization", "Basic client:secret"]]);
  await go("mcp", "POST", "https://mcp.example/mcp", [["Authorization", "Bearer of-the-core"]]);
  await go("mcp", "GET", "https://other.example/", [
    ["Authorization", "Bearer of-the-core"],
    ["DPoP", "proof"],
    ["Accept", "*/*"],
  ]);
  assert.deepEqual(
    requests.map(({ headers, cookies }) => [headers, cookies]),
    [
      [[["Accept", "application/json"]], false],
      [[["Authorization", "Basic client:secret"]], false],
      [
        [
          ["X-Key", "the-application's"],
          ["Authorization", "Bearer token-of-the-application"],
        ],
        true,
      ],
      // The core's token is for the server, and for no other origin.
      [[["Accept", "*/*"]], true],
    ],
  );
});

test("only the server itself says where its metadata is, and only metadata names others", async () => {
  const evil = "https://evil.example/";
  const cases: [name: string, answer: Answer, url: string, purpose: "mcp" | "oauth", method: string][] = [
    [
      "a challenge that is no refusal",
      { status: 200, headers: [challenge(evil)] },
      "https://mcp.example/mcp",
      "mcp",
      "POST",
    ],
    [
      "a challenge of another origin",
      { status: 401, headers: [challenge(evil)] },
      "https://files.example/",
      "mcp",
      "GET",
    ],
    ["a challenge of metadata", { status: 401, headers: [challenge(evil)] }, prm, "oauth", "GET"],
    ["an answer to a call", { body: JSON.stringify({ issuer: evil }) }, "https://mcp.example/mcp", "mcp", "POST"],
    ["an answer to a form", { body: JSON.stringify({ issuer: evil }) }, "https://mcp.example/token", "oauth", "POST"],
    ["an error", { status: 404, body: JSON.stringify({ issuer: evil }) }, prm, "oauth", "GET"],
    ["what is not JSON", { body: `{"issuer":"${evil}"} x` }, prm, "oauth", "GET"],
    ["a list", { body: JSON.stringify([{ issuer: evil }]) }, prm, "oauth", "GET"],
    ["nested", { body: JSON.stringify({ x: { issuer: evil } }) }, prm, "oauth", "GET"],
    ["too large", { body: JSON.stringify({ issuer: evil, x: "x".repeat(maxMetadataBytes) }) }, prm, "oauth", "GET"],
    ["http", { body: JSON.stringify({ issuer: "http://evil.example/" }) }, prm, "oauth", "GET"],
    [
      "another parameter",
      { status: 401, headers: [["www-authenticate", `Bearer x_resource_metadata="${evil}"`]] },
      "https://mcp.example/mcp",
      "mcp",
      "POST",
    ],
  ];
  for (const [name, answer, url, purpose, method] of cases) {
    const { requests, answers, go } = session({ policy: { origins: ["https://files.example"] } });
    answers.set(url, answer);
    assert.equal(await go(purpose, method, url), undefined, name);
    assert.equal(requests.length, 1);
    for (const target of [evil, "http://evil.example/"]) {
      assert.equal(await go("oauth", "GET", target), "policy/origin", name);
    }
    assert.equal(requests.length, 1, name);
  }
});

test("the challenge is read however it is written", async () => {
  for (const header of [
    'Bearer resource_metadata="https://meta.example/"',
    "Bearer resource_metadata=https://meta.example/",
    'Basic realm="x", Bearer error="invalid_token",resource_metadata = "https://meta.example/", scope="a"',
    'bearer RESOURCE_METADATA="https:\\/\\/meta.example/"',
  ]) {
    const { answers, go } = session();
    answers.set("https://mcp.example/mcp", { status: 403, headers: [["www-authenticate", header]] });
    await go("mcp", "POST", "https://mcp.example/mcp");
    assert.equal(await go("oauth", "GET", "https://meta.example/"), undefined, header);
  }
});

test("what is not public is reached only by a server of the same kind, and unencrypted only on loopback", async () => {
  const targets = [
    "https://169.254.169.254/",
    "https://10.0.0.1/",
    "https://[::1]/",
    "https://localhost/",
    "http://127.0.0.1:9/",
    "http://10.0.0.1/",
    "http://as.example/",
    "https://user:pass@as.example/",
    "file:///etc/passwd",
  ];
  const reached = async (server: string) => {
    const { requests, json, go } = session({ server });
    const at = `${new URL(server).origin}/.well-known/oauth-protected-resource`;
    json(at, { authorization_servers: targets });
    await go("oauth", "GET", at);
    const out: string[] = [];
    for (const target of targets) {
      const code = await go("oauth", "GET", target);
      if (code === undefined) out.push(target);
      else assert.match(code, /^policy\/(origin|private_address)$/, `${target} from ${server}`);
    }
    assert.equal(requests.length, 1 + out.length);
    return out;
  };
  assert.deepEqual(await reached("https://mcp.example/"), []);
  assert.deepEqual(await reached("http://mcp.example/"), []);
  assert.deepEqual(await reached("https://10.9.9.9/"), ["https://10.0.0.1/"]);
  assert.deepEqual(await reached("http://10.9.9.9/"), ["https://10.0.0.1/"]);
  assert.deepEqual(await reached("https://127.0.0.1/"), ["https://[::1]/", "https://localhost/"]);
  assert.deepEqual(await reached("http://localhost:1/"), [
    "https://[::1]/",
    "https://localhost/",
    "http://127.0.0.1:9/",
  ]);
  // Names are judged where they are resolved.
  const policy = new SessionPolicy(new URL("https://8.8.8.8/"), {}, ["https://as.example"]);
  assert.equal(policy.refusal(new URL("https://as.example/"), undefined, true), undefined);
  assert.equal(policy.allowsAddress("as.example", "10.0.0.1"), false);
});

test("redirects: each hop is checked, and a form follows none", async () => {
  const { requests, answers, go } = session({ named: ["https://as.example/tenant"] });
  const to = (location: string, status = 302): Answer => ({ status, headers: [["location", location]] });
  answers.set("https://as.example/a", to("https://as.example/b"));
  answers.set("https://as.example/b", {});
  assert.equal(await go("oauth", "GET", "https://as.example/a"), undefined);
  for (const location of ["https://evil.example/", "http://as.example/", "https://169.254.169.254/"]) {
    answers.set("https://as.example/b", to(location));
    assert.match((await go("oauth", "GET", "https://as.example/a")) ?? "", /^policy\/(origin|redirect)$/, location);
  }
  for (const status of [301, 302, 303, 307, 308]) {
    answers.set("https://as.example/token", to("https://as.example/b", status));
    assert.equal(await go("oauth", "POST", "https://as.example/token"), "policy/redirect");
  }
  assert.equal(
    requests.every(({ url }) => url.origin === "https://as.example"),
    true,
  );
});

test("the origins that can be learned are bounded", async () => {
  const { json, go } = session();
  json(prm, { authorization_servers: Array.from({ length: 1000 }, (_, i) => `https://as${i}.example`) });
  await go("oauth", "GET", prm);
  assert.equal(await go("oauth", "GET", "https://as0.example/"), undefined);
  assert.equal(await go("oauth", "GET", "https://as999.example/"), "policy/origin");
});
