// Logins in Chromium: a pop-up, a redirect of the page, the stores of the web.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { demoServer, type Running, serve, type TestServer } from "./support/servers.js";

interface Page {
  goto(url: string): Promise<unknown>;
  evaluate(expression: string): Promise<unknown>;
  click(selector: string): Promise<void>;
  waitForEvent(event: "popup"): Promise<Page>;
  waitForSelector(selector: string, options?: { state: "attached" }): Promise<unknown>;
  url(): string;
  close(): Promise<void>;
}
interface Context {
  newPage(): Promise<Page>;
  pages(): Page[];
  close(): Promise<void>;
}
interface Browser {
  newContext(): Promise<Context>;
  close(): Promise<void>;
}
interface Chromium {
  launch(): Promise<Browser>;
}

const dist = fileURLToPath(new URL("../../../../dist/npm/", import.meta.url));
const own = fileURLToPath(new URL("./", import.meta.url));
const strict =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src *; require-trusted-types-for 'script'";
let browser: Browser;
let demo: Running;
let site: TestServer;

// The page: what it does with a click, and what it tells of it.
const script = `
import { connect, login, whoami } from "/npm/index.js";
import * as auth from "/npm/auth.js";
import { finishPopup } from "/npm/auth.js";
import { add, storeContract } from "/tests/support/store-contract.js";
Object.assign(globalThis, { connect, login, whoami, auth, add, storeContract, finishPopup });
const { dataset } = document.documentElement;
globalThis.say = (promise) => {
  delete dataset.said;
  promise.then(String, (error) => error.code + " " + error.message).then((text) => (dataset.said = text));
};
dataset.ready = "";
document.querySelector("button").onclick = () => globalThis.clicked();
globalThis.use = async (server, options) => {
  const client = await connect(server, { auth: options });
  const { content } = await client.callTool({ name: "echo", arguments: { message: "hi" } });
  await client.close();
  return "said " + content[0].text;
};
`;
const finish = `import { finishPopup } from "/npm/auth.js"; finishPopup();`;

before(async () => {
  const { launch } = (await import("../../../../test/browser/chromium.js" as string)) as Chromium;
  [browser, demo] = await Promise.all([launch(), demoServer("--auth")]);
  site = await serve(async ({ url }, response) => {
    const { pathname } = new URL(url, "http://site");
    response.setHeader("Content-Security-Policy", strict);
    const [, folder, ...rest] = pathname.split("/");
    const name = rest.join("/");
    const type = name.endsWith(".wasm") ? "application/wasm" : "text/javascript";
    if (pathname === "/script.js") response.writeHead(200, { "Content-Type": type }).end(script);
    else if (pathname === "/finish.js") response.writeHead(200, { "Content-Type": type }).end(finish);
    else if (folder === "npm") response.writeHead(200, { "Content-Type": type }).end(await readFile(dist + name));
    else if (folder === "tests") response.writeHead(200, { "Content-Type": type }).end(await readFile(own + name));
    else {
      const src = pathname === "/finish" ? "/finish.js" : pathname === "/still" ? "/none.js" : "/script.js";
      response.writeHead(200, { "Content-Type": "text/html" });
      response.end(
        `<!doctype html><title>test</title><script type="module" src="${src}"></script><button>Log in</button>`,
      );
    }
  });
});
after(() => Promise.all([browser?.close(), demo?.close(), site?.close()]));

/** Opens pages of one profile of their own. */
async function inProfile(
  run: (open: (path?: string) => Promise<Page>, context: Context) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext();
  try {
    await run(async (path = "/") => {
      const page = await context.newPage();
      await page.goto(site.origin + path);
      await ready(page);
      return page;
    }, context);
  } finally {
    await context.close();
  }
}

const ready = (page: Page) => page.waitForSelector("html[data-ready]", { state: "attached" });

/** What came of what the page was told to say. */
async function ended(page: Page): Promise<string> {
  await page.waitForSelector("html[data-said]", { state: "attached" });
  return (await page.evaluate("document.documentElement.dataset.said")) as string;
}

/** Has the click open the window and connect, with a pop-up of these options. */
const onClick = (options: string, server = demo.url) => `
  globalThis.popup = auth.popup(${options});
  globalThis.clicked = () => { popup.open(); say(use(${JSON.stringify(server)}, popup)); };
  undefined`;

test("a pop-up: opened by the click, and closed when the person is back", () =>
  inProfile(async (open, context) => {
    // A page that does nothing, this page itself, and one that hands its address over.
    for (const redirectUrl of [`"/still"`, "undefined", `"/finish"`]) {
      const page = await open();
      await page.evaluate(onClick(`{ redirectUrl: ${redirectUrl} }`));
      const [login] = await Promise.all([page.waitForEvent("popup"), page.click("button")]);
      await login.waitForSelector("button[value=allow]");
      assert.equal(new URL(login.url()).origin, new URL(demo.url).origin);
      await login.click("button[value=allow]").catch(() => {});
      assert.equal(await ended(page), "said hi", redirectUrl);
      assert.equal(context.pages().length, 1, "the window is closed");
      await page.close();
    }
  }));

