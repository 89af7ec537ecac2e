// The example page, used as a person would: with the mouse and the keyboard.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { call, choose, close, connect, focused, inPage, open, state, tabTo } from "./page.js";
import { allowAll, downServer, inFrontOf, mcpServer, plainPageServer, Seen, serve } from "./servers.js";

const demo = process.env.REMORA_TEST_SERVER;
const everything = process.env.REMORA_TEST_EVERYTHING;

before(open);
after(close);

test("the server and its tools", () =>
  inPage(
    async (page) => {
      await connect(page);
      const server = page.getByRole("region", { name: "Server" });
      await server.getByRole("heading", { name: "remora's demo server" }).waitFor();
      await server.getByText("MCP 2026-07-28").waitFor();
      await server.getByText("Start with the tool echo").waitFor();
      const list = page.getByRole("navigation", { name: "Tools" });
      const names = await list.locator(".choice-title").allTextContents();
      for (const name of ["Add", "Ask", "Echo", "Fail", "Picture", "Slow"]) assert.ok(names.includes(name), `${names}`);
      await list.getByRole("searchbox").fill("person");
      assert.deepEqual(await list.locator(".choice-title").allTextContents(), ["Ask"]);
      await page.getByRole("button", { name: "Disconnect" }).click();
      await page.getByRole("heading", { name: "Try an MCP server" }).waitFor();
    },
    { server: demo },
  ));

test("a form says what is missing, and the result is shown both ways", () =>
  inPage(
    async (page) => {
      await connect(page);
      await choose(page, "Add");
      await page.getByRole("button", { name: "Call Add" }).click();
      const a = page.getByLabel("a", { exact: true });
      await page.getByText("This is required.").first().waitFor();
      assert.equal(await page.getByText("This is required.").count(), 2);
      assert.equal(await a.getAttribute("aria-invalid"), "true");
      assert.equal(await a.evaluate((input) => input === document.activeElement), true);
      assert.equal(await page.locator("article").count(), 0);
      await a.fill("2");
      await page.getByLabel("b", { exact: true }).fill("3.5");
      const card = await call(page);
      await state(card, "done");
      assert.equal(await card.locator("pre.text").first().textContent(), "5.5");
      await card.getByRole("heading", { name: "Structured content" }).waitFor();
      assert.equal(await card.locator(".structured pre").textContent(), '{\n  "sum": 5.5\n}');
      await card.getByText("As the server sent it").click();
      assert.match(await card.locator("details pre.json").last().textContent(), /"structuredContent":\{"sum":5.5\}/);
    },
    { server: demo },
  ));

test("progress, and a cancelled call", () =>
  inPage(
    async (page) => {
      await connect(page);
      await choose(page, "Slow");
      await page.getByLabel(/^steps/).fill("2000");
      await page.getByLabel(/^delayMs/).fill("20");
      const card = await call(page);
      const bar = card.getByRole("progressbar");
      await page.waitForFunction(() => document.querySelector("article progress[value]")?.value >= 2);
      assert.equal(await bar.getAttribute("max"), "2000");
      assert.match(await card.locator(".running-text").textContent(), /^step \d+ of 2000/);
      await card.getByRole("button", { name: "Cancel" }).click();
      await state(card, "cancelled");
      assert.equal(await bar.count(), 0);
    },
    { server: demo },
  ));

test("a cancelled call: a server of 2025-11-25 is told", async (t) => {
  const begun = new Seen();
  const cancelled = new Seen();
  const server = await mcpServer({
    tools: [{ name: "endless", inputSchema: { type: "object" } }],
    call: ({ id }) => begun.add(id),
    notified: ({ method, params }) => method === "notifications/cancelled" && cancelled.add(params.requestId),
  });
  t.after(() => server.close());
  await inPage(
    async (page) => {
      await connect(page);
      const card = await call(page);
      await begun.reach(1);
      assert.deepEqual(cancelled.all, []);
      await card.getByRole("button", { name: "Cancel" }).click();
      await card.getByText("You cancelled this call, and the server was told.").waitFor();
      await cancelled.reach(1);
      assert.deepEqual(cancelled.all, begun.all);
    },
    { server: server.url, failures: true },
  );
});

