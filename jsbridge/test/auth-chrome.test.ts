// A login by chrome.identity, against a stand-in with Chrome's signature:
// getRedirectURL(path?: string): string,
// launchWebAuthFlow(details: WebAuthFlowDetails): Promise<string | undefined>.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect } from "remora-mcp";
import { type ChromeIdentity, chromeIdentity, chromeStorageStore } from "remora-mcp/auth";
import { decide } from "./support/person.js";
import { demoServer, type Running } from "./support/servers.js";

let demo: Running;
before(async () => {
  demo = await demoServer("--auth");
});
after(() => demo?.close());

const extension = "https://abcdefghijklmnopabcdefghijklmnop.chromiumapp.org/";

/** What the browser does: it shows the page and ends when that leads to the extension's own URL. */
function standIn(launch: (url: string) => Promise<string | undefined>) {
  const launched: { url: string; interactive?: boolean }[] = [];
  const identity: ChromeIdentity = {
    getRedirectURL: (path = "") => extension + path,
    launchWebAuthFlow(details) {
      launched.push(details);
      return launch(details.url);
    },
  };
  return { identity, launched };
}

test("an extension logs in, and keeps what it got", async () => {
  const items = new Map<string, unknown>();
  const area = {
    get: async (key: string) => (items.has(key) ? { [key]: items.get(key) } : {}),
    set: async (more: Record<string, unknown>) =>
      void Object.entries(more).map(([key, value]) => items.set(key, value)),
    remove: async (key: string) => void items.delete(key),
  };
  const { identity, launched } = standIn((url) => decide(url, "allow"));
  const globals = globalThis as { chrome?: unknown };
  globals.chrome = { identity, storage: { local: area } };
  try {
    const auth = { ...chromeIdentity({ path: "mcp" }), store: chromeStorageStore() };
    assert.equal(auth.redirectUrl, `${extension}mcp`);
    for (let i = 0; i < 2; i++) {
      const client = await connect(demo.url, { auth });
      await client.ping();
      await client.close();
    }
  } finally {
    delete globals.chrome;
  }
  assert.equal(launched.length, 1);
  const { url, ...rest } = launched[0] ?? { url: "" };
  assert.equal(new URL(url).searchParams.get("redirect_uri"), `${extension}mcp`);
  assert.deepEqual(rest, { interactive: true });
  assert.ok([...items.keys()].every((key) => key.startsWith("remora:")));
});

test("what the browser says when it comes to nothing is auth/denied", async () => {
  const cases: [launch: (url: string) => Promise<string | undefined>, message: RegExp][] = [
    [() => Promise.reject(new Error("The user did not approve access.")), /The user did not approve access\./],
    [() => Promise.reject(new Error("User interaction required.")), /User interaction required/],
    [async () => undefined, /no answer/],
    [async () => "", /no answer/],
    [(url) => decide(url, "deny"), /refused|denied/],
  ];
  for (const [launch, message] of cases) {
    const { identity } = standIn(launch);
    await assert.rejects(connect(demo.url, { auth: chromeIdentity({ identity, interactive: false }) }), {
      code: "auth/denied",
      message,
    });
  }
});

test("an answer that leads elsewhere is not taken", async () => {
  const { identity } = standIn(async (url) => (await decide(url, "allow")).replace("chromiumapp", "evil"));
  await assert.rejects(connect(demo.url, { auth: chromeIdentity({ identity }) }), {
    code: "auth/denied",
    message: /another URL/,
  });
});

test("where there is no chrome.identity, that is said", () => {
  assert.throws(() => chromeIdentity(), { code: "local/unsupported", message: /permission/ });
});
