// A login by what browsers have for their extensions (chrome.identity).

import { denied, unsupported } from "./auth-return.js";
import { excerpt } from "./errors.js";
import type { Authorize } from "./generated/wire.js";

/** chrome.identity, as far as it matters. browser.identity has the same. */
export interface ChromeIdentity {
  getRedirectURL(path?: string): string;
  launchWebAuthFlow(details: { url: string; interactive?: boolean }): Promise<string | undefined>;
}

/** Options of chromeIdentity. */
export interface ChromeIdentityOptions {
  /** Default: chrome.identity, or browser.identity. */
  identity?: ChromeIdentity | undefined;
  /** What is added to the extension's redirect URL. */
  path?: string | undefined;
  /** Whether anything may be shown. Without, a login that needs the person fails. Default true. */
  interactive?: boolean | undefined;
}

interface ExtensionGlobals {
  chrome?: { identity?: ChromeIdentity };
  browser?: { identity?: ChromeIdentity };
}

/**
 * Asks a person in the window that the browser has for it (launchWebAuthFlow). The
 * extension needs the permission "identity".
 *
 * Throws local/unsupported where there is no such thing.
 */
export function chromeIdentity(options: ChromeIdentityOptions = {}) {
  const { chrome, browser } = globalThis as ExtensionGlobals;
  const identity = options.identity ?? browser?.identity ?? chrome?.identity;
  if (identity === undefined)
    throw unsupported('there is no chrome.identity here: is the permission "identity" there?');
  const { path, interactive = true } = options;
  return {
    redirectUrl: path === undefined ? identity.getRedirectURL() : identity.getRedirectURL(path),
    async authorize({ url }: Authorize): Promise<string> {
      let answer: string | undefined;
      try {
        answer = await identity.launchWebAuthFlow({ url, interactive });
      } catch (error) {
        throw denied(excerpt(error instanceof Error ? error.message : String(error)));
      }
      if (answer === undefined || answer === "") throw denied("the browser gave no answer");
      return answer;
    },
  };
}
