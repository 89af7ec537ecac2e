// What an application gives to connect and to each call, and what is made of
// it. Everything that cannot be right is refused before any traffic.

import { type AskHandlers, type Handlers, handledAsks } from "./asks.js";
import { type AuthOptions, type AuthSettings, readAuth } from "./auth-options.js";
import { channelPort, type Server, socketPort } from "./channel.js";
import type { ChannelPort } from "./channel-port.js";
import { CHANNEL } from "./core.js";
import { Credentials, type HeaderSource, type TokenSource } from "./credentials.js";
import { badArgument, fromWire, RemoraError } from "./errors.js";
import { callBack, type EventListeners, type EventName } from "./events.js";
import {
  type Auth,
  type Call,
  type ClientCapabilities,
  type ClientInfo,
  type Connect,
  type Limits,
  type Progress,
  type Root,
  tellNames,
  VALIDATE_ALWAYS,
  VALIDATE_OFF,
} from "./generated/wire.js";
import { type FetchLike, fetchPort } from "./http.js";
import { type CacheableRequestOptions, type CacheMode, checkCacheMode } from "./lists.js";
import { checkLoggingLevel, type LoggingLevel } from "./logging.js";
import { type Policy, SessionPolicy } from "./policy.js";
import type { HttpPort } from "./port.js";
import { type ReconnectOptions, readReconnect } from "./reconnect.js";
import type { WasmSource } from "./wasm.js";

/** Options of connect. */
export interface ConnectOptions {
  /** The core's wasm, where it does not lie beside the package, or the bundler did not bring it along. */
  wasm?: WasmSource | Promise<WasmSource> | undefined;
  /** What the server is told of the application. */
  clientInfo?: ClientInfo | undefined;
  /** Sent with every request to the server's own origin, and to no other. */
  headers?: HeaderSource | undefined;
  /** Asked for a bearer token for each request to the server's own origin. Goes before an Authorization in headers. */
  token?: TokenSource | undefined;
  /** How an access token is got, where the server wants one. Default: it is not, and a 401 is auth/required. */
  auth?: AuthOptions | undefined;
  /** Makes the HTTP requests. Default: node:http on Node, fetch elsewhere. */
  fetch?: FetchLike | undefined;
  /** Where requests may go. Default: the server's own origin. */
  policy?: Policy | undefined;
  /** The newest protocol revision to ask for. Default: the newest that is known. */
  protocolVersion?: string | undefined;
  /** Bounds on what a server can make this side hold. Clients with different limits do not share memory. */
  limits?: Readonly<Limits> | undefined;
  /** Answers to what the server may ask. Without a handler its capability is not announced. */
  handlers?: Handlers | undefined;
  /** Listeners that are there from the start, so that they see the handshake too. Client.on adds more. */
  events?: EventListeners | undefined;
  /**
   * What the handlers take besides what every server may send: `{ elicitation: { form: {}, url: {} } }` for pages
   * to visit, `{ sampling: { tools: {} } }` for tools. Default: forms, and conversations without tools.
   */
  capabilities?: ClientCapabilities | undefined;
  /** The places that the server may know of. Without a list (an empty one will do) setRoots is refused. */
  roots?: readonly Root[] | undefined;
  /**
   * Whether a tool's structured content is checked against the tool's outputSchema: as soon as the tool has been
   * listed (true, the default), always, for which tools are listed if they have not been, or not at all (false).
   */
  validateOutput?: boolean | "always" | undefined;
  /** What kept answers are worth to requests that do not say. Default "use"; "bypass" keeps none. */
  cacheMode?: CacheMode | undefined;
  /** How many pages listTools and its like fetch for a whole list. Default 64; 0 for 10,000. */
  listMaxPages?: number | undefined;
  /** From which level on the server is to log, as setLoggingLevel says it; a server that does not log is left alone. */
  logLevel?: LoggingLevel | undefined;
  /** How a lost connection is brought back; false tries once, at once, and only for a call that needs it. */
  reconnect?: ReconnectOptions | false | undefined;
  /**
   * How often the server is sent a ping, in milliseconds, while a channel or a standing stream is open; one that is
   * not answered for as long ends the connection, which is then brought back. 2026-07-28 has no ping. Default: never.
   */
  keepAlive?: number | undefined;
  /** Gives up connecting. */
  signal?: AbortSignal | undefined;
  /** How long to wait to hear something while connecting, in milliseconds. Default 60,000. */
  timeout?: number | undefined;
}

