// A sink that records what a port tells, for tests that wait for it.

import type { WireError } from "../../src/generated/wire.js";
import type { AddressRule, HeaderPair, HttpRequest, HttpSink } from "../../src/port.js";

/** Records, and lets a test wait for the end. */
export class RecordingSink implements HttpSink {
  status: number | undefined;
  headers: HeaderPair[] = [];
  error: WireError | undefined;
  ended = false;
  flushes = 0;
  bytes = 0;
  /** Bytes that data takes before it says to stop. */
  room = Number.POSITIVE_INFINITY;
  /** What head answers. */
  wanted = true;
  readonly over: Promise<void>;
  readonly #chunks: Uint8Array[] = [];
  readonly #waiting: { ready: () => boolean; go: () => void }[] = [];
  #finish: () => void = () => {};

  constructor() {
    this.over = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  header(name: string): string | undefined {
    return this.headers.find(([key]) => key.toLowerCase() === name)?.[1];
  }

  /** Resolves as soon as the condition holds after something was told. */
  until(ready: () => boolean): Promise<void> {
    if (ready()) return Promise.resolve();
    return new Promise((go) => this.#waiting.push({ ready, go }));
  }

  head(status: number, headers: HeaderPair[]): boolean {
    this.#order(this.status === undefined);
    this.status = status;
    this.headers = headers;
    this.#told();
    return this.wanted;
  }

  data(chunk: Uint8Array): boolean {
    this.#order(this.status !== undefined && this.room > 0);
    this.#chunks.push(chunk.slice());
    this.bytes += chunk.length;
    this.room -= chunk.length;
    this.#told();
    return this.room > 0;
  }

  end(): void {
    this.#order(this.status !== undefined);
    this.ended = true;
    this.#told();
    this.#finish();
  }

  fail(error: WireError): void {
    this.#order(true);
    this.error = error;
    this.#told();
    this.#finish();
  }

  flush(): void {
    this.flushes++;
    this.#told();
  }

  #order(right: boolean): void {
    if (!right || this.ended || this.error !== undefined) throw new Error("the port told something out of order");
  }

  #told(): void {
    for (const waiter of [...this.#waiting]) {
      if (!waiter.ready()) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.go();
    }
  }
}

/** A request with what a test does not care about filled in. */
export function request(url: string, more: Partial<Omit<HttpRequest, "url">> = {}): HttpRequest {
  return { method: "GET", url: new URL(url), headers: [], body: undefined, cookies: true, ...more };
}

/** A rule that allows every address. */
export const anyAddress: AddressRule = { allowsAddress: () => true, connected: () => {} };
