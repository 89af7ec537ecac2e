// What the core asks for a token: a person to be sent to a page, a signature, a
// token of somebody else's, the store. Here the application's answers are put into
// the words of the boundary, and what must not cross it is held back.

import { isLocalHttp } from "./addresses.js";
import type { AskContext, AskHandlers, Handler } from "./asks.js";
import { badArgument, RemoraError } from "./errors.js";
import {
  type Assert,
  type Asserted,
  type Authorize,
  type Authorized,
  MAX_STORE_KEY_BYTES,
  MAX_STORE_VALUE_BYTES,
  type Sign,
  type Signed,
  type Store,
  type Stored,
} from "./generated/wire.js";
import type { Signing } from "./sign.js";
import type { TokenStore } from "./store.js";
import { parseUrl } from "./url.js";

/** Gives a token that says who the workload or the person is, made for the audience. */
export type AssertSource = (use: "workload" | "identity", audience: string) => string | Promise<string>;

/** What the questions are answered with. */
export interface AuthSources {
  readonly authorize: Handler<"authorize"> | undefined;
  readonly signing: Signing;
  readonly assert: AssertSource | undefined;
  readonly store: TokenStore;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The handlers of the core's questions. */
export function authHandlers({ authorize, signing, assert, store }: AuthSources): AskHandlers {
  const handlers: Writable<AskHandlers> = { store: (params) => useStore(store, params as Store) };
  if (signing.any) handlers.sign = (params) => sign(signing, params as Sign);
  if (assert !== undefined) handlers.assert = (params) => askAssert(assert, params as Assert);
  if (authorize !== undefined) {
    handlers.authorize = (params, context) => askAuthorize(authorize, params as Authorize, context);
  }
  return handlers;
}

/** Handlers that do the same, and tell learned of the secrets that pass through them. */
export function learning(handlers: AskHandlers, learned: Learned): AskHandlers {
  const entries = Object.entries(handlers).map(([kind, handler]) => [
    kind,
    async (params: unknown, context: AskContext) => {
      learned.params(params as Partial<Authorize & Store>);
      const answer = await handler?.(params, context);
      learned.answer(answer as Partial<Authorized & Signed & Asserted & Stored>);
      return answer;
    },
  ]);
  return Object.fromEntries(entries) as AskHandlers;
}

// A URL of a server that is to come back here is never as long.
const maxUrlLength = 16 << 10;

async function askAuthorize(
  handler: Handler<"authorize">,
  params: Authorize,
  context: AskContext,
): Promise<Authorized> {
  const page = parseUrl(params.url);
  if (page === undefined || !isSafePage(page)) {
    throw new RemoraError("policy/origin", "the page to log in at is neither on https nor on this machine");
  }
  const given: unknown = await unlessAborted(handler(params, context), context.signal);
  const url = given instanceof URL || typeof given === "string" ? parseUrl(String(given)) : undefined;
  if (url === undefined || url.href.length > maxUrlLength) {
    throw badArgument("it must give the URL that the person came back to");
  }
  if (!isReturn(url, new URL(params.redirectUrl))) {
    throw badArgument("it gave another URL than the person was to come back to");
  }
  return { url: url.href };
}

/** Whether a URL is that of the redirect, with whatever query. */
export function isReturn(url: URL, redirect: URL): boolean {
  return url.protocol === redirect.protocol && url.host === redirect.host && url.pathname === redirect.pathname;
}

function isSafePage(url: URL): boolean {
  return url.username === "" && url.password === "" && (url.protocol === "https:" || isLocalHttp(url));
}

// A handler that does not heed the signal must not hold up what it was asked for.
function unlessAborted<T>(given: T | Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new RemoraError("local/cancelled", "the answer is no longer wanted"));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    Promise.resolve(given)
      .finally(() => signal.removeEventListener("abort", abort))
      .then(resolve, reject);
  });
}

