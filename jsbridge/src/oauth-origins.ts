// The origins that requests for a token may reach besides the server's own: those
// that the application named, and those that metadata named which this side has
// carried itself (RFC 9728, section 3; RFC 8414, section 3).

import { isLocalHttp } from "./addresses.js";
import type { HeaderPair } from "./port.js";
import { parseUrl } from "./url.js";

/** How much of an answer is read for the origins that it names, in bytes. */
export const maxMetadataBytes = 256 << 10;

// Of more than so many nothing is learned: no honest server names as many.
const maxOrigins = 32;

/** The further origins of one session's requests for a token. */
export class OAuthOrigins {
  readonly #loopback: boolean;
  readonly #origins = new Set<string>();

  /** given are URLs that the application itself named. */
  constructor(server: URL, given: readonly string[] = []) {
    this.#loopback = isLocalHttp(server);
    for (const url of given) this.#add(url);
  }

  /** Whether a request for a token may go there. */
  has(url: URL): boolean {
    return this.#origins.has(url.origin);
  }

  /** Learns from the head of an answer of the server itself: where it says that its metadata is. */
  learnChallenge(headers: readonly HeaderPair[]): void {
    for (const [name, value] of headers) {
      if (name.toLowerCase() !== "www-authenticate") continue;
      for (const [, quoted, plain] of value.matchAll(
        /[\s,]resource_metadata\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/gi,
      )) {
        this.#add(quoted?.replace(/\\(.)/g, "$1") ?? plain);
      }
    }
  }

  /** Learns from a complete answer to a GET for metadata. What is not metadata teaches nothing. */
  learnMetadata(body: Uint8Array): void {
    let metadata: unknown;
    try {
      metadata = JSON.parse(new TextDecoder().decode(body));
    } catch {
      return;
    }
    if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return;
    for (const [name, value] of Object.entries(metadata)) {
      if (name === "issuer" || name.endsWith("_endpoint")) this.#add(value);
      else if (name === "authorization_servers" && Array.isArray(value)) for (const server of value) this.#add(server);
    }
  }

  // Unencrypted only on this machine, and only for a server that is there itself.
  #add(value: unknown): void {
    if (typeof value !== "string" || this.#origins.size >= maxOrigins) return;
    const url = parseUrl(value);
    if (url === undefined) return;
    if (url.protocol === "https:" || (this.#loopback && isLocalHttp(url))) this.#origins.add(url.origin);
  }
}
