// One call in a worker with nothing kept: discover, run, login, logout, whoami.

import { type AskHandlers, handledAsks } from "./asks.js";
import { unlessAborted } from "./call.js";
import { cancelled } from "./errors.js";
import { callBack } from "./events.js";
import type { Progress } from "./generated/wire.js";
import { type CallOnce, type DiscoverOptions, readOnce } from "./once.js";
import { authParams, callHeader } from "./options.js";
import type { Host, HostedSession } from "./worker-host.js";
import type { ToWorker } from "./worker-messages.js";
import { answerWorker, call, plain, plainWasm } from "./worker-session.js";

type OneCall = ToWorker & { type: "once" };

/** Makes calls in a worker. host gives it. */
export function callOnceIn(host: () => Host): CallOnce {
  return async (command, server, options, more, elsewhere) => {
    // So that what cannot be right is refused here.
    const { url, handlers, auth: authorization } = readOnce(command, server, options, elsewhere);
    callHeader(command, 0, options);
    const { signal, onprogress, ...rest } = options;
    const cloneable = plain(rest);
    if (signal?.aborted === true) throw cancelled(signal, "no");
    const wasm = await unlessAborted(plainWasm(options.wasm), signal);
    const auth = authorization && (await unlessAborted(authParams(authorization), signal));
    const message: Omit<OneCall, "id" | "session"> = {
      type: "once",
      command,
      url,
      options: cloneable,
      wasm,
      token: options.token !== undefined,
      auth,
      asks: handledAsks(handlers),
      more,
      progress: onprogress !== undefined,
    };
    const progress = onprogress && ((data: unknown) => callBack(() => onprogress(data as Progress)));
    return (await callIn(host(), message, asked(options, handlers), signal, progress)) as string;
  };
}

async function callIn(
  worker: Host,
  message: Omit<OneCall, "id" | "session">,
  hosted: HostedSession,
  signal: AbortSignal | undefined,
  progress: ((data: unknown) => void) | undefined,
): Promise<unknown> {
  const release = worker.share();
  const session = worker.nextId();
  const unbind = worker.bind(session, hosted);
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
function asked({ token }: DiscoverOptions, handlers: AskHandlers): HostedSession {
  return {
    event() {},
    lost() {},
    ask: (message, signal) => answerWorker(message, signal, handlers, token),
  };
}