test("a cancelled call: on 2026-07-28 its exchange is closed", async (t) => {
  const gone = new Seen();
  const server = await inFrontOf(demo, ({ method, params }) => method === "tools/call" && gone.add(params.name));
  t.after(() => server.close());
  await inPage(
    async (page) => {
      await connect(page);
      await page.getByText("MCP 2026-07-28").waitFor();
      await choose(page, "Slow");
      await page.getByLabel(/^steps/).fill("2000");
      await page.getByLabel(/^delayMs/).fill("20");
      const card = await call(page);
      await card.getByText(/^step \d+ of 2000/).waitFor();
      assert.deepEqual(gone.all, []);
      await card.getByRole("button", { name: "Cancel" }).click();
      await state(card, "cancelled");
      await gone.reach(1);
      assert.deepEqual(gone.all, ["slow"]);
    },
    { server: server.url },
  );
});

test("a progressing call ends with its result", () =>
  inPage(
    async (page) => {
      await connect(page);
      await choose(page, "Slow");
      await page.getByLabel(/^steps/).fill("3");
      await page.getByLabel(/^delayMs/).fill("1");
      const card = await call(page);
      await state(card, "done");
      await card.getByText("done after 3 steps", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Clear" }).click();
      assert.equal(await page.locator("article").count(), 0);
    },
    { server: demo },
  ));

for (const protocol of ["2026-07-28", "2025-11-25"]) {
  test(`elicitations are a dialog, ${protocol}`, () =>
    inPage(
      async (page) => {
        await page.getByText("Key, headers, protocol").click();
        await page.getByLabel("Newest protocol").selectOption(protocol);
        await connect(page);
        await page.getByText(`MCP ${protocol}`).waitFor();
        await choose(page, "Ask");
        const ask = async () => {
          await page.getByLabel("question").fill("Which colour?");
          const card = await call(page);
          const dialog = page.getByRole("dialog", { name: "remora's demo server asks" });
          await dialog.getByText("Which colour?").waitFor();
          await dialog.getByText(new URL(demo).origin).waitFor();
          return { card, dialog };
        };

        const accepted = await ask();
        await accepted.dialog.getByRole("button", { name: "Send" }).click();
        await accepted.dialog.getByText("This is required.").waitFor();
        await accepted.dialog.getByLabel("Answer").fill("blue");
        await accepted.dialog.getByRole("button", { name: "Send" }).click();
        await state(accepted.card, "done");
        await accepted.card.getByText("the answer is: blue", { exact: true }).waitFor();
        assert.equal(await page.getByRole("dialog").count(), 0);

        const declined = await ask();
        await declined.dialog.getByRole("button", { name: "Decline" }).click();
        await declined.card.getByText("no answer: decline", { exact: true }).waitFor();

        const cancelled = await ask();
        await page.keyboard.press("Escape");
        await cancelled.card.getByText("no answer: cancel", { exact: true }).waitFor();
      },
      { server: demo, failures: true },
    ));
}

test("the dialog closes when its call is over", async (t) => {
  let finish;
  const server = await mcpServer({
    tools: [{ name: "hasty", inputSchema: { type: "object" } }],
    call(rpc, stream) {
      stream.message({
        id: "q",
        method: "elicitation/create",
        params: { message: "Wait for me?", requestedSchema: { type: "object", properties: { a: { type: "string" } } } },
      });
      finish = () => {
        stream.message({ id: rpc.id, result: { content: [{ type: "text", text: "too late" }] } });
        stream.end();
      };
    },
  });
  t.after(() => server.close());
  await inPage(
    async (page) => {
      await connect(page);
      const card = await call(page);
      const dialog = page.getByRole("dialog");
      await dialog.getByText("Wait for me?").waitFor();
      finish();
      await dialog.waitFor({ state: "detached" });
      await state(card, "done");
      await card.getByText("too late", { exact: true }).waitFor();
    },
    { server: server.url, failures: true },
  );
});

test("a picture", () =>
  inPage(
    async (page) => {
      await connect(page);
      await choose(page, "Picture");
      await page.getByLabel(/^colour/).selectOption("green");
      await page.getByLabel(/^size/).fill("64");
      const card = await call(page);
      const picture = card.getByRole("img", { name: "Result, image/png" });
      await picture.waitFor();
      assert.equal(await picture.evaluate((image) => image.decode().then(() => image.naturalWidth)), 64);
      const download = page.waitForEvent("download");
      await card.getByRole("button", { name: "Save" }).click();
      assert.equal((await download).suggestedFilename(), "result.png");
    },
    { server: demo },
  ));

test("a tool's own failure, and what the form lets nobody send", () =>
  inPage(
    async (page) => {
      await connect(page);
      await choose(page, "Fail");
      await page.getByText("There is nothing to fill in.").waitFor();
      const failed = await call(page);
      await state(failed, "tool error");
      await failed.getByText("The tool says that it failed.").waitFor();
      await failed.getByText("this tool always fails", { exact: true }).waitFor();

      await choose(page, "Slow");
      await page.getByLabel(/^steps/).fill("0");
      await page.getByRole("button", { name: "Call Slow" }).click();
      await page.getByText("0 is less than 1").waitFor();
      assert.equal(await page.locator("article").count(), 1);
    },
    { server: demo },
  ));

test("input as JSON", () =>
  inPage(
    async (page) => {
      await connect(page);
      await choose(page, "Echo");
      await page.getByLabel("message", { exact: true }).fill("one");
      await page.getByRole("button", { name: "Write JSON instead" }).click();
      const input = page.getByLabel("Input as JSON");
      assert.equal(await input.inputValue(), '{\n  "message": "one"\n}');
      await input.fill("{");
      await page.getByRole("button", { name: "Call Echo" }).click();
      await page.locator(".errors li").waitFor();
      await input.fill('{"message": "two\\nlines"}');
      const card = await call(page);
      await state(card, "done");
      assert.equal(await card.locator("pre.text").first().textContent(), "two\nlines");
    },
    { server: demo },
  ));

const failing = {
  "a server that lets no page in": {
    start: () => serve((_request, response) => response.writeHead(200).end("{}")),
    title: "The server does not let this page in",
    says: /http\/cors/,
    message: /Access-Control-Allow-Origin/,
  },
  "an address that is no MCP server": {
    start: () =>
      serve((request, response) => {
        if (!allowAll(request, response)) response.writeHead(200, { "Content-Type": "text/html" }).end("<p>Hello");
      }),
    title: "This is not an MCP server",
    says: /http\/not_mcp/,
    message: /text\/html/,
  },
  "a wrong path": {
    start: async () => ({ url: demo.replace(/\/mcp$/, "/wrong"), close() {} }),
    title: "The server refused the request",
    says: /http\/status.*404/,
    message: /404/,
  },
  "a server that is down": {
    start: async () => ({ url: await downServer(), close() {} }),
    title: "The server cannot be reached",
    says: /http\/network/,
    message: /cannot be reached/,
  },
  "no address at all": {
    start: async () => ({ url: "over there", close() {} }),
    title: "This is not the address of a server",
    says: /local\/bad_url/,
    message: /absolute URL/,
  },
};

for (const [name, { start, title, says, message }] of Object.entries(failing)) {
  test(`${name}: the page says so, and the next connection works`, async (t) => {
    const server = await start();
    t.after(() => server.close());
    await inPage(
      async (page) => {
        await page.getByRole("button", { name: "Connect", exact: true }).click();
        const alert = page.getByRole("alert");
        await alert.waitFor();
        assert.equal(await alert.locator(".failure-title").textContent(), title);
        assert.match(await alert.locator(".failure-facts").textContent(), says);
        assert.match(await alert.locator(".failure-message").textContent(), message);
        await page.getByLabel("Address of an MCP server").fill(demo);
        await connect(page);
        assert.equal(await page.getByRole("alert").count(), 0);
      },
      { server: server.url, failures: true },
    );
  });
}

test("connecting can be given up", async (t) => {
  const held = [];
  const server = await serve((request, response) => {
    if (!allowAll(request, response)) held.push(response);
  });
  t.after(() => server.close());
  await inPage(
    async (page) => {
      await page.getByRole("button", { name: "Connect", exact: true }).click();
      await page.getByText("Connecting …").waitFor();
      await page.getByRole("button", { name: "Stop" }).click();
      await page.getByRole("button", { name: "Connect", exact: true }).waitFor();
      assert.equal(await page.getByRole("alert").count(), 0);
    },
    { server: server.url, failures: true },
  );
});

test("key and headers go to the server, and a wrong line is said", async (t) => {
  const seen = [];
  const server = await mcpServer({ tools: [], call: () => ({}), seen: ({ headers }) => seen.push(headers) });
  t.after(() => server.close());
  await inPage(
    async (page) => {
      await page.getByText("Key, headers, protocol").click();
      await page.getByLabel("Bearer key").fill("canary-key");
      await page.getByLabel("Headers").fill("no colon");
      await page.getByRole("button", { name: "Connect", exact: true }).click();
      await page.getByText('Line 1 is not of the form "Name: value".').waitFor();
      assert.equal(await focused(page), "textarea Headers optional");
      assert.equal(seen.length, 0);
      await page.getByLabel("Headers").fill("X-Team: blue\n\nX-Other: 1");
      await page.getByRole("button", { name: "Connect", exact: true }).click();
      await page.getByText("This server offers no tools.").waitFor();
      const last = seen.at(-1);
      assert.deepEqual([last.authorization, last["x-team"], last["x-other"]], ["Bearer canary-key", "blue", "1"]);
      assert.doesNotMatch(page.url(), /canary/);
    },
    { server: server.url, failures: true },
  );
});

const html = '<img src="x" onerror="document.title=1"><script>document.title=2</script>';

test("what a server sends is never HTML, a script or a link to one", async (t) => {
  const wav = Buffer.concat([
    Buffer.from(
      "RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x08\0\0\0",
      "latin1",
    ),
    Buffer.alloc(8, 0x80),
  ]);
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="document.title=3"/>';
  const content = [
    { type: "text", text: html },
    { type: "image", mimeType: "image/svg+xml", data: Buffer.from(svg).toString("base64") },
    { type: "image", mimeType: "image/png", data: "%%%" },
    { type: "image", mimeType: "image/png", data: Buffer.from("no picture").toString("base64") },
    { type: "audio", mimeType: "audio/wav", data: wav.toString("base64") },
    { type: "resource_link", uri: "javascript:document.title=4", name: html },
    { type: "resource_link", uri: "https://example.com/file", name: "a file", mimeType: "text/plain" },
    { type: "resource", resource: { uri: "demo://text", mimeType: "text/html", text: html } },
    { type: "resource", resource: { uri: "demo://bytes.bin", mimeType: "application/pdf", blob: "JVBERg==" } },
    { type: "from_the_future", [html]: html },
    "not even an object",
  ];
  const result = `{"content":${JSON.stringify(content)},"structuredContent":{"id":12345678901234567890}}`;
  const server = await mcpServer({
    tools: [
      {
        name: "odd",
        title: html,
        description: html,
        inputSchema: {
          type: "object",
          title: html,
          properties: { a: { type: "string", title: html, description: html } },
        },
      },
    ],
    call: (rpc, stream) => {
      stream.message({ id: rpc.id, result: "%RESULT%" });
    },
  });
  t.after(() => server.close());
  // Byte for byte: JSON.stringify would round the number.
  const raw = await serve(async (request, response, body) => {
    if (allowAll(request, response)) return;
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(server.url, { method: request.method, headers, body: body === "" ? undefined : body });
    const { done, value } = (await answer.body?.getReader().read()) ?? { done: true };
    const text = done ? "" : new TextDecoder().decode(value).replace('"%RESULT%"', result);
    response.writeHead(answer.status, { "Content-Type": answer.headers.get("content-type") ?? "text/plain" }).end(text);
  });
  t.after(() => raw.close());

  await inPage(
    async (page) => {
      await connect(page);
      const title = await page.title();
      assert.equal(await page.getByRole("heading", { level: 2, name: html }).count(), 1);
      const card = await call(page);
      await state(card, "done");
      assert.equal(await card.locator("pre.text").first().textContent(), html);
      assert.equal(
        await card
          .getByRole("img")
          .first()
          .evaluate((image) => image.decode().then(() => image.naturalWidth)),
        9,
      );
      await card.getByText("The data is not base64").waitFor();
      await card.getByText("The browser cannot show this image.").waitFor();
      await page.waitForFunction(() => document.querySelector("article audio")?.duration > 0);
      const links = await card
        .getByRole("link")
        .evaluateAll((all) => all.map((link) => [link.href, link.rel, link.target]));
      assert.deepEqual(links, [["https://example.com/file", "noopener noreferrer", "_blank"]]);
      await card.getByText("javascript:document.title=4", { exact: true }).waitFor();
      await card.locator("figcaption", { hasText: "application/pdf, 4 B" }).waitFor();
      await card.getByText('Content of the type "from_the_future"').waitFor();
      assert.match(await card.locator(".structured pre").textContent(), /12345678901234567890/);
      assert.equal(await page.locator("main script, main [onerror], main [onload]").count(), 0);
      assert.equal(await page.title(), title);
    },
    { server: raw.url, failures: true },
  );
});

test("forms of many kinds of schema", async (t) => {
  const tools = [
    {
      name: "many",
      inputSchema: {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        type: "object",
        required: ["name", "place"],
        $defs: {
          place: { type: "object", properties: { city: { type: "string", minLength: 2 } }, required: ["city"] },
        },
        properties: {
          name: { type: "string", pattern: "^[a-z]+$" },
          kind: { type: "string", enum: ["small", "large"] },
          urgent: { type: "boolean" },
          count: { type: "integer", maximum: 9 },
          tags: { type: "array", items: { type: "string" } },
          place: { $ref: "#/$defs/place" },
          when: {
            type: "string",
            oneOf: [
              { const: "now", title: "Now" },
              { const: "later", title: "Later" },
            ],
          },
        },
      },
    },
    {
      name: "unresolvable",
      inputSchema: { type: "object", properties: { a: { $ref: "https://example.com/schema" } } },
    },
  ];
  const server = await mcpServer({
    tools,
    call: ({ params }) => ({ content: [], structuredContent: params.arguments }),
  });
  t.after(() => server.close());
  await inPage(
    async (page) => {
      await connect(page);
      await choose(page, "many");
      await page.getByLabel("name").fill("Z");
      await page.getByLabel(/^kind/).selectOption("large");
      await page.getByLabel(/^urgent/).check();
      await page.getByLabel(/^count/).fill("10");
      const tags = page.getByRole("group", { name: /^tags/ });
      await tags.getByRole("button", { name: "Add an item" }).click();
      await tags.getByRole("textbox").fill("first");
      await tags.getByRole("button", { name: "Add an item" }).click();
      await tags.getByRole("textbox").last().fill("second");
      await tags.getByRole("button", { name: "Move up item 2" }).click();
      await page.getByLabel(/^when/).selectOption({ label: "Later" });
      await page.getByRole("button", { name: "Call many" }).click();
      await page.getByText("This does not have the form that is asked for.").waitFor();
      await page.getByText("10 is greater than 9").waitFor();
      await page.getByText("This is required.").waitFor();
      await page.getByLabel("name").fill("zoe");
      await page.getByLabel(/^count/).fill("9");
      await page.getByLabel("city").fill("Oslo");
      const card = await call(page);
      await state(card, "done");
      assert.deepEqual(JSON.parse(await card.locator(".structured pre").textContent()), {
        name: "zoe",
        kind: "large",
        urgent: true,
        count: 9,
        tags: ["second", "first"],
        place: { city: "Oslo" },
        when: "later",
      });

      await choose(page, "unresolvable");
      await page.getByText("No form can be made of this schema.").waitFor();
      await page.getByLabel("Input as JSON").fill('{"a": 12345678901234567890}');
      await state(await call(page), "done");
    },
    { server: server.url, failures: true },
  );
});

test("the keyboard alone", () =>
  inPage(async (page) => {
    const { keyboard } = page;
    await tabTo(page, /^input Address/);
    await keyboard.type(demo);
    await keyboard.press("Enter");
    await page.getByRole("navigation", { name: "Tools" }).waitFor();
    await tabTo(page, /^button Disconnect/);
    await tabTo(page, /^tab Tools/);
    await keyboard.press("ArrowLeft");
    assert.match(await focused(page), /^tab Trace/);
    await keyboard.press("ArrowRight");
    assert.match(await focused(page), /^tab Tools/);
    await tabTo(page, /^input Find a tool/);
    await keyboard.type("ask");
    await tabTo(page, /^button Ask/);
    await keyboard.press("Enter");
    await tabTo(page, /^input question/);
    await keyboard.type("Still there?");
    await tabTo(page, /^button Call Ask/);
    await keyboard.press("Space");
    // The dialog takes the focus, keeps it, and gives it back.
    await page.getByRole("dialog").waitFor();
    assert.match(await focused(page), /^input Answer/);
    await tabTo(page, /^button Send/);
    await tabTo(page, /^button Decline/);
    await tabTo(page, /^button Cancel/);
    await tabTo(page, /^input Answer/);
    await keyboard.type("yes");
    await keyboard.press("Enter");
    await page.getByText("the answer is: yes", { exact: true }).waitFor();
    assert.match(await focused(page), /^button Call Ask/);
    await page.getByRole("status").filter({ hasText: "ask has answered" }).waitFor();
    await tabTo(page, /^summary Input/);
    await keyboard.press("Enter");
    await page.locator("article").getByText('"question": "Still there?"').waitFor();
  }, {}));

test("the policy holds from the meta tag alone", async (t) => {
  const site = await plainPageServer();
  t.after(() => site.close());
  await inPage(
    async (page) => {
      await connect(page);
      await choose(page, "Echo");
      await page.getByLabel("message", { exact: true }).fill("hello");
      await state(await call(page), "done");
    },
    { at: `${site.origin}/`, server: demo },
  );
  // The other way round: what the policy forbids, it does forbid.
  await assert.rejects(
    inPage(
      async (page) => {
        const refused = await page.evaluate(async () => {
          // What the driver calls is let through; what runs later is not.
          await new Promise((resolve) => setTimeout(resolve));
          const tries = [() => new Function("return 1"), () => document.body.insertAdjacentHTML("beforeend", "<p>")];
          return tries.map((attempt) => {
            try {
              attempt();
              return "allowed";
            } catch (error) {
              return error.name;
            }
          });
        });
        assert.deepEqual(refused, ["EvalError", "TypeError"]);
      },
      { at: `${site.origin}/` },
    ),
    /requires 'TrustedHTML' assignment/,
  );
});

test("server-everything", () =>
  inPage(
    async (page) => {
      await connect(page);
      await choose(page, "Echo");
      await page.getByLabel("message", { exact: true }).fill("hello");
      const echo = await call(page);
      await state(echo, "done");
      await echo.getByText("Echo: hello", { exact: true }).waitFor();
      const tools = page.getByRole("navigation", { name: "Tools" });
      await tools.getByRole("button", { name: /tiny image/i }).click();
      const picture = (await call(page)).getByRole("img");
      await picture.waitFor();
      assert.ok((await picture.evaluate((image) => image.decode().then(() => image.naturalWidth))) > 0);
      await tools
        .getByRole("button", { name: /elicitation/i })
        .first()
        .click();
      const asked = await call(page);
      const dialog = page.getByRole("dialog");
      await dialog.waitFor();
      await dialog.getByRole("button", { name: "Decline" }).click();
      await state(asked, "done");
      await asked
        .getByText(/declined/i)
        .first()
        .waitFor();
    },
    { server: everything, failures: true },
  ));
