// Prompts: parameters and results, as far as the specification fixes them
// (2025-11-25 and 2026-07-28, server/prompts). What it does not name is kept.

import type { ListParams, ListResult } from "./lists.js";
import type { ContentBlock, Icon } from "./tools.js";

/** Parameters of prompts/list. */
export type ListPromptsParams = ListParams;

/** Prompts. */
export interface ListPromptsResult extends ListResult {
  prompts: Prompt[];
}

/** One prompt of a server. */
export interface Prompt {
  name: string;
  title?: string;
  description?: string;
  arguments?: PromptArgument[];
  icons?: Icon[];
  _meta?: Record<string, unknown>;
  [key: string]: unknown;
}

/** An argument of a prompt: text. */
export interface PromptArgument {
  name: string;
  title?: string;
  description?: string;
  required?: boolean;
  [key: string]: unknown;
}

/** Parameters of prompts/get. */
export interface GetPromptParams {
  name: string;
  arguments?: Readonly<Record<string, string>> | undefined;
  /** A progressToken in it is replaced. */
  _meta?: Readonly<Record<string, unknown>> | undefined;
}

/** A prompt as the server wrote it. */
export interface GetPromptResult {
  description?: string;
  messages: PromptMessage[];
  _meta?: Record<string, unknown>;
  [key: string]: unknown;
}

/** One message of a prompt. */
export interface PromptMessage {
  role: "user" | "assistant";
  content: ContentBlock;
  [key: string]: unknown;
}
