// The conversation with one core: hello, calls, events, questions and HTTP
// exchanges of every session that lives in it.

import { Assembler } from "./assemble.js";
import type { ChannelPort } from "./channel-port.js";
import { Channels } from "./channels.js";
import { closed, fromWire, RemoraError } from "./errors.js";
import { type ExchangeSession, Exchanges } from "./exchanges.js";
import { type Frame, type OutFrame, outFrame } from "./frame.js";
import {
  ABI,
  type Ask,
  type Call,
  type ChanMore,
  type ChanOpen,
  DEFAULT_MAX_BODY_BYTES,
  type Done,
  type Fault,
  type Hello,
  type HTTPMore,
  type HTTPStart,
  Kind,
  type Limits,
  type Tell,
  VERSION,
  type WireError,
} from "./generated/wire.js";
import type { Guest, GuestOwner } from "./guest.js";

/** The application's side of one session. */
export interface SessionPeer extends ExchangeSession {
  /** Where the server is if it is not reached by HTTP: then the session may make no HTTP requests. */
  readonly channel: ChannelPort | undefined;
  /** Something happened; data is JSON. */
  tell(event: string, data: Uint8Array): void;
  /** The server's program wrote a line to its stderr. Over HTTP there is none. */
  readonly said?: ((line: string) => void) | undefined;
  /** The server asks; reply is to be called once. The signal aborts when no answer is wanted any more. */
  ask(question: Question, reply: (answer: Uint8Array | WireError) => void): void;
  /** The core failed: the session is lost. */
  lost(error: RemoraError): void;
}

/** A question of the server. */
export interface Question extends Ask {
  /** The parameters, JSON. */
  params: Uint8Array;
  signal: AbortSignal;
  /** What the application's handler threw: the cause of the call's error, if it comes to one. */
  thrown: (error: unknown) => void;
}

/** A call to the core. */
export interface CoreCall {
  header: Call;
  /** The command's parameters, JSON. */
  params: Uint8Array;
  /** For a call that begins a session: the side that this will have here. */
  peer?: SessionPeer;
  /** The session ends with the call. */
  once?: boolean;
  /** A progress event of this call; data is JSON. */
  progress?: ((data: Uint8Array) => void) | undefined;
  /** The call is over. Called exactly once, after every progress. */
  done(outcome: Uint8Array | RemoraError): void;
}

interface OpenCall extends CoreCall {
  thrown?: unknown;
}

/** What a core needs. */
export interface CoreOptions {
  limits: Limits;
  hold: () => () => void;
  /** The core failed and takes no more calls. */
  failed: () => void;
}

/** The reference by which the core asks for a session's channel. A session has one, so it need not tell them apart. */
export const CHANNEL = "1";

const decoder = new TextDecoder();

// How long a core may take to answer hello, in milliseconds. It answers at once.
const helloMs = 10_000;

/** One running core. */
export class Core implements GuestOwner {
  readonly #options: CoreOptions;
  readonly #assembler: Assembler;
  readonly #exchanges = new Exchanges((frames) => this.#deliver(frames));
  readonly #channels = new Channels((frames) => this.#deliver(frames));
  readonly #calls = new Map<number, OpenCall>();
  readonly #peers = new Map<number, SessionPeer>();
  readonly #questions = new Map<number, AbortController>();
  #guest: Guest | undefined;
  #greeted: ((error?: RemoraError) => void) | undefined;
  #failure: RemoraError | undefined;
  #release: (() => void) | undefined;
  #lastId = 0;
  /** Frames that came for an id that is over or was never opened. */
  dropped = 0;

  private constructor(options: CoreOptions) {
    this.#options = options;
    this.#assembler = new Assembler(options.limits.maxBodyBytes || DEFAULT_MAX_BODY_BYTES);
  }