/** Options of one call, named as in the TypeScript SDK. */
export interface RequestOptions {
  /** Cancels the call: the promise is rejected at once, the server is told. */
  signal?: AbortSignal | undefined;
  /** How long to wait to hear something, in milliseconds. Default 60,000. */
  timeout?: number | undefined;
  /** How long the call may take in all, in milliseconds. Default: no limit. */
  maxTotalTimeout?: number | undefined;
  /** Whether progress starts timeout anew. Default true. */
  resetTimeoutOnProgress?: boolean | undefined;
  /** Called for each progress event of this call, before its result. */
  onprogress?: ((progress: Progress) => void) | undefined;
}

/** What connect works with. Credentials show nothing when this is printed. */
export interface Settings {
  readonly wasm: ConnectOptions["wasm"];
  readonly limits: Limits;
  readonly params: Connect;
  readonly credentials: Credentials;
  readonly auth: AuthInForce | undefined;
  readonly policy: SessionPolicy;
  readonly port: HttpPort | undefined;
  readonly channel: ChannelPort | undefined;
  readonly handlers: AskHandlers;
  readonly events: EventListeners;
  readonly listMaxPages: number | undefined;
}

/** What of AuthSettings a session needs. */
export type AuthInForce = Pick<AuthSettings, "handlers" | "named" | "params" | "secrets">;

/**
 * Reads connect's arguments; elsewhere takes the place of options.auth and handlers.authorize, where those were read
 * on another thread. Throws local/bad_url or local/bad_argument.
 */
export function readSettings(given: Server, options: ConnectOptions, elsewhere?: AuthInForce): Settings {
  const place = typeof given === "string" || given instanceof URL ? readServer(given) : undefined;
  const channel = readChannel(given, place, options);
  const server = channel === undefined ? (place as URL) : nowhere;
  const { authorize, ...own } = options.handlers ?? {};
  for (const [name, handler] of Object.entries({ ...own, authorize })) {
    if (handler !== undefined && typeof handler !== "function")
      throw badArgument(`handlers.${name} must be a function`);
  }
  const auth = elsewhere ?? readAuth(options.auth, authorize);
  const handlers = { ...own, ...auth?.handlers } as AskHandlers;
  const events: EventListeners = { ...options.events };
  for (const [name, listener] of Object.entries(events)) {
    if (!tellNames.includes(name as EventName)) {
      throw badArgument(`events: there is no such event; there are ${tellNames.join(", ")}`);
    }
    if (listener !== undefined && typeof listener !== "function") {
      throw badArgument(`events.${name} must be a function`);
    }
  }
  if (options.fetch !== undefined && typeof options.fetch !== "function") throw badArgument("fetch must be a function");
  if (options.policy?.origins !== undefined && !Array.isArray(options.policy.origins)) {
    throw badArgument("policy.origins must be a list");
  }
  const params: Connect = { handlers: handledAsks(handlers) };
  if (channel === undefined) params.url = server.href;
  else params.channel = CHANNEL;
  if (options.clientInfo !== undefined) params.clientInfo = options.clientInfo;
  if (options.capabilities !== undefined) params.capabilities = options.capabilities;
  if (options.roots !== undefined) params.roots = readRoots(options.roots);
  const validate = readValidateOutput(options.validateOutput);
  if (validate !== undefined) params.validateOutput = validate;
  if (options.cacheMode !== undefined) {
    checkCacheMode(options.cacheMode);
    params.cacheMode = options.cacheMode;
  }
  if (options.logLevel !== undefined) {
    checkLoggingLevel(options.logLevel);
    params.logLevel = options.logLevel;
  }
  const { listMaxPages } = options;
  if (listMaxPages !== undefined && (!Number.isSafeInteger(listMaxPages) || listMaxPages < 0)) {
    throw badArgument("listMaxPages must be a whole number");
  }
  const reconnect = readReconnect(options.reconnect);
  if (reconnect !== undefined) params.reconnect = reconnect;
  const keepAlive = milliseconds("keepAlive", options.keepAlive);
  if (keepAlive !== undefined) params.keepAliveMs = keepAlive;
  if (options.protocolVersion !== undefined) params.protocolVersion = options.protocolVersion;
  return {
    wasm: options.wasm,
    limits: readLimits(options.limits),
    params,
    credentials: new Credentials(options.headers, options.token),
    auth,
    policy: new SessionPolicy(server, options.policy, auth?.named),
    port: options.fetch === undefined ? undefined : fetchPort(options.fetch),
    channel,
    handlers,
    events,
    listMaxPages: options.listMaxPages,
  };
}

