// The HTTP exchanges that the core asks for: policy, credentials, redirects
// and credit around an HttpPort.

import { type Credentials, isCredential } from "./credentials.js";
import { RemoraError, wireError } from "./errors.js";
import { type OutFrame, outFrame } from "./frame.js";
import { type HTTPStart, Kind, type WireError } from "./generated/wire.js";
import { maxMetadataBytes } from "./oauth-origins.js";
import type { SessionPolicy } from "./policy.js";
import type { HeaderPair, HttpHandle, HttpPort, HttpSink } from "./port.js";
import { parseUrl } from "./url.js";

/** How many hops of redirects are followed. */
export const maxRedirects = 5;

// The purpose of a request that leads to a token.
const purposeOAuth = "oauth";

/** What an exchange needs of the session it is made for. */
export interface ExchangeSession {
  readonly port: HttpPort;
  readonly policy: SessionPolicy;
  readonly credentials: Credentials;
}

/** Every exchange of one core. */
export class Exchanges {
  readonly #deliver: (frames: readonly OutFrame[]) => void;
  readonly #open = new Map<number, Exchange>();

  /** deliver hands frames to the core. */
  constructor(deliver: (frames: readonly OutFrame[]) => void) {
    this.#deliver = deliver;
  }

  /** How many are on their way. */
  get size(): number {
    return this.#open.size;
  }

