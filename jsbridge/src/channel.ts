// What an application may give to connect in place of a URL, and the channel
// ports made of it.

import type { ChannelHandle, ChannelPort, ChannelSink } from "./channel-port.js";
import { badArgument, excerpt, RemoraError, wireError } from "./errors.js";
import type { WireError } from "./generated/wire.js";

/** An object of the TypeScript SDK's Transport shape, not started yet. */
export interface TransportLike {
  start(): Promise<void>;
  send(message: never): Promise<void>;
  close(): Promise<void>;
  onmessage?: ((message: never, ...rest: never[]) => void) | undefined;
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
}

/** A MessagePort, or what has its shape: a worker, a BroadcastChannel. */
export interface MessagePortLike {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "messageerror" | "close", listener: () => void): void;
  start?(): void;
  close?(): void;
}

/** A chrome.runtime.Port of a browser extension. */
export interface RuntimePortLike {
  readonly name: string;
  postMessage(message: unknown): void;
  disconnect(): void;
  readonly onMessage: { addListener(listener: (message: unknown) => void): void };
  readonly onDisconnect: { addListener(listener: () => void): void };
}

/** A WebSocket, open or about to be. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly url: string;
  send(message: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number; readonly reason: string }) => void): void;
}

/** A server that is a program; stdio of "remora-mcp/stdio" makes one. */
export interface StdioServer {
  /** @internal */
  readonly channelPort: ChannelPort;
}

/** What carries messages to and from a server. It is connect's from then on: closing the client closes it. */
export type Channel = TransportLike | MessagePortLike | RuntimePortLike | WebSocketLike | StdioServer;

/**
 * A server: a URL (http, https, ws or wss), a channel, or a function that makes a
 * channel. With a function, a session that is lost can be opened again.
 */
export type Server = string | URL | Channel | (() => Channel | Promise<Channel>);

/** Makes a port of what is not a URL. Throws local/bad_argument. */
export function channelPort(given: Exclude<Server, string | URL>): ChannelPort {
  if (typeof given === "function") return new DialPort(given);
  if (typeof given !== "object" || given === null) throw badArgument("connect needs a URL or a channel");
  if ("channelPort" in given) return given.channelPort;
  carrier(given); // throws for what is none
  return new DialPort(() => given, true);
}

/** A port on a WebSocket that is made of a URL. */
export function socketPort(url: URL): ChannelPort {
  const make = () => {
    if (typeof WebSocket !== "function") {
      throw new RemoraError(
        "local/unsupported",
        "this platform has no WebSocket: give connect a function that makes one",
      );
    }
    return new WebSocket(url, "mcp") as WebSocketLike;
  };
  return new DialPort(make, false, url.origin);
}

/** One way to carry messages. */
interface Carrier {
  readonly name: string;
  /** Whether it carries text; otherwise it carries values. */
  readonly text: boolean;
  /** Begins. Rejects if that cannot be. */
  start(events: CarrierEvents): Promise<void>;
  send(message: unknown): unknown;
  close(): unknown;
}

interface CarrierEvents {
  message(data: unknown): void;
  /** It ended by itself; why, if that is known. */
  closed(why?: string): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

class DialPort implements ChannelPort {
  readonly name: string;
  readonly #dial: () => Channel | Promise<Channel>;
  readonly #once: boolean;
  #used = false;

  constructor(dial: () => Channel | Promise<Channel>, once = false, name = "channel") {
    this.#dial = dial;
    this.#once = once;
    this.name = name;
  }

  open(sink: ChannelSink, maxBytes: number): ChannelHandle {
    if (this.#once && this.#used) {
      const error = wireError(
        "channel/closed",
        "the channel has ended, and connect was given no function that makes another",
        "no",
      );
      queueMicrotask(() => sink.closed({ ...error, retryable: false }));
      return { send() {}, resume() {}, close() {} };
    }
    this.#used = true;
    return new Run(this.#dial, sink, maxBytes);
  }
}

// One channel, from its making to its end.
class Run implements ChannelHandle {
  readonly #sink: ChannelSink;
  readonly #maxBytes: number;
  #carrier: Carrier | undefined;
  #inner: ChannelHandle | undefined;
  #wanted = true;
  #isOpen = false;
  #over = false;

  constructor(dial: () => Channel | Promise<Channel>, sink: ChannelSink, maxBytes: number) {
    this.#sink = sink;
    this.#maxBytes = maxBytes;
    void this.#start(dial);
  }

  async #start(dial: () => Channel | Promise<Channel>): Promise<void> {
    try {
      await undefined; // nothing is told before open has returned
      const made = dial();
      // What is there at once is listened to at once: a socket may fail right away.
      const given = made instanceof Promise ? await made : made;
      if (typeof given === "object" && given !== null && "channelPort" in given) {
        this.#inner = given.channelPort.open(this.#sink, this.#maxBytes);
        if (!this.#wanted) this.#inner.close();
        return;
      }
      this.#carrier = carrier(given);
      if (this.#wanted) {
        await this.#carrier.start({ message: (data) => this.#message(data), closed: (why) => this.#closed(why) });
      }
    } catch (error) {
      this.#end(failure(error, "no"));
      return;
    }
    if (!this.#wanted) {
      this.close();
    } else if (!this.#over) {
      this.#isOpen = true;
      this.#sink.opened();
    }
  }