test("a pop-up that the authorization server cuts off from its opener hands the answer over", () =>
  inProfile(async (open) => {
    const page = await open();
    // A server in front of the demo's, whose pages have an opener policy.
    const cut = await serve(async ({ url }, response) => {
      response.writeHead(200, { "Content-Type": "text/html", "Cross-Origin-Opener-Policy": "same-origin" });
      response.end(`<!doctype html><title>cut</title><p>${url.length}</p>`);
    });
    try {
      await page.evaluate(`
        globalThis.popup = auth.popup({ redirectUrl: "/finish", watch: false });
        const ask = { url: ${JSON.stringify(cut.origin)} + "/?state=s-1", redirectUrl: popup.redirectUrl, issuer: "" };
        globalThis.clicked = () => { popup.open(); say(popup.authorize(ask, { signal: new AbortController().signal }).then(String)); };
        undefined`);
      const [login] = await Promise.all([page.waitForEvent("popup"), page.click("button")]);
      await login.waitForSelector("p");
      await login.goto(`${site.origin}/finish?code=c-1&state=another`);
      await login.goto(`${site.origin}/finish?code=c-1&state=s-1`).catch(() => {});
      assert.equal(await ended(page), `${site.origin}/finish?code=c-1&state=s-1`);
    } finally {
      await cut.close();
    }
  }));

test("a pop-up that is closed, refused or blocked is auth/denied", () =>
  inProfile(async (open) => {
    const page = await open();
    await page.evaluate(onClick(`{ redirectUrl: "/still" }`));
    const [closed] = await Promise.all([page.waitForEvent("popup"), page.click("button")]);
    await closed.waitForSelector("button[value=deny]");
    await closed.close();
    assert.match(await ended(page), /^auth\/denied .*the window to log in with was closed/);

    const again = await open();
    await again.evaluate(onClick(`{ redirectUrl: "/still" }`));
    const [refused] = await Promise.all([again.waitForEvent("popup"), again.click("button")]);
    await refused.waitForSelector("button[value=deny]");
    await refused.click("button[value=deny]").catch(() => {});
    assert.match(await ended(again), /^auth\/denied .*access_denied|refused/);

    const blocked = await open();
    await blocked.evaluate(`window.open = () => null; say(use(${JSON.stringify(demo.url)}, auth.popup())); undefined`);
    assert.match(await ended(blocked), /^auth\/denied .*blocked the window/);
    const said = await blocked.evaluate(`try { auth.popup().open(); "" } catch (error) { error.code }`);
    assert.equal(said, "auth/denied");
    const other = await blocked.evaluate(
      `try { auth.popup({ redirectUrl: "https://evil.example/" }); "" } catch (error) { error.code }`,
    );
    assert.equal(other, "local/bad_argument");
  }));

test("a login that is given up closes its window", () =>
  inProfile(async (open, context) => {
    const page = await open();
    await page.evaluate(`
      globalThis.stop = new AbortController();
      globalThis.clicked = () => {
        const auth = globalThis.auth.popup({ redirectUrl: "/still" });
        auth.open();
        say(connect(${JSON.stringify(demo.url)}, { auth, signal: stop.signal }));
      };
      undefined`);
    const [login] = await Promise.all([page.waitForEvent("popup"), page.click("button")]);
    await login.waitForSelector("button[value=allow]");
    const gone = new Promise((resolve) =>
      (login as unknown as { once(e: string, l: () => void): void }).once("close", () => resolve(1)),
    );
    await page.evaluate("stop.abort()");
    assert.match(await ended(page), /^local\/cancelled/);
    await gone;
    assert.equal(context.pages().length, 1);
  }));

test("a redirect: the page leaves, comes back, and goes on; the address is clean, and nobody is asked again", () =>
  inProfile(async (open) => {
    const page = await open("/app?keep=1");
    const begin = `globalThis.way = auth.redirect(); say(use(${JSON.stringify(demo.url)}, way)); way.returned`;
    assert.equal(await page.evaluate(begin), false);
    await page.waitForSelector("button[value=allow]");
    await page.click("button[value=allow]");
    await ready(page);
    assert.match(page.url(), /\/app\?.*code=/);
    assert.equal(await page.evaluate(begin), true);
    assert.equal(page.url(), `${site.origin}/app`);
    assert.equal(await ended(page), "said hi");
    // The next page of the profile has what this one got.
    const next = await open("/app");
    assert.equal(await next.evaluate(begin), false);
    assert.equal(await ended(next), "said hi");
    // A third that has no such store does not go round in circles.
    const lost = await open("/app?code=c&state=s&iss=x");
    assert.equal(
      await lost.evaluate(`
        globalThis.way = auth.redirect({ store: auth.memoryStore() });
        say(use(${JSON.stringify(demo.url)}, way));
        way.returned`),
      true,
    );
    assert.match(await ended(lost), /^auth\/denied .*not known here/);
    assert.equal(lost.url(), `${site.origin}/app`);
  }));

