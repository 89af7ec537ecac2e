// Sampling: what a server asks of the application's model, and the answer
// (specification 2025-11-25 and 2026-07-28, client/sampling).

import type { Sample, Sampled } from "./generated/wire.js";
import type { AudioContent, Content, ContentBlock, ImageContent, TextContent, Tool, UnknownContent } from "./tools.js";

/** What the sample handler gets. */
export interface SampleParams extends Sample {
  messages: SamplingMessage[];
  /** What the model may use. Comes only if connect was given capabilities.sampling.tools. */
  tools?: Tool[];
  toolChoice?: ToolChoice;
  modelPreferences?: ModelPreferences;
  metadata?: Record<string, unknown>;
  _meta?: Record<string, unknown>;
}

/** How the model may use the tools. */
export interface ToolChoice {
  mode?: "auto" | "required" | "none";
}

/** Hints for choosing a model; priorities are from 0 to 1. */
export interface ModelPreferences {
  hints?: { name?: string; [key: string]: unknown }[];
  costPriority?: number;
  speedPriority?: number;
  intelligencePriority?: number;
  [key: string]: unknown;
}

/** One message of the conversation. */
export interface SamplingMessage {
  role: "user" | "assistant";
  content: SamplingContent | SamplingContent[];
  _meta?: Record<string, unknown>;
}

/** A piece of a message. */
export type SamplingContent =
  | TextContent
  | ImageContent
  | AudioContent
  | ToolUseContent
  | ToolResultContent
  | UnknownContent;

/** The model wants a tool to be called. */
export interface ToolUseContent extends Content {
  type: "tool_use";
  id: string;
  name: string;
  input: Record<string, unknown>;
}

/** What came of that. */
export interface ToolResultContent extends Content {
  type: "tool_result";
  toolUseId: string;
  content: ContentBlock[];
  structuredContent?: unknown;
  isError?: boolean;
}

/** The message that the model wrote. */
export interface SampleResult extends Sampled {
  role: "assistant" | "user";
  /** One block, or a list of them: several uses of tools, for instance. */
  content: SamplingContent | SamplingContent[];
  _meta?: Record<string, unknown>;
}