  #message(data: unknown): void {
    if (!this.#over) this.#sink.message(bytes(data));
  }

  #closed(why?: string): void {
    const message = why === undefined ? "the server closed the channel" : `the channel ended: ${excerpt(why)}`;
    this.#end(wireError("channel/closed", message, this.#isOpen ? "unknown" : "no"));
  }

  send(message: Uint8Array): void {
    if (this.#inner !== undefined) {
      this.#inner.send(message);
      return;
    }
    if (this.#carrier === undefined || this.#over) return;
    try {
      const text = decoder.decode(message);
      const sent = this.#carrier.send(this.#carrier.text ? text : JSON.parse(text));
      if (sent instanceof Promise) sent.catch((error: unknown) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
    }
  }

  resume(): void {
    this.#inner?.resume();
  }

  close(): void {
    this.#wanted = false;
    if (this.#inner !== undefined) {
      this.#inner.close();
      return;
    }
    if (this.#carrier === undefined || this.#over) return; // start closes it
    this.#over = true;
    const ended = () => this.#sink.closed();
    try {
      Promise.resolve(this.#carrier.close()).then(ended, ended);
    } catch {
      queueMicrotask(ended);
    }
  }

  #failed(error: unknown): void {
    if (this.#over) return;
    const { close } = this.#carrier ?? {};
    this.#end(failure(error, "unknown"));
    try {
      Promise.resolve(close?.call(this.#carrier)).catch(() => {});
    } catch {
      // It has failed already.
    }
  }

  #end(error: WireError): void {
    if (this.#over) return;
    this.#over = true;
    this.#sink.closed(error);
  }
}

function failure(error: unknown, sent: "no" | "unknown"): WireError {
  if (error instanceof RemoraError) return wireError(error.code, error.message, sent);
  const why = error instanceof Error ? error.message : String(error);
  return wireError("channel/closed", `the channel failed: ${excerpt(why)}`, sent);
}

// A message as bytes. What is no message at all becomes one that the core drops.
function bytes(data: unknown): Uint8Array {
  if (typeof data === "string") return encoder.encode(data);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  try {
    return encoder.encode(JSON.stringify(data) ?? "");
  } catch {
    return encoder.encode("");
  }
}

function has(given: object, ...names: string[]): boolean {
  return names.every((name) => typeof (given as Record<string, unknown>)[name] === "function");
}

function carrier(given: unknown): Carrier {
  if (typeof given === "object" && given !== null) {
    if (has(given, "start", "send", "close")) return transportCarrier(given as TransportLike);
    if (has(given, "send", "close", "addEventListener")) return socketCarrier(given as WebSocketLike);
    if (has(given, "postMessage", "disconnect") && "onMessage" in given)
      return runtimeCarrier(given as RuntimePortLike);
    if (has(given, "postMessage", "addEventListener")) return portCarrier(given as MessagePortLike);
  }
  throw badArgument("connect needs a URL, a WebSocket, a MessagePort, a runtime port, a transport, or stdio's server");
}

function transportCarrier(transport: TransportLike): Carrier {
  return {
    name: "transport",
    text: false,
    async start({ message, closed }) {
      const { onmessage, onclose, onerror } = transport;
      let last: string | undefined;
      transport.onmessage = (data, ...rest) => {
        onmessage?.(data, ...rest);
        message(data);
      };
      transport.onclose = () => {
        onclose?.();
        closed(last);
      };
      transport.onerror = (error) => {
        onerror?.(error);
        last = error.message;
      };
      await transport.start();
    },
    send: (message) => transport.send(message as never),
    close: () => transport.close(),
  };
}

function socketCarrier(socket: WebSocketLike): Carrier {
  return {
    name: "socket",
    text: true,
    start: ({ message, closed }) =>
      new Promise((resolve, reject) => {
        socket.addEventListener("message", ({ data }) => message(data));
        socket.addEventListener("close", ({ code, reason }) => {
          const why = `the WebSocket was closed with ${code}${reason === "" ? "" : ` ${reason}`}`;
          reject(new RemoraError("channel/closed", excerpt(why)));
          closed(why);
        });
        // The close that comes with it says what there is to say; Node 22 has none for a socket that never opened.
        socket.addEventListener("error", () => {
          setTimeout(() => reject(new RemoraError("channel/closed", "the WebSocket could not be opened")), 0);
        });
        socket.addEventListener("open", resolve);
        if (socket.readyState === 1) resolve();
        if (socket.readyState > 1) reject(new RemoraError("channel/closed", "the WebSocket is closed"));
      }),
    send: (message) => socket.send(message as string),
    close: () => socket.close(1000),
  };
}

function portCarrier(port: MessagePortLike): Carrier {
  return {
    name: "port",
    text: false,
    async start({ message, closed }) {
      port.addEventListener("message", ({ data }) => message(data));
      port.addEventListener("close", () => closed());
      port.start?.();
    },
    send: (message) => port.postMessage(message),
    close: () => port.close?.(),
  };
}

function runtimeCarrier(port: RuntimePortLike): Carrier {
  return {
    name: "port",
    text: false,
    async start({ message, closed }) {
      port.onMessage.addListener(message);
      port.onDisconnect.addListener(() => closed());
    },
    send: (message) => port.postMessage(message),
    close: () => port.disconnect(),
  };
}
