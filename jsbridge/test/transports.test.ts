// Channels to a real server: server-everything, through the TypeScript SDK's own
// transports, WebSockets and message ports.

import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Channel, connect, type RemoraError, type Server, type TransportLike } from "remora-mcp";
import { stdio } from "remora-mcp/stdio";

const modules = fileURLToPath(new URL("../../../../test/node_modules/", import.meta.url));
const sdk = `${modules}@modelcontextprotocol/sdk/dist/esm/`;
const everything = `${modules}@modelcontextprotocol/server-everything/dist/`;
const load = async <T>(file: string) => (await import(pathToFileURL(file).href)) as T;

interface Far extends TransportLike {
  sessionId?: string;
}
interface Peer {
  createServer(): {
    server: { connect(transport: Far): Promise<void>; close(): Promise<void> };
    cleanup(id?: string): void;
  };
}
interface Socket {
  on(event: "message", listener: (data: { toString(): string }) => void): void;
  on(event: "close", listener: () => void): void;
  send(text: string): void;
  close(): void;
  terminate(): void;
}
interface Sockets {
  ws: typeof WebSocket;
  wsServer: new (options: object) => { on(event: "connection", listener: (socket: Socket) => void): void };
}

const { ws, wsServer } = createRequire(import.meta.url)(`${modules}playwright-core/lib/utilsBundle.js`) as Sockets;
// What Node has since 22.
globalThis.WebSocket ??= ws;

const sockets = new Set<Socket>();
const endings: (() => Promise<void>)[] = [];
let socketUrl = "";

/** Runs the server on its end of a channel. */
async function serveOn(transport: Far): Promise<void> {
  const { createServer } = await load<Peer>(`${everything}server/index.js`);
  const { server, cleanup } = createServer();
  await server.connect(transport);
  endings.push(async () => {
    cleanup(transport.sessionId);
    await server.close();
  });
}

before(async () => {
  const server = http.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  socketUrl = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  new wsServer({ server, handleProtocols: (offered: Set<string>) => [...offered][0] }).on("connection", (socket) => {
    sockets.add(socket);
    const transport: Far = {
      async start() {
        socket.on("message", (data) => transport.onmessage?.(JSON.parse(data.toString()) as never));
        socket.on("close", () => transport.onclose?.());
      },
      send: async (message) => socket.send(JSON.stringify(message)),
      close: async () => socket.close(),
    };
    void serveOn(transport);
  });
  endings.push(async () => {
    for (const socket of sockets) socket.terminate();
    server.close();
  });
});
after(async () => {
  for (const end of endings.reverse()) await end().catch(() => {});
});

/** Two ends that are one another's. */
function messagePort(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const transport: Far = {
    async start() {
      port2.addEventListener("message", ({ data }) => transport.onmessage?.(data as never));
      port2.addEventListener("close", () => transport.onclose?.());
      port2.start();
    },
    send: async (message) => port2.postMessage(message),
    close: async () => port2.close(),
  };
  void serveOn(transport);
  return port1;
}

async function inMemory(): Promise<TransportLike> {
  const { InMemoryTransport } = await load<{ InMemoryTransport: { createLinkedPair(): [TransportLike, Far] } }>(
    `${sdk}inMemory.js`,
  );
  const [near, far] = InMemoryTransport.createLinkedPair();
  await serveOn(far);
  return near;
}

const program = { command: process.execPath, args: [`${everything}index.js`, "stdio"] };

const ways: [string, () => Promise<Server>][] = [
  ["stdio", async () => stdio(program)],
  [
    "the SDK's StdioClientTransport",
    async () => {
      const { StdioClientTransport } = await load<{ StdioClientTransport: new (options: object) => TransportLike }>(
        `${sdk}client/stdio.js`,
      );
      return new StdioClientTransport({ ...program, stderr: "ignore" });
    },
  ],
  ["the SDK's InMemoryTransport", inMemory],
  [
    "the SDK's WebSocketClientTransport",
    async () => {
      const { WebSocketClientTransport } = await load<{ WebSocketClientTransport: new (url: URL) => TransportLike }>(
        `${sdk}client/websocket.js`,
      );
      return new WebSocketClientTransport(new URL(socketUrl));
    },
  ],
  ["a WebSocket", async () => new WebSocket(socketUrl)],
  ["the URL of a WebSocket", async () => socketUrl],
  ["a function that makes a WebSocket", async () => () => new WebSocket(socketUrl)],
  ["a MessagePort", async () => messagePort() as Channel],
];

