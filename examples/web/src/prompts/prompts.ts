// The prompts of a session, and what the server wrote of them.

import type { Client, Prompt } from "remora-mcp";
import { Answers } from "../answers.js";
import { capability } from "../capability.js";
import { Listing } from "../listing.js";

/** What a session has to do with prompts. */
export class Prompts {
  readonly list = new Listing<Prompt>("name");
  /** What was written last, by the prompt's name. */
  readonly written = new Answers();
  #client: Client | undefined;

  /** Begins with a server: lists what it has, and again whenever that changes. */
  async begin(client: Client): Promise<void> {
    const offered = capability(client, "prompts");
    if (offered === undefined) return;
    this.#client = client;
    if (offered["listChanged"] === true) {
      client.on("promptsChanged", () => {
        if (this.#client === client) void this.list.load();
      });
    }
    await this.list.begin(() => client.prompts());
  }

  /** Forgets the server. */
  end(): void {
    this.#client = undefined;
    this.list.end();
    this.written.end();
  }

  /** Has the server write a prompt. */
  get(name: string, args: Record<string, string>): void {
    const client = this.#client;
    if (client === undefined) return;
    void this.written.ask(name, (signal) => client.getPromptRaw({ name, arguments: args }, { signal }), name);
  }
}