test("a redirect that is refused is auth/denied, and the next login begins anew", () =>
  inProfile(async (open) => {
    const page = await open("/app");
    const begin = `globalThis.way = auth.redirect(); say(use(${JSON.stringify(demo.url)}, way)); undefined`;
    await page.evaluate(begin);
    await page.waitForSelector("button[value=deny]");
    await page.click("button[value=deny]");
    await ready(page);
    await page.evaluate(begin);
    assert.match(await ended(page), /^auth\/denied/);
    await page.evaluate(begin);
    await page.waitForSelector("button[value=allow]");
  }));

test("the stores of the web keep the contract", () =>
  inProfile(async (open) => {
    const page = await open();
    for (const make of [
      "auth.indexedDBStore()",
      `auth.indexedDBStore({ name: "another" })`,
      "auth.localStorageStore()",
    ]) {
      await page.evaluate(`storeContract(${make}, () => ${make})`);
    }
    await page.evaluate(`storeContract(auth.localStorageStore({ storage: sessionStorage, prefix: "p" }))`);
    // One that the browser has closed is opened again.
    const survived = await page.evaluate(`(async () => {
      const store = auth.indexedDBStore({ name: "gone" });
      await store.set("a", "b");
      await new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase("gone");
        request.onsuccess = resolve;
        request.onerror = reject;
      });
      return [await store.get("a"), await store.swap("a", undefined, "c"), await store.get("a")];
    })()`);
    assert.deepEqual(
      survived,
      [undefined, true, "c"].map((value) => value),
    );
  }));

test("two tabs lose no change of a store they share, and have one pair of keys", () =>
  inProfile(async (open) => {
    const [one, two] = await Promise.all([open(), open()]);
    await Promise.all([one, two].map((page) => page.evaluate("add(auth.indexedDBStore(), 50)")));
    assert.equal(await two.evaluate(`auth.indexedDBStore().get("count")`), "100");
    const jwk = `auth.indexedDBKeyPair().then(async ({ publicKey, privateKey }) => {
      const taken = await crypto.subtle.exportKey("jwk", privateKey).then(() => "out", () => "kept");
      return JSON.stringify([await crypto.subtle.exportKey("jwk", publicKey), taken]);
    })`;
    const keys = await Promise.all([one, two].map((page) => page.evaluate(jwk)));
    assert.equal(keys[0], keys[1]);
    assert.match(keys[0] as string, /"kept"\]$/);
  }));

test("two tabs on IndexedDB: an expired token is renewed once, and no call is lost", () =>
  inProfile(async (open) => {
    const [one, two] = await Promise.all([open(), open()]);
    await one.evaluate(`
      globalThis.keys = new Set();
      globalThis.clicked = () => {
        const store = auth.indexedDBStore();
        const seen = { ...store, swap: (key, ...rest) => (keys.add(key), store.swap(key, ...rest)) };
        const way = { ...auth.popup({ redirectUrl: "/still" }), store: seen };
        way.open();
        say(use(${JSON.stringify(demo.url)}, way));
      };
      undefined`);
    const [login] = await Promise.all([one.waitForEvent("popup"), one.click("button")]);
    await login.waitForSelector("button[value=allow]");
    await login.click("button[value=allow]").catch(() => {});
    assert.equal(await ended(one), "said hi");
    // As if the token had expired.
    await one.evaluate(`(async () => {
      const store = auth.indexedDBStore();
      for (const key of keys) {
        const value = await store.get(key);
        if (value !== undefined) await store.set(key, value.replace(/("(?:expires|renew)Ms":)\\d+/g, "$11"));
      }
    })()`);
    const work = `(async () => {
      const nobody = { authorize: () => { throw new Error("asked") }, redirectUrl: location.origin + "/still" };
      let renewals = 0;
      const trace = ({ type, method, url }) => {
        if (type === "request" && method === "POST" && url.endsWith("/token")) renewals++;
      };
      const options = { auth: { ...nobody, store: auth.indexedDBStore() }, events: { trace } };
      const client = await connect(${JSON.stringify(demo.url)}, options);
      const echo = { name: "echo", arguments: { message: "hi" } };
      const { length } = await Promise.all(Array.from({ length: 25 }, () => client.callTool(echo)));
      await client.close();
      return [length, renewals];
    })()`;
    const said = (await Promise.all([one, two].map((page) => page.evaluate(work)))) as [number, number][];
    assert.deepEqual(
      said.map(([calls]) => calls),
      [25, 25],
    );
    assert.equal(
      said.reduce((all, [, renewals]) => all + renewals, 0),
      1,
    );
  }));
