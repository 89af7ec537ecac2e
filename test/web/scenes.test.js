// The page's looks: light and dark, wide and narrow. In each scene nothing is
// wider than the window, and axe finds nothing wrong: contrast, names, roles.
//
// With REMORA_SCREENSHOTS=1 the pictures of docs/web.md are written anew.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { call, choose, close, connect, inPage, open, state, tab } from "./page.js";
import { serve } from "./servers.js";

const demo = process.env.REMORA_TEST_SERVER;
const pictures = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

before(open);
after(close);

const wide = { width: 1280, height: 800 };
const narrow = { width: 390, height: 844 };

const scenes = {
  async begin() {},
  async options(page) {
    await page.getByText("Key, headers, protocol").click();
    await page.getByLabel("Headers").fill("wrong");
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.getByText("Line 1 is not").waitFor();
  },
  async calls(page) {
    await connect(page);
    await choose(page, "Picture");
    await state(await call(page), "done");
    await choose(page, "Add");
    await page.getByLabel("a", { exact: true }).fill("2");
    await page.getByLabel("b", { exact: true }).fill("3");
    await state(await call(page), "done");
    await choose(page, "Slow");
    await page.getByLabel(/^steps/).fill("500");
    await page.getByLabel(/^delayMs/).fill("30");
    await call(page);
    await page.waitForFunction(() => document.querySelector("article progress[value]")?.value >= 160);
  },
  async question(page) {
    await connect(page);
    await choose(page, "Ask");
    await page.getByLabel("question").fill("What is your favourite colour?");
    await call(page);
    await page.getByRole("dialog").getByLabel("Answer").fill("blue");
  },
  async failures(page) {
    await connect(page);
    await choose(page, "Fail");
    await state(await call(page), "tool error");
    await choose(page, "Add");
    await page.getByRole("button", { name: "Call Add" }).click();
    await page.getByText("This is required.").first().waitFor();
  },
  async trace(page) {
    await connect(page);
    await choose(page, "Add");
    await page.getByLabel("a", { exact: true }).fill("2");
    await page.getByLabel("b", { exact: true }).fill("3");
    await state(await call(page), "done");
    await page.getByRole("tab", { name: "Trace" }).click();
    await page.getByLabel("HTTP").uncheck();
    await page.locator(".event").filter({ hasText: "result of tools/call" }).locator("summary").click();
    await page.evaluate(() => scrollTo(0, 0));
  },
};

// Those of one connection, one after the other.
const further = {
  async resources(page) {
    await tab(page, "Resources");
    await choose(page, "A picture", "Resources");
    await page.getByRole("button", { name: "Read A picture" }).click();
    await page.getByRole("img", { name: "Result, image/png" }).waitFor();
    await page.getByRole("button", { name: "Subscribe" }).click();
    await page.getByText("Subscribed. It has not changed yet.").waitFor();
  },
  async template(page) {
    await tab(page, "Resources");
    await choose(page, "A greeting", "Resources");
    await page.getByRole("combobox", { name: "name" }).fill("Ada");
    await page.getByRole("button", { name: "Read A greeting" }).click();
    await page.getByText("Hello, Ada.", { exact: true }).waitFor();
    await page.getByRole("combobox", { name: "name" }).fill("");
    await page.keyboard.press("ArrowDown");
    await page.getByRole("option", { name: "Edsger" }).hover();
    await page.keyboard.press("ArrowDown");
  },
  async prompts(page) {
    await tab(page, "Prompts");
    await choose(page, "Review code", "Prompts");
    await page.getByRole("combobox", { name: "Language" }).fill("python");
    await page.getByRole("button", { name: "Get Review code" }).click();
    await page.getByText("Please review the following python code.", { exact: true }).waitFor();
    await page.getByRole("combobox", { name: "Style" }).click();
    await page.getByRole("option", { name: "pep 8" }).waitFor();
  },
  async tour(page) {
    await tab(page, "Prompts");
    await choose(page, "A tour", "Prompts");
    await page.getByRole("button", { name: "Get A tour" }).click();
    await page.getByText("What is there to try?", { exact: true }).waitFor();
  },
  async log(page) {
    await tab(page, "Log");
    await page.getByLabel("From the level").selectOption("debug");
    await page.getByText("The server has said nothing yet.").waitFor();
    await tab(page, "Tools");
    await choose(page, "Slow");
    await page.getByLabel(/^delayMs/).fill("1");
    await state(await call(page), "done");
    await choose(page, "Fail");
    await state(await call(page), "tool error");
    await tab(page, "Log");
    await page.getByText("fail was called", { exact: true }).waitFor();
  },
  async roots(page) {
    const panel = await tab(page, "Roots");
    await panel.getByRole("button", { name: "Add a root" }).click();
    await panel.getByLabel("URI").fill("file:///home/me/shark");
    await panel.getByLabel("Name").fill("shark");
    await panel.getByRole("button", { name: "Add a root" }).click();
    await panel.getByLabel("URI").last().fill("https://example.com/whale");
    await panel.getByRole("button", { name: "Tell the server" }).click();
    await panel.getByText("This is not a file URI").waitFor();
  },
};