/** What the core is told of auth. Rejects with a RemoraError, whatever the application's function throws. */
export async function authParams(auth: AuthInForce): Promise<Auth> {
  try {
    return await auth.params();
  } catch (cause) {
    if (cause instanceof RemoraError) throw cause;
    throw new RemoraError("local/bad_argument", "auth.redirectUrl failed", { retryable: false, cause });
  }
}

// The server of a session that makes no HTTP requests.
const nowhere = new URL("https://channel.invalid");

// The channel that was given, or that a URL of a WebSocket stands for.
function readChannel(given: Server, place: URL | undefined, options: ConnectOptions): ChannelPort | undefined {
  if (place !== undefined && !isSocket(place)) return undefined;
  for (const name of ["headers", "token", "auth", "fetch"] as const) {
    if (options[name] !== undefined) throw badArgument(`options.${name} is for HTTP: a channel has none`);
  }
  if (place === undefined) return channelPort(given as Exclude<Server, string | URL>);
  // By the rules of the page that it would be.
  const page = new URL(place.href.replace(/^ws/, "http"));
  const refusal = new SessionPolicy(page, options.policy).refusal(page);
  if (refusal !== undefined) throw fromWire(refusal);
  return socketPort(place);
}

function isSocket({ protocol }: URL): boolean {
  return protocol === "wss:" || protocol === "ws:";
}

function readValidateOutput(given: ConnectOptions["validateOutput"]): string | undefined {
  if (given === undefined || given === true) return undefined;
  if (given === false) return VALIDATE_OFF;
  if (given === "always") return VALIDATE_ALWAYS;
  throw badArgument('validateOutput must be true, false or "always"');
}

/** Reads a list of roots. Throws local/bad_argument. */
export function readRoots(given: readonly Root[]): Root[] {
  if (!Array.isArray(given)) throw badArgument("roots must be a list");
  return [...given];
}

function readServer(given: string | URL): URL {
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw new RemoraError("local/bad_url", "not an absolute URL such as https://example.com/mcp", { retryable: false });
  }
  if (url.protocol !== "https:" && url.protocol !== "http:" && !isSocket(url)) {
    const message = `the URL's scheme is ${url.protocol} and must be https:, http:, wss: or ws:`;
    throw new RemoraError("local/bad_url", message, { retryable: false });
  }
  if (url.username !== "" || url.password !== "") {
    const message = "the URL holds a user name or password: give credentials in options.headers or options.token";
    throw new RemoraError("local/bad_url", message, { retryable: false });
  }
  url.hash = "";
  return url;
}

function readLimits(given: Readonly<Limits> = {}): Limits {
  const limits: Limits = {};
  for (const name of ["maxBodyBytes", "maxEventBytes", "maxDepth", "maxCalls", "maxAsks"] as const) {
    const value = given[name];
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < 0) throw badArgument(`limits.${name} must be a whole number`);
    limits[name] = value;
  }
  return limits;
}

/** Fills in a call frame's header from the call's options. Throws local/bad_argument. */
export function callHeader(command: string, session: number, options: CacheableRequestOptions): Call {
  const { signal } = options;
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    throw badArgument("signal must be an AbortSignal");
  }
  const header: Call = { command };
  if (session !== 0) header.session = session;
  const timeout = milliseconds("timeout", options.timeout);
  if (timeout !== undefined) header.timeoutMs = timeout;
  const total = milliseconds("maxTotalTimeout", options.maxTotalTimeout);
  if (total !== undefined) header.maxTotalTimeoutMs = total;
  if (options.resetTimeoutOnProgress === false) header.keepTimeoutOnProgress = true;
  if (options.cacheMode !== undefined) {
    checkCacheMode(options.cacheMode);
    header.cacheMode = options.cacheMode;
  }
  if (options.onprogress !== undefined && typeof options.onprogress !== "function") {
    throw badArgument("onprogress must be a function");
  }
  return header;
}

const decoder = new TextDecoder();

/** Tells the application of a call's progress: the token in it is the core's own. */
export function readProgress(data: Uint8Array, onprogress: (progress: Progress) => void): void {
  const { progressToken: _, ...progress } = JSON.parse(decoder.decode(data)) as Progress & { progressToken?: unknown };
  callBack(() => onprogress(progress));
}

// As long as a timer of JavaScript can wait: 24 days, which stands for Infinity.
const longest = 0x7fffffff;

function milliseconds(name: string, value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !(value > 0)) throw badArgument(`${name} must be a positive number of milliseconds`);
  return Math.min(Math.ceil(value), longest);
}
