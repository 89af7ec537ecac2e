// What the server wants to know of the person: questions that wait for an
// answer, one after the other.

import type { AskContext, ElicitParams, ElicitResult } from "remora-mcp";
import { Cell } from "./cell.js";

/** A question that waits. */
export interface Question {
  readonly id: number;
  readonly params: ElicitParams;
  readonly origin: string;
  /** The server's own name for itself, if it gave one. */
  readonly server: string | undefined;
  readonly answer: (answer: ElicitResult) => void;
}

/** The questions of a session. The first is shown. */
export class Questions {
  readonly waiting = new Cell<readonly Question[]>([]);
  #lastId = 0;

  /** The handler for connect. The question goes away by itself when its call is cancelled. */
  readonly ask = (params: ElicitParams, context: AskContext): Promise<ElicitResult> =>
    new Promise((resolve) => {
      const { signal, origin, sessionInfo } = context;
      this.#lastId++;
      const id = this.#lastId;
      const answer = (given: ElicitResult) => {
        this.waiting.set(this.waiting.get().filter((question) => question.id !== id));
        resolve(given);
      };
      if (signal.aborted) {
        resolve({ action: "cancel" });
        return;
      }
      signal.addEventListener("abort", () => answer({ action: "cancel" }), { once: true });
      const server = sessionInfo.serverInfo?.title ?? sessionInfo.serverInfo?.name;
      this.waiting.set([...this.waiting.get(), { id, params, origin, server, answer }]);
    });

  /** Answers everything with "cancel". */
  dismiss(): void {
    for (const question of this.waiting.get()) question.answer({ action: "cancel" });
  }
}
