// Resources, prompts, completion, log and roots on the example page, used as a
// person would: with the mouse and the keyboard.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { call, choose, close, connect, focused, inPage, open, state, tab, tabTo } from "./page.js";
import { mcpServer, Seen } from "./servers.js";

const demo = process.env.REMORA_TEST_SERVER;
const everything = process.env.REMORA_TEST_EVERYTHING;
const protocols = ["2026-07-28", "2025-11-25"];

before(open);
after(close);

async function connectWith(page, protocol) {
  await page.getByText("Key, headers, protocol").click();
  await page.getByLabel("Newest protocol").selectOption(protocol);
  await connect(page);
  await page.getByText(`MCP ${protocol}`).waitFor();
}

for (const protocol of protocols) {
  test(`resources, templates and a subscription, on ${protocol}`, () =>
    inPage(
      async (page) => {
        await connectWith(page, protocol);
        const panel = await tab(page, "Resources");
        const list = panel.getByRole("navigation", { name: "Resources" });
        const titles = () => list.locator(".choice-title").allTextContents();
        assert.deepEqual(await titles(), ["About this server", "The time", "A picture", "A greeting"]);
        assert.deepEqual(await list.getByRole("heading").allTextContents(), ["Resources", "Templates"]);
        assert.match(await list.getByRole("button", { name: "A picture" }).textContent(), /image\/png, \d+ B|kB/);

        const contents = panel.getByRole("region", { name: "Contents" });
        await panel.getByRole("button", { name: "Read About this server" }).click();
        assert.match(await contents.locator("pre.text").textContent(), /^# The demo server\n/);
        await contents.getByText("As the server sent it").click();
        assert.match(await contents.locator("details pre").textContent(), /"mimeType":"text\/markdown"/);

        await choose(page, "A picture", "Resources");
        await panel.getByRole("button", { name: "Read A picture" }).click();
        const picture = contents.getByRole("img");
        await picture.waitFor();
        assert.equal(await picture.evaluate((image) => image.decode().then(() => image.naturalWidth)), 128);

        await choose(page, "The time", "Resources");
        await contents.getByRole("button", { name: "Subscribe", exact: true }).click();
        await contents.getByText("It has changed", { exact: false }).waitFor();
        const time = contents.locator("pre.text");
        const first = await time.textContent();
        await page.waitForFunction((text) => document.querySelector(".calls pre.text")?.textContent !== text, first);
        await contents.getByRole("button", { name: "Unsubscribe" }).click();
        await contents.getByRole("button", { name: "Subscribe", exact: true }).waitFor();
        assert.equal(await contents.getByText("Subscribed.").count(), 0);

        await choose(page, "A greeting", "Resources");
        await panel.getByRole("button", { name: "Read A greeting" }).click();
        await panel.getByText("This is required.").waitFor();
        const name = panel.getByRole("combobox", { name: "name" });
        assert.equal(await name.evaluate((input) => input === document.activeElement), true);
        await page.keyboard.type("Mar");
        await panel.getByRole("option", { name: "Margaret" }).click();
        await panel.getByText("demo://greeting/Margaret").waitFor();
        await panel.getByRole("button", { name: "Read A greeting" }).click();
        await contents.getByText("Hello, Margaret.", { exact: true }).waitFor();
      },
      { server: demo, failures: true },
    ));

  test(`prompts, and completing their arguments, on ${protocol}`, () =>
    inPage(
      async (page) => {
        await connectWith(page, protocol);
        const panel = await tab(page, "Prompts");
        const titles = await panel.locator(".choice-title").allTextContents();
        assert.deepEqual(titles, ["Review code", "A tour"]);
        const language = panel.getByRole("combobox", { name: "Language" });
        await language.click();
        await panel.getByRole("option").first().waitFor();
        const languages = ["go", "javascript", "python", "typescript"];
        assert.deepEqual(await panel.getByRole("option").allTextContents(), languages);
        await language.fill("p");
        await panel.getByRole("option", { name: "go" }).waitFor({ state: "detached" });
        await panel.getByRole("option", { name: "python" }).click();
        assert.equal(await language.inputValue(), "python");
        // What goes with it, the server knows from the argument before.
        const style = panel.getByRole("combobox", { name: "Style" });
        await style.focus();
        await page.keyboard.press("ArrowDown");
        await panel.getByRole("option", { name: "black" }).waitFor();
        assert.deepEqual(await panel.getByRole("option").allTextContents(), ["black", "pep 8"]);
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("ArrowDown");
        assert.equal(await panel.getByRole("option", { selected: true }).textContent(), "pep 8");
        await page.keyboard.press("Enter");
        assert.equal(await style.inputValue(), "pep 8");
        assert.equal(await page.getByRole("listbox").count(), 0);
        await page.keyboard.press("Enter");
        const messages = panel.getByRole("region", { name: "Messages" });
        await messages
          .getByText("Please review the following python code. Keep to this style: pep 8.", { exact: true })
          .waitFor();

        await choose(page, "A tour", "Prompts");
        await panel.getByText("There is nothing to fill in.").waitFor();
        await panel.getByRole("button", { name: "Get A tour" }).click();
        await messages.getByText("Tools, resources and prompts.", { exact: true }).waitFor();
        assert.deepEqual(await messages.getByRole("heading", { level: 4 }).allTextContents(), [
          "User",
          "User",
          "Assistant",
        ]);
        assert.match(await messages.locator("pre.text").first().textContent(), /^# The demo server/);
      },
      { server: demo, failures: true },
    ));

  test(`the log, on ${protocol}`, () =>
    inPage(
      async (page) => {
        await connectWith(page, protocol);
        const panel = await tab(page, "Log");
        await panel.getByText("Choose a level").waitFor();
        const level = panel.getByLabel("From the level");
        const rows = panel.getByRole("listitem");
        const fail = async () => {
          await tab(page, "Tools");
          await choose(page, "Slow");
          await page.getByLabel(/^steps/).fill("1");
          await page.getByLabel(/^delayMs/).fill("1");
          await state(await call(page), "done");
          await choose(page, "Fail");
          await state(await call(page), "tool error");
          await tab(page, "Log");
        };
        await level.selectOption("info");
        await panel.getByText("The server has said nothing yet.").waitFor();
        await fail();
        await rows.filter({ hasText: "fail was called" }).waitFor();
        await rows.filter({ hasText: "slow is done" }).waitFor();
        assert.match(await rows.last().textContent(), /\d\d:\d\d:\d\d\s*warning\s*demo\s*fail was called/);
        await panel.getByRole("searchbox").fill("begins with");
        assert.equal(await rows.count(), 1);
        await panel.getByRole("searchbox").fill("nothing like it");
        await panel.getByText("Nothing in the log matches.").waitFor();
        await panel.getByRole("searchbox").fill("");
        await panel.getByRole("button", { name: "Clear" }).click();
        assert.equal(await rows.count(), 0);

        await level.selectOption("warning");
        await panel.getByText("The server has said nothing yet.").waitFor();
        await page.waitForFunction(() => document.querySelector("select[aria-busy=false]") !== null);
        await fail();
        await rows.filter({ hasText: "fail was called" }).waitFor();
        assert.equal(await rows.filter({ hasText: "slow" }).count(), 0);
      },
      { server: demo, failures: true },
    ));
}

test("roots are checked, and the server is told", () =>
  inPage(
    async (page) => {
      await connect(page);
      const panel = await tab(page, "Roots");
      await panel.getByText("There are no roots.").waitFor();
      await panel.getByRole("button", { name: "Add a root" }).click();
      const uri = panel.getByLabel("URI");
      await uri.fill("https://example.com/");
      await panel.getByText("The server does not know of this yet.").waitFor();
      await panel.getByRole("button", { name: "Tell the server" }).click();
      await panel.getByText("This is not a file URI").waitFor();
      assert.equal(await uri.evaluate((input) => input === document.activeElement), true);
      assert.equal(await uri.getAttribute("aria-invalid"), "true");
      await uri.fill("file:///home/me/shark");
      await panel.getByLabel("Name").fill("the shark");
      await panel.getByRole("button", { name: "Add a root" }).click();
      await uri.last().fill("file:///home/me/shark");
      await panel.getByRole("button", { name: "Tell the server" }).click();
      await panel.getByText("This is there already.").waitFor();
      await panel.getByRole("button", { name: "Remove root 2" }).click();
      assert.match(await focused(page), /^button Add a root/);
      await panel.getByRole("button", { name: "Tell the server" }).click();
      await panel.getByText("The server does not know of this yet.").waitFor({ state: "detached" });
      await tab(page, "Tools");
      await page.getByRole("navigation", { name: "Tools" }).getByRole("button", { name: /roots/i }).click();
      const card = await call(page);
      await state(card, "done");
      await card
        .getByText(/the shark/)
        .first()
        .waitFor();
    },
    { server: everything, failures: true },
  ));

test("resources and prompts of server-everything", () =>
  inPage(
    async (page) => {
      await connect(page);
      const panel = await tab(page, "Resources");
      const list = panel.getByRole("navigation", { name: "Resources" });
      await list.getByRole("button").first().click();
      await panel.getByRole("button", { name: /^Read / }).click();
      await panel.locator(".calls .state", { hasText: "done" }).waitFor();
      await tab(page, "Prompts");
      const prompts = page.getByRole("tabpanel", { name: "Prompts" });
      await prompts.getByRole("navigation").getByRole("button").first().click();
      await prompts.getByRole("button", { name: /^Get / }).click();
      await prompts.getByRole("heading", { level: 4, name: "User" }).first().waitFor();
    },
    { server: everything, failures: true },
  ));

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg==";
const markup = '<img src="x" onerror="document.title=1">';

test("resources of every kind, with icons, and nothing of it is HTML or fetched", async (t) => {
  const resources = [
    {
      uri: "odd://json",
      name: "json",
      mimeType: "application/json",
      icons: [{ src: `data:image/png;base64,${pixel}` }],
    },
    { uri: "odd://bytes/data.bin", name: "bytes", mimeType: "application/x-unknown", size: 4 },
    {
      uri: "odd://markup",
      name: markup,
      title: markup,
      description: markup,
      icons: [{ src: "http://127.0.0.1:1/icon.png" }],
    },
    { uri: "odd://refused", name: "refused", annotations: { audience: ["user"], priority: 0.5 } },
    { name: "without a URI" },
    null,
  ];
  const contents = {
    "odd://json": [{ uri: "odd://json", mimeType: "application/json", text: '{"id":12345678901234567890}' }],
    "odd://bytes/data.bin": [{ uri: "odd://bytes/data.bin", mimeType: "application/x-unknown", blob: "AAECAw==" }],
    "odd://markup": [{ uri: "javascript:document.title=1", mimeType: "text/html", text: markup }, 7],
  };
  const server = await mcpServer({
    capabilities: { resources: {} },
    methods: {
      "resources/list": () => ({ resources }),
      "resources/templates/list": () => ({
        resourceTemplates: [{ uriTemplate: "odd://find{/path}{?query,limit}", name: "find" }],
      }),
      "resources/read": ({ params }) =>
        contents[params.uri] === undefined
          ? { contents: [{ uri: params.uri, text: `read ${params.uri}` }] }
          : { contents: contents[params.uri] },
    },
  });
  t.after(() => server.close());
  await inPage(
    async (page) => {
      await page.getByRole("button", { name: "Connect", exact: true }).click();
      const panel = await tab(page, "Resources");
      const tabs = (await page.getByRole("tab").allTextContents()).map((name) => name.replace(/\d+$/, ""));
      assert.deepEqual(tabs, ["Tools", "Resources", "Roots", "Trace"]);
      const title = await page.title();
      const list = panel.getByRole("navigation", { name: "Resources" });
      assert.equal(await list.getByRole("button").count(), 5);
      const icon = list.locator("img.own-icon");
      await icon.waitFor();
      assert.equal(await icon.count(), 1);
      assert.match(await icon.getAttribute("src"), /^blob:/);
      const read = async (name) => {
        await choose(page, name, "Resources");
        await panel.getByRole("button", { name: "Read" }).click();
        await panel.locator(".calls .state", { hasText: "done" }).waitFor();
        return panel.getByRole("region", { name: "Contents" });
      };
      assert.match(await (await read("json")).locator("pre.json code").textContent(), /12345678901234567890/);
      assert.equal(await panel.getByRole("button", { name: "Subscribe" }).count(), 0);
      const bytes = await read("bytes");
      const download = page.waitForEvent("download");
      await bytes.getByRole("button", { name: "Save" }).click();
      const file = await download;
      assert.equal(file.suggestedFilename(), "data.bin");
      assert.deepEqual([...(await readFile(await file.path()))], [0, 1, 2, 3]);
      const odd = await read(markup);
      assert.equal(await odd.locator("pre.text").textContent(), markup);
      assert.equal(await odd.getByRole("link").count(), 0);

      await choose(page, "find", "Resources");
      await panel.getByLabel("path").fill("a b");
      await panel.getByLabel("limit").fill("9");
      await panel.getByRole("button", { name: "Read find" }).click();
      await panel.getByText("read odd://find/a%20b?limit=9", { exact: true }).waitFor();
      assert.equal(await page.locator("main script, main [onerror]").count(), 0);
      assert.equal(await page.title(), title);
    },
    { server: server.url, failures: true },
  );
});

test("lists follow the server, and what fails is said", async (t) => {
  let names = ["first"];
  const list = (member, entry) => () => ({ [member]: names.map(entry) });
  const server = await mcpServer({
    capabilities: {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
    },
    stands: true,
    methods: {
      "prompts/list": list("prompts", (name) => ({ name })),
      // A server need not know of templates.
      "resources/list": list("resources", (name) => ({ name, uri: `odd://${name}` })),
    },
  });
  t.after(() => server.close());
  await inPage(
    async (page) => {
      await page.getByRole("button", { name: "Connect", exact: true }).click();
      const prompts = await tab(page, "Prompts");
      await prompts.getByRole("button", { name: "Get first" }).click();
      await prompts.getByRole("alert").getByText("no such method").waitFor();
      const resources = await tab(page, "Resources");
      await resources.getByRole("button", { name: "Read first" }).click();
      await resources.getByRole("alert").getByText("no such method").waitFor();
      await resources.getByRole("button", { name: "Subscribe" }).click();
      await page.waitForFunction(() => document.querySelectorAll(".panel:not([hidden]) [role=alert]").length === 2);

      names = ["first", "second"];
      server.tell({ method: "notifications/resources/list_changed" });
      await resources.getByRole("button", { name: "second" }).waitFor();
      server.tell({ method: "notifications/prompts/list_changed" });
      await tab(page, "Prompts");
      await prompts.getByRole("button", { name: "second" }).waitFor();
    },
    { server: server.url, failures: true },
  );
});

test("a late suggestion is not shown, and the server is told that it is not wanted", async (t) => {
  const asked = new Seen();
  const cancelled = new Seen();
  let answerFirst;
  const server = await mcpServer({
    capabilities: { prompts: {}, completions: {} },
    notified: ({ method, params }) => method === "notifications/cancelled" && cancelled.add(params.requestId),
    methods: {
      "prompts/list": () => ({ prompts: [{ name: "one", arguments: [{ name: "word" }] }] }),
      "completion/complete": async ({ id, params }) => {
        const { value } = params.argument;
        asked.add({ id, value });
        if (value === "a") {
          await new Promise((resolve) => {
            answerFirst = resolve;
          });
        }
        return { completion: { values: [`${value} early`, `${value} late`], total: 9, hasMore: true } };
      },
    },
  });
  t.after(() => server.close());
  await inPage(
    async (page) => {
      await page.getByRole("button", { name: "Connect", exact: true }).click();
      const panel = await tab(page, "Prompts");
      const word = panel.getByRole("combobox", { name: "word" });
      await word.fill("a");
      await asked.reach(1);
      await word.pressSequentially("bc");
      await panel.getByRole("option", { name: "abc early" }).waitFor();
      await page.getByText("7 more: type on.").waitFor();
      await cancelled.reach(1);
      assert.equal(cancelled.all[0], asked.all[0].id);
      answerFirst();
      await page.keyboard.press("ArrowDown");
      assert.deepEqual(await panel.getByRole("option").allTextContents(), ["abc early", "abc late"]);
      await page.keyboard.press("Escape");
      assert.equal(await page.getByRole("listbox").count(), 0);
      assert.equal(await word.inputValue(), "abc");
    },
    { server: server.url, failures: true },
  );
});

test("resources, prompts and roots by the keyboard alone", () =>
  inPage(
    async (page) => {
      const { keyboard } = page;
      await connect(page);
      await tabTo(page, /^tab Tools/);
      await keyboard.press("ArrowRight");
      assert.match(await focused(page), /^tab Resources/);
      await tabTo(page, /^input Find a resource/);
      await tabTo(page, /^button A greeting/);
      await keyboard.press("Enter");
      await tabTo(page, /^combobox name/);
      await keyboard.type("G");
      await page.getByRole("option", { name: "Grace" }).waitFor();
      await keyboard.press("ArrowDown");
      await keyboard.press("Enter");
      await tabTo(page, /^button Read/);
      await keyboard.press("Space");
      await page.getByText("Hello, Grace.", { exact: true }).waitFor();
      assert.match(await focused(page), /^button Read/);
      await page.getByRole("status").filter({ hasText: "demo://greeting/Grace is there" }).waitFor();
      await tabTo(page, /^button Subscribe/);
      await keyboard.press("Enter");
      await page.getByRole("button", { name: "Unsubscribe" }).waitFor();
      assert.match(await focused(page), /^button Unsubscribe/);

      await page.getByRole("tab", { name: "Resources" }).focus();
      for (const name of ["Prompts", "Log", "Roots"]) {
        await keyboard.press("ArrowRight");
        assert.match(await focused(page), new RegExp(`^tab ${name}`));
      }
      await tabTo(page, /^button Add a root/);
      await keyboard.press("Enter");
      await page.keyboard.press("Shift+Tab");
      await page.keyboard.press("Shift+Tab");
      await page.keyboard.press("Shift+Tab");
      assert.match(await focused(page), /^input URI/);
      await keyboard.type("file:///home/me");
      await keyboard.press("Enter");
      await page.getByRole("status").filter({ hasText: "One root is in force" }).waitFor();
    },
    { server: demo },
  ));

test("a page that the server wants visited is shown, and said to be opened", async (t) => {
  const address = "https://example.com/consent?form=1";
  let answer;
  const server = await mcpServer({
    tools: [{ name: "consent", inputSchema: { type: "object" } }],
    stands: true,
    answered: ({ result }) => answer(result),
    call: async ({ id }, stream) => {
      const answered = new Promise((resolve) => {
        answer = resolve;
      });
      stream.message({
        id: "q1",
        method: "elicitation/create",
        params: { mode: "url", message: "Please agree there.", url: address, elicitationId: "e1" },
      });
      const text = JSON.stringify(await answered);
      stream.message({ id, result: { content: [{ type: "text", text }] } });
      stream.end();
    },
  });
  t.after(() => server.close());
  await inPage(
    async (page) => {
      await connect(page);
      await choose(page, "consent");
      const card = await call(page);
      const dialog = page.getByRole("dialog");
      await dialog.getByText("Please agree there.").waitFor();
      await dialog.getByText(address).waitFor();
      assert.equal(await dialog.getByRole("textbox").count(), 0);
      await dialog.getByRole("button", { name: "I have opened it" }).click();
      await state(card, "done");
      await card.getByText('{"action":"accept"}').first().waitFor();
    },
    { server: server.url },
  );
});
