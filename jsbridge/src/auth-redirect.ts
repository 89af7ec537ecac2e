// A login that the whole page leaves for, and comes back from.

import type { AskContext } from "./asks.js";
import { isReturn } from "./auth-asks.js";
import { denied, hasAnswer, stateOf, unsupported, withoutAnswer } from "./auth-return.js";
import { badArgument } from "./errors.js";
import type { Authorize } from "./generated/wire.js";
import type { TokenStore } from "./store.js";
import { indexedDBStore } from "./store-indexeddb.js";

/** Options of redirect. */
export interface RedirectOptions {
  /** The page that the person comes back to, of this page's origin. Default: this page, without its query. */
  redirectUrl?: string | URL | undefined;
  /** Where credentials are kept, and what is needed to go on: it has to outlast the page. Default: indexedDBStore(). */
  store?: TokenStore | undefined;
}

/** Parts of the option auth. */
export interface Redirect {
  readonly redirectUrl: string;
  readonly store: TokenStore;
  readonly resumable: true;
  /** Whether the person has just come back: connect to the same server now, and it goes on. */
  readonly returned: boolean;
  readonly authorize: (params: Authorize, context: AskContext) => Promise<URL>;
}

// What the person came back with, until it has been used.
let arrived: URL | undefined;

/**
 * Asks a person by leaving this page, and goes on when they come back: the page
 * then calls redirect() again, and connects if `returned` says so. The address is
 * cleaned of the answer at once.
 *
 * Throws local/unsupported where there is no page.
 */
export function redirect(options: RedirectOptions = {}): Redirect {
  if (typeof location !== "object" || typeof history !== "object") {
    throw unsupported("there is no page here: redirect() is for one");
  }
  const target = new URL(options.redirectUrl ?? location.pathname, location.href);
  if (target.origin !== location.origin) throw badArgument("redirectUrl must be of this page's own origin");
  target.hash = "";
  const here = new URL(location.href);
  if (isReturn(here, target) && hasAnswer(here)) {
    arrived = here;
    history.replaceState(history.state, "", withoutAnswer(here));
  }
  return {
    redirectUrl: target.href,
    store: options.store ?? indexedDBStore(),
    resumable: true,
    returned: arrived !== undefined,
    async authorize({ url }, { signal }) {
      const back = arrived;
      arrived = undefined;
      if (back === undefined) return leave(url, signal);
      if (stateOf(back) === stateOf(new URL(url))) return back;
      // Not once more to where the person has just been: that could go on for ever.
      throw denied("the login that the person came back from is not known here: has the store outlasted the page?");
    },
  };
}

// Ends with the page, unless the person comes back to it as it was.
function leave(url: string, signal: AbortSignal): Promise<URL> {
  return new Promise((_, reject) => {
    const shown = ({ persisted }: PageTransitionEvent) => {
      if (persisted) over("the person came back without logging in");
    };
    const aborted = () => over("the login was given up");
    const over = (message: string) => {
      removeEventListener("pageshow", shown);
      signal.removeEventListener("abort", aborted);
      reject(denied(message));
    };
    addEventListener("pageshow", shown);
    signal.addEventListener("abort", aborted, { once: true });
    if (signal.aborted) aborted();
    else location.assign(url);
  });
}
