// A login in the browser of this machine, with the answer to a server on loopback
// (RFC 8252, section 7.3).

import { spawn } from "node:child_process";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { AskContext } from "./asks.js";
import { denied, hasAnswer, stateOf } from "./auth-return.js";
import { badArgument, RemoraError, reportUncaught } from "./errors.js";
import type { Authorize } from "./generated/wire.js";
import { require } from "./require.node.js";

/** Options of loopback. */
export interface LoopbackOptions {
  /** The port to come back to. Default: one that is free when the first session is opened. */
  port?: number | undefined;
  /** The path to come back to. Default "/callback". */
  path?: string | undefined;
  /** Opens the page; false for never. Default: the system's browser. */
  open?: ((url: string) => void | Promise<void>) | false | undefined;
  /** Is given the page's URL where it cannot be opened. Default: it is written to stderr. */
  print?: ((url: string) => void) | undefined;
}

/** Parts of the option auth. */
export interface Loopback {
  readonly redirectUrl: () => Promise<string>;
  readonly authorize: (params: Authorize, context: AskContext) => Promise<URL>;
}

const host = "127.0.0.1";

/**
 * Asks a person in the browser of this machine. While they are asked a server
 * listens on 127.0.0.1; it takes the one answer that is awaited, and shows a page
 * that says so. Where no browser can be opened, the page's URL is printed.
 *
 * Throws local/bad_argument.
 */
export function loopback(options: LoopbackOptions = {}): Loopback {
  const { port, path = "/callback", open = openBrowser, print = printURL } = options;
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536)) {
    throw badArgument("port must be a number from 1 to 65535");
  }
  if (typeof path !== "string" || !/^\/[\w./~-]*$/.test(path))
    throw badArgument("path must be a path of a URL: /callback");
  if (open !== false && typeof open !== "function") throw badArgument("open must be a function, or false");
  let chosen: Promise<number> | undefined;
  const portOf = () => {
    chosen ??= port === undefined ? freePort() : Promise.resolve(port);
    return chosen;
  };
  let receiver: Receiver | undefined;
  return {
    redirectUrl: async () => `http://${host}:${await portOf()}${path}`,
    async authorize({ url }, { signal }) {
      const state = stateOf(new URL(url));
      if (state === undefined) throw badArgument("the page's URL has no state");
      receiver ??= new Receiver(await portOf(), path);
      const answer = await receiver.expect(state, signal);
      void show(url, open, print);
      return answer.url;
    },
  };
}

// Takes the answers to the logins that are under way, and listens while there are any.
class Receiver {
  readonly #port: number;
  readonly #path: string;
  readonly #waiting = new Map<string, (url: URL) => void>();
  #server: Promise<Server> | undefined;

  constructor(port: number, path: string) {
    this.#port = port;
    this.#path = path;
  }

  /** Begins to listen; `url` is settled with the answer. It is a member, because a promise in a promise is one. */
  async expect(state: string, signal: AbortSignal): Promise<{ url: Promise<URL> }> {
    this.#server ??= listen(this.#port, (request, response) => this.#serve(request, response));
    const server = this.#server;
    try {
      await server;
    } catch (cause) {
      this.#server = undefined;
      throw new RemoraError(
        "auth/denied",
        `nothing can listen on port ${this.#port} of this machine to get the answer`,
        {
          retryable: false,
          cause,
        },
      );
    }
    const url = new Promise<URL>((resolve, reject) => {
      const aborted = () => reject(denied("the login was given up"));
      this.#waiting.set(state, resolve);
      signal.addEventListener("abort", aborted, { once: true });
      if (signal.aborted) aborted();
    }).finally(() => {
      this.#waiting.delete(state);
      if (this.#waiting.size === 0) this.#stop(server);
    });
    return { url };
  }

  #stop(server: Promise<Server>): void {
    if (this.#server === server) this.#server = undefined;
    // The page that is being sent goes out; connections that wait for more are cut.
    void server.then((listening) => {
      listening.close();
      listening.closeIdleConnections();
    });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", `http://${host}:${this.#port}`);
    // Names that lead here are not what the person was sent back to.
    if (request.headers.host !== url.host || url.pathname !== this.#path) {
      reply(response, 404, "There is nothing here.");
    } else if (request.method !== "GET") {
      reply(response, 405, "This address is for a browser.");
    } else {
      const take = this.#waiting.get(stateOf(url) ?? "");
      if (take === undefined || !hasAnswer(url)) {
        reply(response, 400, "This is not the answer to a login that is under way.");
        return;
      }
      const refused = url.searchParams.has("error");
      // A program may end as soon as it has the answer: first the page goes out.
      response.once("close", () => take(url));
      reply(response, 200, `${refused ? "The login was refused." : "You are logged in."} You can close this page.`);
    }
  }
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    Connection: "close",
  });
  response.end(
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
      `<title>${text}</title><p>${text}</p></html>\n`,
  );
}

function listen(port: number, serve: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const { createServer } = require("node:http") as typeof import("node:http");
  const server = createServer({ requestTimeout: 10_000 }, serve);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

async function freePort(): Promise<number> {
  const server = await listen(0, () => {});
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

async function show(
  url: string,
  open: NonNullable<LoopbackOptions["open"]>,
  print: (url: string) => void,
): Promise<void> {
  try {
    if (open === false) throw new Error("not wanted");
    await open(url);
  } catch {
    try {
      print(url);
    } catch (error) {
      reportUncaught(error);
    }
  }
}

/** Writes a page's URL to stderr. */
export function printURL(url: string): void {
  process.stderr.write(`Open this page to log in:\n\n  ${url}\n\n`);
}

/** Opens a page in the system's browser. Rejects if there is none. No shell is involved. */
function openBrowser(url: string): Promise<void> {
  const { platform, env } = process;
  if (platform !== "darwin" && platform !== "win32" && !env["DISPLAY"] && !env["WAYLAND_DISPLAY"] && !env["BROWSER"]) {
    return Promise.reject(new Error("there is no display"));
  }
  const [command, ...args] =
    platform === "darwin"
      ? ["open", url]
      : platform === "win32"
        ? ["rundll32", "url.dll,FileProtocolHandler", url]
        : ["xdg-open", url];
  return new Promise((resolve, reject) => {
    const child = spawn(command as string, args, { stdio: "ignore", detached: true, windowsHide: true });
    child.once("error", reject);
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error("it cannot be opened"))));
    child.unref();
  });
}