// Those that docs/web.md shows.
const shown = [
  "calls-light-wide",
  "calls-dark-wide",
  "calls-light-narrow",
  "question-light-wide",
  "template-light-wide",
  "prompts-dark-wide",
  "log-light-wide",
  "roots-light-wide",
  "trace-dark-wide",
];

for (const [name, play] of Object.entries(scenes)) {
  test(name, () =>
    inPage(
      async (page) => {
        await play(page);
        await look(page, name);
      },
      { server: demo, viewport: wide },
    ),
  );
}

test(Object.keys(further).join(", "), () =>
  inPage(
    async (page) => {
      await connect(page);
      for (const [name, play] of Object.entries(further)) {
        await play(page);
        await look(page, name);
        await page.setViewportSize(wide);
        await page.emulateMedia({ colorScheme: "light" });
      }
    },
    { server: demo, viewport: wide },
  ),
);

async function look(page, name) {
  for (const [width, viewport] of Object.entries({ wide, narrow })) {
    await page.setViewportSize(viewport);
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      // The colours alone have changed from light to dark.
      await looksRight(page, name, scheme === "light" ? undefined : ["color-contrast"]);
      await picture(page, `${name}-${scheme}-${width}`);
    }
  }
}

test("an error, light and dark", async (t) => {
  const server = await serve((_request, response) => response.end("{}"));
  t.after(() => server.close());
  for (const scheme of ["light", "dark"]) {
    await inPage(
      async (page) => {
        await page.getByRole("button", { name: "Connect", exact: true }).click();
        await page.getByRole("alert").waitFor();
        await looksRight(page, "error");
        await picture(page, `error-${scheme}`);
      },
      { server: server.url, scheme, viewport: narrow, failures: true },
    );
  }
});

test("light and dark differ", async () => {
  const colours = [];
  for (const scheme of ["light", "dark"]) {
    await inPage(
      async (page) => {
        colours.push(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
      },
      { scheme },
    );
  }
  assert.notEqual(colours[0], colours[1]);
});

// rules are those of axe to hold it to; without them, all.
async function looksRight(page, name, rules) {
  const [content, window] = await page.evaluate(() => [document.scrollingElement.scrollWidth, innerWidth]);
  assert.ok(content <= window, `${name}: the page is ${content} pixels wide, the window ${window}`);
  if (await page.evaluate(() => globalThis.axe === undefined)) await page.evaluate(axe);
  const violations = await page.evaluate(async (runOnly) => {
    const found = await axe.run(document, { resultTypes: ["violations"], ...(runOnly && { runOnly }) });
    return found.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`)}`,
    );
  }, rules);
  assert.deepEqual(violations, [], name);
}

async function picture(page, name) {
  if (!process.env.REMORA_SCREENSHOTS) return;
  const folder = shown.includes(name) ? pictures : fileURLToPath(new URL("../../dist/test/web/", import.meta.url));
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: `${folder}page-${name}.png` });
}
