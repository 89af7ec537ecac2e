// The page in Chromium: opening it, and what a person does there.

import assert from "node:assert/strict";
import { launch } from "../browser/chromium.js";
import { pageServer } from "./servers.js";

let browser;
let site;
let context;

/**
 * Starts the browser and the page's server. The tests of a file share both, and
 * one browser context: the page stores nothing but what a sign-in has brought, and
 * the browser need not compile the client anew for each test.
 */
export async function open() {
  [browser, site] = await Promise.all([launch(), pageServer()]);
  context = await browser.newContext({ acceptDownloads: true, reducedMotion: "reduce" });
}

/** Ends them. */
export async function close() {
  await Promise.all([browser?.close(), site?.close()]);
}

// What Chromium itself says on the console of requests that fail, which is
// what some tests are about.
const ofTheNetwork = /^(Failed to load resource|Access to fetch)/;

/**
 * Opens the page and calls run with it. Afterwards there must have been no
 * error or warning on the console, no uncaught error, no violation of the
 * policy. failures: true lets Chromium's own words on failed requests pass.
 *
 * @param {(page: import("playwright-core").Page) => Promise<void>} run
 */
export async function inPage(run, options = {}) {
  const {
    server,
    at = site.url,
    failures = false,
    scheme = "light",
    viewport = { width: 1280, height: 860 },
  } = options;
  const page = await context.newPage();
  try {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme: scheme });
    page.setDefaultTimeout(20_000);
    const wrong = [];
    page.on("pageerror", (error) => wrong.push(`uncaught: ${error.message}`));
    page.on("console", (message) => {
      if (failures && ofTheNetwork.test(message.text())) return;
      if (message.type() === "error" || message.type() === "warning") wrong.push(message.text());
    });
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
        console.error(`the policy stopped ${violatedDirective} ${blockedURI}`);
      });
    });
    const query = server === undefined ? "" : `?url=${encodeURIComponent(server)}`;
    await page.goto(at + query);
    await run(page);
    assert.deepEqual(wrong, []);
  } finally {
    await page.close();
  }
}

/** Presses Connect and waits for the tools. */
export async function connect(page) {
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByRole("tab", { name: "Tools" }).waitFor();
  await page.getByRole("navigation", { name: "Tools" }).waitFor();
}

/** Goes to a tab. Returns its panel. */
export async function tab(page, name) {
  await page.getByRole("tab", { name }).click();
  return page.getByRole("tabpanel", { name });
}

/** Chooses a tool, or one of another list, by its title. */
export async function choose(page, title, list = "Tools") {
  await page.getByRole("navigation", { name: list }).getByRole("button", { name: title }).click();
  await page.getByRole("heading", { level: 2, name: title }).waitFor();
}

/** Presses the form's button. Returns the call's card. */
export async function call(page) {
  const cards = page.locator("article");
  const before = await cards.count();
  await page.getByRole("button", { name: /^Call / }).click();
  await page.waitForFunction((n) => document.querySelectorAll("article").length > n, before);
  return cards.first();
}

/** Waits until a card shows a state. */
export function state(card, name) {
  return card.locator(".state", { hasText: name }).waitFor();
}

/** What has the focus: its role or tag, and its name. */
export function focused(page) {
  return page.evaluate(() => {
    const at = document.activeElement;
    const label = at?.labels?.[0]?.textContent ?? at?.getAttribute("aria-label") ?? at?.textContent ?? "";
    return `${at?.getAttribute("role") ?? at?.localName} ${label}`.trim();
  });
}

/** Presses Tab until what has the focus matches. Fails if the focus goes round without coming by. */
export async function tabTo(page, wanted) {
  const passed = [];
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    const at = await focused(page);
    if (wanted.test(at)) return at;
    passed.push(at);
  }
  throw new Error(`Tab never came to ${wanted}, but to: ${passed.join(", ")}`);
}
