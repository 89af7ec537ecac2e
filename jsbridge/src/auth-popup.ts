// A login in a window of its own, which a click opens and this page navigates.

import type { AskContext } from "./asks.js";
import { isReturn } from "./auth-asks.js";
import { denied, hasAnswer, stateOf, unsupported, withoutAnswer } from "./auth-return.js";
import { badArgument } from "./errors.js";
import type { Authorize } from "./generated/wire.js";
import { parseUrl } from "./url.js";

/** Options of popup. */
export interface PopupOptions {
  /**
   * The page that the person comes back to, of this page's origin. It need not do anything: this page looks at the
   * window until it is there. Default: this page itself, without its query.
   */
  redirectUrl?: string | URL | undefined;
  /** The window's size, in CSS pixels. Default 520 by 680. */
  width?: number | undefined;
  height?: number | undefined;
  /**
   * Whether a window that is closed ends the login. Turn it off for an authorization server that cuts its pages off
   * from who opened them (Cross-Origin-Opener-Policy): their window seems closed as soon as they are shown. The
   * page at redirectUrl has to call finishPopup() then.
   */
  watch?: boolean | undefined;
}

/** The window of a login, as far as it matters (Window). */
export interface PopupWindow {
  readonly closed: boolean;
  close(): void;
  focus(): void;
}

/** Parts of the option auth. */
export interface Popup {
  /** Opens the window. Call it in the handler of the click, before anything that takes time. Throws auth/denied if the browser blocks it. */
  open(): PopupWindow;
  /** Closes the window that no login has used. */
  close(): void;
  readonly redirectUrl: string;
  readonly authorize: (params: Authorize, context: AskContext) => Promise<URL>;
}

const channelName = "remora-mcp login";

// How often the window is looked at, and how long an answer may be on its way
// when the window is closed, in milliseconds. There are no events for these.
const lookMs = 100;
const closingMs = 500;

interface Message {
  /** The URL that a window has come back to. */
  url?: string;
  /** It has been taken: of the login of this state. */
  taken?: string;
}

/**
 * Asks a person in a window of its own. Call open() in the handler of the click
 * that begins the login, and connect with the value as auth; without open() the
 * window is opened when it is needed, which browsers allow for a few seconds after
 * a click.
 *
 * Throws local/unsupported where there are no windows.
 */
export function popup(options: PopupOptions = {}): Popup {
  if (typeof window !== "object" || typeof window.open !== "function") {
    throw unsupported("there are no windows here: popup() is for a page");
  }
  const { width = 520, height = 680, watch = true } = options;
  const redirect = new URL(options.redirectUrl ?? location.pathname, location.href);
  if (redirect.origin !== location.origin) throw badArgument("redirectUrl must be of this page's own origin");
  redirect.hash = "";
  let opened: Window | undefined;
  const open = (): Window => {
    if (opened !== undefined && !opened.closed) return opened;
    const left = Math.max(0, Math.round(screenX + (outerWidth - width) / 2));
    const top = Math.max(0, Math.round(screenY + (outerHeight - height) / 2));
    const made = window.open("about:blank", "_blank", `popup,width=${width},height=${height},left=${left},top=${top}`);
    if (made === null) {
      throw denied("the browser blocked the window to log in with: it has to be opened in the handler of a click");
    }
    // It keeps its opener: a page could not close a window of another origin that has none.
    opened = made;
    return made;
  };
  return {
    redirectUrl: redirect.href,
    open,
    close() {
      opened?.close();
      opened = undefined;
    },
    async authorize({ url }, { signal }) {
      const login = open();
      opened = undefined;
      try {
        login.location.replace(url);
        login.focus();
        return await answerOf(login, redirect, stateOf(new URL(url)), watch, signal);
      } finally {
        login.close();
      }
    },
  };
}

function answerOf(
  login: Window,
  redirect: URL,
  state: string | undefined,
  watch: boolean,
  signal: AbortSignal,
): Promise<URL> {
  const channel = new BroadcastChannel(channelName);
  return new Promise<URL>((resolve, reject) => {
    let closed: ReturnType<typeof setTimeout> | undefined;
    const done = () => {
      clearInterval(looking);
      clearTimeout(closed);
      signal.removeEventListener("abort", aborted);
      channel.close();
    };
    const take = (text: string): boolean => {
      const url = parseUrl(text);
      if (url === undefined || !isReturn(url, redirect) || !hasAnswer(url, state)) return false;
      if (state !== undefined) channel.postMessage({ taken: state } satisfies Message);
      done();
      resolve(url);
      return true;
    };
    const fail = (error: Error) => {
      done();
      reject(error);
    };
    const aborted = () => fail(denied("the login was given up"));
    const look = () => {
      if (take(hrefOf(login)) || !watch || !login.closed) return;
      closed ??= setTimeout(() => fail(denied("the window to log in with was closed")), closingMs);
    };
    const looking = setInterval(look, lookMs);
    channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (typeof data?.url === "string") take(data.url);
    };
    signal.addEventListener("abort", aborted, { once: true });
    if (signal.aborted) aborted();
  });
}

// What a window shows, as long as that is of this origin.
function hrefOf(login: Window): string {
  try {
    return login.location.href;
  } catch {
    return "";
  }
}

/**
 * For the page at redirectUrl: hands what it was called with to the page that
 * waits for it, takes it out of the address, and closes the window when it has been
 * taken. Returns whether there was anything to hand over.
 */
export function finishPopup(): boolean {
  const url = new URL(location.href);
  if (!hasAnswer(url)) return false;
  history.replaceState(history.state, "", withoutAnswer(url));
  const channel = new BroadcastChannel(channelName);
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data?.taken !== stateOf(url)) return;
    channel.close();
    window.close();
  };
  channel.postMessage({ url: url.href } satisfies Message);
  return true;
}
