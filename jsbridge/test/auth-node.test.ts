// Whole logins from Node, against the demo server with --auth.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  type AuthOptions,
  connect,
  createGroup,
  discover,
  login,
  logout,
  memoryStore,
  RemoraError,
  restore,
  run,
  type Trace,
  whoami,
} from "remora-mcp";
import { fileStore, loopback, paste } from "remora-mcp/auth/node";
import { connect as connectInWorker, login as loginInWorker, run as runInWorker } from "remora-mcp/worker";
import { decide } from "./support/person.js";
import { demoServer, type Running } from "./support/servers.js";

let demo: Running;
const folder = mkdtempSync(join(tmpdir(), "remora-auth-"));

before(async () => {
  demo = await demoServer("--auth");
});
after(async () => {
  await demo?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A person, who counts how often they are asked. */
function person(decision: "allow" | "deny" = "allow") {
  const asked: string[] = [];
  const auth = {
    redirectUrl: "http://127.0.0.1:7/callback",
    authorize: async ({ url, issuer }: { url: string; issuer: string }) => {
      asked.push(issuer);
      return decide(url, decision);
    },
  } satisfies AuthOptions;
  return { asked, auth };
}

const hi = { name: "echo", arguments: { message: "hi" } };

test("without auth a 401 says what the server wants", async () => {
  await assert.rejects(connect(demo.url), (error: unknown) => {
    assert.ok(error instanceof RemoraError);
    assert.equal(error.code, "auth/required");
    assert.equal(error.status, 401);
    const { scheme, resourceMetadata } = error.data as { scheme: string; resourceMetadata: string };
    assert.equal(scheme, "bearer");
    assert.match(resourceMetadata, /oauth-protected-resource/);
    return true;
  });
});

test("a person is asked once, however many calls there are", async () => {
  const { asked, auth } = person();
  const client = await connect(demo.url, { auth });
  const said = await Promise.all(Array.from({ length: 50 }, () => client.callTool(hi)));
  assert.equal(said.length, 50);
  assert.deepEqual(asked, [new URL(demo.url).origin]);
  // A tool that needs more than the token may asks once more.
  const row = { name: "create_row", arguments: { workspace: "reef", text: "x" } };
  await Promise.all([client.callTool(row), client.callTool(row), client.callTool(hi)]);
  assert.equal(asked.length, 2);
  await client.close();
});

test("the person refuses: auth/denied, with what the authorization server said", async () => {
  const { auth } = person("deny");
  await assert.rejects(connect(demo.url, { auth }), (error: unknown) => {
    assert.ok(error instanceof RemoraError);
    assert.equal(error.code, "auth/denied");
    assert.equal((error.data as { error: string }).error, "access_denied");
    return true;
  });
});

test("handlers.authorize is the same, and what it throws is told", async () => {
  const { asked, auth } = person();
  const { authorize, ...rest } = auth;
  const client = await connect(demo.url, { auth: rest, handlers: { authorize } });
  assert.equal(asked.length, 1);
  await client.close();
  const failing = () => {
    throw new RemoraError("auth/denied", "nobody is there");
  };
  await assert.rejects(connect(demo.url, { auth: { ...auth, authorize: failing } }), {
    code: "auth/denied",
    message: /nobody is there/,
  });
});

test("a login is given up by the signal of connect, and the handler learns of it", async () => {
  const stop = new AbortController();
  const closed: Promise<void>[] = [];
  const authorize: AuthOptions["authorize"] = (_, { signal }) => {
    closed.push(new Promise((resolve) => signal.addEventListener("abort", () => resolve())));
    stop.abort();
    return new Promise(() => {});
  };
  const auth = { ...person().auth, authorize };
  await assert.rejects(connect(demo.url, { auth, signal: stop.signal }), { code: "local/cancelled" });
  await Promise.all(closed);
  // Nobody is asked once more.
  const again = person();
  await (await connect(demo.url, { auth: again.auth })).close();
  assert.equal(closed.length, 1);
});

test("login, whoami and logout, over a store that clients share", async () => {
  const { asked, auth } = person();
  const mine = { ...auth, store: memoryStore() };
  assert.deepEqual(await whoami(demo.url, { auth: { store: mine.store } }), { authorized: false });
  const status = await login(demo.url, { auth: mine });
  assert.equal(status.authorized, true);
  assert.equal(status.issuer, new URL(demo.url).origin);
  assert.equal(status.renewable, true);
  assert.doesNotMatch(JSON.stringify(status), /token|secret/i);
  await login(demo.url, { auth: mine });
  assert.equal(asked.length, 1);
  await login(demo.url, { auth: mine, again: true });
  assert.equal(asked.length, 2);
  assert.equal((await whoami(demo.url, { auth: { store: mine.store } })).authorized, true);
  const client = await connect(demo.url, { auth: mine });
  await client.callTool(hi);
  await client.close();
  assert.equal(asked.length, 2);
  assert.equal((await logout(demo.url, { auth: { store: mine.store } })).authorized, false);
  assert.deepEqual(await whoami(demo.url, { auth: { store: mine.store } }), { authorized: false });
  for (const bad of [undefined, {}, { auth: {} }, { auth }]) {
    await assert.rejects(login(demo.url, bad as never), { code: "local/bad_argument" });
    await assert.rejects(whoami(demo.url, bad as never), { code: "local/bad_argument" });
  }
});

test("discover and run log in as well", async () => {
  const { asked, auth } = person();
  const store = memoryStore();
  const found = await discover(demo.url, { auth: { ...auth, store } });
  assert.ok(found.tools.some(({ name }) => name === "create_row"));
  const ran = await run(demo.url, "echo", { message: "hi" }, { auth: { ...auth, store } });
  assert.notEqual(ran.result?.isError, true);
  assert.equal(asked.length, 1);
});

test("in a worker the person is asked on this side", async () => {
  const { asked, auth } = person();
  const store = memoryStore();
  const client = await connectInWorker(demo.url, { auth: { ...auth, store, redirectUrl: () => auth.redirectUrl } });
  await client.callTool(hi);
  await client.close();
  assert.equal((await loginInWorker(demo.url, { auth: { ...auth, store } })).authorized, true);
  await runInWorker(demo.url, "echo", { message: "hi" }, { auth: { ...auth, store } });
  assert.equal(asked.length, 1);
  await assert.rejects(connectInWorker(demo.url, { auth: person("deny").auth }), { code: "auth/denied" });
});

test("in a group each server has its own", async () => {
  const open = await demoServer();
  const { asked, auth } = person();
  const group = createGroup({
    handlers: {
      authorize: (params, { server }) => {
        asked.push(server);
        return auth.authorize(params);
      },
    },
  });
  await group.add("open", open.url);
  await group.add("rows", demo.url, { auth: { redirectUrl: auth.redirectUrl } });
  await group.callTool({ name: "rows__echo", arguments: { message: "hi" } });
  await group.callTool({ name: "open__echo", arguments: { message: "hi" } });
  assert.deepEqual(asked, ["rows", new URL(demo.url).origin]);
  await group.close();
  await open.close();
});

test("a snapshot with credentials goes on without a login, and without a store", async () => {
  const { asked, auth } = person();
  const client = await connect(demo.url, { auth });
  const plain = await client.snapshot();
  assert.equal(plain.secret?.auth, undefined);
  const snapshot = await client.snapshot({ credentials: true });
  assert.ok(snapshot.secret?.auth);
  await client.close({ keep: true });
  const again = await restore(snapshot, { server: demo.url, auth });
  await again.callTool(hi);
  await again.close();
  assert.equal(asked.length, 1);
});

test("a trace shows nothing of what a login goes by", async () => {
  const { auth } = person();
  const store = new Map<string, string>();
  const seen: string[] = [];
  const keeping = { ...auth, store: entries(store) };
  const client = await connect(demo.url, {
    auth: keeping,
    events: { trace: (event: Trace) => seen.push(JSON.stringify(event)) },
  });
  await client.callTool(hi);
  await client.close();
  const all = seen.join("\n");
  assert.match(all, /oauth-authorization-server/);
  const secrets = [...store.values()].flatMap((value) => [...value.matchAll(/"(?:access|refresh|secret)":"([^"]+)"/g)]);
  assert.ok(secrets.length >= 2);
  for (const [, secret = ""] of secrets) assert.equal(all.includes(secret), false);
});

function entries(map: Map<string, string>) {
  return {
    get: (key: string) => map.get(key),
    set: (key: string, value: string) => void map.set(key, value),
    swap(key: string, was: string | undefined, value: string | undefined) {
      if (map.get(key) !== was) return false;
      if (value === undefined) map.delete(key);
      else map.set(key, value);
      return true;
    },
    delete: (key: string) => void map.delete(key),
  };
}

/** A browser that opens what it is given, does what a person does, and shows where that leads. */
function browser(decision: "allow" | "deny" = "allow") {
  const shown: Promise<string>[] = [];
  const show = async (url: string) => (await fetch(await decide(url, decision))).text();
  return { shown, open: (url: string) => void shown.push(show(url)) };
}

test("loopback: the browser is opened, and comes back to this machine", async () => {
  const { shown, open } = browser();
  const client = await connect(demo.url, { auth: { ...loopback({ open }), scopes: ["rows:read"] } });
  await client.callTool(hi);
  await client.close();
  assert.equal(shown.length, 1);
  assert.match((await shown[0]) ?? "", /You are logged in\. You can close this page\./);

  const refusing = browser("deny");
  await assert.rejects(connect(demo.url, { auth: loopback({ open: refusing.open }) }), { code: "auth/denied" });
  assert.match((await refusing.shown[0]) ?? "", /refused/);
});

test("loopback: what is not the answer is turned away, and the answer is still awaited", async () => {
  const statuses: number[] = [];
  const printed: string[] = [];
  const auth = loopback({
    path: "/back",
    open: async (url) => {
      const back = new URL(await decide(url, "allow"));
      const wrong = (change: (url: URL) => void) => {
        const other = new URL(back);
        change(other);
        return other;
      };
      for (const [target, init] of [
        [wrong((u) => u.searchParams.set("state", "another"))],
        [wrong((u) => u.searchParams.delete("state"))],
        [wrong((u) => u.searchParams.delete("code"))],
        [wrong((u) => (u.pathname = "/"))],
        [wrong((u) => (u.hostname = "localhost"))],
        [back, { method: "POST" }],
      ] as [URL, RequestInit?][]) {
        statuses.push((await fetch(target, init ?? {}).catch(() => ({ status: 0 }))).status);
      }
      statuses.push((await fetch(back)).status);
    },
    print: (url) => printed.push(url),
  });
  const client = await connect(demo.url, { auth });
  await client.close();
  const [none, ...rest] = statuses.splice(4, 1).concat(statuses);
  assert.ok(none === 404 || none === 0, "by another name");
  assert.deepEqual(rest, [400, 400, 400, 404, 405, 200]);
  assert.deepEqual(printed, []);
  await assert.rejects(fetch(await auth.redirectUrl()), "nothing listens any more");
});

test("loopback: where there is no browser the page is printed, and a port that is taken is said", async () => {
  const printed: string[] = [];
  const auth = loopback({
    open: () => Promise.reject(new Error("no browser")),
    print: (url) => {
      printed.push(url);
      void decide(url, "allow").then((back) => fetch(back));
    },
  });
  await (await connect(demo.url, { auth })).close();
  assert.equal(printed.length, 1);

  const port = Number(new URL(demo.url).port);
  await assert.rejects(connect(demo.url, { auth: loopback({ port, open: false, print: () => {} }) }), {
    code: "auth/denied",
    message: new RegExp(`port ${port}`),
  });
  for (const bad of [{ port: 0 }, { port: 70_000 }, { path: "x" }, { path: "/a?b" }, { open: "firefox" }]) {
    assert.throws(() => loopback(bad as never), { code: "local/bad_argument" });
  }
});

test("loopback: logins with several servers at once share the port", async () => {
  const others = await Promise.all([demoServer("--auth"), demoServer("--auth")]);
  const pages: string[] = [];
  const auth = loopback({
    open: (url) => {
      pages.push(url);
      if (pages.length < 2) return;
      for (const page of [...pages].reverse()) void decide(page, "allow").then((back) => fetch(back));
    },
  });
  const clients = await Promise.all(others.map(({ url }) => connect(url, { auth })));
  await Promise.all(clients.map((client) => client.callTool(hi)));
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(others.map((other) => other.close()));
});

test("paste: the address is brought back by hand", async () => {
  let page = "";
  const of = (how: (back: string) => string) =>
    paste({
      print: (url) => {
        page = url;
      },
      read: async () => how(await decide(page, "allow")),
    });
  for (const how of [
    (back: string) => back,
    (back: string) => ` ${back}\n`,
    (back: string) => new URL(back).search,
    (back: string) => new URL(back).search.slice(1),
  ]) {
    await (await connect(demo.url, { auth: of(how) })).close();
  }
  for (const how of [
    () => "",
    () => "hello",
    (back: string) => back.replace(/state=\w+/, "state=other"),
    (back: string) => back.replace("/callback", "/elsewhere"),
  ]) {
    await assert.rejects(connect(demo.url, { auth: of(how) }), (error: unknown) => {
      assert.ok(error instanceof RemoraError);
      assert.match(error.code, /^(auth\/denied|local\/bad_argument)$/);
      return true;
    });
  }
});

test("two processes on a file: the token is renewed once, and no call is lost", async () => {
  const path = join(folder, "shared.json");
  const { asked, auth } = person();
  await login(demo.url, { auth: { ...auth, store: fileStore(path) } });
  assert.equal(asked.length, 1);
  // As if the token had expired.
  const kept = readFileSync(path, "utf8");
  assert.match(kept, /\\"expiresMs\\":\d+/);
  writeFileSync(path, kept.replace(/(\\"(?:expires|renew)Ms\\":)\d+/g, "$11"));
  const program = fileURLToPath(new URL("./programs/call-much.js", import.meta.url));
  const runs = [1, 2].map(() => promisify(execFile)(process.execPath, [program, demo.url, path]));
  const said = (await Promise.all(runs)).map(({ stdout }) => JSON.parse(stdout) as { calls: number; renewals: number });
  assert.deepEqual(
    said.map(({ calls }) => calls),
    [50, 50],
  );
  assert.equal(
    said.reduce((all, { renewals }) => all + renewals, 0),
    1,
  );
});
