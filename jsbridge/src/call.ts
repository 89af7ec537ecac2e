// One call to the core as a promise, with the application's signal.

import type { Core, SessionPeer } from "./core.js";
import { badArgument, cancelled, RemoraError } from "./errors.js";
import type { Call } from "./generated/wire.js";

/** A call to make. */
export interface PendingCall {
  header: Call;
  params: Uint8Array;
  signal?: AbortSignal | undefined;
  /** A progress event; data is JSON. Not called once the signal has aborted. */
  progress?: ((data: Uint8Array) => void) | undefined;
  /** For connect: the side that the new session will have here. */
  peer?: SessionPeer;
  /** The call ends the session that it begins. */
  once?: boolean;
  /** Set when the signal ended the call before the core did. */
  abandoned?: boolean;
  /** The outcome of a call that was abandoned. */
  late?: (outcome: Uint8Array | RemoraError) => void;
}

/**
 * Makes a call. When its signal aborts, the promise is rejected at once and the
 * core is told; the outcome then goes to late. The listener that this takes is
 * gone when the call is over.
 */
export function callCore(core: Core, call: PendingCall): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const { signal } = call;
    if (signal?.aborted === true) {
      // It may have aborted since the caller looked: while a promise settled.
      reject(cancelled(signal, "no"));
      return;
    }
    let id = 0; // until core.call returns; done may be called before
    let over = false;
    const abort = () => {
      over = true;
      call.abandoned = true;
      reject(cancelled(signal as AbortSignal, "unknown"));
      core.cancel(id, "the application cancelled");
    };
    id = core.call({
      header: call.header,
      params: call.params,
      ...(call.peer === undefined ? {} : { peer: call.peer }),
      ...(call.once === undefined ? {} : { once: call.once }),
      progress: call.progress === undefined ? undefined : (data) => over || call.progress?.(data),
      done: (outcome) => {
        signal?.removeEventListener("abort", abort);
        if (over) {
          call.late?.(outcome);
          return;
        }
        over = true;
        if (outcome instanceof RemoraError) reject(outcome);
        else resolve(outcome);
      },
    });
    if (!over) signal?.addEventListener("abort", abort, { once: true });
  });
}

/**
 * Waits for a promise that cannot be cancelled. If the signal aborts first,
 * late is given what comes of it.
 */
export function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  late?: (value: T) => void,
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(cancelled(signal, "no"));
      promise.then(late, () => {});
    };
    signal.addEventListener("abort", abort, { once: true });
    const settled = () => signal.removeEventListener("abort", abort);
    promise.finally(settled).then(resolve, reject);
  });
}

const encoder = new TextEncoder();

/** Parameters as JSON. Throws local/bad_argument for what has no JSON. */
export function encode(params: object): Uint8Array {
  if (typeof params !== "object" || params === null) throw badArgument("the parameters must be an object");
  try {
    return encoder.encode(JSON.stringify(params));
  } catch (cause) {
    throw new RemoraError("local/bad_argument", "the parameters cannot be written as JSON", {
      retryable: false,
      cause,
    });
  }
}
