// Completion of an argument by the server.

import type { Client, PromptReference, ResourceTemplateReference } from "remora-mcp";
import { capability } from "./capability.js";

/** What an argument may be. */
export interface Suggestions {
  readonly values: readonly string[];
  /** How many more the server knows, if it says. */
  readonly more: number | "some";
}

/** Asks what an argument may be, given what is written of it and the others that have a value. */
export type Complete = (
  argument: { name: string; value: string },
  others: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<Suggestions>;

/** Completion of the arguments of a prompt or a template, or undefined if the server does none. */
export function completing(client: Client, ref: PromptReference | ResourceTemplateReference): Complete | undefined {
  if (capability(client, "completions") === undefined) return undefined;
  return async (argument, others, signal) => {
    const { completion } = await client.complete({ ref, argument, context: { arguments: others } }, { signal });
    const given: unknown = completion?.values;
    const values = Array.isArray(given) ? [...new Set(given.filter((value) => typeof value === "string"))] : [];
    const more = typeof completion?.total === "number" ? Math.max(0, completion.total - values.length) : 0;
    return { values, more: more === 0 && completion?.hasMore === true ? "some" : more };
  };
}
