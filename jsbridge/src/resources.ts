// Resources: parameters and results, as far as the specification fixes them
// (2025-11-25 and 2026-07-28, server/resources). What it does not name is kept.

import type { ListParams, ListResult } from "./lists.js";
import type { Icon, ResourceContents } from "./tools.js";

/** Parameters of resources/list. */
export type ListResourcesParams = ListParams;

/** Resources. */
export interface ListResourcesResult extends ListResult {
  resources: Resource[];
}

/** One resource of a server. */
export interface Resource {
  uri: string;
  name: string;
  title?: string;
  description?: string;
  mimeType?: string;
  /** How many bytes it holds, before any base64. */
  size?: number;
  annotations?: Annotations;
  icons?: Icon[];
  _meta?: Record<string, unknown>;
  [key: string]: unknown;
}

/** Hints for whoever shows it. */
export interface Annotations {
  audience?: ("user" | "assistant")[];
  /** From 0, optional, to 1, required. */
  priority?: number;
  /** When it last changed (ISO 8601). */
  lastModified?: string;
  [key: string]: unknown;
}

/** Parameters of resources/templates/list. */
export type ListResourceTemplatesParams = ListParams;

/** Resource templates. */
export interface ListResourceTemplatesResult extends ListResult {
  resourceTemplates: ResourceTemplate[];
}

/** A family of resources. */
export interface ResourceTemplate {
  /** The URI with variables in braces (RFC 6570). */
  uriTemplate: string;
  name: string;
  title?: string;
  description?: string;
  mimeType?: string;
  annotations?: Annotations;
  icons?: Icon[];
  _meta?: Record<string, unknown>;
  [key: string]: unknown;
}

/** Parameters of resources/read. */
export interface ReadResourceParams {
  uri: string;
  /** A progressToken in it is replaced. */
  _meta?: Readonly<Record<string, unknown>> | undefined;
}

/** What a resource holds, in one piece or several. */
export interface ReadResourceResult {
  contents: ResourceContents[];
  /** How long a server of 2026-07-28 says that this may be kept, in milliseconds. */
  ttlMs?: number;
  cacheScope?: string;
  _meta?: Record<string, unknown>;
  [key: string]: unknown;
}

/** Parameters of subscribeResource. */
export interface SubscribeResourceParams {
  uri: string;
}

/** Parameters of unsubscribeResource. */
export interface UnsubscribeResourceParams {
  uri: string;
}
