// discover and run in a worker: one call with nothing kept.

import { unlessAborted } from "./call.js";
import { badArgument, cancelled, RemoraError } from "./errors.js";
import { callBack } from "./events.js";
import type { Progress } from "./generated/wire.js";
import type { DiscoverOptions, DiscoverResult, Once, RunOptions, RunResult } from "./once.js";
import { callHeader, readSettings } from "./options.js";
import type { Host, HostedSession } from "./worker-host.js";
import type { ToWorker } from "./worker-messages.js";
import { call, plain, plainWasm } from "./worker-session.js";

type OneCall = ToWorker & { type: "once" };

/** Makes discover and run of a worker's entry. host gives the worker. */
export function onceInWorker(host: () => Host): Once {
  return {
    discover: async (server, options = {}) =>
      (await callOnce(host, "discover", server, options, undefined)) as DiscoverResult,
    run: async (server, tool, args = {}, options = {}) =>
      (await callOnce(host, "run", server, options, { name: tool, args })) as RunResult,
  };
}

async function callOnce(
  host: () => Host,
  command: "discover" | "run",
  server: string | URL,
  options: RunOptions | DiscoverOptions,
  tool: OneCall["tool"],
): Promise<unknown> {
  if (typeof options !== "object" || options === null) throw badArgument("the options must be an object");
  const { signal, onprogress, ...rest } = options;
  // So that what cannot be right is refused here.
  const { params } = readSettings(server, { ...options, handlers: undefined });
  if (params.url === undefined)
    throw badArgument("discover and run are for servers over HTTP: give an http or https URL");
  callHeader(command, 0, options);
  const cloneable = plain(rest);
  if (signal?.aborted === true) throw cancelled(signal, "no");
  const wasm = await unlessAborted(plainWasm(options.wasm), signal);
  const message: Omit<OneCall, "id" | "session"> = {
    type: "once",
    url: params.url,
    options: cloneable,
    wasm,
    token: options.token !== undefined,
    tool,
    progress: onprogress !== undefined,
  };
  const progress = onprogress && ((data: unknown) => callBack(() => onprogress(data as Progress)));
  return callIn(host(), message, tokenOf(options), signal, progress);
}

async function callIn(
  worker: Host,
  message: Omit<OneCall, "id" | "session">,
  asked: HostedSession,
  signal: AbortSignal | undefined,
  progress: ((data: unknown) => void) | undefined,
): Promise<unknown> {
  const release = worker.share();
  const session = worker.nextId();
  const unbind = worker.bind(session, asked);
  const end = () => {
    unbind();
    release();
  };
  try {
    const value = await call(worker, { ...message, id: worker.nextId(), session }, signal, progress, end);
    end();
    return value;
  } catch (error) {
    // Given up, the worker lives until it has said so.
    if (signal?.aborted !== true) end();
    throw error;
  }
}

// What the worker may ask for during one call.
function tokenOf({ token }: DiscoverOptions): HostedSession {
  return {
    event() {},
    lost() {},
    async ask({ kind }) {
      if (kind !== "token") throw new RemoraError("policy/handler_missing", "nobody is asked", { retryable: false });
      return token?.();
    },
  };
}
