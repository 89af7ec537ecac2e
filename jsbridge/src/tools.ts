// Tools: parameters and results, as far as the specification fixes them
// (2025-11-25 and 2026-07-28, server/tools). What it does not name is kept.

import type { ListParams, ListResult } from "./lists.js";

/** Parameters of tools/list. */
export type ListToolsParams = ListParams;

/** Tools. */
export interface ListToolsResult extends ListResult {
  tools: Tool[];
}

/** One tool of a server. */
export interface Tool {
  name: string;
  title?: string;
  description?: string;
  /** JSON Schema of the arguments: an object. */
  inputSchema: JsonSchema;
  /** JSON Schema of structuredContent. */
  outputSchema?: JsonSchema;
  annotations?: ToolAnnotations;
  icons?: Icon[];
  _meta?: Record<string, unknown>;
  [key: string]: unknown;
}

/** A JSON Schema, as the server sent it. */
export interface JsonSchema {
  [key: string]: unknown;
}

/** What a server says of a tool, to be believed only if the server is trusted. */
export interface ToolAnnotations {
  title?: string;
  readOnlyHint?: boolean;
  destructiveHint?: boolean;
  idempotentHint?: boolean;
  openWorldHint?: boolean;
  [key: string]: unknown;
}

/** A picture for a tool, a resource, a prompt or a server. */
export interface Icon {
  src: string;
  mimeType?: string;
  sizes?: string[];
  [key: string]: unknown;
}

/** Parameters of tools/call. */
export interface CallToolParams {
  name: string;
  /** The tool's input: anything that JSON.stringify makes an object of. */
  arguments?: Readonly<Record<string, unknown>> | undefined;
  /** A progressToken in it is replaced. */
  _meta?: Readonly<Record<string, unknown>> | undefined;
}

/** What a tool answered. `isError` is the tool's own failure, which is a result. */
export interface CallToolResult {
  content: ContentBlock[];
  structuredContent?: unknown;
  isError?: boolean;
  _meta?: Record<string, unknown>;
  [key: string]: unknown;
}

/** A piece of content: one of the types known here, or one that came later. */
export type ContentBlock = TextContent | ImageContent | AudioContent | ResourceLink | EmbeddedResource | UnknownContent;

/** What every piece of content may have. */
export interface Content {
  annotations?: Record<string, unknown>;
  _meta?: Record<string, unknown>;
  [key: string]: unknown;
}

/** Text. */
export interface TextContent extends Content {
  type: "text";
  text: string;
}

/** A picture, base64. */
export interface ImageContent extends Content {
  type: "image";
  data: string;
  mimeType: string;
}

/** A sound, base64. */
export interface AudioContent extends Content {
  type: "audio";
  data: string;
  mimeType: string;
}

/** Where a resource is. */
export interface ResourceLink extends Content {
  type: "resource_link";
  uri: string;
  name: string;
  mimeType?: string;
}

/** A resource itself. */
export interface EmbeddedResource extends Content {
  type: "resource";
  resource: ResourceContents;
}

/** What a resource holds: text, or base64. */
export interface ResourceContents {
  uri: string;
  mimeType?: string;
  text?: string;
  blob?: string;
  _meta?: Record<string, unknown>;
  [key: string]: unknown;
}

/** Content of a type that this version does not know. */
export interface UnknownContent extends Content {
  type: string & Record<never, never>;
}
