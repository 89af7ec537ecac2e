// The places that the server may know of.

import type { Client, Root } from "remora-mcp";
import { announce } from "../announce.js";
import { Cell } from "../cell.js";

/** The roots in force, and what came of changing them. */
export interface InForce {
  readonly roots: readonly Root[];
  readonly telling: boolean;
  readonly error?: unknown;
}

/** The roots of a session. */
export class Roots {
  readonly inForce = new Cell<InForce>({ roots: [], telling: false });
  #client: Client | undefined;
  #url = "";

  /** Those to connect to a server with: what it was told before, and nothing that another one was. */
  for(url: string): readonly Root[] {
    if (url !== this.#url) this.inForce.set({ roots: [], telling: false });
    this.#url = url;
    return this.inForce.get().roots;
  }

  /** Begins with a server. */
  begin(client: Client): void {
    this.#client = client;
  }

  /** Forgets the server's session. */
  end(): void {
    this.#client = undefined;
    this.inForce.set({ roots: this.inForce.get().roots, telling: false });
  }

  /** Replaces all of them. Resolves with whether the server could be told. */
  async set(roots: readonly Root[]): Promise<boolean> {
    const client = this.#client;
    if (client === undefined) return false;
    const before = this.inForce.get().roots;
    this.inForce.set({ roots: before, telling: true });
    try {
      await client.setRoots(roots);
      if (this.#client === client) this.inForce.set({ roots, telling: false });
      announce(roots.length === 1 ? "One root is in force" : `${roots.length} roots are in force`);
      return true;
    } catch (error) {
      if (this.#client === client) this.inForce.set({ roots: before, telling: false, error });
      return false;
    }
  }
}

/** What is wrong with the URI of a root, or an empty text. Roots are file URIs (client/roots). */
export function wrongUri(uri: string): string {
  if (uri === "") return "This is required.";
  if (!/^file:\/\//i.test(uri) || !URL.canParse(uri)) return "This is not a file URI, such as file:///home/me/project.";
  return "";
}
