// What a channel port is: the contract between channels.ts and those that carry
// messages (channel.ts, stdio.node.ts). A port carries messages and judges
// nothing.

import type { WireError } from "./generated/wire.js";

/**
 * Who is told of a channel. The order is opened, message*, closed; closed may
 * come at any time, and nothing after it. said may come at any time before. Nothing is told before open has
 * returned.
 */
export interface ChannelSink {
  opened(): void;
  /**
   * A message, as bytes. size is how long it was if only its ends are given.
   * Returns false if no more should come until resume is called; what comes all
   * the same is held.
   */
  message(data: Uint8Array, size?: number): boolean;
  /** A line that the server wrote beside its messages: to its stderr, if it is a program. */
  said(line: string): void;
  /** The channel is gone: after close without an error, otherwise with channel/closed. */
  closed(error?: WireError): void;
}

/** A channel that is open, or being opened. */
export interface ChannelHandle {
  /** Sends a message. Never throws: what goes wrong ends the channel. */
  send(message: Uint8Array): void;
  /** More messages may come. */
  resume(): void;
  /** Ends the channel and what is behind it; closed says when that is gone. Idempotent. */
  close(): void;
}

/** Opens the channels of one session: one at a time. */
export interface ChannelPort {
  /** Names the server for a person who is asked something. It holds no secrets. */
  readonly name: string;
  /**
   * Opens a channel. maxBytes bounds one message: of a longer one, a port that
   * can keeps no more than the ends. Never throws: what goes wrong is told to the
   * sink.
   */
  open(sink: ChannelSink, maxBytes: number): ChannelHandle;
}
