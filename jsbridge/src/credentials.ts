// What the application adds to requests to the session's own origin. It stays
// on this side of the boundary: the core never sees it.

import { badArgument } from "./errors.js";
import type { HeaderPair } from "./port.js";
import { maskHeaders, secretParts } from "./trace.js";

/** Headers as fetch takes them. */
export type HeaderSource = Headers | Readonly<Record<string, string>> | Iterable<readonly [string, string]>;

/** Gives a bearer token, each time one is needed. Nothing, or "", for none. */
export type TokenSource = () => string | null | undefined | Promise<string | null | undefined>;

// What belongs to the protocol or to the connection; an application cannot set it.
const reserved =
  /^(accept|accept-encoding|connection|content-(encoding|length|type)|expect|host|keep-alive|last-event-id|te|trailer|transfer-encoding|upgrade|mcp-.*|proxy-.*)$/i;

// How many tokens a trace looks for.
const maxTokens = 16;

/** A session's static headers and token function. Nothing of it shows when it is printed. */
export class Credentials {
  readonly #headers: readonly HeaderPair[];
  readonly #token: TokenSource | undefined;
  readonly #given: string[] = []; // the last tokens

  /** Throws local/bad_argument, naming a header that cannot be set but never its value. */
  constructor(headers: HeaderSource | undefined, token: TokenSource | undefined) {
    if (token !== undefined && typeof token !== "function") throw badArgument("token must be a function");
    const pairs = headers === undefined ? [] : readHeaders(headers);
    this.#headers = token === undefined ? pairs : pairs.filter(([name]) => name.toLowerCase() !== "authorization");
    this.#token = token;
  }

  /**
   * The headers to add to a request. A promise only if there is a token
   * function; it rejects with what that throws, or with local/bad_argument for
   * a token that cannot be in a header.
   */
  headers(): readonly HeaderPair[] | Promise<readonly HeaderPair[]> {
    return this.#token === undefined ? this.#headers : this.#withToken(this.#token);
  }

  async #withToken(source: TokenSource): Promise<readonly HeaderPair[]> {
    const token = await source();
    if (token === undefined || token === null || token === "") return this.#headers;
    if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
      throw badArgument("the token function gave something that cannot be a bearer token");
    }
    if (!this.#given.includes(token)) this.#given.unshift(token);
    if (this.#given.length > maxTokens) this.#given.pop();
    return [...this.#headers, ["Authorization", `Bearer ${token}`]];
  }

  /**
   * What a trace shows of the headers: their names. Whether the token function
   * gives a token is not known before it is asked.
   */
  traceHeaders(): readonly HeaderPair[] {
    const shown = maskHeaders(this.#headers);
    return this.#token === undefined ? shown : [...shown, ["authorization", "(from the token function)"]];
  }

  /** Every value that must not be in a trace. */
  *secrets(): Generator<string, void, undefined> {
    for (const [, value] of this.#headers) yield* secretParts(value);
    yield* this.#given;
  }
}

function readHeaders(source: HeaderSource): HeaderPair[] {
  if (typeof source !== "object" || source === null) throw badArgument("headers must be an object");
  const pairs = Symbol.iterator in source ? [...source] : Object.entries(source);
  return pairs.map(([name, value]): HeaderPair => {
    if (typeof name !== "string" || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      throw badArgument("headers holds a name that is not a header's name");
    }
    if (typeof value !== "string" || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw badArgument(`the value given for the header ${name} cannot be a header's value`);
    }
    if (reserved.test(name)) throw badArgument(`the header ${name} is set by the protocol`);
    return [name, value.trim()];
  });
}

/** Whether a header carries credentials, which do not follow a redirect to another origin. */
export function isCredential(name: string): boolean {
  return /^(authorization|cookie|dpop|proxy-authorization)$/i.test(name);
}
