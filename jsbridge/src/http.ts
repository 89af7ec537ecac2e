// The HTTP port on fetch: browsers, workers, and every other place that has it.

import { wireError } from "./errors.js";
import { fetchFailure } from "./fetch-failure.js";
import type { HeaderPair, HttpHandle, HttpPort, HttpRequest, HttpSink } from "./port.js";

/** fetch, or something of its shape. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

// Some places that have fetch keep no cookies, and refuse to be told so. Asked only
// when something is fetched: naming Request loads all of fetch in Node, which takes
// as long as a tenth of a process's start.
const hasCookies = () => typeof Request === "function" && "credentials" in Request.prototype;

// An answer that is not an event stream is told when it is complete, or in
// pieces of about so many bytes.
const pieceBytes = 64 << 10;

/** Makes a port on fetch. Without an argument it is the one of the global scope, looked up for each request. */
export function fetchPort(fetchLike: FetchLike = (url, init) => globalThis.fetch(url, init)): HttpPort {
  return {
    start(request, sink) {
      const exchange = new FetchExchange(request, sink, fetchLike);
      void exchange.run();
      return exchange;
    },
    close() {},
  };
}

class FetchExchange implements HttpHandle {
  readonly #request: HttpRequest;
  readonly #sink: HttpSink;
  readonly #fetch: FetchLike;
  readonly #controller = new AbortController();
  #wake: (() => void) | undefined;
  #room = true;

  constructor(request: HttpRequest, sink: HttpSink, fetchLike: FetchLike) {
    this.#request = request;
    this.#sink = sink;
    this.#fetch = fetchLike;
  }

  async run(): Promise<void> {
    const signal = this.#controller.signal;
    let answered = false;
    try {
      const response = await this.#answer();
      if (signal.aborted) return;
      if (response.type === "opaqueredirect") {
        const error = wireError("policy/redirect", "the server redirects to where a browser does not show", "yes");
        this.#sink.fail(error);
        return;
      }
      answered = true;
      if (!this.#sink.head(response.status, headerPairs(response.headers))) {
        this.#controller.abort();
        return;
      }
      if (response.body !== null) await this.#body(response.body, isEventStream(response.headers));
      if (!signal.aborted) this.#sink.end();
    } catch (error) {
      if (signal.aborted) return;
      const failure = await fetchFailure(error, this.#request.url, answered, this.#fetch);
      if (!signal.aborted) this.#sink.fail(failure);
    }
  }

  // In a promise's job, so that nothing is told before start has returned.
  async #answer(): Promise<Response> {
    await undefined;
    const { method, url, headers, body, cookies } = this.#request;
    return this.#fetch(url.href, {
      method,
      headers: headers.map(([name, value]): [string, string] => [name, value]),
      redirect: "manual",
      signal: this.#controller.signal,
      ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
      ...(cookies || !hasCookies() ? {} : { credentials: "omit" }),
    });
  }

  async #body(body: ReadableStream<Uint8Array>, events: boolean): Promise<void> {
    const signal = this.#controller.signal;
    const reader = body.getReader();
    // The head of an event stream waits this turn for the first event.
    const turn = events ? setTimeout(() => !signal.aborted && this.#sink.flush()) : undefined;
    try {
      let unflushed = 0;
      for (;;) {
        const { done, value } = await reader.read();
        if (done || signal.aborted) return;
        this.#room = this.#sink.data(value);
        unflushed += value.length;
        if (events || unflushed >= pieceBytes) {
          this.#sink.flush();
          unflushed = 0;
        }
        while (!this.#room) {
          await new Promise<void>((wake) => {
            this.#wake = wake;
          });
          if (signal.aborted) return;
        }
      }
    } finally {
      clearTimeout(turn);
    }
  }

  resume(): void {
    this.#room = true;
    this.#wake?.();
  }

  abort(): void {
    this.#controller.abort();
    this.#wake?.();
  }
}

function isEventStream(headers: Headers): boolean {
  return headers.get("content-type")?.trimStart().toLowerCase().startsWith("text/event-stream") === true;
}

// fetch has already undone the content's encoding, so its length and name are
// not those of the bytes that follow.
function headerPairs(headers: Headers): HeaderPair[] {
  const pairs = [...headers];
  if (!headers.has("content-encoding")) return pairs;
  return pairs.filter(([name]) => name !== "content-encoding" && name !== "content-length");
}
