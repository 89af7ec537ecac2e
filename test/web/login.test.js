// Signing in at a protected server: in a pop-up, and by leaving the page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { call, choose, close, connect, inPage, open, state } from "./page.js";

const server = process.env.REMORA_TEST_PROTECTED;

before(open);
after(close);

// A 401 is an error on Chromium's console.
const inProtected = (run) => inPage(run, { server, failures: true });

/** Presses Connect, and waits until the page says that credentials are wanted. */
async function refused(page) {
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  const alert = page.getByRole("alert");
  await alert.getByText("The server wants credentials", { exact: true }).waitFor();
  await alert.getByText("auth/required").waitFor();
}

/** Presses a button of the consent page. */
async function decide(page, name) {
  await page.getByRole("heading", { name: "Allow access?" }).waitFor();
  await page.getByRole("button", { name }).click();
}

async function signedIn(page) {
  await page.getByRole("navigation", { name: "Tools" }).waitFor();
  await page.getByText(`Signed in at ${new URL(server).origin}, for rows:read`).waitFor();
}

async function signOut(page) {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Try an MCP server" }).waitFor();
}

async function popup(page, name) {
  const [login] = await Promise.all([
    page.waitForEvent("popup"),
    page.getByRole("button", { name: "Sign in", exact: true }).click(),
  ]);
  const closed = login.waitForEvent("close");
  await decide(login, name);
  await closed;
}

test("signing in with a pop-up, which is kept, and out again", () =>
  inProtected(async (page) => {
    await refused(page);
    await popup(page, "Allow");
    await signedIn(page);
    await choose(page, "Echo");
    await page.getByLabel("message", { exact: true }).fill("hello");
    await state(await call(page), "done");
    // The next connection, and the next page, are signed in.
    await page.reload();
    await connect(page);
    await signedIn(page);
    await signOut(page);
    await refused(page);
  }));

test("a tool that needs more asks for it", () =>
  inProtected(async (page) => {
    await refused(page);
    await popup(page, "Allow");
    await signedIn(page);
    await choose(page, "Create a row");
    await page.getByLabel("workspace", { exact: true }).selectOption({ label: "reef" });
    await page.getByLabel("text", { exact: true }).fill("a row");
    const asked = page.waitForEvent("popup");
    const card = await call(page);
    await decide(await asked, "Allow");
    await state(card, "done");
    await signOut(page);
  }));

test("a refusal, and a window that is closed, are said, and one can try again", () =>
  inProtected(async (page) => {
    await refused(page);
    await popup(page, "Deny");
    await page.getByRole("alert").getByText("The credentials were refused", { exact: true }).waitFor();
    const [login] = await Promise.all([
      page.waitForEvent("popup"),
      page.getByRole("button", { name: "Sign in", exact: true }).click(),
    ]);
    await login.getByRole("heading", { name: "Allow access?" }).waitFor();
    await login.close();
    await page.getByRole("alert").getByText("the window to log in with was closed").waitFor();
    await popup(page, "Allow");
    await signedIn(page);
    await signOut(page);
  }));

test("signing in by leaving the page, which goes on when the person is back", () =>
  inProtected(async (page) => {
    await refused(page);
    await page.getByRole("button", { name: "Sign in on this page" }).click();
    await decide(page, "Allow");
    await signedIn(page);
    const { search, hash } = new URL(page.url());
    assert.deepEqual([search, hash], ["", ""]);
    assert.equal(await page.getByLabel("Address of an MCP server").inputValue(), server);
    await signOut(page);
    await refused(page);
    await page.getByRole("button", { name: "Sign in on this page" }).click();
    await decide(page, "Deny");
    await page.getByRole("alert").getByText("The credentials were refused", { exact: true }).waitFor();
  }));
