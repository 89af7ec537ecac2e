// The one error type that the package throws, and what is needed to make one
// from the wire's error and back.

import type { Code, Sent, WireError } from "./generated/wire.js";

/** What a RemoraError is made of. */
export interface RemoraErrorInit {
  data?: unknown;
  status?: number | undefined;
  rpcCode?: number | undefined;
  /** Default: true only if `sent` is "no". */
  retryable?: boolean;
  /** Default "no". */
  sent?: Sent;
  cause?: unknown;
}

/**
 * The error of every promise that this package rejects.
 *
 * Its message and fields never hold a URL's query, a header's value or more
 * than 200 printable bytes of a body. A tool's `isError` is a result, not an
 * error.
 */
export class RemoraError extends Error {
  /** Names the failure: family, slash, name. */
  readonly code: Code;
  /** The server's error data (rpc/error), or details of the code. */
  declare readonly data: unknown;
  /** The HTTP status, where there was one. */
  declare readonly status: number | undefined;
  /** The server's own error number (rpc/error). */
  declare readonly rpcCode: number | undefined;
  /** True only if doing it again cannot do it twice. */
  readonly retryable: boolean;
  /** Whether the request can have reached the server. */
  readonly sent: Sent;

  constructor(code: Code, message: string, init: RemoraErrorInit = {}) {
    super(message, "cause" in init ? { cause: init.cause } : undefined);
    this.code = code;
    // Only what is set, so that a printed error shows no more.
    if (init.data !== undefined) this.data = init.data;
    if (init.status !== undefined) this.status = init.status;
    if (init.rpcCode !== undefined) this.rpcCode = init.rpcCode;
    this.sent = init.sent ?? "no";
    this.retryable = init.retryable ?? this.sent === "no";
  }

  /** The fields that are set, without the stack and the cause. */
  toJSON(): Record<string, unknown> {
    const out: Record<string, unknown> = { name: this.name, code: this.code, message: this.message };
    if (this.data !== undefined) out["data"] = this.data;
    if (this.status !== undefined) out["status"] = this.status;
    if (this.rpcCode !== undefined) out["rpcCode"] = this.rpcCode;
    out["retryable"] = this.retryable;
    out["sent"] = this.sent;
    return out;
  }

  static {
    // On the prototype, as with the language's own errors: it is not listed
    // among the fields of each error that is printed.
    Object.defineProperty(RemoraError.prototype, "name", {
      value: "RemoraError",
      configurable: true,
      writable: true,
    });
  }
}

/** Makes the application's error from the wire's. */
export function fromWire(error: WireError): RemoraError {
  return new RemoraError(error.code, error.message, {
    data: error.data,
    status: error.status,
    rpcCode: error.rpcCode,
    retryable: error.retryable,
    sent: error.sent,
  });
}

/** Makes an error for the core. `retryable` follows from `sent`. */
export function wireError(code: Code, message: string, sent: Sent): WireError {
  return { code, message, retryable: sent === "no", sent };
}

/** The error of a call that the application's signal ended. */
export function cancelled(signal: AbortSignal, sent: Sent): RemoraError {
  return new RemoraError("local/cancelled", "the application cancelled", {
    sent,
    retryable: false,
    cause: signal.reason,
  });
}

/** The error of a method of a client that is closed. */
export function closed(sent: Sent = "no"): RemoraError {
  return new RemoraError("local/closed", "the client is closed", { sent, retryable: false });
}

/** The error of an argument that cannot be right. */
export function badArgument(message: string): RemoraError {
  return new RemoraError("local/bad_argument", message, { retryable: false });
}

const maxExcerpt = 200;

/**
 * The first printable characters of text from elsewhere, at most 200, for an
 * error message: control characters become spaces, runs of space are folded,
 * and URLs lose their query.
 */
export function excerpt(text: string): string {
  return text
    .slice(0, 4 * maxExcerpt)
    .replace(/[\p{Cc}\p{Cn}\s\uFFFD]+/gu, " ")
    .replace(/(\bhttps?:\/\/[^\s"'<>?#]*)[?#][^\s"'<>]*/gi, "$1")
    .trim()
    .slice(0, maxExcerpt)
    .trimEnd();
}

/**
 * Reports what an application's own callback threw, the way an event target
 * does: as an uncaught error, without disturbing whoever called it.
 */
export function reportUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
