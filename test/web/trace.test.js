// The page's trace: what it shows, and that it can be saved and opened again.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { call, choose, close, connect, inPage, open, state } from "./page.js";
import { downServer } from "./servers.js";

const demo = process.env.REMORA_TEST_SERVER;

before(open);
after(close);

async function tracedCall(page) {
  await page.getByText("Key, headers, protocol").click();
  await page.getByLabel("Bearer key").fill("canary-key");
  await connect(page);
  await choose(page, "Echo");
  await page.getByLabel("message", { exact: true }).fill("traced");
  await state(await call(page), "done");
  await page.getByRole("tab", { name: "Trace" }).click();
  return page.getByRole("region", { name: "Trace" });
}

test("the trace has the handshake, the call and its answer, and no key", () =>
  inPage(
    async (page) => {
      const trace = await tracedCall(page);
      const rows = trace.locator(".event");
      await rows.filter({ hasText: "tools/call echo" }).first().waitFor();
      const first = await rows.first().textContent();
      assert.match(first, /request.*POST/);
      await rows.filter({ hasText: "sent" }).filter({ hasText: "server/discover" }).waitFor();
      await rows.filter({ hasText: "response" }).filter({ hasText: "200" }).first().waitFor();
      const answer = rows.filter({ hasText: "received" }).filter({ hasText: "result of tools/call echo" });
      await answer.locator("summary").click();
      assert.match(await answer.locator("pre").textContent(), /"text": "traced"/);
      assert.doesNotMatch(await trace.textContent(), /canary/);

      await trace.getByLabel("HTTP").uncheck();
      assert.equal(await rows.filter({ hasText: "request" }).filter({ hasText: "POST" }).count(), 0);
      await trace.getByRole("searchbox").fill("tools/call");
      assert.equal(await rows.count(), 1);
      await trace.getByRole("searchbox").fill("nothing like it");
      await trace.getByText("Nothing in the trace matches.").waitFor();
      await trace.getByRole("button", { name: "Clear" }).click();
      await trace.getByText("Nothing has gone over the wire yet.").waitFor();
    },
    { server: demo },
  ));

test("a trace is saved, and opened again in a page without a connection", async () => {
  let saved;
  await inPage(
    async (page) => {
      const trace = await tracedCall(page);
      await trace.locator(".event").filter({ hasText: "tools/call echo" }).first().waitFor();
      const download = page.waitForEvent("download");
      await trace.getByRole("button", { name: "Save", exact: true }).click();
      const file = await download;
      assert.match(file.suggestedFilename(), /^trace-.*\.jsonl$/);
      saved = await readFile(await file.path());
    },
    { server: demo },
  );
  const [header, ...events] = saved
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual([header.remora, header.version], ["trace", 1]);
  assert.ok(events.some(({ type, message }) => type === "sent" && message.method === "tools/call"));
  assert.ok(events.every(({ at }, index) => index === 0 || at >= events[index - 1].at));
  assert.doesNotMatch(saved.toString(), /canary/);

  await inPage(async (page) => {
    const input = page.getByLabel("Trace file");
    await input.setInputFiles({ name: "run.jsonl", mimeType: "application/jsonl", buffer: saved });
    await page.getByText("From the file run.jsonl").waitFor();
    assert.equal(await page.locator(".event").count(), events.length);
    await page.getByRole("button", { name: "Back to this session" }).click();
    await page.getByText("Nothing has gone over the wire yet.").waitFor();
  });
});

const files = {
  "no trace": ["hello", /this is not a trace of remora/],
  "a later version": ['{"remora":"trace","version":2}\n', /this is not a trace of remora/],
  "a broken line": ['{"remora":"trace","version":1}\n{"at":1,"type":"sent"}\n{"at":', /line 3 is not an event/],
  "a field of another type": ['{"remora":"trace","version":1}\n{"at":1,"type":"sent","url":{}}\n', /line 2 is not/],
  "an unknown type": ['{"remora":"trace","version":1}\n{"at":1,"type":"what"}\n', /line 2 is not an event/],
};

test("a file that is no trace is refused", () =>
  inPage(async (page) => {
    for (const [name, [text, says]] of Object.entries(files)) {
      await page
        .getByLabel("Trace file")
        .setInputFiles({ name: `${name}.jsonl`, mimeType: "text/plain", buffer: Buffer.from(text) });
      await page
        .getByRole("alert")
        .filter({ hasText: `${name}.jsonl` })
        .waitFor();
      assert.match(await page.getByRole("alert").textContent(), says);
    }
  }));

test("a connection that failed has a trace too", async () => {
  await inPage(
    async (page) => {
      await page.getByRole("button", { name: "Connect", exact: true }).click();
      await page.getByRole("alert").waitFor();
      const trace = page.getByRole("region", { name: "Trace" });
      await trace.locator(".event").filter({ hasText: "http/network" }).first().waitFor();
    },
    { server: await downServer(), failures: true },
  );
});
