// How a lost connection is brought back: what an application says of it.

import { badArgument } from "./errors.js";
import type { Reconnect } from "./generated/wire.js";

/**
 * How a session comes back when its server cannot be reached, no longer knows it, or has ended the channel. Calls that
 * may have been executed are never made again.
 */
export interface ReconnectOptions {
  /** How often in a row it is tried before the session is lost; the next call tries again. Default 5. */
  attempts?: number | undefined;
  /**
   * The wait before the second attempt, and before the first if the server cannot be reached, in milliseconds. Each
   * further one is twice as long; from half of a wait up is left to chance. Default 500.
   */
  firstDelay?: number | undefined;
  /** The longest wait, in milliseconds. Default 30,000. */
  maxDelay?: number | undefined;
  /**
   * Whether a call that did not reach the server waits for the connection, as long as its time-out allows, and is sent
   * then (true, the default), or is rejected at once, with sent "no".
   */
  repeatUnsent?: boolean | undefined;
}

/** Reads the option. Throws local/bad_argument. */
export function readReconnect(given: ReconnectOptions | false | undefined): Reconnect | undefined {
  if (given === undefined) return undefined;
  if (given === false) return { off: true };
  if (typeof given !== "object" || given === null) throw badArgument("reconnect must be an object or false");
  const { attempts, firstDelay, maxDelay, repeatUnsent } = given;
  const out: Reconnect = {};
  if (attempts !== undefined) out.attempts = whole("attempts", attempts);
  if (firstDelay !== undefined) out.firstDelayMs = whole("firstDelay", firstDelay);
  if (maxDelay !== undefined) out.maxDelayMs = whole("maxDelay", maxDelay);
  if (repeatUnsent !== undefined && typeof repeatUnsent !== "boolean") {
    throw badArgument("reconnect.repeatUnsent must be true or false");
  }
  if (repeatUnsent === false) out.failUnsent = true;
  return out;
}

function whole(name: string, value: number): number {
  if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value)) {
    throw badArgument(`reconnect.${name} must be a positive number`);
  }
  return Math.ceil(value);
}
