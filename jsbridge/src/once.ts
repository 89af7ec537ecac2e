// One thing with one server, and nothing kept: discover and run.

import { answer, handledAsks, type ServerInfo } from "./asks.js";
import { callCore, encode, type PendingCall, unlessAborted } from "./call.js";
import type { ServerCapabilities } from "./client.js";
import type { Cores } from "./cores.js";
import { badArgument, cancelled } from "./errors.js";
import type { Auth, DiscoverServer, RunTool } from "./generated/wire.js";
import {
  type AuthInForce,
  authParams,
  type ConnectOptions,
  callHeader,
  type RequestOptions,
  readProgress,
  readSettings,
  type Settings,
} from "./options.js";
import type { CallToolResult, Tool } from "./tools.js";

/** Options of discover: those of connect but for handlers, and those of a call. */
export interface DiscoverOptions extends Omit<ConnectOptions, "handlers">, RequestOptions {}

/** Options of run. */
export interface RunOptions extends DiscoverOptions {
  /** Answers to the inputRequests of the run before, by the same keys. */
  inputResponses?: Readonly<Record<string, unknown>> | undefined;
  /** The requestState of the run before, as it was. */
  requestState?: string | undefined;
  /** The request's _meta. A progressToken in it is replaced. */
  _meta?: Readonly<Record<string, unknown>> | undefined;
}

/** What discover finds. */
export interface DiscoverResult {
  /** The server's name and version, as it sent them. */
  server: Partial<ServerInfo>;
  /** The protocol revision that was agreed on. */
  protocolVersion: string;
  /** What the server can do, as it sent it. */
  capabilities: ServerCapabilities;
  /** The server's hints for using it. */
  instructions?: string;
  /** All of the server's tools. */
  tools: Tool[];
}

/** What came of run: the tool's result, or what it has to know before there is one. */
export type RunResult =
  | { result: CallToolResult; inputRequired?: undefined }
  | { result?: undefined; inputRequired: RunInputRequired };

/**
 * What a tool has to know before it can go on: run again with the same tool and
 * arguments, the answers as inputResponses and the requestState.
 */
export interface RunInputRequired {
  /** The server's questions by key. Without any, the server asks to be called again later. */
  inputRequests: Record<string, { method: string; params?: unknown }>;
  /** Goes back with the answers. */
  requestState?: string;
}

/** discover and run of one platform. */
export interface Once {
  /** Asks a server what it is and which tools it has. */
  discover(server: string | URL, options?: DiscoverOptions): Promise<DiscoverResult>;
  /** Calls a tool. */
  run(
    server: string | URL,
    tool: string,
    args?: Readonly<Record<string, unknown>>,
    options?: RunOptions,
  ): Promise<RunResult>;
}

/** The commands that need no session of their own. */
export type OnceCommand = "discover" | "run" | "login" | "logout" | "whoami";

/**
 * Makes one call with nothing kept, and resolves to the result's JSON. more are the command's own parameters;
 * elsewhere is as for readSettings.
 */
export type CallOnce = (
  command: OnceCommand,
  server: string | URL,
  options: DiscoverOptions,
  more: object,
  elsewhere?: AuthInForce,
) => Promise<string>;

/** Makes discover and run from what makes one call. */
export function onceOn(call: CallOnce): Once {
  return {
    discover: async (server, options = {}) => JSON.parse(await call("discover", server, options, {})) as DiscoverResult,
    run: async (server, tool, args = {}, options = {}) => {
      checkOptions(options);
      const { inputResponses, requestState, _meta, ...rest } = options;
      const params: Omit<RunTool, "server"> = { tool, arguments: args };
      if (inputResponses !== undefined) params.inputResponses = inputResponses;
      if (requestState !== undefined) params.requestState = requestState;
      if (_meta !== undefined) params._meta = _meta;
      return JSON.parse(await call("run", server, rest, params)) as RunResult;
    },
  };
}

function checkOptions(options: DiscoverOptions): void {
  if (typeof options !== "object" || options === null) throw badArgument("the options must be an object");
}

/** Reads the options of one call. Throws as readSettings does, and for what is not reached by HTTP. */
export function readOnce(
  command: OnceCommand,
  server: string | URL,
  options: DiscoverOptions,
  elsewhere?: AuthInForce,
): Settings & { url: string } {
  checkOptions(options);
  const settings = readSettings(server, { ...options, handlers: undefined }, elsewhere);
  const { url } = settings.params;
  if (url === undefined) throw badArgument(`${command} is for servers over HTTP: give an http or https URL`);
  return { ...settings, url };
}

const decoder = new TextDecoder();

/** Makes calls in the cores of a platform, which it shares with its clients. */
export function callOnceOn(cores: Cores): CallOnce {
  return async (command, server, options, more, elsewhere) => {
    const settings = readOnce(command, server, options, elsewhere);
    const { wasm, limits, params, policy, credentials, port, handlers, auth: authorization } = settings;
    const header = callHeader(command, 0, options);
    const { signal, onprogress } = options;
    if (onprogress !== undefined) header.progress = true;
    if (signal?.aborted === true) throw cancelled(signal, "no");
    const auth = authorization && (await unlessAborted(authParams(authorization), signal));
    const target: OnceTarget = { server: settings.url };
    if (params.clientInfo !== undefined) target.clientInfo = params.clientInfo;
    if (params.protocolVersion !== undefined) target.protocolVersion = params.protocolVersion;
    if (auth !== undefined) Object.assign(target, { auth, handlers: handledAsks(handlers) });
    const encoded = encode({ ...target, ...more });
    const lease = await unlessAborted(cores.lease(wasm, limits), signal, (late) => late.release());
    const pending: PendingCall = {
      header,
      params: encoded,
      signal,
      once: true,
      progress: onprogress === undefined ? undefined : (data) => readProgress(data, onprogress),
      peer: {
        policy,
        credentials,
        port: port ?? cores.openPort(policy),
        channel: undefined,
        tell: () => {},
        ask: (question, reply) => void answer(question, handlers, {}).then(reply),
        lost: () => {},
      },
      // Cancelled: the core lives until it has said so.
      late: () => lease.release(),
    };
    try {
      return decoder.decode(await callCore(lease.core, pending));
    } finally {
      if (pending.abandoned !== true) lease.release();
    }
  };
}

type OnceTarget = DiscoverServer & { auth?: Auth; handlers?: string[] };
