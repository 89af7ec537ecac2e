// The frame codec: the same bytes and the same checks as internal/wire/frame.go.
//
//   0 u32 header length | 4 u32 payload length | 8 u32 id | 12 u8 kind | 13 u8 flags | 14 u16 zero
//   16 header (JSON), then payload (raw). Little-endian. A batch is frames end to end.

import { RemoraError } from "./errors.js";
import { MAX_CHUNK_BYTES, MAX_HEADER_BYTES, MORE, PREFIX_SIZE } from "./generated/wire.js";

/** One message of the boundary, as it came. `header` and `payload` alias the batch. */
export interface Frame {
  kind: number;
  flags: number;
  id: number;
  header: Uint8Array;
  payload: Uint8Array;
}

/** One message to send. A payload longer than MAX_CHUNK_BYTES is split by the writer. */
export interface OutFrame {
  kind: number;
  id: number;
  /** MORE if the payload goes on in the next frame. Default 0. */
  flags?: number;
  header: Uint8Array;
  payload: Uint8Array;
}

const none = new Uint8Array(0);
const encoder = new TextEncoder();

/** Makes a frame to send; `header` is an object for JSON, or undefined for no fields. */
export function outFrame(kind: number, id: number, header?: object, payload: Uint8Array = none): OutFrame {
  const bytes = header === undefined ? none : encoder.encode(JSON.stringify(header));
  if (bytes.length > MAX_HEADER_BYTES) {
    throw new RemoraError("local/too_large", `a header of ${bytes.length} bytes, the limit is ${MAX_HEADER_BYTES}`, {
      retryable: false,
    });
  }
  return { kind, id, header: bytes, payload };
}

/** How many bytes the frames take as a batch. */
export function batchSize(frames: readonly OutFrame[]): number {
  let size = 0;
  for (const { header, payload } of frames) {
    const chunks = Math.max(1, Math.ceil(payload.length / MAX_CHUNK_BYTES));
    size += chunks * PREFIX_SIZE + header.length + payload.length;
  }
  return size;
}

/** Writes the frames end to end into memory from `at` on, which has room for batchSize(frames). */
export function writeBatch(memory: Uint8Array, at: number, frames: readonly OutFrame[]): void {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  for (const frame of frames) {
    let header = frame.header;
    let from = 0;
    do {
      const to = Math.min(from + MAX_CHUNK_BYTES, frame.payload.length);
      view.setUint32(at, header.length, true);
      view.setUint32(at + 4, to - from, true);
      view.setUint32(at + 8, frame.id, true);
      view.setUint8(at + 12, frame.kind);
      view.setUint8(at + 13, to < frame.payload.length ? MORE : (frame.flags ?? 0));
      view.setUint16(at + 14, 0, true);
      memory.set(header, at + PREFIX_SIZE);
      at += PREFIX_SIZE + header.length;
      memory.set(from === 0 && to === frame.payload.length ? frame.payload : frame.payload.subarray(from, to), at);
      at += to - from;
      header = none;
      from = to;
    } while (from < frame.payload.length);
  }
}

// A batch that is larger is delivered in pieces, so that the core need not find
// room for all of it at once: its memory never shrinks.
const maxBatchBytes = 4 << 20;

/** Puts frames into batches to be delivered one after the other: nearly always one. */
export function* batches(frames: readonly OutFrame[]): Generator<readonly OutFrame[], void, undefined> {
  if (batchSize(frames) <= maxBatchBytes) {
    yield frames;
    return;
  }
  for (const { kind, id, header, payload } of frames) {
    let from = 0;
    do {
      const to = Math.min(from + MAX_CHUNK_BYTES, payload.length);
      const flags = to < payload.length ? MORE : 0;
      yield [{ kind, id, flags, header: from === 0 ? header : none, payload: payload.subarray(from, to) }];
      from = to;
    } while (from < payload.length);
  }
}

/** The frames as a batch of their own. */
export function encodeBatch(frames: readonly OutFrame[]): Uint8Array {
  const batch = new Uint8Array(batchSize(frames));
  writeBatch(batch, 0, frames);
  return batch;
}

/**
 * Splits a batch into its frames, which alias it. It accepts a batch whole or
 * throws a RemoraError local/bad_frame, so that nothing of a malformed one is
 * dispatched. It does not look into headers and does not judge kinds.
 */
export function parseBatch(batch: Uint8Array): Frame[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const frames: Frame[] = [];
  for (let at = 0; at < batch.length; ) {
    const rest = batch.length - at;
    if (rest < PREFIX_SIZE) throw badFrame(at, `the batch ends inside a frame's first ${PREFIX_SIZE} bytes`);
    const header = view.getUint32(at, true);
    const payload = view.getUint32(at + 4, true);
    const flags = view.getUint8(at + 13);
    if (header > MAX_HEADER_BYTES) throw badFrame(at, `header of ${header} bytes, the limit is ${MAX_HEADER_BYTES}`);
    if (payload > MAX_CHUNK_BYTES) throw badFrame(at, `payload of ${payload} bytes, the limit is ${MAX_CHUNK_BYTES}`);
    if ((flags & ~MORE) !== 0) throw badFrame(at, `unknown flags 0x${flags.toString(16).padStart(2, "0")}`);
    if (view.getUint16(at + 14, true) !== 0) throw badFrame(at, "bytes 14 and 15 are not zero");
    const body = at + PREFIX_SIZE + header;
    const end = body + payload;
    if (end > batch.length) throw badFrame(at, "the batch ends inside a frame");
    frames.push({
      kind: view.getUint8(at + 12),
      flags,
      id: view.getUint32(at + 8, true),
      header: batch.subarray(at + PREFIX_SIZE, body),
      payload: batch.subarray(body, end),
    });
    at = end;
  }
  return frames;
}

function badFrame(at: number, what: string): RemoraError {
  return new RemoraError("local/bad_frame", `malformed batch at byte ${at}: ${what}`, { retryable: false });
}
