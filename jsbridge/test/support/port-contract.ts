// What every HTTP port must do. http.test.ts and http.node.test.ts run it.

import assert from "node:assert/strict";
import { once } from "node:events";
import * as net from "node:net";
import { test } from "node:test";
import type { HttpPort } from "../../src/port.js";
import { serve } from "./servers.js";
import { RecordingSink, request } from "./sink.js";

/** Declares the tests of the contract for one kind of port. */
export function portContract(name: string, open: () => HttpPort): void {
  const withPort = async (run: (port: HttpPort) => Promise<void>) => {
    const port = open();
    try {
      await run(port);
    } finally {
      port.close();
    }
  };

  test(`${name}: method, headers and body go out as they are; the answer comes back`, () =>
    withPort(async (port) => {
      const server = await serve((received, response) => {
        response.writeHead(201, { "X-Answer": "1", "Content-Type": "text/plain" });
        response.end(`${received.method} ${received.url} ${received.body}`);
      });
      const sink = new RecordingSink();
      const body = new TextEncoder().encode("grüße");
      port.start(request(`${server.url}?q=1`, { method: "POST", headers: [["X-Ask", "2"]], body }), sink);
      await sink.over;
      assert.equal(sink.error, undefined);
      assert.equal(sink.status, 201);
      assert.equal(sink.header("x-answer"), "1");
      assert.equal(sink.text, "POST /mcp?q=1 grüße");
      assert.equal(server.received[0]?.headers["x-ask"], "2");
      assert.equal(server.received[0]?.headers["content-length"], String(body.length));
      await server.close();
    }));

  test(`${name}: nothing is told before start has returned`, () =>
    withPort(async (port) => {
      const sink = new RecordingSink();
      let returned = false;
      const fail = sink.fail.bind(sink);
      sink.fail = (error) => {
        assert.ok(returned);
        fail(error);
      };
      port.start(request("http://127.0.0.1:1/", { headers: [["Bad Name", "x"]] }), sink);
      returned = true;
      await sink.over;
      assert.equal(sink.error?.sent, name === "fetch" ? "unknown" : "no");
    }));

  test(`${name}: events are told while the stream goes on`, () =>
    withPort(async (port) => {
      let write: (text: string) => void = () => {};
      const server = await serve((_, response) => {
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        response.write("data: 1\n\n");
        write = (text) => response.write(text);
      });
      const sink = new RecordingSink();
      const handle = port.start(request(server.url), sink);
      await sink.until(() => sink.text === "data: 1\n\n" && sink.flushes > 0);
      write("data: 2\n\n");
      await sink.until(() => sink.text === "data: 1\n\ndata: 2\n\n");
      assert.equal(sink.ended, false);
      handle.abort();
      await server.close();
    }));

  test(`${name}: the head of a silent stream is told without waiting for data`, () =>
    withPort(async (port) => {
      const server = await serve((_, response) => {
        response.writeHead(200, { "Content-Type": "text/event-stream" }).flushHeaders();
      });
      const sink = new RecordingSink();
      const handle = port.start(request(server.url), sink);
      await sink.until(() => sink.status === 200 && sink.flushes > 0);
      handle.abort();
      await server.close();
    }));

  test(`${name}: a sink without room stops the network, and resume goes on`, () =>
    withPort(async (port) => {
      const total = 64 << 20;
      let written = 0;
      const server = await serve(async (_, response) => {
        response.writeHead(200, { "Content-Type": "application/octet-stream" });
        const chunk = Buffer.alloc(1 << 16, "x");
        for (; written < total; written += chunk.length) {
          if (!response.write(chunk)) await once(response, "drain");
        }
        response.end();
      });
      const sink = new RecordingSink();
      sink.room = 100_000;
      const handle = port.start(request(server.url), sink);
      await sink.until(() => sink.room <= 0);
      // Let whatever could still move, move: the server ends up stuck.
      for (let stuckAt = -1; stuckAt !== written; ) {
        stuckAt = written;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      assert.ok(written < total / 2, `the server could write ${written} bytes`);
      assert.ok(sink.bytes < 1 << 20);
      sink.room = Number.POSITIVE_INFINITY;
      handle.resume();
      await sink.over;
      assert.equal(sink.ended, true);
      assert.equal(sink.bytes, total);
      await server.close();
    }));

  test(`${name}: abort closes the connection, and nothing more is told`, () =>
    withPort(async (port) => {
      let closed: Promise<unknown> = Promise.resolve();
      const server = await serve((_, response) => {
        closed = once(response, "close");
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        response.write("data: 1\n\n");
      });
      const sink = new RecordingSink();
      const handle = port.start(request(server.url), sink);
      await sink.until(() => sink.bytes > 0);
      handle.abort();
      handle.abort();
      await closed;
      assert.equal(sink.ended, false);
      assert.equal(sink.error, undefined);
      await server.close();
    }));

  test(`${name}: a body that is not wanted is given up`, () =>
    withPort(async (port) => {
      let closed: Promise<unknown> = Promise.resolve();
      const server = await serve((_, response) => {
        closed = once(response, "close");
        response.writeHead(302, { Location: "/elsewhere" });
        response.write("still coming");
      });
      const sink = new RecordingSink();
      sink.wanted = false;
      port.start(request(server.url), sink);
      await sink.until(() => sink.status !== undefined);
      assert.equal(sink.status, 302);
      assert.equal(sink.header("location"), "/elsewhere");
      await closed;
      assert.equal(sink.bytes, 0);
      assert.equal(server.received.length, 1, "a port follows no redirect");
      await server.close();
    }));

  test(`${name}: nobody there: nothing was sent`, () =>
    withPort(async (port) => {
      const server = await serve(() => {});
      await server.close();
      const sink = new RecordingSink();
      port.start(request(`${server.origin}/mcp?secret=canary`, { method: "POST", body: new Uint8Array(3) }), sink);
      await sink.over;
      assert.equal(sink.error?.code, "http/network");
      assert.equal(sink.error?.sent, "no");
      assert.match(sink.error?.message ?? "", /no connection to http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)/);
      assert.doesNotMatch(JSON.stringify(sink.error), /canary/);
    }));

  test(`${name}: a connection that ends before the answer: nobody knows`, () =>
    withPort(async (port) => {
      const server = await serve((_, response) => {
        response.socket?.destroy();
      });
      const sink = new RecordingSink();
      port.start(request(server.url, { method: "POST", body: new Uint8Array(3) }), sink);
      await sink.over;
      assert.equal(sink.error?.code, "http/network");
      assert.equal(sink.error?.sent, "unknown");
      assert.equal(server.received.length, 1, "it is never sent again");
      await server.close();
    }));

  test(`${name}: a connection that ends in mid-answer is an error, not an end`, () =>
    withPort(async (port) => {
      for (const headers of [{ "Content-Length": "100" }, { "Content-Type": "text/event-stream" }]) {
        const server = await serve((_, response) => {
          response.writeHead(200, headers as Record<string, string>);
          response.write("data: 1\n\n", () => setImmediate(() => response.socket?.destroy()));
        });
        const sink = new RecordingSink();
        port.start(request(server.url, { method: "POST", body: new Uint8Array(3) }), sink);
        await sink.over;
        assert.equal(sink.ended, false);
        assert.equal(sink.error?.code, "http/network");
        assert.equal(sink.error?.sent, "unknown");
        await server.close();
      }
    }));

  test(`${name}: what answers does not speak HTTP`, () =>
    withPort(async (port) => {
      const server = net.createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end("SSH-2.0-canary\r\n"));
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const sink = new RecordingSink();
      port.start(request(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}/`), sink);
      await sink.over;
      assert.ok(sink.error?.code === "http/not_mcp" || sink.error?.code === "http/network", sink.error?.code);
      assert.equal(sink.error?.sent, "unknown");
      assert.doesNotMatch(sink.error?.message ?? "", /canary/);
      server.close();
      await once(server, "close");
    }));

  test(`${name}: an answer without a body ends`, () =>
    withPort(async (port) => {
      const server = await serve((_, response) => void response.writeHead(204).end());
      const sink = new RecordingSink();
      port.start(request(server.url, { method: "DELETE" }), sink);
      await sink.over;
      assert.equal(sink.status, 204);
      assert.equal(sink.ended, true);
      await server.close();
    }));
}
