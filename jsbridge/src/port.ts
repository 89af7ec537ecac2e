// What an HTTP port is: the contract between exchanges.ts and http.ts,
// http.node.ts. A port makes one request, follows no redirect, adds no
// credentials and judges nothing.

import type { WireError } from "./generated/wire.js";

/** A header's name and value. */
export type HeaderPair = [name: string, value: string];

/** One request. */
export interface HttpRequest {
  readonly method: string;
  /** http or https, without credentials and fragment. */
  readonly url: URL;
  readonly headers: readonly HeaderPair[];
  readonly body: Uint8Array | undefined;
  /** Whether the place that the request is made from may add what it keeps for the server, as a browser its cookies. */
  readonly cookies: boolean;
}

/** Which addresses names may lead to. Only a port that resolves names itself can heed it. */
export interface AddressRule {
  /** Whether a connection for this host may be made to this address. */
  allowsAddress(hostname: string, address: string): boolean;
  /** A connection for this host was made to this address. */
  connected(hostname: string, address: string): void;
}

/**
 * Who is told of the answer. The order is head, data*, then end or fail; fail
 * may come at any time before end, and nothing comes after end, fail or abort.
 * Nothing is told before start has returned.
 */
export interface HttpSink {
  /** The answer's head. Returns false if its body is not wanted: the port gives it up and tells nothing more. */
  head(status: number, headers: HeaderPair[]): boolean;
  /** A piece of the body. Returns false if no more may come until resume is called. */
  data(chunk: Uint8Array): boolean;
  /** The body is complete. */
  end(): void;
  /** The request failed. */
  fail(error: WireError): void;
  /** Nothing more is at hand now. What was told may be held back until this or end. */
  flush(): void;
}

/** A request on its way. */
export interface HttpHandle {
  /** More of the body may come. */
  resume(): void;
  /** Gives the request and its connection up. Idempotent. */
  abort(): void;
}

/**
 * Makes the HTTP requests of one session. Many may be on their way at once.
 * Sessions do not share connections: one that a session's policy allowed must
 * not serve another's.
 */
export interface HttpPort {
  /** Starts a request. Never throws: what goes wrong is told to the sink. */
  start(request: HttpRequest, sink: HttpSink): HttpHandle;
  /** Closes idle connections, and those in use as soon as they are free. */
  close(): void;
}
