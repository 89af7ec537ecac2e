// The channels that the core asks for: credit and bounds around a ChannelPort.

import type { ChannelHandle, ChannelPort, ChannelSink } from "./channel-port.js";
import { wireError } from "./errors.js";
import { type OutFrame, outFrame } from "./frame.js";
import { type ChanOpen, Kind, MAX_CHAN_END_BYTES, type WireError } from "./generated/wire.js";

/** Every channel of one core. */
export class Channels {
  readonly #deliver: (frames: readonly OutFrame[]) => void;
  readonly #open = new Map<number, Channel>();

  /** deliver hands frames to the core. */
  constructor(deliver: (frames: readonly OutFrame[]) => void) {
    this.#deliver = deliver;
  }

  /**
   * Opens what a chan.open asks for. Without a port it fails with channel/closed.
   * said is told what the server says beside its messages, line by line.
   */
  start(id: number, open: ChanOpen, port: ChannelPort | undefined, said: (line: string) => void = () => {}): void {
    if (port === undefined) {
      const error = wireError("channel/closed", "the session has no such channel", "no");
      this.#deliver([outFrame(Kind.chanClosed, id, { error })]);
      return;
    }
    const channel = new Channel(id, open, this.#deliver, said, () => this.#open.delete(id));
    this.#open.set(id, channel);
    channel.begin(port);
  }

  /** Gives a channel more credit. */
  more(id: number, credit: number): void {
    this.#open.get(id)?.more(credit);
  }

  /** Sends a message on a channel. */
  send(id: number, message: Uint8Array): void {
    this.#open.get(id)?.send(message);
  }

  /** Closes a channel; the core hears when it is gone. */
  close(id: number): void {
    this.#open.get(id)?.close();
  }

  /** Ends every channel without a word to the core. */
  abortAll(): void {
    for (const channel of [...this.#open.values()]) channel.abort();
  }
}

interface Held {
  data: Uint8Array;
  size: number | undefined;
}

class Channel implements ChannelSink {
  readonly #id: number;
  readonly #maxBytes: number;
  readonly #deliver: (frames: readonly OutFrame[]) => void;
  readonly #said: (line: string) => void;
  readonly #forget: () => void;
  #handle: ChannelHandle | undefined;
  #credit: number;
  #held: Held[] = [];
  #heldBytes = 0;
  #ended: { error: WireError | undefined } | undefined;
  #closing = false;
  #over = false;

  constructor(
    id: number,
    open: ChanOpen,
    deliver: (frames: readonly OutFrame[]) => void,
    said: (line: string) => void,
    forget: () => void,
  ) {
    this.#id = id;
    this.#maxBytes = open.maxBytes;
    this.#credit = open.credit;
    this.#deliver = deliver;
    this.#said = said;
    this.#forget = forget;
  }

  begin(port: ChannelPort): void {
    this.#handle = port.open(this, this.#maxBytes);
  }

  opened(): void {
    if (!this.#over) this.#deliver([outFrame(Kind.chanOpened, this.#id)]);
  }

  message(data: Uint8Array, size?: number): boolean {
    if (this.#over || this.#closing || this.#ended !== undefined) return false;
    const whole = size === undefined && data.length > this.#maxBytes;
    const kept = whole ? ends(data) : data;
    // What carries messages may not know how to wait. What it cannot hold back
    // is held here, as far as that may go.
    if (this.#heldBytes + kept.length > 2 * this.#maxBytes) {
      this.closed(wireError("channel/closed", "the server sends more than is read", "unknown"));
      this.#handle?.close();
      return false;
    }
    this.#held.push({ data: kept, size: whole ? data.length : size });
    this.#heldBytes += kept.length;
    this.#drain();
    return this.#held.length === 0 && this.#credit > 0;
  }

  said(line: string): void {
    if (!this.#over) this.#said(line);
  }

  more(credit: number): void {
    if (this.#over) return;
    this.#credit += credit;
    this.#drain();
    if (this.#held.length === 0 && this.#credit > 0 && !this.#closing) this.#handle?.resume();
  }

  send(message: Uint8Array): void {
    if (!this.#over && !this.#closing) this.#handle?.send(message);
  }

  close(): void {
    if (this.#over || this.#closing) return;
    this.#closing = true;
    this.#held = [];
    this.#heldBytes = 0;
    if (this.#ended !== undefined) this.#finish(undefined);
    else this.#handle?.close();
  }

  closed(error?: WireError): void {
    if (this.#over || this.#ended !== undefined) return;
    this.#ended = { error };
    this.#drain();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#forget();
    this.#handle?.close();
  }

  // Delivers what is held as far as the credit goes, and then the end.
  #drain(): void {
    for (let next = this.#held[0]; next !== undefined && this.#credit > 0; next = this.#held[0]) {
      this.#held.shift();
      this.#heldBytes -= next.data.length;
      this.#credit -= Math.max(1, next.data.length);
      const header = next.size === undefined ? undefined : { bytes: next.size };
      this.#deliver([outFrame(Kind.chanMessage, this.#id, header, next.data)]);
      if (this.#over) return;
    }
    if (this.#ended !== undefined && this.#held.length === 0) this.#finish(this.#ended.error);
  }

  #finish(error: WireError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#forget();
    this.#deliver([outFrame(Kind.chanClosed, this.#id, error === undefined ? {} : { error })]);
  }
}

/** What is kept of a message that is too long. */
export function ends(message: Uint8Array): Uint8Array {
  if (message.length <= 2 * MAX_CHAN_END_BYTES) return message;
  const kept = new Uint8Array(2 * MAX_CHAN_END_BYTES);
  kept.set(message.subarray(0, MAX_CHAN_END_BYTES));
  kept.set(message.subarray(message.length - MAX_CHAN_END_BYTES), MAX_CHAN_END_BYTES);
  return kept;
}
