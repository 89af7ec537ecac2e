// Joins frames flagged MORE into whole ones.

import { RemoraError } from "./errors.js";
import type { Frame } from "./frame.js";
import { MORE } from "./generated/wire.js";

interface Begun {
  header: Uint8Array;
  chunks: Uint8Array[];
  bytes: number;
}

/** Joins split frames. It keeps the chunks it is given: the batch must not be reused. */
export class Assembler {
  readonly #maxBytes: number;
  readonly #begun = new Map<string, Begun>();

  /** maxBytes bounds one joined payload. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes one frame in order. Returns the whole frame when this one completes
   * it, undefined while more is to come. Throws local/too_large when the joined
   * payload would pass the bound; what was kept of it is then forgotten.
   */
  add(frame: Frame): Frame | undefined {
    if (frame.flags === 0 && this.#begun.size === 0) return frame;
    const key = `${frame.kind}/${frame.id}`;
    let begun = this.#begun.get(key);
    if (begun === undefined) {
      if ((frame.flags & MORE) === 0) return frame;
      begun = { header: frame.header, chunks: [], bytes: 0 };
      this.#begun.set(key, begun);
    }
    begun.bytes += frame.payload.length;
    if (begun.bytes > this.#maxBytes) {
      this.#begun.delete(key);
      throw new RemoraError("local/too_large", `a payload is larger than ${this.#maxBytes} bytes`, {
        sent: "unknown",
      });
    }
    begun.chunks.push(frame.payload);
    if ((frame.flags & MORE) !== 0) return undefined;
    this.#begun.delete(key);
    return { kind: frame.kind, flags: 0, id: frame.id, header: begun.header, payload: join(begun.chunks, begun.bytes) };
  }
}

function join(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
