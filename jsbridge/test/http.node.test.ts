import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeHttpPort } from "../src/http.node.js";
import { portContract } from "./support/port-contract.js";
import { serve } from "./support/servers.js";
import { anyAddress, RecordingSink, request } from "./support/sink.js";

portContract("node:http", () => nodeHttpPort(anyAddress));

test("connections are kept and used again, and closed at the end", async () => {
  const server = await serve((_, response) => void response.end("ok"));
  const port = nodeHttpPort(anyAddress);
  for (let i = 0; i < 5; i++) {
    const sink = new RecordingSink();
    port.start(request(server.url), sink);
    await sink.over;
  }
  assert.equal(await server.connections(), 1);
  port.close();
  while ((await server.connections()) > 0) await new Promise((resolve) => setImmediate(resolve));
  await server.close();
});

test("a complete answer is told before the event loop turns", async () => {
  const server = await serve((_, response) => void response.end("ok"));
  const port = nodeHttpPort(anyAddress);
  const sink = new RecordingSink();
  port.start(request(server.url), sink);
  await sink.over;
  assert.equal(sink.flushes, 0);
  port.close();
  await server.close();
});

test("names and addresses lead only where the rule allows", async () => {
  const server = await serve((_, response) => void response.end("ok"));
  const { port: number } = new URL(server.origin);
  for (const allowed of [true, false]) {
    const asked: string[] = [];
    const connected: string[] = [];
    const port = nodeHttpPort({
      allowsAddress(hostname, address) {
        asked.push(hostname);
        return allowed && address === "127.0.0.1";
      },
      connected: (hostname, address) => connected.push(`${hostname} ${address}`),
    });
    for (const host of ["127.0.0.1", "localhost"]) {
      const sink = new RecordingSink();
      port.start(request(`http://${host}:${number}/`), sink);
      await sink.over;
      assert.equal(sink.error?.code, allowed ? undefined : "policy/private_address", host);
      if (!allowed) assert.equal(sink.error?.sent, "no");
    }
    const sink = new RecordingSink();
    port.start(request(`http://[::1]:${number}/`), sink);
    await sink.over;
    assert.equal(sink.error?.code, "policy/private_address");
    assert.deepEqual([...new Set(asked)], ["127.0.0.1", "localhost", "[::1]"]);
    assert.deepEqual(connected, allowed ? ["127.0.0.1 127.0.0.1", "localhost 127.0.0.1"] : []);
    port.close();
  }
  assert.equal(server.received.length, 2);
  await server.close();
});

test("a name that nobody knows", async () => {
  const port = nodeHttpPort(anyAddress);
  const sink = new RecordingSink();
  port.start(request("http://nowhere.invalid/"), sink);
  await sink.over;
  assert.equal(sink.error?.code, "http/network");
  assert.equal(sink.error?.sent, "no");
  assert.match(sink.error?.message ?? "", /http:\/\/nowhere\.invalid \((ENOTFOUND|EAI_AGAIN)\)/);
  port.close();
});

test("a server whose certificate nobody vouches for, or that speaks no TLS, gets nothing", async () => {
  for (const scheme of ["https", "http"] as const) {
    const server = await serve(() => {}, scheme);
    const port = nodeHttpPort(anyAddress);
    const sink = new RecordingSink();
    const url = server.url.replace(/^http:/, "https:");
    port.start(request(url, { method: "POST", body: new Uint8Array(3) }), sink);
    await sink.over;
    assert.equal(sink.error?.code, "http/network");
    assert.equal(sink.error?.sent, "no");
    assert.match(sink.error?.message ?? "", scheme === "https" ? /SELF_SIGNED/ : /EPROTO|ERR_SSL/);
    assert.equal(server.received.length, 0);
    port.close();
    await server.close();
  }
});

test("what belongs to the connection is not the core's to say", async () => {
  const server = await serve((_, response) => void response.end("ok"));
  const port = nodeHttpPort(anyAddress);
  const headers: [string, string][] = [
    ["Host", "evil.example"],
    ["content-length", "1"],
    ["Transfer-Encoding", "chunked"],
    ["Connection", "close"],
    ["X-A", "1"],
  ];
  const sink = new RecordingSink();
  port.start(request(server.url, { method: "POST", headers, body: new Uint8Array(3) }), sink);
  await sink.over;
  const { host, connection, "content-length": length, "user-agent": agent } = server.received[0]?.headers ?? {};
  assert.equal(`http://${host}`, server.origin);
  assert.equal(connection, "keep-alive");
  assert.equal(length, "3");
  assert.match(agent ?? "", /^remora\/\d/);
  port.close();
  await server.close();
});

test("a port that is closed lets what is under way end, and keeps no connection", async () => {
  let answer: () => void = () => {};
  const server = await serve((_, response) => {
    answer = () => void response.end("ok");
    response.flushHeaders();
  });
  const port = nodeHttpPort(anyAddress);
  const sink = new RecordingSink();
  port.start(request(server.url), sink);
  await sink.until(() => sink.status !== undefined);
  port.close();
  answer();
  await sink.over;
  assert.equal(sink.text, "ok");
  while ((await server.connections()) > 0) await new Promise((resolve) => setImmediate(resolve));
  await server.close();
});