async function sign(signing: Signing, params: Sign): Promise<Signed> {
  const jwt: unknown = await signing.sign(params);
  if (typeof jwt !== "string" || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(jwt)) {
    throw badArgument("auth.key gave something that is not a signed JWT in its compact form");
  }
  return { jwt };
}

async function askAssert(source: AssertSource, { use, audience }: Assert): Promise<Asserted> {
  const token: unknown = await source(use as "workload" | "identity", audience);
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) throw badArgument("it must give a token");
  return { token };
}

async function useStore(store: TokenStore, params: Store): Promise<Stored> {
  const { op, key, value, was } = params;
  if (key.length > MAX_STORE_KEY_BYTES || !/^[\x20-\x7e]+$/.test(key)) throw badArgument("the key cannot be one");
  for (const text of [value, was]) checkValue(text);
  switch (op) {
    case "get": {
      const found: unknown = await store.get(key);
      if (found === undefined || found === null) return {};
      if (typeof found !== "string") throw badArgument("get must give a text or undefined");
      checkValue(found);
      return { value: found };
    }
    case "set":
      await store.set(key, value ?? "");
      return {};
    case "swap": {
      const swapped: unknown = await store.swap(key, was, value);
      if (typeof swapped !== "boolean") throw badArgument("swap must give a boolean");
      return swapped ? { swapped } : {};
    }
    case "delete":
      await store.delete(key);
      return {};
    default:
      throw badArgument("a store does nothing of the kind");
  }
}

function checkValue(text: string | undefined): void {
  if (text !== undefined && text.length > MAX_STORE_VALUE_BYTES) {
    throw badArgument(`a value is larger than ${MAX_STORE_VALUE_BYTES} bytes`);
  }
}

// How many secrets a trace looks for, and what is too common to be one.
const maxSecrets = 128;
const minSecretLength = 8;

/** The secrets of one session that passed through here: none of them may be in a trace. */
export class Learned {
  readonly #values = new Set<string>();

  /** The last that were added. */
  [Symbol.iterator](): Iterator<string> {
    return this.#values.values();
  }

  /** Adds one secret; the oldest is forgotten for it, if need be. */
  add(value: string | undefined): void {
    if (value === undefined || value.length < minSecretLength) return;
    this.#values.delete(value);
    this.#values.add(value);
    const [oldest] = this.#values;
    if (this.#values.size > maxSecrets && oldest !== undefined) this.#values.delete(oldest);
  }

  /** Adds the secrets of a question. */
  params({ url, value, was }: Partial<Authorize & Store>): void {
    this.#query(url);
    this.#record(value);
    this.#record(was);
  }

  /** Adds the secrets of an answer. */
  answer({ url, jwt, token, value }: Partial<Authorized & Signed & Asserted & Stored>): void {
    this.#query(url);
    this.add(jwt);
    this.add(token);
    this.#record(value);
  }

  // What a URL of a login holds that lets others go on with it.
  #query(text: string | undefined): void {
    const url = text === undefined ? undefined : parseUrl(text);
    if (url === undefined) return;
    for (const name of ["code", "state", "nonce", "code_challenge"]) {
      for (const value of url.searchParams.getAll(name)) this.add(value);
    }
  }

  // The secrets of a record in the store are texts under names that say so.
  #record(text: string | undefined): void {
    if (text === undefined) return;
    let record: unknown;
    try {
      record = JSON.parse(text);
    } catch {
      this.add(text);
      return;
    }
    this.#walk(record, "");
  }

  #walk(value: unknown, name: string): void {
    if (typeof value === "string") {
      if (/^(access|refresh)$|token|secret|verifier|state|nonce|assertion/i.test(name) && !/^https?:/i.test(value)) {
        this.add(value);
      }
    } else if (typeof value === "object" && value !== null) {
      for (const [key, member] of Object.entries(value)) this.#walk(member, Array.isArray(value) ? name : key);
    }
  }
}
