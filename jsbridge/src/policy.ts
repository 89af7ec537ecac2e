// Where a session's requests may go. Checked for every request and every hop
// of a redirect, before anything is sent.

import { type AddressClass, addressClass, hostClass } from "./addresses.js";
import { badArgument, wireError } from "./errors.js";
import type { Code, WireError } from "./generated/wire.js";
import { OAuthOrigins } from "./oauth-origins.js";
import type { AddressRule } from "./port.js";

/**
 * What the application allows beyond the server's own origin. Whatever it says,
 * a session with a server on https never sends a request over http.
 */
export interface Policy {
  /** Further origins ("https://files.example") that may be reached. They never get the session's credentials. */
  origins?: readonly string[] | undefined;
  /**
   * Whether names may lead to addresses that are not on the public Internet:
   * true always, false never, the server's included. By default such addresses
   * may be reached only if the server itself is at one of the same kind
   * (loopback, link-local, private). Names are checked where they are resolved,
   * which is on Node; elsewhere only literal addresses and localhost are.
   */
  privateAddresses?: boolean | undefined;
}

/** A session's policy in force. */
export class SessionPolicy implements AddressRule {
  readonly #server: URL;
  readonly #origins: ReadonlySet<string>;
  readonly #private: boolean | undefined;
  // Where the server is, once that is known.
  #class: AddressClass | undefined;
  /** Where requests for a token may go as well. */
  readonly oauth: OAuthOrigins;

  /** named are URLs of authorization servers that the application gave. Throws local/bad_argument for an origin that is none. */
  constructor(server: URL, policy: Policy = {}, named: readonly string[] = []) {
    this.#server = server;
    this.#origins = new Set((policy.origins ?? []).map((origin) => originOf(origin, server)));
    this.#private = policy.privateAddresses;
    this.#class = hostClass(server.hostname);
    this.oauth = new OAuthOrigins(server, named);
  }

  /** Whether the URL is at the server's own origin: there, and only there, credentials may go. */
  isOwn(url: URL): boolean {
    return url.origin === this.#server.origin;
  }

  /**
   * Says why a request to the URL may not be made, or undefined if it may. `from` is the hop before. A request for a
   * token may go further than others, to what `oauth` knows.
   */
  refusal(url: URL, from?: URL, forToken = false): WireError | undefined {
    const of = (code: Code, message: string) => wireError(code, message, from === undefined ? "no" : "yes");
    if (url.protocol !== "https:" && url.protocol !== "http:") {
      return of("policy/origin", `${url.protocol} is not http or https`);
    }
    if (url.username !== "" || url.password !== "") {
      return of("policy/origin", `a URL with credentials in it leads to ${url.origin}`);
    }
    if (url.protocol === "http:" && (from ?? this.#server).protocol === "https:") {
      const code = from === undefined ? "policy/origin" : "policy/redirect";
      return of(code, `from https to ${url.origin}, which is not encrypted`);
    }
    if (!this.isOwn(url) && !this.#origins.has(url.origin) && !(forToken && this.oauth.has(url))) {
      return of("policy/origin", `${url.origin} is not an origin that the policy allows`);
    }
    const kind = hostClass(url.hostname);
    if (kind !== undefined && !this.#allows(url.hostname, kind)) {
      return of("policy/private_address", `${url.origin} is at a ${kind} address`);
    }
    return undefined;
  }

  allowsAddress(hostname: string, address: string): boolean {
    return this.#allows(hostname, addressClass(address) ?? "private");
  }

  connected(hostname: string, address: string): void {
    if (hostname === this.#server.hostname) this.#class ??= addressClass(address);
  }

  #allows(hostname: string, kind: AddressClass): boolean {
    if (kind === "public" || this.#private === true) return true;
    if (this.#private === false) return false;
    // Not known yet: wherever the server's own name leads is where it is.
    return this.#class === undefined ? hostname === this.#server.hostname : this.#class === kind;
  }
}

function originOf(text: string, server: URL): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw badArgument("policy.origins holds something that is not an origin");
  }
  if ((url.protocol !== "https:" && url.protocol !== "http:") || url.username !== "" || url.password !== "") {
    throw badArgument("policy.origins takes http and https origins only");
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw badArgument(`policy.origins takes origins: write ${url.origin}`);
  }
  if (url.protocol === "http:" && server.protocol === "https:") {
    throw badArgument(`policy.origins: ${url.origin} is not allowed beside a server on https`);
  }
  return url.origin;
}