  /** Starts what an http.start asks for. Without a session it fails with local/closed. */
  start(id: number, start: HTTPStart, body: Uint8Array, session: ExchangeSession | undefined): void {
    if (session === undefined) {
      const error = wireError("local/closed", "the session is closed", "no");
      this.#deliver([outFrame(Kind.httpError, id, { error })]);
      return;
    }
    const exchange = new Exchange(id, start, body, session, this.#deliver, () => this.#open.delete(id));
    this.#open.set(id, exchange);
    exchange.begin();
  }

  /** Gives an exchange more credit. */
  more(id: number, credit: number): void {
    this.#open.get(id)?.more(credit);
  }

  /** Ends an exchange without a word to the core. */
  abort(id: number): void {
    this.#open.get(id)?.abort();
  }

  /** Ends every exchange without a word to the core. */
  abortAll(): void {
    for (const exchange of [...this.#open.values()]) exchange.abort();
  }
}

class Exchange implements HttpSink {
  readonly #id: number;
  readonly #session: ExchangeSession;
  readonly #deliver: (frames: readonly OutFrame[]) => void;
  readonly #forget: () => void;
  readonly #start: HTTPStart;
  #method: string;
  #headers: readonly HeaderPair[];
  #body: Uint8Array | undefined;
  #url: URL | undefined;
  #hops = 0;
  #handle: HttpHandle | undefined;
  #frames: OutFrame[] = [];
  #credit: number;
  #held: Uint8Array[] = [];
  // The body of an answer that may be metadata, until it is complete or too long.
  #metadata: { parts: Uint8Array[]; length: number } | undefined;
  #ended = false;
  #draining = false;
  #over = false;

  constructor(
    id: number,
    start: HTTPStart,
    body: Uint8Array,
    session: ExchangeSession,
    deliver: (frames: readonly OutFrame[]) => void,
    forget: () => void,
  ) {
    this.#id = id;
    this.#start = start;
    this.#session = session;
    this.#deliver = deliver;
    this.#forget = forget;
    this.#method = start.method;
    this.#headers = start.headers ?? [];
    this.#body = body.length > 0 ? body : undefined;
    this.#credit = start.credit;
  }

  begin(): void {
    const url = target(this.#start.url);
    const refusal =
      url === undefined
        ? wireError("local/bad_url", "the request's URL is not a URL", "no")
        : this.#session.policy.refusal(url, undefined, this.#forToken);
    if (url === undefined || refusal !== undefined) {
      this.fail(refusal as WireError);
      return;
    }
    // A token of the core's is for the server, wherever else the policy lets a request go.
    if (!this.#forToken && !this.#session.policy.isOwn(url)) this.#dropCredentials();
    this.#go(url);
  }

  /** Whether the request is for a token: it gets nothing of the application's, and may go further. */
  get #forToken(): boolean {
    return this.#start.purpose === purposeOAuth;
  }

  #dropCredentials(): void {
    this.#headers = this.#headers.filter(([name]) => !isCredential(name));
  }

  // Makes one hop, which the policy allows.
  #go(url: URL): void {
    const { policy, credentials } = this.#session;
    this.#url = url;
    const added = policy.isOwn(url) && !this.#forToken ? credentials.headers() : [];
    if (!("then" in added)) {
      this.#send(url, added);
      return;
    }
    added.then(
      (pairs) => this.#send(url, pairs),
      (error: unknown) => this.fail(tokenFailure(error)),
    );
  }

  #send(url: URL, added: readonly HeaderPair[]): void {
    if (this.#over) return;
    const overridden = new Set(added.map(([name]) => name.toLowerCase()));
    const own =
      added.length === 0 ? this.#headers : this.#headers.filter(([name]) => !overridden.has(name.toLowerCase()));
    this.#handle = this.#session.port.start(
      {
        method: this.#method,
        url,
        headers: added.length === 0 ? own : [...own, ...added],
        body: this.#body,
        cookies: !this.#forToken,
      },
      this,
    );
  }

  head(status: number, headers: HeaderPair[]): boolean {
    if (this.#over) return false;
    if (isRedirect(status)) {
      const location = headers.find(([name]) => name.toLowerCase() === "location")?.[1];
      if (location !== undefined) {
        this.#redirect(status, location);
        return false;
      }
    }
    this.#learn(status, headers);
    try {
      const kept = headers.filter(([name]) => !/^set-cookie2?$/i.test(name)); // there is no cookie jar
      this.#frames.push(outFrame(Kind.httpHead, this.#id, { status, headers: kept }));
    } catch {
      this.fail(wireError("local/too_large", "the answer's headers are larger than a frame's header may be", "yes"));
      return false;
    }
    return true;
  }

  // What the answer says of where a token is to be had. Only the server itself can begin that.
  #learn(status: number, headers: readonly HeaderPair[]): void {
    const { policy } = this.#session;
    if (this.#forToken) {
      if (this.#method === "GET" && status >= 200 && status < 300) this.#metadata = { parts: [], length: 0 };
    } else if ((status === 401 || status === 403) && policy.isOwn(this.#url as URL)) {
      policy.oauth.learnChallenge(headers);
    }
  }

  #collect(chunk: Uint8Array): void {
    const metadata = this.#metadata;
    if (metadata === undefined) return;
    metadata.parts.push(chunk.slice());
    metadata.length += chunk.length;
    if (metadata.length > maxMetadataBytes) this.#metadata = undefined;
  }

  // 307 and 308 keep the method and the body. The others turn a POST into a
  // GET, which means nothing here, so only requests without effects follow them.
  #redirect(status: number, location: string): void {
    const from = this.#url as URL;
    const harmless = this.#method === "GET" || this.#method === "HEAD";
    const url = target(location, from);
    this.#hops += 1;
    let refusal: WireError | undefined;
    if (!harmless && (this.#forToken || (status !== 307 && status !== 308))) {
      refusal = wireError("policy/redirect", `the server redirects a ${this.#method} with status ${status}`, "yes");
    } else if (url === undefined) {
      refusal = wireError("policy/redirect", "the server redirects to something that is not a URL", "yes");
    } else if (this.#hops > maxRedirects) {
      refusal = wireError("policy/redirect", `more than ${maxRedirects} redirects`, "yes");
    } else {
      refusal = this.#session.policy.refusal(url, from, this.#forToken);
    }
    if (url === undefined || refusal !== undefined) {
      this.fail({ ...(refusal as WireError), status });
      return;
    }
    if (url.origin !== from.origin) this.#dropCredentials();
    this.#go(url);
  }

  data(chunk: Uint8Array): boolean {
    if (this.#over) return false;
    this.#collect(chunk);
    this.#held.push(chunk);
    this.#drain();
    return this.#hasRoom();
  }

  more(credit: number): void {
    if (this.#over) return;
    this.#credit += credit;
    if (this.#draining) return; // given for what drain has just delivered
    this.#drain();
    this.flush();
    if (this.#hasRoom()) this.#handle?.resume();
  }

  end(): void {
    if (this.#over) return;
    this.#ended = true;
    // Before the core can ask for what the metadata names.
    if (this.#metadata !== undefined) this.#session.policy.oauth.learnMetadata(joined(this.#metadata.parts));
    if (this.#held.length === 0) this.#finish();
    else this.flush();
  }

  // Moves what is held into frames as far as the credit goes. When that is used
  // up they are delivered, upon which the core may give more at once.
  #drain(): void {
    this.#draining = true;
    for (let chunk = this.#held[0]; chunk !== undefined && this.#credit > 0; chunk = this.#held[0]) {
      const part = chunk.length <= this.#credit ? chunk : chunk.subarray(0, this.#credit);
      this.#credit -= part.length;
      if (part.length < chunk.length) this.#held[0] = chunk.subarray(part.length);
      else this.#held.shift();
      if (part.length > 0) this.#frames.push(outFrame(Kind.httpData, this.#id, undefined, part));
      if (this.#credit === 0) this.flush();
    }
    this.#draining = false;
    if (this.#ended && !this.#over && this.#held.length === 0) this.#finish();
  }

  #hasRoom(): boolean {
    return !this.#over && this.#held.length === 0 && this.#credit > 0;
  }

  #finish(): void {
    this.#frames.push(outFrame(Kind.httpEnd, this.#id));
    this.#close();
    this.flush();
  }

  fail(error: WireError): void {
    if (this.#over) return;
    this.#frames.push(outFrame(Kind.httpError, this.#id, { error }));
    this.#close();
    this.flush();
  }

  flush(): void {
    if (this.#frames.length === 0) return;
    const frames = this.#frames;
    this.#frames = [];
    this.#deliver(frames);
  }

  abort(): void {
    if (this.#over) return;
    this.#close();
    this.#frames = [];
    this.#handle?.abort();
  }

  #close(): void {
    this.#over = true;
    this.#held = [];
    this.#forget();
  }
}

/** How a token function's failure is told. What it says stays here: the error passes through the core. */
export function tokenFailure(error: unknown): WireError {
  if (error instanceof RemoraError && error.code === "local/bad_argument") {
    return wireError(error.code, error.message, "no");
  }
  return wireError("auth/refresh_failed", "the application's token function failed", "no");
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function target(text: string, base?: URL): URL | undefined {
  const url = parseUrl(text, base);
  if (url !== undefined && url.hash !== "") url.hash = ""; // writing it costs something
  return url;
}