  /** Starts a core and says hello. Rejects with what starting the guest does, plugin/missing, plugin/trap or local/abi_mismatch. */
  static async start(startGuest: (owner: GuestOwner) => Promise<Guest>, options: CoreOptions): Promise<Core> {
    const core = new Core(options);
    core.#guest = await startGuest(core);
    await new Promise<void>((resolve, reject) => {
      const silent = setTimeout(() => {
        core.#end(new RemoraError("plugin/missing", "the wasm given does not answer: it is not remora's core"));
      }, helloMs);
      core.#greeted = (error) => {
        clearTimeout(silent);
        if (error === undefined) resolve();
        else reject(error);
      };
      const hello: Hello = { abi: [...ABI], name: "remora-mcp", version: VERSION, limits: options.limits };
      core.#deliver([outFrame(Kind.hello, 0, hello)]);
    });
    return core;
  }

  /** Why the core takes no more calls; undefined while it does. */
  get failure(): RemoraError | undefined {
    return this.#failure;
  }

  /** Makes a call and returns its id. After a failure of the core it is over at once. */
  call(call: CoreCall): number {
    const id = ++this.#lastId;
    if (this.#guest === undefined) {
      call.done(this.#failure ?? closed());
      return id;
    }
    const frame = outFrame(Kind.call, id, call.header, call.params);
    this.#calls.set(id, call);
    this.#release ??= this.#options.hold();
    this.#deliver([frame]);
    return id;
  }

  /** Ends a call; its done still comes. */
  cancel(id: number, reason: string): void {
    if (this.#calls.has(id)) this.#deliver([outFrame(Kind.cancel, id, { reason })]);
  }

  /** Forgets a session that is closed. */
  unbind(session: number): void {
    this.#peers.get(session)?.port.close();
    this.#peers.delete(session);
  }

  /** Ends the core. Calls in flight end with local/closed. */
  stop(): void {
    this.#end(closed("unknown"));
  }

  trapped(error: RemoraError): void {
    this.#end(error);
  }

  #end(error: RemoraError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    const lost = error.code !== "local/closed";
    this.#guest?.stop();
    this.#guest = undefined;
    if (lost) this.#options.failed();
    this.#exchanges.abortAll();
    this.#channels.abortAll();
    for (const question of this.#questions.values()) question.abort(error);
    this.#questions.clear();
    const peers = new Set(this.#peers.values());
    this.#peers.clear();
    for (const peer of peers) {
      peer.port.close();
      if (lost) peer.lost(error);
    }
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    this.#release?.();
    for (const call of calls) call.done(error);
    this.#greeted?.(error);
  }

  #deliver(frames: readonly OutFrame[]): void {
    this.#guest?.deliver(frames);
  }

  frame(part: Frame): void {
    let frame: Frame | undefined;
    try {
      frame = this.#assembler.add(part);
    } catch (error) {
      if (part.kind === Kind.done) this.#done(part.id, error as RemoraError);
      return;
    }
    if (frame !== undefined && this.#failure === undefined) this.#take(frame);
  }

  #take(frame: Frame): void {
    const { id, payload } = frame;
    switch (frame.kind) {
      case Kind.tell:
        this.#tell(id, header<Tell>(frame), payload);
        break;
      case Kind.done:
        this.#done(id, outcome(header<Done>(frame), payload));
        break;
      case Kind.httpStart: {
        const start = header<HTTPStart>(frame);
        const peer = this.#peers.get(start.session);
        this.#exchanges.start(id, start, payload, peer?.channel === undefined ? peer : undefined);
        break;
      }
      case Kind.chanOpen: {
        const open = header<ChanOpen>(frame);
        const peer = this.#peers.get(open.session);
        this.#channels.start(id, open, open.channel === CHANNEL ? peer?.channel : undefined, peer?.said);
        break;
      }
      case Kind.chanSend:
        this.#channels.send(id, payload);
        break;
      case Kind.chanMore:
        this.#channels.more(id, header<ChanMore>(frame).credit);
        break;
      case Kind.chanClose:
        this.#channels.close(id);
        break;
      case Kind.httpMore:
        this.#exchanges.more(id, header<HTTPMore>(frame).credit);
        break;
      case Kind.httpAbort:
        this.#exchanges.abort(id);
        break;
      case Kind.ask:
        this.#ask(id, header<Ask>(frame), payload);
        break;
      case Kind.askCancel:
        this.#questions.get(id)?.abort(new RemoraError("local/cancelled", "the answer is no longer wanted"));
        this.#questions.delete(id);
        break;
      case Kind.coreHello:
        this.#hello(header<Hello>(frame));
        break;
      case Kind.fault:
        this.#fault(id, header<Fault>(frame).error);
        break;
      default:
        // A newer minor of the boundary may send what this version does not know.
        this.dropped++;
    }
  }

  #hello(hello: Hello): void {
    const [major] = hello.abi;
    if (major !== ABI[0]) {
      const message = `the core speaks version ${hello.abi.join(".")} of the boundary, this package ${ABI.join(".")}`;
      this.#end(new RemoraError("local/abi_mismatch", message, { retryable: false }));
      return;
    }
    this.#greeted?.();
    this.#greeted = undefined;
  }

  // A fault for a call is that call's error. One for nothing in particular says
  // that a batch was refused, so that nobody knows what is lost.
  #fault(id: number, error: WireError): void {
    if (this.#calls.has(id)) this.#done(id, fromWire(error));
    else if (id === 0) this.#end(fromWire(error));
    else this.dropped++;
  }

  #done(id: number, outcome: Uint8Array | RemoraError): void {
    const call = this.#calls.get(id);
    if (call === undefined) {
      this.dropped++;
      return;
    }
    this.#calls.delete(id);
    if (this.#calls.size === 0) {
      this.#release?.();
      this.#release = undefined;
    }
    if (call.peer !== undefined && (call.once === true || outcome instanceof RemoraError)) this.#unbindPeer(call.peer);
    call.done(outcome instanceof RemoraError ? withCause(outcome, call.thrown) : outcome);
  }

  #unbindPeer(peer: SessionPeer): void {
    for (const [session, other] of this.#peers) if (other === peer) this.unbind(session);
  }

  // The first event of a new session has its connect call's id, and so says
  // which number belongs to whom.
  #tell(id: number, tell: Tell, data: Uint8Array): void {
    const call = this.#calls.get(id);
    if (call?.peer !== undefined) this.#peers.set(tell.session, call.peer);
    if (tell.event === "progress") call?.progress?.(data);
    this.#peers.get(tell.session)?.tell(tell.event, data);
  }

  #ask(id: number, ask: Ask, params: Uint8Array): void {
    const peer = this.#peers.get(ask.session);
    const controller = new AbortController();
    this.#questions.set(id, controller);
    const reply = (answer: Uint8Array | WireError) => {
      if (!this.#questions.delete(id)) return;
      const frame =
        answer instanceof Uint8Array
          ? outFrame(Kind.reply, id, undefined, answer)
          : outFrame(Kind.reply, id, { error: answer });
      this.#deliver([frame]);
    };
    if (peer === undefined) {
      reply({ code: "local/closed", message: "the session is closed", retryable: false, sent: "no" });
      return;
    }
    const call = this.#calls.get(ask.call ?? 0);
    const thrown = (error: unknown) => {
      if (call !== undefined) call.thrown = error;
    };
    peer.ask({ ...ask, params, signal: controller.signal, thrown }, reply);
  }
}

function outcome({ error, dataInPayload }: Done, payload: Uint8Array): Uint8Array | RemoraError {
  if (error === undefined) return payload;
  if (dataInPayload === true) error.data = JSON.parse(decoder.decode(payload));
  return fromWire(error);
}

function withCause(error: RemoraError, cause: unknown): RemoraError {
  if (cause === undefined) return error;
  const { code, message, data, status, rpcCode, retryable, sent } = error;
  return new RemoraError(code, message, { data, status, rpcCode, retryable, sent, cause });
}

function header<T>(frame: Frame): T {
  return (frame.header.length === 0 ? {} : JSON.parse(decoder.decode(frame.header))) as T;
}
