// A login on a machine without a browser: the person opens the page on another,
// and brings the answer back by hand.

import { createInterface } from "node:readline";
import type { AskContext } from "./asks.js";
import { printURL } from "./auth-loopback.node.js";
import { denied, hasAnswer, stateOf } from "./auth-return.js";
import { badArgument } from "./errors.js";
import type { Authorize } from "./generated/wire.js";

/** Options of paste. */
export interface PasteOptions {
  /**
   * Where the person is sent back to; they copy the address from there. Default: a port of loopback that browsers go
   * to for nobody, so that the answer is in the address bar and nowhere else.
   */
  redirectUrl?: string | URL | undefined;
  /** Shows the person the page's URL, and what to do. Default: it is written to stderr. */
  print?: ((url: string) => void) | undefined;
  /** Gives what the person brought back: the address, or its query. Default: a line of stdin. */
  read?: ((signal: AbortSignal) => string | Promise<string>) | undefined;
}

/** Parts of the option auth. */
export interface Paste {
  readonly redirectUrl: string;
  readonly authorize: (params: Authorize, context: AskContext) => Promise<URL>;
}

/** Asks a person by a URL that is printed, and reads the address that their browser shows in the end. Throws local/bad_argument. */
export function paste(options: PasteOptions = {}): Paste {
  const { print = printBoth, read = readLine } = options;
  let redirect: URL;
  try {
    redirect = new URL(options.redirectUrl ?? "http://127.0.0.1:1/callback");
  } catch {
    throw badArgument("redirectUrl must be an absolute URL");
  }
  return {
    redirectUrl: redirect.href,
    async authorize({ url }, { signal }) {
      print(url);
      const text = (await read(signal)).trim();
      const answer = parse(text, redirect);
      if (answer === undefined) throw denied("what was brought back is not the answer to a login");
      if (!hasAnswer(answer, stateOf(new URL(url))))
        throw denied("what was brought back is the answer to another login");
      return answer;
    },
  };
}

function parse(text: string, redirect: URL): URL | undefined {
  try {
    const url = new URL(/^[\w.+-]+:\/\//.test(text) ? text : text.replace(/^[^?]*\?|^/, "?"), redirect);
    return hasAnswer(url) ? url : undefined;
  } catch {
    return undefined;
  }
}

function printBoth(url: string): void {
  printURL(url);
  process.stderr.write("The browser then shows a page that cannot be reached. Paste its address here: ");
}

function readLine(signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  return new Promise<string>((resolve, reject) => {
    const aborted = () => reject(denied("the login was given up"));
    signal.addEventListener("abort", aborted, { once: true });
    if (signal.aborted) aborted();
    lines.once("line", resolve);
    lines.once("close", () => reject(denied("nothing was pasted")));
  }).finally(() => lines.close());
}
