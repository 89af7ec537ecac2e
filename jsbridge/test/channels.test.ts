// Credit and bounds of channels, between a port and a core that are played.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChannelSink } from "../src/channel-port.js";
import { Channels } from "../src/channels.js";
import type { OutFrame } from "../src/frame.js";
import { Kind } from "../src/generated/wire.js";

const decoder = new TextDecoder();
const bytes = (length: number) => new Uint8Array(length).fill(120);

function play(credit: number, maxBytes = 10_000) {
  const frames: OutFrame[] = [];
  const calls: string[] = [];
  const channels = new Channels((out) => void frames.push(...out));
  let sink: ChannelSink | undefined;
  channels.start(
    7,
    { session: 1, channel: "1", maxBytes, credit },
    {
      name: "played",
      open(given) {
        sink = given;
        return {
          send: (message) => calls.push(`send ${message.length}`),
          resume: () => calls.push("resume"),
          close: () => calls.push("close"),
        };
      },
    },
  );
  assert.ok(sink);
  const kinds = () => frames.map(({ kind }) => kind);
  const header = (at: number) => JSON.parse(decoder.decode(frames[at]?.header)) as Record<string, unknown>;
  return { channels, sink, frames, calls, kinds, header };
}

test("a message may be begun while there is credit, and what has none waits", () => {
  const { channels, sink, frames, calls } = play(1_000);
  sink.opened();
  assert.equal(sink.message(bytes(900)), true);
  assert.equal(sink.message(bytes(900)), false); // overdrawn by 800
  assert.equal(sink.message(bytes(1)), false);
  assert.equal(frames.length, 3);
  channels.more(7, 800);
  assert.equal(frames.length, 3);
  channels.more(7, 1);
  assert.equal(frames.length, 4);
  assert.deepEqual(calls, []);
  channels.more(7, 1);
  assert.deepEqual(calls, ["resume"]);
});

test("what a port cannot hold back is held, and no more than twice the limit", () => {
  const { sink, kinds, header, calls, channels } = play(1, 1_000);
  sink.message(bytes(1));
  sink.message(bytes(1_000));
  sink.message(bytes(1_000));
  assert.deepEqual(calls, []);
  sink.message(bytes(1));
  assert.deepEqual(calls, ["close"]);
  channels.more(7, 10_000);
  assert.deepEqual(kinds(), [Kind.chanMessage, Kind.chanMessage, Kind.chanMessage, Kind.chanClosed]);
  assert.match(JSON.stringify(header(3)), /channel\/closed.*more than is read/);
});

test("of a message that is too long the ends are delivered", () => {
  const { sink, frames, header } = play(100_000, 5_000);
  const message = bytes(6_000);
  message.set([1], 0);
  message.set([2], 5_999);
  sink.message(message);
  assert.equal(frames[0]?.payload.length, 2_048);
  assert.equal(frames[0]?.payload[0], 1);
  assert.equal(frames[0]?.payload[2_047], 2);
  assert.deepEqual(header(0), { bytes: 6_000 });
});

test("what came before the end is delivered before it; after close nothing is", () => {
  const first = play(1);
  first.sink.message(bytes(1));
  first.sink.message(bytes(1));
  first.sink.closed({ code: "channel/closed", message: "m", sent: "unknown", retryable: false });
  assert.deepEqual(first.kinds(), [Kind.chanMessage]);
  first.channels.more(7, 1);
  assert.deepEqual(first.kinds(), [Kind.chanMessage, Kind.chanMessage, Kind.chanClosed]);
  first.channels.more(7, 1);
  first.channels.send(7, bytes(1));
  assert.deepEqual(first.calls, []);

  const second = play(1);
  second.sink.message(bytes(1));
  second.sink.message(bytes(1));
  second.channels.close(7);
  second.channels.close(7);
  second.sink.message(bytes(1));
  second.channels.more(7, 100);
  assert.deepEqual(second.calls, ["close"]);
  second.sink.closed();
  assert.deepEqual(second.kinds(), [Kind.chanMessage, Kind.chanClosed]);

  const third = play(1);
  third.channels.abortAll();
  third.sink.closed();
  assert.deepEqual(third.calls, ["close"]);
  assert.deepEqual(third.kinds(), []);
});

test("a channel that the session does not have is refused", () => {
  const frames: OutFrame[] = [];
  new Channels((out) => void frames.push(...out)).start(
    1,
    { session: 1, channel: "2", maxBytes: 1, credit: 1 },
    undefined,
  );
  assert.equal(frames[0]?.kind, Kind.chanClosed);
});
