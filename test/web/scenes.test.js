// The page's looks: light and dark, wide and narrow. In each scene nothing is
// wider than the window, and axe finds nothing wrong: contrast, names, roles.
//
// With REMORA_SCREENSHOTS=1 the pictures of docs/web.md are written anew.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { call, choose, close, connect, inPage, open, state } from "./page.js";
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
    await page.locator(".event").filter({ hasText: "received" }).last().locator("summary").click();
    await page.evaluate(() => scrollTo(0, 0));
  },
};

// Those that docs/web.md shows.
const shown = ["calls-light-wide", "calls-dark-wide", "question-light-wide", "trace-dark-wide", "calls-light-narrow"];

for (const [name, play] of Object.entries(scenes)) {
  test(name, () =>
    inPage(
      async (page) => {
        await play(page);
        for (const [width, viewport] of Object.entries({ wide, narrow })) {
          await page.setViewportSize(viewport);
          for (const scheme of ["light", "dark"]) {
            await page.emulateMedia({ colorScheme: scheme });
            await looksRight(page);
            await picture(page, `${name}-${scheme}-${width}`);
          }
        }
      },
      { server: demo, viewport: wide },
    ),
  );
}

test("an error, light and dark", async (t) => {
  const server = await serve((_request, response) => response.end("{}"));
  t.after(() => server.close());
  for (const scheme of ["light", "dark"]) {
    await inPage(
      async (page) => {
        await page.getByRole("button", { name: "Connect", exact: true }).click();
        await page.getByRole("alert").waitFor();
        await looksRight(page);
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

async function looksRight(page) {
  const [content, window] = await page.evaluate(() => [document.scrollingElement.scrollWidth, innerWidth]);
  assert.ok(content <= window, `the page is ${content} pixels wide, the window ${window}`);
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`)}`,
    );
  });
  assert.deepEqual(violations, []);
}

async function picture(page, name) {
  if (!process.env.REMORA_SCREENSHOTS) return;
  const folder = shown.includes(name) ? pictures : fileURLToPath(new URL("../../dist/test/web/", import.meta.url));
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: `${folder}page-${name}.png` });
}
