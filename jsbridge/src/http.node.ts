// The HTTP port on node:http and node:https: the default on Node, where fetch
// costs about half as much again for a small call.

import { type LookupAddress, lookup } from "node:dns";
import type * as http from "node:http";
import type * as https from "node:https";
import { isIP, type LookupFunction, type Socket } from "node:net";
import { wireError } from "./errors.js";
import { type Code, VERSION, type WireError } from "./generated/wire.js";
import type { AddressRule, HeaderPair, HttpHandle, HttpPort, HttpRequest, HttpSink } from "./port.js";
import { require } from "./require.node.js";

// How long an idle connection is kept, in milliseconds, unless the server asks
// for less. Below the five seconds after which Node's own servers close one, so
// that a request seldom meets a connection that is being closed.
const idleMs = 4000;

let plain: typeof http | undefined;
let secure: typeof https | undefined;

const deniedAddress = "ERR_DENIED_ADDRESS";

const userAgent = `remora/${VERSION}`;

/** Makes a port with keep-alive connections of its own, which go only to addresses that the rule allows. */
export function nodeHttpPort(rule: AddressRule): HttpPort {
  return new NodePort(rule);
}

class NodePort implements HttpPort {
  readonly #rule: AddressRule;
  readonly #options: http.AgentOptions;
  #plain: http.Agent | undefined;
  #secure: https.Agent | undefined;

  constructor(rule: AddressRule) {
    this.#rule = rule;
    this.#options = { keepAlive: true, timeout: idleMs, lookup: lookupAllowed(rule) };
  }