for (const [name, make] of ways) {
  test(`${name}: tools, progress, a question in mid-call, eight at once, cancellation`, async () => {
    let asked = 0;
    const client = await connect(await make(), {
      handlers: {
        elicit() {
          asked++;
          return { action: "accept", content: { name: "Ada", check: true } };
        },
      },
    });
    const names: string[] = [];
    for await (const tool of client.tools()) names.push(tool.name);
    assert.ok(names.includes("echo"), names.join());
    const text = async (tool: string, args: Record<string, unknown>, options = {}) =>
      String((await client.callTool({ name: tool, arguments: args }, options)).content[0]?.["text"]);
    assert.match(await text("echo", { message: "grüße" }), /grüße/);
    const steps: number[] = [];
    await text(
      "trigger-long-running-operation",
      { duration: 0.4, steps: 4 },
      {
        onprogress: ({ progress }: { progress: number }) => steps.push(progress),
      },
    );
    assert.deepEqual(steps, [1, 2, 3, 4]);
    await text("trigger-elicitation-request", {});
    assert.equal(asked, 1);
    const many = await Promise.all(Array.from({ length: 8 }, (_, i) => text("get-sum", { a: i, b: 1 })));
    for (const [i, said] of many.entries()) assert.match(said, new RegExp(`\\b${i + 1}\\b`));
    const abort = new AbortController();
    const long = client.callTool(
      { name: "trigger-long-running-operation", arguments: { duration: 30, steps: 30 } },
      { signal: abort.signal, onprogress: () => abort.abort() },
    );
    await assert.rejects(long, { code: "local/cancelled" });
    assert.match(await text("echo", { message: "after" }), /after/);
    await client.close();
    await assert.rejects(client.callTool({ name: "echo" }), { code: "local/closed" });
  });
}

test("a socket that ends: a function makes another, one that was given does not come back", async () => {
  const cut = () => {
    for (const socket of sockets) socket.terminate();
    sockets.clear();
  };
  const operation = { name: "trigger-long-running-operation", arguments: { duration: 30, steps: 300 } };
  for (const [make, comesBack] of [
    [(): Server => () => new WebSocket(socketUrl), true],
    [(): Server => socketUrl, true],
    [(): Server => new WebSocket(socketUrl), false],
  ] as const) {
    const client = await connect(make());
    const lost = client.callTool(operation, { onprogress: cut });
    await assert.rejects(lost, (error: RemoraError) => {
      assert.equal(error.code, "channel/closed");
      assert.equal(error.sent, "unknown");
      assert.match(error.message, /1006/);
      return true;
    });
    const next = client.callTool({ name: "echo", arguments: { message: "x" } });
    if (comesBack) assert.match(String((await next).content[0]?.["text"]), /x/);
    else await assert.rejects(next, { code: "channel/closed", sent: "no" });
    await client.close();
  }
});

test("what is no channel, and what a channel cannot take, is refused before anything", async () => {
  for (const wrong of [undefined, 7, {}, { send() {} }, () => ({})]) {
    await assert.rejects(connect(wrong as never), { code: "local/bad_argument" });
  }
  for (const options of [{ headers: { a: "b" } }, { token: () => "x" }, { fetch: () => undefined }]) {
    await assert.rejects(connect(socketUrl, options as never), { code: "local/bad_argument" });
  }
  await assert.rejects(connect(socketUrl, { policy: { privateAddresses: false } }), { code: "policy/private_address" });
  await assert.rejects(connect("ws://u:p@127.0.0.1/"), { code: "local/bad_url" });
  await assert.rejects(connect("ws://127.0.0.1:1/"), { code: "channel/closed", sent: "no" });
  await assert.rejects(
    connect(() => Promise.reject(new Error("no luck"))),
    /no luck/,
  );
  const { port1, port2 } = new MessageChannel();
  port2.close();
  await assert.rejects(connect(port1 as Channel, { timeout: 10_000 }), { code: "channel/closed" });
});

test("a runtime port of an extension", async () => {
  type Listener = (message: unknown) => void;
  const listeners: { message: Listener[]; gone: (() => void)[] } = { message: [], gone: [] };
  const far: Far = {
    start: async () => {},
    send: async (message) => {
      for (const listener of listeners.message) listener(structuredClone(message));
    },
    close: async () => {
      for (const listener of listeners.gone) listener();
    },
  };
  await serveOn(far);
  let disconnected = false;
  const client = await connect({
    name: "mcp",
    postMessage: (message) => queueMicrotask(() => far.onmessage?.(structuredClone(message) as never)),
    disconnect() {
      disconnected = true;
      far.onclose?.();
    },
    onMessage: { addListener: (listener) => void listeners.message.push(listener) },
    onDisconnect: { addListener: (listener) => void listeners.gone.push(listener) },
  });
  assert.match(JSON.stringify(await client.callTool({ name: "echo", arguments: { message: "x" } })), /x/);
  await client.close();
  assert.equal(disconnected, true);
});

test("one message too long fails its call, and many messages pass", async () => {
  const peer = () => {
    const { port1, port2 } = new MessageChannel();
    port2.addEventListener("message", ({ data }) => {
      const { id, method, params } = data as { id?: number; method: string; params: { name: string } };
      const answer = (result: object) => port2.postMessage({ jsonrpc: "2.0", id, result });
      if (method === "initialize") {
        answer({ protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "x", version: "1" } });
      } else if (method === "server/discover") {
        port2.postMessage({ jsonrpc: "2.0", id, error: { code: -32601, message: "no" } });
      } else if (method === "tools/call" && params.name === "big") {
        answer({ content: [], big: "x".repeat(200_000) });
      } else if (method === "tools/call") {
        for (let i = 0; i < 100; i++)
          port2.postMessage({ jsonrpc: "2.0", method: "notifications/x", params: "y".repeat(20_000) });
        answer({ content: [] });
      }
    });
    port2.start();
    return port1 as Channel;
  };
  const client = await connect(peer(), { limits: { maxBodyBytes: 100_000 } });
  await assert.rejects(client.callTool({ name: "big" }), { code: "local/too_large" });
  await client.callTool({ name: "flood" }); // two megabytes pass, as the core reads them
  await client.close();
});
