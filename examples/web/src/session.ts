// The page's one session with a server: connecting, what the server has, and what
// happens in it. It knows nothing of how it is shown.

import { type Client, connect, type State, type Tool } from "remora-mcp";
import { Calls } from "./calls.js";
import { capability } from "./capability.js";
import { Cell } from "./cell.js";
import { Listing } from "./listing.js";
import { Log } from "./log/log.js";
import { Prompts } from "./prompts/prompts.js";
import { Questions } from "./questions.js";
import { Resources } from "./resources/resources.js";
import { Roots } from "./roots/roots.js";
import { TraceLog } from "./trace/log.js";

/** What to connect to, and with what. */
export interface Target {
  url: string;
  token: string;
  headers: Record<string, string>;
  /** The newest protocol revision to ask for; empty for the newest known. */
  protocolVersion: string;
}

/** Where the connection stands. */
export type Connection =
  | { at: "none" }
  | { at: "connecting"; url: string; stop: () => void }
  | { at: "failed"; url: string; error: unknown }
  | { at: "ready"; url: string; client: Client; state?: State };

/** A session that can be opened and closed again and again. */
export class Session {
  readonly connection = new Cell<Connection>({ at: "none" });
  readonly tools = new Listing<Tool>("name");
  readonly resources = new Resources();
  readonly prompts = new Prompts();
  readonly log = new Log();
  readonly roots = new Roots();
  readonly trace = new TraceLog();
  readonly questions = new Questions();
  readonly calls = new Calls();

  /** Ends what there is and connects. What comes of it is in connection. */
  async connect(target: Target): Promise<void> {
    const { url } = target;
    this.disconnect();
    const trace = this.trace.begin();
    this.calls.clear();
    const stop = new AbortController();
    const connecting: Connection = { at: "connecting", url, stop: () => stop.abort() };
    this.connection.set(connecting);
    let client: Client;
    try {
      client = await connect(url, {
        clientInfo: { name: "remora-web", version: "0.1.0" },
        headers: target.headers,
        token: target.token === "" ? undefined : () => target.token,
        protocolVersion: target.protocolVersion || undefined,
        signal: stop.signal,
        handlers: { elicit: this.questions.ask },
        capabilities: { elicitation: { form: {}, url: {} } },
        roots: this.roots.for(url),
        events: { trace },
      });
    } catch (error) {
      if (this.connection.get() !== connecting) return;
      this.connection.set(stop.signal.aborted ? { at: "none" } : { at: "failed", url, error });
      return;
    }
    if (this.connection.get() !== connecting) {
      void client.close();
      return;
    }
    client.on("state", (state) => {
      if (this.#client === client) this.connection.set({ at: "ready", url, client, state });
    });
    this.connection.set({ at: "ready", url, client });
    this.log.begin(client);
    this.roots.begin(client);
    await Promise.all([this.#beginTools(client), this.resources.begin(client), this.prompts.begin(client)]);
  }

  /** Calls a tool; what comes of it is in calls. */
  call(tool: string, args: Record<string, unknown>): void {
    const client = this.#client;
    if (client !== undefined) this.calls.start(client, tool, args);
  }

  /** Ends the session, or gives up connecting. */
  disconnect(): void {
    const connection = this.connection.get();
    this.connection.set({ at: "none" });
    for (const part of [this.tools, this.resources, this.prompts, this.log, this.roots]) part.end();
    this.questions.dismiss();
    if (connection.at === "connecting") connection.stop();
    if (connection.at === "ready") void connection.client.close();
  }

  async #beginTools(client: Client): Promise<void> {
    const offered = capability(client, "tools");
    if (offered === undefined) {
      this.tools.beginEmpty();
      return;
    }
    if (offered["listChanged"] === true) {
      client.on("toolsChanged", () => {
        if (this.#client === client) void this.tools.load();
      });
    }
    await this.tools.begin(() => client.tools());
  }

  get #client(): Client | undefined {
    const connection = this.connection.get();
    return connection.at === "ready" ? connection.client : undefined;
  }
}