  start(request: HttpRequest, sink: HttpSink): HttpHandle {
    const exchange = new NodeExchange(request, sink, this.#rule);
    if (request.url.protocol === "https:") {
      secure ??= require("node:https") as typeof https;
      this.#secure ??= new secure.Agent(this.#options);
      exchange.begin(secure.request, this.#secure);
    } else {
      plain ??= require("node:http") as typeof http;
      this.#plain ??= new plain.Agent(this.#options);
      exchange.begin(plain.request, this.#plain);
    }
    return exchange;
  }

  close(): void {
    for (const agent of [this.#plain, this.#secure]) {
      if (agent === undefined) continue;
      agent.maxFreeSockets = 0;
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    }
  }
}

class NodeExchange implements HttpHandle {
  readonly #request: HttpRequest;
  readonly #sink: HttpSink;
  readonly #rule: AddressRule;
  #outgoing: http.ClientRequest | undefined;
  #answer: http.IncomingMessage | undefined;
  #connected = false;
  #over = false;

  constructor(request: HttpRequest, sink: HttpSink, rule: AddressRule) {
    this.#request = request;
    this.#sink = sink;
    this.#rule = rule;
  }

  begin(start: typeof https.request, agent: http.Agent): void {
    const { method, url, body } = this.#request;
    const literal = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
    // An address in the URL is not looked up, so it is judged here.
    if (isIP(literal) !== 0 && !this.#rule.allowsAddress(url.hostname, literal)) {
      queueMicrotask(() => this.#fail({ code: deniedAddress }));
      return;
    }
    try {
      this.#outgoing = start({
        agent,
        method,
        hostname: literal,
        path: url.pathname + url.search,
        headers: rawHeaders(this.#request) as unknown as http.OutgoingHttpHeaders,
        ...(url.port === "" ? {} : { port: url.port }),
      });
    } catch (error) {
      queueMicrotask(() => this.#fail(error));
      return;
    }
    this.#outgoing
      .on("socket", (socket) => this.#watch(socket))
      .on("response", (answer) => this.#head(answer))
      .on("error", (error) => this.#fail(error))
      .on("close", () => this.#fail(undefined));
    this.#outgoing.end(body);
  }

  // Learns when something of the request can have left, and where to.
  #watch(socket: Socket): void {
    if (this.#outgoing?.reusedSocket === true) {
      this.#connected = true;
      return;
    }
    const { hostname, protocol } = this.#request.url;
    socket.once(protocol === "https:" ? "secureConnect" : "connect", () => {
      this.#connected = true;
      if (socket.remoteAddress !== undefined) this.#rule.connected(hostname, socket.remoteAddress);
    });
  }

  #head(answer: http.IncomingMessage): void {
    this.#answer = answer;
    if (this.#over) return;
    if (!this.#sink.head(answer.statusCode ?? 0, pairs(answer.rawHeaders))) {
      this.abort();
      return;
    }
    // What has come is told when the event loop turns: with a small answer that is
    // all of it, and of a large one whatever could be read at once.
    let due = false;
    const flushSoon = () => {
      if (due) return;
      due = true;
      setImmediate(() => {
        due = false;
        if (!this.#over) this.#sink.flush();
      });
    };
    flushSoon();
    answer
      .on("data", (chunk: Buffer) => {
        if (this.#over) return;
        if (this.#sink.data(chunk)) flushSoon();
        else answer.pause();
      })
      .on("end", () => {
        if (this.#over) return;
        if (!answer.complete) {
          this.#fail(undefined);
          return;
        }
        this.#over = true;
        this.#sink.end();
      })
      .on("error", (error) => this.#fail(error));
  }

  resume(): void {
    if (!this.#over) this.#answer?.resume();
  }

  abort(): void {
    this.#over = true;
    this.#outgoing?.destroy();
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#outgoing?.destroy();
    this.#sink.fail(this.#failure(error));
  }

  // Only the error's code is quoted: a message may hold what a server said.
  #failure(error: unknown): WireError {
    const { origin } = this.#request.url;
    const code = errorCode(error);
    const of = (name: Code, message: string, sent: "no" | "unknown") =>
      wireError(name, code === undefined ? message : `${message} (${code})`, sent);
    if (code === deniedAddress) {
      return wireError("policy/private_address", `${origin} leads to an address that is not public`, "no");
    }
    if (code?.startsWith("HPE_") === true)
      return of("http/not_mcp", `${origin} answered with something that is not HTTP`, "unknown");
    if (this.#answer !== undefined)
      return of("http/network", `the connection to ${origin} ended in mid-answer`, "unknown");
    if (this.#connected) return of("http/network", `the connection to ${origin} ended before an answer`, "unknown");
    if (code?.startsWith("ERR_INVALID") === true || code?.startsWith("ERR_UNESCAPED") === true) {
      return of("local/bad_argument", "the request cannot be made", "no");
    }
    return of("http/network", `no connection to ${origin}`, "no");
  }
}

function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" && /^[A-Z0-9_]{1,64}$/.test(error.code) ? error.code : undefined;
}

// What belongs to the connection, whatever the core says.
const connectionHeader = /^(host|content-length|connection|transfer-encoding|upgrade)$/i;

// Name and value in turn, as Node takes them without a table of its own.
function rawHeaders({ url, headers, body, method }: HttpRequest): string[] {
  const raw = ["Host", url.host];
  let agent = true;
  for (const [name, value] of headers) {
    if (connectionHeader.test(name)) continue;
    if (/^user-agent$/i.test(name)) agent = false;
    raw.push(name, value);
  }
  if (agent) raw.push("User-Agent", userAgent);
  if (body !== undefined || method === "POST" || method === "PUT")
    raw.push("Content-Length", String(body?.length ?? 0));
  return raw;
}

function pairs(raw: readonly string[]): HeaderPair[] {
  const out: HeaderPair[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) out.push([raw[i] as string, raw[i + 1] as string]);
  return out;
}

// Resolves a name and keeps the addresses that the rule allows.
function lookupAllowed(rule: AddressRule): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const addresses = found.filter(({ address }) => rule.allowsAddress(hostname, address));
      const [first] = addresses;
      if (first === undefined) callback(Object.assign(new Error("not allowed"), { code: deniedAddress }), []);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
