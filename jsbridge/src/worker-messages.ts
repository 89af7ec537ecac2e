// What goes between a page and the worker in which its clients' sessions live.
// Both are of the same version of this package, so nothing of it is checked.

import type { AskContext } from "./asks.js";
import { RemoraError } from "./errors.js";
import type { EventName } from "./events.js";
import type { Asks, Auth, Code, Commands, Connected, Root, Sent, SnapshotResult } from "./generated/wire.js";
import type { OnceCommand } from "./once.js";
import type { ConnectOptions } from "./options.js";

/** Options without what cannot be cloned; functions are asked for by name. */
export interface PlainOptions
  extends Omit<ConnectOptions, "wasm" | "token" | "auth" | "fetch" | "handlers" | "events" | "signal" | "headers"> {
  headers?: [string, string][];
}

/** Options of a call without its signal and functions. */
export interface PlainRequest {
  progress: boolean;
  options: Record<string, unknown>;
}

/** The wasm as the page has it: a place, or a module, which has a number by which it is known again. */
export type PlainWasm = string | { id: number; module: WebAssembly.Module };

/** From the page to the worker. An id is the page's, of the call that it begins. */
export type ToWorker =
  | {
      type: "open";
      id: number;
      session: number;
      url: string;
      options: PlainOptions;
      wasm: PlainWasm | undefined;
      token: boolean;
      auth: Auth | undefined;
      asks: (keyof Asks)[];
      /** What a session that was lost had. */
      more: { logLevel?: string; subscriptions?: string[]; roots?: Root[] };
      /** A session that goes on. */
      snapshot: SnapshotResult | undefined;
      /** Listened to from the start, for good. */
      events: EventName[];
    }
  | {
      type: "once";
      id: number;
      command: OnceCommand;
      /** By which the application is asked. */
      session: number;
      url: string;
      options: PlainOptions;
      wasm: PlainWasm | undefined;
      token: boolean;
      auth: Auth | undefined;
      asks: (keyof Asks)[];
      /** The command's own parameters. */
      more: object;
      progress: boolean;
    }
  | { type: "request"; id: number; session: number; command: keyof Commands; params: string; request: PlainRequest }
  | { type: "remember"; session: number; logLevel?: string; subscription?: { uri: string; on: boolean } }
  | { type: "listen"; session: number; events: EventName[] }
  | { type: "abort"; id: number }
  | { type: "close"; id: number; session: number; keep: boolean }
  | { type: "answer"; id: number; value?: unknown; error?: PlainError }
  /** A lock that the worker holds as long as it lives. */
  | { type: "hold"; lock: string };

/** From the worker to the page. An ask's id is the worker's. */
export type FromWorker =
  | { type: "hello" }
  /** The lock is held. */
  | { type: "held" }
  | { type: "done"; id: number; value?: unknown; error?: PlainError }
  | { type: "progress"; id: number; data: unknown }
  | { type: "event"; session: number; event: EventName; data: unknown }
  | { type: "connected"; session: number; connected: Connected }
  | { type: "ask"; id: number; session: number; kind: "token" }
  | {
      type: "ask";
      id: number;
      session: number;
      kind: keyof Asks;
      params: unknown;
      context: Omit<AskContext, "signal">;
    }
  | { type: "askAbort"; id: number };

/** An error that can be cloned. */
export interface PlainError {
  name: string;
  message: string;
  remora?: {
    code: Code;
    data?: unknown;
    status?: number | undefined;
    rpcCode?: number | undefined;
    retryable: boolean;
    sent: Sent;
  };
  cause?: PlainError;
  /** The number of the page's own error, which stayed there. */
  thrown?: number;
}

/**
 * Takes errors apart and puts them together again. What the page's functions
 * throw keeps a number, so that it can be the cause of an error that comes back.
 */
export class Errors {
  readonly #numbers = new WeakMap<object, number>();

  pack(error: unknown, depth = 0): PlainError {
    const thrown = typeof error === "object" && error !== null ? this.#numbers.get(error) : undefined;
    const out: PlainError = error instanceof Error ? named(error) : { name: "Error", message: String(error) };
    if (thrown !== undefined) out.thrown = thrown;
    if (error instanceof RemoraError) {
      const { code, data, status, rpcCode, retryable, sent } = error;
      out.remora = { code, data, status, rpcCode, retryable, sent };
    }
    if (error instanceof Error && error.cause !== undefined && depth < 3) out.cause = this.pack(error.cause, depth + 1);
    return out;
  }

  /** original gives the page's own error. */
  unpack(plain: PlainError, original?: (thrown: number) => unknown): Error {
    const cause = plain.cause === undefined ? {} : { cause: this.#cause(plain.cause, original) };
    let error: Error;
    if (plain.remora === undefined) {
      error = new Error(plain.message, cause);
      error.name = plain.name;
    } else {
      const { code, ...init } = plain.remora;
      error = new RemoraError(code, plain.message, { ...init, ...cause });
    }
    if (plain.thrown !== undefined) this.#numbers.set(error, plain.thrown);
    return error;
  }

  #cause(plain: PlainError, original: ((thrown: number) => unknown) | undefined): unknown {
    if (plain.thrown !== undefined && original !== undefined) return original(plain.thrown);
    return this.unpack(plain, original);
  }
}

function named({ name, message }: Error): PlainError {
  return { name, message };
}
