// The page's one session with a server: connecting, what the server has, and what
// happens in it. It knows nothing of how it is shown.

import { type AuthOptions, type Client, connect, type LoginStatus, type State, type Tool } from "remora-mcp";
import { Calls } from "./calls.js";
import { capability } from "./capability.js";
import { Cell } from "./cell.js";
import { Listing } from "./listing.js";
import { Log } from "./log/log.js";
import { Login, type Way } from "./login.js";
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
  | { at: "failed"; url: string; target: Target; error: unknown }
  | { at: "ready"; url: string; client: Client; state?: State; who?: LoginStatus };

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
  readonly #login = new Login();

  /** Goes on where this page was left to sign in. Returns the server's URL, if that is so. */
  resume(): string | undefined {
    const left = this.#login.resume();
    if (left === undefined) return undefined;
    const { url, protocolVersion, auth } = left;
    void this.#connect({ url, protocolVersion, token: "", headers: {} }, auth);
    return url;
  }

  /** Signs in and connects. To be called in the handler of the click. */
  signIn(target: Target, way: Way): void {
    const { url, protocolVersion } = target;
    try {
      const auth = this.#login.begin(way, { url, protocolVersion });
      void this.#connect({ ...target, token: "" }, auth).finally(() => this.#login.dismiss());
    } catch (error) {
      this.connection.set({ at: "failed", url, target, error });
    }
  }

  /** Forgets the credentials for the server, and ends the session. */
  async signOut(): Promise<void> {
    const connection = this.connection.get();
    if (connection.at !== "ready") return;
    await this.#login.end(connection.url).catch(() => {});
    if (this.connection.get().at === "ready") this.disconnect();
  }

  /** Ends what there is and connects. What comes of it is in connection. */
  connect(target: Target): Promise<void> {
    return this.#connect(target, undefined);
  }

  async #connect(target: Target, given: AuthOptions | undefined): Promise<void> {
    const { url } = target;
    this.disconnect();
    const trace = this.trace.begin();
    this.calls.clear();
    const stop = new AbortController();
    const connecting: Connection = { at: "connecting", url, stop: () => stop.abort() };
    this.connection.set(connecting);
    let client: Client;
    let auth = given;
    try {
      if (target.token === "") auth ??= await this.#login.known(url, stop.signal);
      client = await connect(url, {
        clientInfo: { name: "remora-web", version: "0.1.0" },
        headers: target.headers,
        token: target.token === "" ? undefined : () => target.token,
        auth,
        protocolVersion: target.protocolVersion || undefined,
        signal: stop.signal,
        handlers: { elicit: this.questions.ask },
        capabilities: { elicitation: { form: {}, url: {} } },
        roots: this.roots.for(url),
        events: { trace },
      });
    } catch (error) {
      if (this.connection.get() !== connecting) return;
      this.connection.set(stop.signal.aborted ? { at: "none" } : { at: "failed", url, target, error });
      return;
    }
    if (this.connection.get() !== connecting) {
      void client.close();
      return;
    }
    client.on("state", (state) => this.#update(client, { state }));
    this.connection.set({ at: "ready", url, client });
    if (auth !== undefined) {
      const who = await this.#login.who(url);
      if (who !== undefined) this.#update(client, { who });
      if (this.#client !== client) return;
    }
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

  #update(client: Client, news: { state: State } | { who: LoginStatus }): void {
    const connection = this.connection.get();
    if (connection.at === "ready" && connection.client === client) this.connection.set({ ...connection, ...news });
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
