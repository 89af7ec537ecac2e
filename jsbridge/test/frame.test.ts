import assert from "node:assert/strict";
import { test } from "node:test";
import { Assembler } from "../src/assemble.js";
import { RemoraError } from "../src/errors.js";
import { batches, batchSize, encodeBatch, outFrame, parseBatch } from "../src/frame.js";
import { Kind, MAX_CHUNK_BYTES, MAX_HEADER_BYTES } from "../src/generated/wire.js";

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function text(part: Uint8Array): string {
  return new TextDecoder().decode(part);
}

// call 7 with the header {"command":"ping","session":1} and the payload {}.
const pingFrame = bytes(
  `1e000000020000000700000002000000${Buffer.from('{"command":"ping","session":1}').toString("hex")}7b7d`,
);

test("a frame has the bytes that the boundary fixes", () => {
  const frame = outFrame(Kind.call, 7, { command: "ping", session: 1 }, new TextEncoder().encode("{}"));
  assert.deepEqual(encodeBatch([frame]), pingFrame);
});

test("what is written is read back", () => {
  const batch = encodeBatch([
    outFrame(Kind.cancel, 1, { reason: "no" }),
    outFrame(Kind.httpData, 0xffffffff, undefined, bytes("00ff")),
    outFrame(Kind.httpEnd, 3),
  ]);
  const got = parseBatch(batch).map(({ kind, flags, id, header, payload }) => [
    kind,
    flags,
    id,
    text(header),
    [...payload],
  ]);
  assert.deepEqual(got, [
    [3, 0, 1, '{"reason":"no"}', []],
    [6, 0, 0xffffffff, "", [0, 255]],
    [7, 0, 3, "", []],
  ]);
});

test("a batch inside a larger buffer is read from where it is", () => {
  const roomy = new Uint8Array(pingFrame.length + 8);
  roomy.set(pingFrame, 5);
  assert.equal(parseBatch(roomy.subarray(5, 5 + pingFrame.length))[0]?.id, 7);
});

test("a payload longer than a chunk is split, and joined again", () => {
  for (const size of [MAX_CHUNK_BYTES, MAX_CHUNK_BYTES + 1, 2 * MAX_CHUNK_BYTES, 9 * MAX_CHUNK_BYTES + 5]) {
    const payload = Uint8Array.from({ length: size }, (_, i) => i % 251);
    const frame = outFrame(Kind.done, 4, { x: 1 }, payload);
    const whole = parseBatch(encodeBatch([frame]));
    assert.equal(whole.length, Math.ceil(size / MAX_CHUNK_BYTES));
    const pieces = [...batches([frame])].flatMap((part) => parseBatch(encodeBatch(part)));
    assert.deepEqual(pieces, whole, `${size} bytes in pieces`);
    const assembler = new Assembler(size);
    const joined = whole.map((part) => assembler.add(part)).filter((part) => part !== undefined);
    assert.equal(joined.length, 1);
    assert.equal(text(joined[0]?.header ?? bytes("")), '{"x":1}');
    assert.deepEqual(joined[0]?.payload, payload);
  }
});

test("a large batch is delivered in pieces that are not", () => {
  const frames = [outFrame(Kind.call, 1, {}, new Uint8Array(5 << 20)), outFrame(Kind.cancel, 1)];
  for (const part of batches(frames)) assert.ok(batchSize(part) <= MAX_CHUNK_BYTES + MAX_HEADER_BYTES + 16);
});

test("split frames of different ids may alternate", () => {
  const assembler = new Assembler(100);
  const part = (id: number, flags: number, payload: string) =>
    assembler.add({ kind: Kind.done, flags, id, header: bytes(""), payload: new TextEncoder().encode(payload) });
  assert.equal(part(1, 1, "a"), undefined);
  assert.equal(part(2, 1, "x"), undefined);
  assert.equal(text(part(3, 0, "whole")?.payload ?? bytes("")), "whole");
  assert.equal(text(part(1, 0, "b")?.payload ?? bytes("")), "ab");
  assert.equal(text(part(2, 0, "y")?.payload ?? bytes("")), "xy");
});

test("a joined payload is bounded", () => {
  const assembler = new Assembler(10);
  const frame = { kind: Kind.done, flags: 1, id: 1, header: bytes(""), payload: new Uint8Array(6) };
  assert.equal(assembler.add(frame), undefined);
  assert.throws(() => assembler.add(frame), { code: "local/too_large" });
});

test("a malformed batch is refused whole", () => {
  const broken = (change: (copy: Uint8Array) => Uint8Array | undefined) => {
    const copy = encodeBatch([outFrame(Kind.httpEnd, 1), outFrame(Kind.call, 2, { command: "ping" })]);
    return change(copy) ?? copy;
  };
  const cases: [name: string, batch: Uint8Array, message: RegExp][] = [
    ["short prefix", broken((b) => b.subarray(0, 20)), /at byte 16: the batch ends inside a frame's first 16 bytes/],
    ["short body", broken((b) => b.subarray(0, b.length - 1)), /at byte 16: the batch ends inside a frame$/],
    ["header length", broken((b) => void b.set(bytes("01000100"), 0)), /header of 65537 bytes, the limit is 65536/],
    ["payload length", broken((b) => void b.set(bytes("01001000"), 4)), /payload of 1048577 bytes/],
    ["flags", broken((b) => void b.set([3], 13)), /unknown flags 0x03/],
    ["zero bytes", broken((b) => void b.set([1], 15)), /bytes 14 and 15 are not zero/],
  ];
  for (const [name, batch, message] of cases) {
    assert.throws(
      () => parseBatch(batch),
      (error) => error instanceof RemoraError && error.code === "local/bad_frame" && message.test(error.message),
      name,
    );
  }
});

test("random bytes are refused or read, and nothing else", () => {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 0x7fffffff);
  for (let i = 0; i < 2000; i++) {
    const batch = Uint8Array.from({ length: random() % 64 }, () => (random() % 4 === 0 ? random() % 256 : 0));
    try {
      const frames = parseBatch(batch);
      assert.equal(
        frames.reduce((sum, f) => sum + 16 + f.header.length + f.payload.length, 0),
        batch.length,
      );
    } catch (error) {
      assert.ok(error instanceof RemoraError && error.code === "local/bad_frame", String(error));
    }
  }
});

test("a header that is too long is refused before it is sent", () => {
  assert.throws(() => outFrame(Kind.cancel, 1, { reason: "x".repeat(MAX_HEADER_BYTES) }), { code: "local/too_large" });
});
